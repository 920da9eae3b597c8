//! `shakedown plot RUN --what ...`: pictures of a run, also beside another run.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::ExitStatus;
use super::args::PlotArgs;
use super::past::{self, Past};
use super::printer::Printer;
use crate::base::suggest::nearest;
use crate::kernel::SimTime;
use crate::report::plot::{self, Line, Scene};
use crate::report::{Recorded, metrics};

/// Pods, workloads and nodes of one picture.
const LANES: usize = 200;
/// The metric of a picture is drawn for so many objects; the picture itself drops those that change least.
const SAMPLES: u64 = 1_000;

/// Draws and writes.
pub(super) fn plot(args: &PlotArgs, printer: &mut Printer) -> ExitStatus {
    match drawn(args, printer) {
        Ok(Some(text)) => {
            printer.result(&text);
            ExitStatus::Success
        }
        Ok(None) => ExitStatus::Error,
        Err(problem) => {
            printer.error(&problem);
            ExitStatus::Error
        }
    }
}

fn drawn(args: &PlotArgs, printer: &mut Printer) -> Result<Option<String>, String> {
    let Some(run) = one(&args.run, printer)? else { return Ok(None) };
    let recorded = run.history.recorded();
    let lines = series(&run, &recorded)?;
    if args.what.iter().any(|what| what == "list") {
        return Ok(Some(catalogue(&lines)));
    }
    let other = match &args.compare {
        Some(path) => {
            let Some(other) = one(path, printer)? else { return Ok(None) };
            let recorded = other.history.recorded();
            let lines = series(&other, &recorded)?;
            Some((other, recorded, lines))
        }
        None => None,
    };
    // Pictures show one run; two are compared by the metric of the same name.
    let is_picture = args.what.len() == 1 && other.is_none();
    let scene = match args.what.first().map(String::as_str) {
        Some("pods") if is_picture => plot::pods(&recorded, &run.info, LANES),
        Some("replicas") if is_picture => plot::replicas(&recorded, &run.info, LANES),
        Some("nodes") if is_picture => plot::nodes(&recorded, &run.info, LANES),
        _ => {
            let chosen = chosen(args, &lines, other.as_ref().map(|(_, _, lines)| lines.as_slice()))?;
            let title =
                other.as_ref().map(|(other, _, _)| format!("{} (seed {})", other.path, other.info.seed));
            plot::lines(&chosen, &recorded, &run.info, title.as_deref())
        }
    };
    write(args, &scene).map(Some)
}

fn one(path: &Path, printer: &mut Printer) -> Result<Option<Past>, String> {
    if !path.exists() {
        return Err(format!(
            "there is no file or directory {}: name a scenario or the directory of a run",
            path.display()
        ));
    }
    past::load(&[path.to_owned()], past::Wanted::default(), printer)
}

/// All series of a run: those of its `metrics.csv` when it has one, so that what a run measured is what is drawn.
fn series(run: &Past, recorded: &Recorded) -> Result<Vec<Line>, String> {
    let file = Path::new(&run.path).join("metrics.csv");
    if let Ok(text) = fs::read_to_string(&file) {
        return read(&text).map_err(|error| format!("{}: {error}", file.display()));
    }
    let measures = metrics::measures(recorded, &run.info.pools, SAMPLES, usize::MAX);
    Ok(measures
        .into_iter()
        .map(|measure| Line {
            metric: measure.metric.to_owned(),
            object: named(&measure.namespace, &measure.object),
            points: measure.points,
            other: Vec::new(),
        })
        .collect())
}

fn named(namespace: &str, object: &str) -> String {
    if namespace.is_empty() || namespace == "default" {
        object.to_owned()
    } else {
        format!("{object} -n {namespace}")
    }
}

fn read(text: &str) -> Result<Vec<Line>, String> {
    let mut lines: Vec<Line> = Vec::new();
    let mut places = std::collections::BTreeMap::new();
    for row in csv::Reader::from_reader(text.as_bytes()).records() {
        let row = row.map_err(|error| error.to_string())?;
        let cell = |at: usize| row.get(at).ok_or("a row with fewer than five columns");
        let (metric, object) = (cell(1)?.to_owned(), named(cell(2)?, cell(3)?));
        let seconds: f64 = cell(0)?.parse().map_err(|_| "a time that is no number")?;
        let value: i64 = cell(4)?.parse().map_err(|_| "a value that is no number")?;
        let at = SimTime::from_secs_f64(seconds).ok_or("a time out of range")?;
        let place = *places.entry((metric.clone(), object.clone())).or_insert_with(|| {
            lines.push(Line { metric, object, ..Line::default() });
            lines.len() - 1
        });
        let points = &mut lines[place].points;
        if points.last().is_none_or(|(_, last)| *last != value) {
            points.push((at, value));
        }
    }
    Ok(lines)
}

fn catalogue(lines: &[Line]) -> String {
    let mut text = "pods\nreplicas\nnodes\n".to_owned();
    let mut seen = Vec::new();
    for line in lines {
        if !seen.contains(&&line.metric) {
            seen.push(&line.metric);
            let objects =
                lines.iter().filter(|other| other.metric == line.metric && !other.object.is_empty()).count();
            let of = if objects > 0 { format!("  ({objects} series)") } else { String::new() };
            // A single run has a picture of that name, which stands above.
            let with = if line.metric == "pods" { "  with --compare" } else { "" };
            let _ = writeln!(text, "{}{of}{with}", line.metric);
        }
    }
    text
}

/// The lines that were asked for, each with its like of the other run.
fn chosen(args: &PlotArgs, lines: &[Line], other: Option<&[Line]>) -> Result<Vec<Line>, String> {
    let mut chosen = Vec::new();
    for what in &args.what {
        let metric = match what.as_str() {
            "replicas" => "replicas_ready",
            "nodes" => "nodes_ready",
            other => other,
        };
        let of = lines.iter().filter(|line| line.metric == metric);
        let of: Vec<&Line> = of
            .filter(|line| args.object.as_ref().is_none_or(|object| line.object.contains(object.as_str())))
            .collect();
        if of.is_empty() {
            let known = lines.iter().map(|line| line.metric.as_str()).chain(["pods", "replicas", "nodes"]);
            let meant =
                nearest(what, known).map_or(String::new(), |meant| format!("; did you mean {meant}?"));
            return Err(format!("the run has no series {what}{meant} (`--what list` names all)"));
        }
        for line in of {
            let like = |it: &&Line| it.metric == line.metric && it.object == line.object;
            let other = other.and_then(|other| other.iter().find(like)).map(|it| it.points.clone());
            chosen.push(Line { other: other.unwrap_or_default(), ..line.clone() });
        }
    }
    Ok(chosen)
}

fn write(args: &PlotArgs, scene: &Scene) -> Result<String, String> {
    let name = args.what.join("-");
    let file = args.out.clone().unwrap_or_else(|| format!("{name}.svg").into());
    let bytes = match file.extension().and_then(|ending| ending.to_str()) {
        Some("svg") => plot::svg(scene).map(String::into_bytes),
        Some("png") => plot::png(scene),
        _ => return Err(format!("{}: name a file that ends with .svg or .png", file.display())),
    };
    let bytes = bytes.map_err(|error| error.to_string())?;
    fs::write(&file, bytes).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    Ok(format!("{}\n", file.display()))
}
