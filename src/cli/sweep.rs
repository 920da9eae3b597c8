//! `shakedown sweep` and `shakedown sweep merge`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ExitStatus;
use super::args::Plot;
use super::printer::Printer;
use super::run::check_kubectl;
use super::sweep_args::{MergeArgs, SweepArgs, SweepCommand};
use crate::kernel::{SimDuration, SimTime};
use crate::report::plot;
use crate::scenario::{self, Scenario};
use crate::sim::RunOptions;
use crate::source::{self, SourceFile};
use crate::sweep::{
    self, Journal, METRICS, PLAN_FILE, Plan, Point, Precision, Progress, RUNS_FILE, Row, Rows, Shard, Sweep,
    Vary, journal, stats::Sample,
};

/// `shakedown sweep`.
pub(super) fn sweep(args: &SweepArgs, printer: &mut Printer) -> ExitStatus {
    let done = match &args.command {
        Some(SweepCommand::Merge(args)) => merge(args, printer),
        None => run(args, printer),
    };
    done.unwrap_or_else(|problem| {
        printer.error(&problem);
        ExitStatus::Error
    })
}

/// What is varied, with the files of every point.
struct Study {
    vary: Vec<Vary>,
    points: Vec<Vec<Arc<SourceFile>>>,
}

impl Study {
    fn load(args: &SweepArgs, printer: &mut Printer) -> Result<Option<Self>, String> {
        let vary: Vec<Vary> = args.vary.iter().map(|text| Vary::parse(text)).collect::<Result<_, _>>()?;
        let (files, problems) = source::load(&args.paths);
        if problems.has_errors() {
            printer.diagnostics(&problems);
            return Ok(None);
        }
        let mut points = vec![files];
        for vary in &vary {
            let mut longer = Vec::new();
            for files in &points {
                for value in &vary.values {
                    let changed = scenario::with_field(files, &vary.field, value);
                    longer.push(changed.map_err(|problem| format!("--vary {}: {problem}", vary.field))?);
                }
            }
            points = longer;
        }
        Ok(Some(Self { vary, points }))
    }

    /// The scenario of a point; problems of all points together would repeat each other, so the first one speaks.
    fn scenario(&self, point: usize) -> Result<Scenario, source::Diagnostics> {
        scenario::from_files(&self.points[point], &check_kubectl)
    }

    /// What identifies the files, wherever they are.
    fn sources(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for file in self.points.iter().flatten() {
            hasher.update(&(file.text().len() as u64).to_le_bytes());
            hasher.update(file.text().as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

fn run(args: &SweepArgs, printer: &mut Printer) -> Result<ExitStatus, String> {
    let until = args.until.as_ref().map(|text| {
        let length: Result<SimDuration, _> = text.parse();
        length.map(|length| SimTime::ZERO + length).map_err(|error| format!("--until {text}: {error}"))
    });
    let options = RunOptions { until: until.transpose()?, ideal: args.ideal, ..RunOptions::default() };
    let precision: Vec<Precision> =
        args.precision.iter().map(|text| Precision::parse(text)).collect::<Result<_, _>>()?;
    let shard = args.shard.as_ref().map(|text| Shard::parse(text)).transpose()?;
    let seeds = sweep::seeds(&args.seeds)?;
    let Some(study) = Study::load(args, printer)? else { return Ok(ExitStatus::Error) };
    let mut name = String::new();
    for point in 0..study.points.len() {
        match study.scenario(point) {
            Ok(scenario) if point == 0 => {
                printer.diagnostics(&scenario.warnings);
                name = scenario.name.to_string();
            }
            Ok(_) => {}
            Err(problems) => {
                printer.diagnostics(&problems);
                return Ok(ExitStatus::Error);
            }
        }
    }
    let plan = Plan {
        scenario: name,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        sources: study.sources(),
        until: args.until.clone(),
        ideal: args.ideal,
        vary: study.vary.clone(),
        seeds,
        metrics: METRICS.iter().map(|metric| metric.name.to_owned()).collect(),
        shard,
    };
    let dir = args.out.clone().unwrap_or_else(|| PathBuf::from("out/sweep"));
    if args.force && journal::read_plan(&dir).is_ok_and(|plan| plan.is_some()) {
        fs::remove_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    }
    let (mut journal, rows) = Journal::open(&dir, &plan).map_err(|error| error.to_string())?;
    let bar = bar(plan.runs().count(), rows.len(), printer.is_watched());
    let work = Sweep {
        plan: &plan,
        jobs: args.jobs.unwrap_or(0),
        precision: &precision,
        options,
        scenario: &|point| study.scenario(point).expect("every point was read once before the sweep began"),
        progress: &bar,
    };
    let rows = work.run(rows, &mut journal).map_err(|error| error.to_string())?;
    bar.0.finish_and_clear();
    finish(&dir, &plan, rows, &args.plots, printer)?;
    journal.close().map_err(|error| error.to_string())?;
    Ok(ExitStatus::Success)
}

/// A progress bar with the time that is left.
struct Bar(indicatif::ProgressBar);

impl Progress for Bar {
    fn done(&self) {
        self.0.inc(1);
    }
}

fn bar(runs: usize, done: usize, visible: bool) -> Bar {
    if !visible {
        return Bar(indicatif::ProgressBar::hidden());
    }
    let bar = indicatif::ProgressBar::new(runs as u64);
    let style = "{bar:40} {pos}/{len} runs, {per_sec}, {eta} left";
    if let Ok(style) = indicatif::ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar.set_position(done as u64);
    bar.reset_eta();
    Bar(bar)
}

fn merge(args: &MergeArgs, printer: &mut Printer) -> Result<ExitStatus, String> {
    let mut whole: Option<(Plan, PathBuf)> = None;
    let mut shards: BTreeMap<u64, PathBuf> = BTreeMap::new();
    let mut of = 0;
    let mut rows = Rows::new();
    for dir in &args.shards {
        let plan = journal::read_plan(dir).map_err(|error| error.to_string())?;
        let plan =
            plan.ok_or_else(|| format!("{} holds no sweep: there is no {PLAN_FILE}", dir.display()))?;
        let Some(shard) = plan.shard else { return Err(format!("{} is no shard of a sweep", dir.display())) };
        let entire = Plan { shard: None, ..plan.clone() };
        match &whole {
            Some((first, _)) if *first == entire && of == shard.of => {}
            Some((_, first)) => {
                return Err(format!("{} is not of the same sweep as {}", dir.display(), first.display()));
            }
            None => (whole, of) = (Some((entire, dir.clone())), shard.of),
        }
        if let Some(before) = shards.insert(shard.index, dir.clone()) {
            let (here, there) = (dir.display(), before.display());
            return Err(format!("{here} and {there} are both shard {}/{of}", shard.index));
        }
        let mut found = journal::read_rows(&dir.join(RUNS_FILE), &plan).map_err(|error| error.to_string())?;
        let missing = plan.runs().filter(|run| !found.contains_key(run)).count();
        if missing > 0 {
            return Err(format!(
                "{} is not complete: {missing} runs are missing; run it again",
                dir.display()
            ));
        }
        rows.append(&mut found);
    }
    let missing: Vec<String> =
        (1..=of).filter(|index| !shards.contains_key(index)).map(|index| format!("{index}/{of}")).collect();
    if !missing.is_empty() {
        return Err(format!("missing shards: {}", missing.join(", ")));
    }
    let Some((plan, _)) = whole else { return Err("there is nothing to merge".to_owned()) };
    fs::create_dir_all(&args.out).map_err(|error| format!("{}: {error}", args.out.display()))?;
    if let Some(before) = journal::read_plan(&args.out).map_err(|error| error.to_string())?
        && before != plan
    {
        return Err(format!("{} already holds another sweep; give another --out", args.out.display()));
    }
    journal::write_whole(&args.out, PLAN_FILE, journal::plan_json(&plan).as_bytes())
        .map_err(|error| error.to_string())?;
    finish(&args.out, &plan, rows, &args.plots, printer)?;
    Ok(ExitStatus::Success)
}

/// Writes the files of results and prints what they say.
fn finish(dir: &Path, plan: &Plan, rows: Rows, plots: &[Plot], printer: &mut Printer) -> Result<(), String> {
    let rows: Vec<Row> = rows.into_values().collect();
    let write = |name: &str, text: &str| {
        journal::write_whole(dir, name, text.as_bytes()).map_err(|error| error.to_string())
    };
    if plan.shard.is_none() {
        write("points.csv", &sweep::points_csv(plan, &rows))?;
        if !plan.vary.is_empty() {
            write("differences.csv", &sweep::differences_csv(plan, &rows))?;
        }
        draw(dir, plan, &rows, plots)?;
        printer.result(&table(plan, &rows));
    }
    // Last, because its presence says that all the others are whole.
    write(RUNS_FILE, &sweep::runs_csv(plan, &rows))?;
    let failed = rows.iter().filter(|row| row.status.starts_with("failed")).count();
    if failed > 0 {
        printer.note(&format!("warning: {failed} runs failed; {RUNS_FILE} says why"));
    }
    printer.result(&format!("{} runs in {}\n", rows.len(), dir.display()));
    Ok(())
}

fn draw(dir: &Path, plan: &Plan, rows: &[Row], plots: &[Plot]) -> Result<(), String> {
    let dir = dir.join("plots");
    for (name, scene) in sweep::pictures(plan, rows) {
        fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
        let write = |ending: &str, bytes: &[u8]| {
            journal::write_whole(&dir, &format!("{name}.{ending}"), bytes).map_err(|error| error.to_string())
        };
        if plots.contains(&Plot::Svg) {
            write("svg", plot::svg(&scene).map_err(|error| error.to_string())?.as_bytes())?;
        }
        if plots.contains(&Plot::Png) {
            write("png", &plot::png(&scene).map_err(|error| error.to_string())?)?;
        }
    }
    Ok(())
}

/// The figures that differ between runs: mean and confidence interval at every point, and the difference to the first.
fn table(plan: &Plan, rows: &[Row]) -> String {
    let points = plan.points();
    let mut text = String::new();
    let seeds = rows.len() / points.len().max(1);
    let _ = writeln!(
        text,
        "{}: {} points, {seeds} seeds each; means with 95 % confidence intervals",
        plan.scenario,
        points.len()
    );
    for (number, metric) in METRICS.iter().enumerate() {
        let all: Vec<f64> = rows.iter().filter_map(|row| row.values[number]).collect();
        let varies = all.iter().any(|value| value.to_bits() != all[0].to_bits());
        if metric.name == "records" || !varies {
            continue;
        }
        let _ = writeln!(text, "\n{}: {}", metric.name, metric.help);
        let lines: Vec<[String; 4]> =
            points.iter().enumerate().map(|(at, point)| table_line(plan, rows, at, point, number)).collect();
        let widths: Vec<usize> = (0..4)
            .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
            .collect();
        for [title, mean, range, difference] in lines {
            let (a, b, c) = (widths[0], widths[1], widths[2]);
            let line = format!("  {title:<a$}  {mean:>b$}  {range:<c$}  {difference}");
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    text.push('\n');
    text
}

fn table_line(plan: &Plan, rows: &[Row], at: usize, point: &Point, metric: usize) -> [String; 4] {
    let interval = |sample: Sample| match sample.half_width {
        Some(half) => format!("{} ± {}", brief(sample.mean), brief(half)),
        None => brief(sample.mean),
    };
    let mut sorted: Vec<f64> = sweep::values(rows, at, metric).into_values().collect();
    sorted.sort_by(f64::total_cmp);
    let mean = Sample::of(&sorted).map_or("-".to_owned(), interval);
    let range = match (sorted.first(), sorted.last()) {
        (Some(least), Some(greatest)) => format!("({} to {})", brief(*least), brief(*greatest)),
        _ => String::new(),
    };
    let difference = match Sample::of(&sweep::paired(rows, at, metric)) {
        _ if points_are_one(plan) => String::new(),
        _ if at == 0 => "baseline".to_owned(),
        Some(sample) if sample.mean >= 0.0 => format!("+{} paired", interval(sample)),
        Some(sample) => format!("{} paired", interval(sample)),
        None => String::new(),
    };
    [point.title(&plan.vary), mean, range, difference]
}

fn points_are_one(plan: &Plan) -> bool {
    plan.vary.is_empty()
}

/// Four significant digits are enough to compare.
fn brief(value: f64) -> String {
    let size = value.abs();
    let decimals = match size {
        _ if size >= 1000.0 || value.fract() == 0.0 => 0,
        _ if size >= 100.0 => 1,
        _ if size >= 10.0 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}
