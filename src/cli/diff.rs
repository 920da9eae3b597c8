//! `shakedown diff A B`: where two runs part and why, then what became of it.

use std::fmt::Write as _;

use super::ExitStatus;
use super::args::DiffArgs;
use super::causes::{self, Shown};
use super::past::{self, Past};
use super::printer::Printer;
use super::style::{Style, painted};
use crate::history::compare::{
    Divergence, Effect, Value, divergence, divergence_in_kind, effects, is_same_in_kind,
};
use crate::kernel::{SimDuration, SimTime};
use crate::report::Summary;
use crate::trace::replay::Line;

/// Effects that are shown; the rest is counted.
const EFFECTS: usize = 40;
/// Letters of the name of a measure.
const MEASURE: usize = 52;

/// Compares and prints.
pub(super) fn diff(args: &DiffArgs, printer: &mut Printer) -> ExitStatus {
    match compared(args, printer) {
        Ok(Some((text, same))) => {
            printer.result(&text);
            if same { ExitStatus::Success } else { ExitStatus::Failure }
        }
        Ok(None) => ExitStatus::Error,
        Err(problem) => {
            printer.error(&problem);
            ExitStatus::Error
        }
    }
}

fn compared(args: &DiffArgs, printer: &mut Printer) -> Result<Option<(String, bool)>, String> {
    let Some(a) = one(&args.a, args.seed_a, printer)? else { return Ok(None) };
    let Some(b) = one(&args.b, args.seed_b, printer)? else { return Ok(None) };
    let color = printer.color();
    let mut text = heads(&a, &b);
    let Some(parted) = divergence(&a.history, &b.history) else {
        let _ = writeln!(text, "\nThe runs are the same: {} records each.", a.history.lines().len());
        return Ok(Some((text, true)));
    };
    let shown = Shown { all: args.all, color };
    part(&mut text, &a, &b, &parted, "First divergence", shown);
    if let (Some(left), Some(right)) = (parted.a, parted.b)
        && is_same_in_kind(left, right)
    {
        match divergence_in_kind(&a.history, &b.history) {
            Some(parted) => part(&mut text, &a, &b, &parted, "First divergence in more than names", shown),
            None => text.push_str("\nThe runs differ in names only: the same happens at the same times.\n"),
        }
    }
    let (recorded_a, recorded_b) = (a.history.recorded(), b.history.recorded());
    let summaries = (Summary::new(&recorded_a, &a.info), Summary::new(&recorded_b, &b.info));
    let effects = effects((&recorded_a, &summaries.0), (&recorded_b, &summaries.1));
    table(&mut text, &effects, if args.all { usize::MAX } else { EFFECTS }, color);
    Ok(Some((text, false)))
}

fn one(path: &std::path::Path, seed: Option<u64>, printer: &mut Printer) -> Result<Option<Past>, String> {
    if !path.exists() {
        return Err(format!(
            "there is no file or directory {}: name a scenario or the directory of a run",
            path.display()
        ));
    }
    past::load(&[path.to_owned()], past::Wanted { seed, ..past::Wanted::default() }, printer)
}

fn heads(a: &Past, b: &Past) -> String {
    let mut text = String::new();
    let wide = a.path.len().max(b.path.len());
    for (name, run) in [("A", a), ("B", b)] {
        let info = &run.info;
        let _ = writeln!(
            text,
            "{name}  {:wide$}  {} seed {}, {} of virtual time, {} records, digest {}",
            run.path,
            info.scenario,
            info.seed,
            run.history.end,
            run.history.lines().len(),
            info.short_digest()
        );
    }
    text
}

fn part(text: &mut String, a: &Past, b: &Past, parted: &Divergence<'_>, title: &str, shown: Shown) {
    let before = match parted.equal {
        1 => "after 1 equal record".to_owned(),
        equal => format!("after {equal} equal records"),
    };
    let first = [parted.a, parted.b].into_iter().flatten().map(Line::time).min().unwrap_or(SimTime::ZERO);
    let title = painted(shown.color, Style::Bold, title);
    let _ = writeln!(text, "\n{title}, at {first}, {before}");
    for (name, run, line) in [("A", a, parted.a), ("B", b, parted.b)] {
        let Some(line) = line else {
            let _ = writeln!(text, "\n{name}: the run has no more records.");
            continue;
        };
        let _ = writeln!(text, "\n{name}: record {}, and why it happened", line.seq);
        text.push_str(&causes::told(&run.history, line, shown));
    }
    // Where the same kind of thing happened, the columns say what differs.
    if let (Some(a), Some(b)) = (parted.a, parted.b)
        && (&a.component, &a.kind, &a.event) == (&b.component, &b.kind, &b.event)
    {
        let columns = [
            ("time", a.time().to_string(), b.time().to_string()),
            ("cause", a.cause.to_string(), b.cause.to_string()),
            ("object", a.subject(), b.subject()),
            ("reason", a.reason.clone(), b.reason.clone()),
            ("message", a.message.clone(), b.message.clone()),
        ];
        let _ = writeln!(text, "\nWhat differs in it:");
        for (column, a, b) in columns.iter().filter(|(_, a, b)| a != b) {
            let _ = writeln!(text, "  {column:<10} A {a}\n  {:<10} B {b}", "");
        }
    }
}

fn table(text: &mut String, effects: &[Effect], limit: usize, color: bool) {
    let title = painted(color, Style::Bold, "The effect");
    if effects.is_empty() {
        let _ = writeln!(text, "\n{title}\nNone: restarts, availability, placement and times are the same.");
        return;
    }
    let head = ["", "", "A", "B", "B - A"].map(str::to_owned);
    let mut rows = vec![head];
    let mut subject = "";
    for effect in effects.iter().take(limit) {
        let shown = if effect.subject == subject { String::new() } else { effect.subject.clone() };
        subject = &effect.subject;
        rows.push([
            shown,
            shortened(&effect.measure),
            said(&effect.a),
            said(&effect.b),
            change(&effect.a, &effect.b),
        ]);
    }
    let widths: Vec<usize> =
        (0..5).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0)).collect();
    let _ = writeln!(text, "\n{title}");
    for row in &rows {
        let line = format!(
            "  {:<w0$}  {:<w1$}  {:>w2$}  {:>w3$}  {:>w4$}",
            row[0],
            row[1],
            row[2],
            row[3],
            row[4],
            w0 = widths[0],
            w1 = widths[1],
            w2 = widths[2],
            w3 = widths[3],
            w4 = widths[4]
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    if effects.len() > limit {
        let _ = writeln!(text, "  and {} more: see --all", effects.len() - limit);
    }
}

/// Long names of measures are those of expectations.
fn shortened(measure: &str) -> String {
    if measure.chars().count() <= MEASURE {
        return measure.to_owned();
    }
    let head: String = measure.chars().take(MEASURE - 1).collect();
    format!("{head}…")
}

fn said(value: &Value) -> String {
    match value {
        Value::Missing => "-".to_owned(),
        Value::Count(count) => count.to_string(),
        Value::Seconds(seconds) => length(*seconds),
        Value::Percent(percent) => format!("{percent:.2} %"),
        Value::Text(text) => text.clone(),
    }
}

fn change(a: &Value, b: &Value) -> String {
    match (a, b) {
        (Value::Count(a), Value::Count(b)) => format!("{:+}", b - a),
        (Value::Missing, Value::Count(b)) => format!("{b:+}"),
        (Value::Count(a), Value::Missing) => format!("{:+}", -a),
        (Value::Percent(a), Value::Percent(b)) => format!("{:+.2}", b - a),
        (Value::Seconds(a), Value::Seconds(b)) if b >= a => format!("+{}", length(b - a)),
        (Value::Seconds(a), Value::Seconds(b)) => format!("-{}", length(a - b)),
        _ => String::new(),
    }
}

/// A length to the millisecond.
fn length(seconds: f64) -> String {
    SimDuration::from_millis((seconds * 1000.0).round() as u64).to_string()
}
