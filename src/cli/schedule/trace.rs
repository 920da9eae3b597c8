//! `shakedown schedule --trace openb`: policies side by side on the tables of a real cluster.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::policies;
use crate::base::parallel;
use crate::bench::replay::{LOAD_MAX, Metric};
use crate::bench::table::{Bench, Mean, Results};
use crate::cli::ExitStatus;
use crate::cli::args::ScheduleArgs;
use crate::cli::printer::Printer;
use crate::conformance::fgd::{SEEDS, load_nodes, load_workload};
use crate::control::scheduler::policies::Policy;
use crate::report::plot::{self, Bar, Captions, Curve, Scene};

/// The load at which policies are put side by side, in percent.
const COMPARED_LOAD: usize = 100;

/// Replays the trace under all policies and prints the comparison.
pub(super) fn openb(args: &ScheduleArgs, printer: &mut Printer) -> Result<ExitStatus, String> {
    let mut policies = policies(args)?;
    if policies.is_empty() {
        policies = Policy::ALL.to_vec();
    }
    if args.seeds == 0 {
        return Err("--seeds 0: there is nothing to run".to_owned());
    }
    let tables = tables(&args.paths)?;
    let nodes = load_nodes(tables[0].parent().unwrap_or(Path::new(".")))?;
    let workload = |path: &PathBuf| {
        load_workload(path.parent().unwrap_or(Path::new(".")), name_of(path).unwrap_or_default())
    };
    let workloads = tables.iter().map(workload).collect::<Result<_, _>>()?;
    let seeds = (*SEEDS.start()..).take(args.seeds as usize).collect();
    let bench = Bench { nodes, workloads, policies, seeds };
    let progress = printer.count_up(bench.runs(), "runs");
    let jobs = args.jobs.unwrap_or_else(parallel::cores);
    let results = bench.run(jobs, || progress.inc(1)).map_err(|error| error.to_string())?;
    progress.finish_and_clear();
    let table = comparison(&results);
    if let Some(dir) = &args.out {
        write_files(dir, &results, &table)?;
        printer.note(&format!("Tables and plots in {}", dir.display()));
    }
    printer.result(&table);
    Ok(ExitStatus::Success)
}

/// `default` of `.../openb_pod_list_default.csv`.
fn name_of(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()?.strip_prefix("openb_pod_list_")?.strip_suffix(".csv")
}

/// The tables of pods that the paths name, in order.
fn tables(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut tables = Vec::new();
    for path in paths {
        if path.is_dir() {
            let entries = fs::read_dir(path).map_err(|error| format!("{}: {error}", path.display()))?;
            let mut found: Vec<PathBuf> =
                entries.flatten().map(|entry| entry.path()).filter(|path| name_of(path).is_some()).collect();
            found.sort();
            if found.is_empty() {
                return Err(format!("{}: there is no openb_pod_list_*.csv", path.display()));
            }
            tables.append(&mut found);
        } else if name_of(path).is_some() {
            tables.push(path.clone());
        } else {
            return Err(format!(
                "{}: expected a table openb_pod_list_NAME.csv or a directory of such",
                path.display()
            ));
        }
    }
    Ok(tables)
}

fn plus_minus(mean: Option<Mean>) -> String {
    mean.map_or("-".to_owned(), |mean| format!("{:.2} ± {:.2}", mean.mean, mean.sd))
}

/// Policies side by side, a block a workload.
fn comparison(results: &Results) -> String {
    let mut text = format!(
        "Means over {} seeds. Allocation and fragments at {COMPARED_LOAD} % load, the rest after the last pod.\n",
        results.bench.seeds.len()
    );
    for (at, workload) in results.bench.workloads.iter().enumerate() {
        let _ = writeln!(text, "\n{} ({} pods)", workload.name, workload.pods.len());
        let _ = writeln!(
            text,
            "  {:<24}  {:>16}  {:>16}  {:>16}  {:>13}  {:>10}  {:>14}  {:>9}",
            "POLICY",
            "GPU ALLOCATED %",
            "FRAGMENTS %",
            "OF IDLE GPU %",
            "UNSCHEDULABLE",
            "NODES USED",
            "STRANDED GPU %",
            "POWER kW"
        );
        for (policy_at, policy) in results.bench.policies.iter().enumerate() {
            let mean = |metric| plus_minus(results.mean(at, policy_at, metric, COMPARED_LOAD));
            let end = |value: &dyn Fn(&crate::bench::replay::Outcome) -> f64| {
                results.mean_at_end(at, policy_at, value).mean
            };
            let stranded = |run: &crate::bench::replay::Outcome| {
                run.end.resource("gpu").map_or(0.0, |usage| usage.stranded_percent())
            };
            let _ = writeln!(
                text,
                "  {policy:<24}  {:>16}  {:>16}  {:>16}  {:>13.1}  {:>10.1}  {:>14.2}  {:>9.1}",
                mean(Metric::GpuAllocationRatio),
                mean(Metric::FragmentAmount),
                mean(Metric::FragmentRatio),
                end(&|run| run.unschedulable as f64),
                end(&|run| run.end.nodes_used as f64),
                end(&stranded),
                end(&|run| run.end.watts as f64 / 1000.0),
            );
        }
    }
    text
}

fn write_files(dir: &Path, results: &Results, table: &str) -> Result<(), String> {
    let plots = dir.join("plots");
    fs::create_dir_all(&plots).map_err(|error| format!("cannot write {}: {error}", plots.display()))?;
    let write = |path: PathBuf, bytes: &[u8]| {
        fs::write(&path, bytes).map_err(|error| format!("cannot write {}: {error}", path.display()))
    };
    write(dir.join("means.csv"), results.means_csv().as_bytes())?;
    write(dir.join("runs.csv"), results.runs_csv().as_bytes())?;
    write(dir.join("comparison.txt"), table.as_bytes())?;
    for at in 0..results.bench.workloads.len() {
        for (name, scene) in pictures(results, at) {
            let svg = plot::svg(&scene).map_err(|error| error.to_string())?;
            write(plots.join(format!("{name}.svg")), svg.as_bytes())?;
            let png = plot::png(&scene).map_err(|error| error.to_string())?;
            write(plots.join(format!("{name}.png")), &png)?;
        }
    }
    Ok(())
}

/// The pictures of a workload, with their names.
fn pictures(results: &Results, at: usize) -> Vec<(String, Scene)> {
    let workload = &results.bench.workloads[at].name;
    let seeds = results.bench.seeds.len();
    let subtitle =
        format!("openb {workload} · {} GPU nodes · mean of {seeds} seeds", results.bench.nodes.len());
    let mut pictures = Vec::new();
    for metric in Metric::ALL {
        let (title, y) = match metric {
            Metric::GpuAllocationRatio => ("GPU allocation", "GPU allocated, % of all GPU"),
            Metric::FragmentAmount => ("Fragments", "idle GPU that typical pods cannot use, % of all GPU"),
            Metric::FragmentRatio => {
                ("Fragment ratio", "idle GPU that typical pods cannot use, % of idle GPU")
            }
        };
        let curve = |(policy_at, policy): (usize, &Policy)| {
            let point = |load| Some((load as f64, results.mean(at, policy_at, metric, load)?.mean));
            Curve { label: policy.to_string(), points: (0..=LOAD_MAX).filter_map(point).collect() }
        };
        let curves: Vec<Curve> = results.bench.policies.iter().enumerate().map(curve).collect();
        let x = "GPU requested so far, % of all GPU";
        let captions = Captions { title, subtitle: &subtitle, x, y };
        pictures.push((format!("{workload}-{}", metric.name()), plot::curves(captions, &curves)));
    }
    let bar = |(policy_at, policy): (usize, &Policy)| {
        let mean = results.mean(at, policy_at, Metric::GpuAllocationRatio, COMPARED_LOAD)?;
        Some(Bar { label: policy.to_string(), value: mean.mean, spread: mean.sd })
    };
    let bars: Vec<Bar> = results.bench.policies.iter().enumerate().filter_map(bar).collect();
    let x =
        format!("GPU allocated at {COMPARED_LOAD} % load, % of all GPU; ± one standard deviation of a run");
    let captions = Captions { title: "GPU allocation by policy", subtitle: &subtitle, x: &x, y: "" };
    pictures.push((format!("{workload}-by-policy"), plot::bars(captions, &bars)));
    pictures
}
