//! What may be typed. Nothing here knows what it means.

use std::path::PathBuf;

use super::sweep_args::SweepArgs;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

/// Take a Kubernetes cluster on a shakedown cruise: a deterministic simulator on a virtual clock.
#[derive(Parser, Debug)]
#[command(version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Examples:
  shakedown run scenarios/node-failure               run a shipped scenario
  shakedown run my-manifests/ scenario.yaml --out results/
  shakedown validate my-manifests/                   check files without running them

Exit status: 0 success, 1 an expectation or comparison failed, 2 bad input or usage,
3 a defect of the simulator itself, 130 interrupted.")]
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
    /// What if? Go on with a run from a time on with a change: fork RUN --at 5m --with change.yaml.
    Fork(ForkArgs),
    /// Look for a schedule of faults that breaks an expectation, and shrink it to the least that does.
    Search(SearchArgs),
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
    /// Carry out any command of kubectl's at a time and show what it prints: kubectl drain worker-1 --at 5m PATH.
    Kubectl(LookArgs),
    /// Show the chain of causes of what happened last to an object: why pod/web-1 [--at T] [--event restart] PATH.
    Why(LookArgs),
    /// Walk through a run on the terminal, forward and back: step [--at T] PATH.
    Step(LookArgs),
    /// Draw a picture of a run: pods, replicas, nodes, or any series of metrics.csv, also beside another run.
    Plot(PlotArgs),
    /// Compare two runs: where they part and why, and what became of it; exit status 1 when they differ.
    Diff(DiffArgs),
    /// Explain an exit code, reason, phase, condition, probe field, taint or fault: explain 137.
    Explain {
        /// The word or number.
        word: String,
    },
    /// Try where pods go: which do not fit and why, how many nodes more it takes; or compare policies on a trace.
    Schedule(ScheduleArgs),
    /// Print the JSON Schema of Scenario and AppModel.
    Schema,
    /// List the lessons, or teach one: lesson exit-code-137 [--lang zh].
    Lesson(LessonArgs),
    /// Look for mistakes in manifests, and prove by runs what can be proved.
    Lint(LintArgs),
    /// Compare with recordings of real Kubernetes components.
    Conformance(ConformanceArgs),
}

/// `shakedown run`.
#[derive(ClapArgs, Clone, Debug)]
pub struct RunArgs {
    /// Files or directories with manifests, at most one Scenario and any AppModels; `-` is standard input.
    #[arg(required_unless_present = "from", value_name = "PATH")]
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
    /// Write a checkpoint into DIR/checkpoints at every multiple of this virtual time (such as 10m).
    #[arg(long, value_name = "TIME", requires = "out")]
    pub checkpoint_every: Option<String>,
    /// Go on from a checkpoint, or from the last one of a run's directory; what the run was made of is in there.
    #[arg(long, value_name = "CHECKPOINT", conflicts_with_all = ["paths", "seed", "until", "ideal", "eager"])]
    pub from: Option<PathBuf>,
    /// Most events of the run.
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub max_events: Option<u64>,
    /// Most API objects at one time.
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub max_objects: Option<u64>,
    /// Most memory of the program (such as 8Gi).
    #[arg(long, value_name = "SIZE", help_heading = "Limits")]
    pub max_memory: Option<String>,
    /// Print nothing but errors.
    #[arg(long, short)]
    pub quiet: bool,
}

impl RunArgs {
    /// `shakedown run` of nothing in particular.
    pub(super) fn usual() -> Self {
        #[derive(Parser)]
        struct Alone {
            #[command(flatten)]
            run: RunArgs,
        }
        Alone::parse_from(["run", "-"]).run
    }
}

/// `shakedown search`.
#[derive(ClapArgs, Debug)]
pub struct SearchArgs {
    /// Files or directories of a scenario with expectations.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How many schedules of faults to try.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub seeds: u64,
    /// Kinds of faults, such as nodeCrash,partition; `auto` is all that can happen in the scenario.
    #[arg(long, value_name = "KIND", value_delimiter = ',', default_value = "auto")]
    pub faults: Vec<String>,
    /// Most faults in one schedule.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub max_faults: u64,
    /// Threads; the result is the same with any number.
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
    /// Seed of the schedules: another one gives other schedules.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub search_seed: u64,
    /// Seed of the runs, instead of the scenario's.
    #[arg(long)]
    pub seed: Option<u64>,
    /// File for the scenario that shows what was found; without it, standard output.
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print nothing but errors and what was found.
    #[arg(long, short)]
    pub quiet: bool,
}

/// `shakedown fork`.
#[derive(ClapArgs, Debug)]
pub struct ForkArgs {
    /// The directory of a run, a checkpoint, or the paths of a scenario.
    #[arg(required = true, value_name = "RUN")]
    pub run: Vec<PathBuf>,
    /// Virtual time of the change; all before it stays as it was.
    #[arg(long, value_name = "TIME")]
    pub at: String,
    /// The change: manifests to apply, AppModels, a Scenario with `steps` and `expect`.
    #[arg(long, required = true, value_name = "PATH")]
    pub with: Vec<PathBuf>,
    /// Seed, when RUN is a scenario.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Directory for the output files of the changed run; without it nothing is written.
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace output files that are there already.
    #[arg(long)]
    pub force: bool,
}

/// Trace files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trace {
    /// trace.csv, one row a record; the canonical trace.
    Csv,
    /// trace.jsonl, one object a record, with all changed fields.
    Jsonl,
    /// events.csv as kubectl get events, and events.json as kubectl get events -A -o json.
    Events,
    /// trace.perfetto-trace, for ui.perfetto.dev: a track for each node, pod and container, arrows from causes.
    Perfetto,
    /// metrics.openmetrics.txt, for promtool tsdb create-blocks-from openmetrics.
    Openmetrics,
}

/// Plot files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

/// `shakedown plot`.
#[derive(ClapArgs, Debug)]
pub struct PlotArgs {
    /// A scenario, or the directory of a finished run.
    pub run: PathBuf,
    /// What to draw: pods, replicas, nodes, or metrics such as replicas_ready; `list` names all that the run has.
    #[arg(long, value_delimiter = ',', required = true, value_name = "WHAT")]
    pub what: Vec<String>,
    /// Only objects whose name contains this.
    #[arg(long, value_name = "TEXT")]
    pub object: Option<String>,
    /// Another run, drawn with dashes.
    #[arg(long, value_name = "RUN")]
    pub compare: Option<PathBuf>,
    /// The file, which ends with .svg or .png; by default WHAT.svg.
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `shakedown diff`.
#[derive(ClapArgs, Debug)]
pub struct DiffArgs {
    /// A scenario, or the directory of a finished run.
    pub a: PathBuf,
    /// The one to compare it with.
    pub b: PathBuf,
    /// Another seed for A, if it is a scenario.
    #[arg(long, value_name = "N")]
    pub seed_a: Option<u64>,
    /// Another seed for B, if it is a scenario.
    #[arg(long, value_name = "N")]
    pub seed_b: Option<u64>,
    /// Show all effects and all turns of cycles.
    #[arg(long)]
    pub all: bool,
}

/// `shakedown schedule`.
#[derive(ClapArgs, Debug)]
pub struct ScheduleArgs {
    /// Manifests and at most one Scenario with the nodes; with `--trace openb`: the directory of the trace, or
    /// tables of pods in it.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Replay a cluster trace instead of manifests.
    #[arg(long, value_enum)]
    pub trace: Option<ClusterTrace>,
    /// How nodes are ranked; several for comparison on a trace (default there: all). One of
    /// default, LeastAllocated, MostAllocated, RequestedToCapacityRatio, Random, FirstFit, BestFit, WorstFit, DotProd,
    /// Tetris, GpuPacking, GpuClustering, FGD, PWR.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub policy: Vec<String>,
    /// A KubeSchedulerConfiguration file; it may also stand among the paths.
    #[arg(long, value_name = "FILE", conflicts_with = "trace")]
    pub config: Option<PathBuf>,
    /// Which of several equally good nodes is taken: one at random as kube-scheduler does, or the first by name.
    #[arg(long, value_enum, value_name = "RULE", conflicts_with = "trace")]
    pub tie_break: Option<TieBreakRule>,
    /// Print the table of nodes and plugins behind every decision, or behind those about one pod.
    #[arg(long, value_name = "POD", num_args = 0..=1, default_missing_value = "", conflicts_with = "trace")]
    pub explain: Option<String>,
    /// Find out how many nodes of this pool have to be added until every pod has a node.
    #[arg(long, value_name = "POOL", conflicts_with = "trace")]
    pub until_fits: Option<String>,
    /// Seed of all random draws, instead of the scenario's.
    #[arg(long, conflicts_with = "trace")]
    pub seed: Option<u64>,
    /// How many seeds each policy is tried with on a trace, from 42 on.
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub seeds: u64,
    /// Threads on a trace (default: as many as there are cores). Results do not depend on it.
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
    /// Directory for tables and plots.
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Which of several equally good nodes is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TieBreakRule {
    /// One at random, by the seed.
    Seeded,
    /// The first by name.
    Name,
}

/// Traces of real clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClusterTrace {
    /// Alibaba's GPU cluster of 2023.
    Openb,
}

/// `shakedown conformance`.
#[derive(ClapArgs, Debug)]
pub struct ConformanceArgs {
    /// Which recordings.
    #[arg(value_enum)]
    pub what: Recordings,
    /// Where they are.
    pub dir: PathBuf,
    /// Timelines: write each simulated timeline here, in the format of the recordings.
    #[arg(long, value_name = "DIR")]
    pub dump: Option<PathBuf>,
    /// Directory of the openb trace, for `fgd` (default: ../../data/openb seen from DIR).
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Threads, for `fgd` (default: as many as there are cores).
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
}

/// Kinds of recordings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Recordings {
    /// Tables of library functions.
    Functions,
    /// Decisions of kube-scheduler.
    Scheduler,
    /// Timelines of a whole control plane with its kubelets.
    Timelines,
    /// Published results of policies on Alibaba's GPU trace.
    Fgd,
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

/// `shakedown lesson`.
#[derive(ClapArgs, Debug)]
pub struct LessonArgs {
    /// Name or number of a lesson, or the folder of one of your own; without it the course is listed.
    pub name: Option<String>,
    /// Language of the text: en, zh.
    #[arg(long, default_value = "en")]
    pub lang: String,
    /// Check whether your scenario reaches what the exercise asks for; exit status 1 if it does not.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    pub check: Vec<PathBuf>,
    /// Copy the lesson's scenario into a directory, to change it.
    #[arg(long, value_name = "DIR")]
    pub copy: Option<PathBuf>,
    /// Show a solution of the exercise, as lines to take out and to put in.
    #[arg(long)]
    pub solution: bool,
}
