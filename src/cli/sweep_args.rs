//! What may be typed after `shakedown sweep`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

use super::args::Plot;

/// `shakedown sweep`.
#[derive(ClapArgs, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "Examples:
  shakedown sweep scenarios/node-failure --seeds 200
  shakedown sweep scenarios/node-failure --seeds 200 \\
      --vary spec.settings.nodeMonitorGracePeriod=20s,40s,60s --vary deployment/web:spec.replicas=4,8
  shakedown sweep scenarios/node-failure --seeds 10000 --precision unavailable_s=2%
  shakedown sweep scenarios/node-failure --seeds 10000 --shard 3/16 --out shard-3
  shakedown sweep merge shard-* --out whole

Started again with the same arguments, an interrupted sweep goes on where it stopped.")]
pub struct SweepArgs {
    /// Put the shards of a sweep together.
    #[command(subcommand)]
    pub command: Option<SweepCommand>,
    /// Files or directories with manifests, at most one Scenario and any AppModels.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How many seeds, from 1, or which (5..20, both included); every point gets the same.
    #[arg(long, default_value = "100", value_name = "SEEDS")]
    pub seeds: String,
    /// A field and its values; several are combined. The first of each is the baseline.
    #[arg(long, value_name = "FIELD=A,B,..")]
    pub vary: Vec<String>,
    /// How many runs at once; all processors when not given.
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
    /// Stop as soon as the 95 % confidence interval of a figure is that narrow at every point (unavailable_s=2%).
    #[arg(long, value_name = "FIGURE=WIDTH", conflicts_with = "shard")]
    pub precision: Vec<String>,
    /// Do only the n-th of so many equal parts (3/16).
    #[arg(long, value_name = "N/OF")]
    pub shard: Option<String>,
    /// Directory for the results.
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Virtual time at which runs stop, instead of the scenario's duration (such as 15m).
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Set every latency of the machinery to zero.
    #[arg(long)]
    pub ideal: bool,
    /// Which plots to draw.
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = [Plot::Svg])]
    pub plots: Vec<Plot>,
    /// Replace another sweep in the directory.
    #[arg(long)]
    pub force: bool,
}

/// What else can be done with sweeps.
#[derive(Subcommand, Debug)]
pub enum SweepCommand {
    /// Put the shards of a sweep together: the same files as from one sweep on one machine.
    Merge(MergeArgs),
}

/// `shakedown sweep merge`.
#[derive(ClapArgs, Debug)]
pub struct MergeArgs {
    /// The directories of all shards.
    #[arg(required = true, value_name = "DIR")]
    pub shards: Vec<PathBuf>,
    /// Directory for the results.
    #[arg(long, short, value_name = "DIR")]
    pub out: PathBuf,
    /// Which plots to draw.
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = [Plot::Svg])]
    pub plots: Vec<Plot>,
}
