//! What may be typed. Nothing here knows what it means.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

/// Take a Kubernetes cluster on a shakedown cruise: a deterministic simulator on a virtual clock.
#[derive(Parser, Debug)]
#[command(version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Examples:
  shakedown run scenarios/node-failure               run a shipped scenario
  shakedown run my-manifests/ scenario.yaml --out results/
  shakedown validate my-manifests/                   check files without running them

Exit status: 0 success, 1 an expectation or comparison failed, 2 bad input or usage.")]
pub struct Args {
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// When standard output is a terminal and NO_COLOR is not set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run a scenario and write traces, tables and plots.
    Run(RunArgs),
    /// Run a scenario many times: seeds, and any field with several values, on all cores.
    Sweep(SweepArgs),
    /// Check scenario files and manifests without running them.
    Validate(ValidateArgs),
    /// Show objects as they are at a time, as kubectl get does: get pods -A --at 5m PATH.
    Get(LookArgs),
    /// Show objects in detail, as kubectl describe does: describe pod web-1 --at 5m PATH.
    Describe(LookArgs),
    /// Show what pods or nodes use: top pods --at 5m PATH.
    Top(LookArgs),
    /// Show the life of a container: logs web-1 --at 5m PATH.
    Logs(LookArgs),
    /// Show the chain of causes of what happened last to an object: why pod/web-1 [--at T] [--event WORD] PATH.
    Why(LookArgs),
    /// Explain an exit code, reason, phase, condition, probe field, taint or fault: explain 137.
    Explain {
        /// The word or number.
        word: String,
    },
    /// Print the JSON Schema of Scenario and AppModel.
    Schema,
    /// Look for mistakes in manifests, and prove by runs what can be proved.
    Lint(LintArgs),
    /// Compare with recordings of real Kubernetes components.
    Conformance(ConformanceArgs),
}

/// `shakedown run`.
#[derive(ClapArgs, Debug)]
pub struct RunArgs {
    /// Files or directories with manifests, at most one Scenario and any AppModels; `-` is standard input.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Seed of all random draws, instead of the scenario's.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Virtual time at which to stop, instead of the scenario's duration (such as 15m).
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Directory for the output files; without it nothing is written.
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Which traces to write.
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = [Trace::Csv, Trace::Jsonl, Trace::Events])]
    pub trace: Vec<Trace>,
    /// Which plots to draw.
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = [Plot::Svg, Plot::Png])]
    pub plots: Vec<Plot>,
    /// Also write report.html, one self-contained page.
    #[arg(long)]
    pub report: bool,
    /// Set every latency of the machinery to zero, for lessons and hand calculation.
    #[arg(long)]
    pub ideal: bool,
    /// Simulate every periodic tick, also those that cannot change anything (same trace, slower).
    #[arg(long)]
    pub eager: bool,
    /// Run twice and compare: exit status 1 at the first record that differs.
    #[arg(long)]
    pub check_determinism: bool,
    /// What hashes begin with; no result depends on it.
    #[arg(long, hide = true, value_name = "N", default_value_t = 0)]
    pub hash_seed: usize,
    /// Replace output files that are there already.
    #[arg(long)]
    pub force: bool,
    /// Print nothing but errors.
    #[arg(long, short)]
    pub quiet: bool,
}

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

/// Trace files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Trace {
    /// trace.csv, one row a record; the canonical trace.
    Csv,
    /// trace.jsonl, one object a record, with all changed fields.
    Jsonl,
    /// events.csv, as kubectl get events.
    Events,
}

/// Plot files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Plot {
    /// Scalable pictures.
    Svg,
    /// Pixels.
    Png,
    /// No plots.
    None,
}

/// `shakedown validate`.
#[derive(ClapArgs, Debug)]
pub struct ValidateArgs {
    /// Files or directories.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

/// Words as kubectl takes them, with `--at TIME` and at the end a scenario or the directory of a finished run.
#[derive(ClapArgs, Debug)]
pub struct LookArgs {
    /// What to show, as for kubectl; `--at TIME`; the path of a scenario or of a finished run.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORD")]
    pub words: Vec<String>,
}

/// `shakedown conformance`.
#[derive(ClapArgs, Debug)]
pub struct ConformanceArgs {
    /// Which recordings.
    #[arg(value_enum)]
    pub what: Recordings,
    /// Where they are.
    pub dir: PathBuf,
}

/// Kinds of recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Recordings {
    /// Tables of library functions.
    Functions,
    /// Decisions of kube-scheduler.
    Scheduler,
}

/// `shakedown lint`.
#[derive(ClapArgs, Debug)]
pub struct LintArgs {
    /// Files or directories with manifests; a Scenario and AppModels make the findings sharper.
    #[arg(required_unless_present_any = ["rules", "explain"], value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Exit with status 1 when there is a finding of this severity or worse.
    #[arg(long, value_enum, default_value_t = Deny::Error, value_name = "LEVEL")]
    pub deny: Deny,
    /// How to print the findings.
    #[arg(long, short, value_enum, default_value_t = LintFormat::Text)]
    pub output: LintFormat,
    /// Leave out a rule, by id or by its name in kube-linter or kube-score.
    #[arg(long, value_delimiter = ',', value_name = "RULE")]
    pub skip: Vec<String>,
    /// Ask only these rules.
    #[arg(long, value_delimiter = ',', value_name = "RULE")]
    pub only: Vec<String>,
    /// Do not run anything.
    #[arg(long)]
    pub no_proof: bool,
    /// Directory for the scenarios that prove findings.
    #[arg(long, value_name = "DIR")]
    pub proofs: Option<PathBuf>,
    /// List the rules.
    #[arg(long)]
    pub rules: bool,
    /// Explain a rule, with an example that fails and one that passes.
    #[arg(long, value_name = "RULE")]
    pub explain: Option<String>,
}

/// From which severity on findings fail the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Any finding.
    Note,
    /// Warnings and errors.
    Warning,
    /// Errors.
    Error,
    /// None.
    Never,
}

/// Forms of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LintFormat {
    /// For a person.
    Text,
    /// A list of objects.
    Json,
    /// SARIF 2.1.0, for code hosts.
    Sarif,
}
