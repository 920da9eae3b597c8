//! Published results of scheduling policies on Alibaba's GPU trace (USENIX ATC 2023), compared with ours.
//!
//! Both are means over runs with random orders of arrival, so they agree when they are as near as two such means can be
//! expected to be: within three deviations of the difference of two means, and a little for rounding.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::bench::openb;
use crate::bench::replay::Metric;
use crate::bench::table::{Bench, Results};
use crate::control::scheduler::policies::Policy;

/// The seeds of the published runs.
pub const SEEDS: std::ops::RangeInclusive<u64> = 42..=51;
/// The share of the rows that have to agree, in percent.
const ENOUGH_PERCENT: usize = 97;
/// What rounding may add to a difference, in percent points.
const ROUNDING: f64 = 0.1;
/// At this load, in percent, policies are put in order.
const ORDER_LOAD: usize = 100;
/// Differing rows that are shown.
const SHOWN: usize = 8;

/// A row of the published table.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    line: u64,
    metric: Metric,
    workload: String,
    policy: Policy,
    load: usize,
    mean: f64,
    sd: f64,
}

impl Row {
    /// How far our mean may be off.
    fn tolerance(&self) -> f64 {
        3.0 * self.sd * (2.0 / SEEDS.count() as f64).sqrt() + ROUNDING
    }
}

/// The published table, and the trace to try it on.
#[derive(Clone, Debug)]
pub struct Comparison {
    rows: Vec<Row>,
    bench: Bench,
}

/// A row that differs.
#[derive(Clone, Debug, PartialEq)]
struct Difference {
    row: Row,
    ours: Option<f64>,
}

/// What is said about the order of policies.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ordering {
    claim: String,
    holds: bool,
}

/// How the tables compare.
#[derive(Clone, Debug)]
pub struct Report {
    /// Workload, and by metric how many rows agree of how many.
    workloads: Vec<(String, [(usize, usize); 3])>,
    orderings: Vec<Ordering>,
    differences: Vec<Difference>,
    /// Our results.
    pub results: Results,
}

impl Comparison {
    /// Reads `expected.csv` in `dir`, and the trace in `data` (by default `../../data/openb` seen from `dir`).
    ///
    /// # Errors
    /// When a file cannot be read or a row not be understood.
    pub fn load(dir: &Path, data: Option<&Path>) -> Result<Self, String> {
        let path = if dir.is_file() { dir.to_owned() } else { dir.join("expected.csv") };
        let rows = rows(&path, &read(&path)?)?;
        let beside = || path.parent().unwrap_or(Path::new(".")).join("../../data/openb");
        let data = data.map_or_else(beside, Path::to_owned);
        let mut names: Vec<&str> = Vec::new();
        let mut policies: Vec<Policy> = rows.iter().map(|row| row.policy).collect();
        policies.sort_unstable();
        policies.dedup();
        for row in &rows {
            if !names.contains(&row.workload.as_str()) {
                names.push(&row.workload);
            }
        }
        let workloads = names.into_iter().map(|name| load_workload(&data, name)).collect::<Result<_, _>>()?;
        let bench = Bench { nodes: load_nodes(&data)?, workloads, policies, seeds: SEEDS.collect() };
        Ok(Self { rows, bench })
    }

    /// How many runs it takes.
    pub fn runs(&self) -> usize {
        self.bench.runs()
    }

    /// Does them on `jobs` threads, telling `done` after each, and compares.
    ///
    /// # Errors
    /// When a policy refuses a workload.
    pub fn run(self, jobs: usize, done: impl Fn() + Sync) -> Result<Report, String> {
        let results = self.bench.run(jobs, done).map_err(|error| error.to_string())?;
        Ok(Report::new(&self.rows, results))
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Reads the table of machines in a directory of the trace.
///
/// # Errors
/// When it cannot be read.
pub fn load_nodes(data: &Path) -> Result<Vec<openb::NodeRow>, String> {
    let path = data.join("openb_node_list_gpu_node.csv");
    openb::nodes(&path.display().to_string(), &read(&path)?).map_err(|error| error.to_string())
}

/// Reads the pods of a workload in a directory of the trace.
///
/// # Errors
/// When they cannot be read.
pub fn load_workload(data: &Path, name: &str) -> Result<openb::Workload, String> {
    let path: PathBuf = data.join(format!("openb_pod_list_{name}.csv"));
    openb::workload(name, &path.display().to_string(), &read(&path)?).map_err(|error| error.to_string())
}

fn rows(path: &Path, text: &str) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for (at, line) in text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty()) {
        let row = row(line).map_err(|problem| format!("{}:{}: {problem}", path.display(), at + 1))?;
        rows.push(Row { line: at as u64 + 1, ..row });
    }
    if rows.is_empty() { Err(format!("{}: there are no rows", path.display())) } else { Ok(rows) }
}

fn row(line: &str) -> Result<Row, String> {
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    let [metric, workload, policy, load, mean, sd, ..] = fields[..] else {
        return Err("expected metric,workload,policy,load_percent,mean,sd,seeds".to_owned());
    };
    let number = |name: &str, text: &str| {
        text.parse::<f64>().map_err(|_| format!("{name} is `{text}`, expected a number"))
    };
    let known = Metric::ALL.into_iter().find(|known| known.name() == metric);
    Ok(Row {
        line: 0,
        metric: known.ok_or_else(|| format!("there is no metric `{metric}`"))?,
        workload: workload.to_owned(),
        policy: policy.parse()?,
        load: number("load_percent", load)? as usize,
        mean: number("mean", mean)?,
        sd: number("sd", sd)?,
    })
}

impl Report {
    fn new(rows: &[Row], results: Results) -> Self {
        let mut workloads: Vec<_> =
            results.bench.workloads.iter().map(|workload| (workload.name.clone(), [(0, 0); 3])).collect();
        let mut differences = Vec::new();
        for row in rows {
            let workload = workloads.iter().position(|(name, _)| *name == row.workload);
            let workload = workload.expect("every workload of the table was run");
            let policy = results.bench.policies.iter().position(|policy| *policy == row.policy);
            let policy = policy.expect("every policy of the table was run");
            let ours = results.mean(workload, policy, row.metric, row.load).map(|mean| mean.mean);
            let agrees = ours.is_some_and(|ours| (ours - row.mean).abs() <= row.tolerance());
            let counts = &mut workloads[workload].1[row.metric as usize];
            counts.0 += usize::from(agrees);
            counts.1 += 1;
            if !agrees {
                differences.push(Difference { row: row.clone(), ours });
            }
        }
        // The widest first, as multiples of what is allowed.
        let width = |difference: &Difference| {
            let off = difference.ours.map_or(f64::INFINITY, |ours| (ours - difference.row.mean).abs());
            off / difference.row.tolerance()
        };
        differences.sort_by(|a, b| width(b).total_cmp(&width(a)).then(a.row.line.cmp(&b.row.line)));
        Self { workloads, orderings: orderings(&results), differences, results }
    }

    /// Rows that agree, and all rows.
    pub fn counts(&self) -> (usize, usize) {
        let all = self.workloads.iter().flat_map(|(_, metrics)| metrics);
        all.fold((0, 0), |sum, counts| (sum.0 + counts.0, sum.1 + counts.1))
    }

    /// Whether enough rows agree and policies stand in the published order.
    pub fn is_success(&self) -> bool {
        let (agreeing, all) = self.counts();
        agreeing * 100 >= all * ENOUGH_PERCENT && self.orderings.iter().all(|ordering| ordering.holds)
    }
}

/// What the publication says of the order of policies at load 100, as far as our runs can tell.
fn orderings(results: &Results) -> Vec<Ordering> {
    use Policy::{BestFit, DotProd, Fgd, GpuClustering, GpuPacking, Random};
    const PACKING_WINS: &[&str] =
        &["multigpu30", "multigpu40", "multigpu50", "gpuspec20", "gpuspec25", "gpuspec33"];
    let mut orderings = Vec::new();
    for (at, workload) in results.bench.workloads.iter().enumerate() {
        let value = |policy: Policy| {
            let place = results.bench.policies.iter().position(|known| *known == policy)?;
            Some(results.mean(at, place, Metric::GpuAllocationRatio, ORDER_LOAD)?.mean)
        };
        let mut claim = |better: Policy, worse: Policy| {
            if let (Some(high), Some(low)) = (value(better), value(worse)) {
                let claim = format!("{}: {better} {high:.2} above {worse} {low:.2}", workload.name);
                orderings.push(Ordering { claim, holds: high > low });
            }
        };
        results.bench.policies.iter().filter(|policy| **policy != Fgd).for_each(|other| claim(Fgd, *other));
        match workload.name.as_str() {
            "default" => {
                for (better, worse) in [
                    (BestFit, GpuPacking),
                    (BestFit, GpuClustering),
                    (GpuPacking, DotProd),
                    (GpuClustering, DotProd),
                    (DotProd, Random),
                ] {
                    claim(better, worse);
                }
            }
            name if PACKING_WINS.contains(&name) => claim(GpuPacking, BestFit),
            _ => {}
        }
        if workload.name == "gpuspec33" {
            claim(Random, DotProd);
            claim(Random, BestFit);
        }
    }
    orderings
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics = Metric::ALL.map(Metric::name);
        writeln!(f, "{:12}  {}  {}  {}", "workload", metrics[0], metrics[1], metrics[2])?;
        for (name, counts) in &self.workloads {
            write!(f, "{name:12}")?;
            for (heading, (agreeing, all)) in metrics.iter().zip(counts) {
                write!(f, "  {:>1$}", format!("{agreeing} of {all}"), heading.len())?;
            }
            writeln!(f)?;
        }
        for Difference { row, ours } in self.differences.iter().take(SHOWN) {
            let ours = ours.map_or("nothing".to_owned(), |ours| format!("{ours:.3}"));
            writeln!(
                f,
                "  {} {} {} at load {}: published {:.3} (sd {:.3}), here {ours}",
                row.workload,
                row.policy,
                row.metric.name(),
                row.load,
                row.mean,
                row.sd
            )?;
        }
        let more = self.differences.len().saturating_sub(SHOWN);
        if more > 0 {
            writeln!(f, "  ... and {more} more")?;
        }
        for broken in self.orderings.iter().filter(|ordering| !ordering.holds) {
            writeln!(f, "  not so: {}", broken.claim)?;
        }
        let holding = self.orderings.iter().filter(|ordering| ordering.holds).count();
        writeln!(f, "orderings: {holding} of {} hold", self.orderings.len())?;
        let (agreeing, all) = self.counts();
        write!(f, "fgd: {agreeing} of {all} rows agree ({:.1} %)", agreeing as f64 / all as f64 * 100.0)
    }
}
