//! `shakedown why`: the chain of causes of what happened to an object, back to the root.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::ExitStatus;
use super::look::Request;
use super::printer::Printer;
use super::recorded;
use super::run;
use crate::api::Kind;
use crate::kernel::SimTime;
use crate::sim::{RunOptions, Simulation};
use crate::trace::Record;
use crate::trace::replay::Line;

/// Prints the chain.
pub(super) fn why(words: &[String], printer: &mut Printer) -> ExitStatus {
    match chain(words, printer) {
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

fn chain(words: &[String], printer: &mut Printer) -> Result<Option<String>, String> {
    let (words, event) = take_event(words)?;
    let request = Request::parse(&words)?;
    let [subject] = &request.words[..] else {
        return Err("name one object, such as pod/web-1".to_owned());
    };
    let (kind, namespace, name) = subject_of(subject)?;
    let Some(lines) = lines(&request, printer)? else { return Ok(None) };
    let about = |line: &&Line| {
        line.kind == kind.as_str()
            && line.name == name
            && (line.namespace == namespace || line.namespace.is_empty())
            && event.as_ref().is_none_or(|event| {
                let words = [&line.event, &line.reason, &line.message];
                words.iter().any(|text| text.contains(event.as_str()))
            })
    };
    let last = lines.values().rev().find(about);
    let last = last.ok_or_else(|| format!("nothing like that happened to {subject}"))?;
    let mut text = String::new();
    let mut next = Some(last);
    while let Some(line) = next {
        let _ = writeln!(text, "{}", sentence(line));
        next = lines.get(&line.cause).filter(|cause| cause.seq < line.seq);
    }
    Ok(Some(text))
}

/// Takes `--event WORD` out of the words.
fn take_event(words: &[String]) -> Result<(Vec<String>, Option<String>), String> {
    let mut words = words.to_vec();
    let Some(at) = words.iter().position(|word| word == "--event") else { return Ok((words, None)) };
    words.remove(at);
    if at >= words.len() {
        return Err("--event needs a value".to_owned());
    }
    let event = words.remove(at);
    Ok((words, Some(event)))
}

/// `pod/web-1` or `pod/shop/web-1`.
fn subject_of(text: &str) -> Result<(Kind, String, String), String> {
    let parts: Vec<&str> = text.split('/').collect();
    let (kind, namespace, name) = match parts[..] {
        [kind, name] => (kind, "default", name),
        [kind, namespace, name] => (kind, namespace, name),
        _ => return Err(format!("{text}: expected KIND/NAME or KIND/NAMESPACE/NAME")),
    };
    let found = Kind::from_word(kind).ok_or_else(|| format!("there is no kind {kind}"))?;
    Ok((found, namespace.to_owned(), name.to_owned()))
}

/// All that happened up to the time asked for, by number.
fn lines(request: &Request, printer: &mut Printer) -> Result<Option<BTreeMap<u64, Line>>, String> {
    let mut all = BTreeMap::new();
    if let Some(file) = request.recorded() {
        for line in recorded::lines(&file)? {
            let line = line?;
            if request.at.is_none_or(|at| line.time() <= at) {
                all.insert(line.seq, line);
            }
        }
        return Ok(Some(all));
    }
    let Some(scenario) = run::load(&request.paths, printer, true) else { return Ok(None) };
    let options = RunOptions { seed: request.seed, ..RunOptions::default() };
    let mut simulation = Simulation::new(&scenario, &options);
    let at: SimTime = request.at.unwrap_or(simulation.world.end);
    let mut keep = |record: &Record| {
        all.insert(record.id, line_of(record));
    };
    simulation.run_until(at, &mut keep).map_err(|error| error.to_string())?;
    Ok(Some(all))
}

pub(super) fn line_of(record: &Record) -> Line {
    Line {
        time_ns: record.at.as_nanos(),
        seq: record.id,
        cause: record.cause,
        component: record.component.to_owned(),
        kind: record.subject.kind.to_owned(),
        namespace: record.subject.namespace.to_string(),
        name: record.subject.name.to_string(),
        event: record.event.to_owned(),
        reason: record.reason.to_string(),
        message: record.message.to_string(),
        op: None,
        changed: None,
    }
}

/// `5m0s  kubelet  Pod default/web-1  MODIFIED: ...`
pub(super) fn sentence(line: &Line) -> String {
    let subject = [&line.namespace, &line.name].into_iter().filter(|part| !part.is_empty());
    let subject: Vec<&str> = subject.map(String::as_str).collect();
    let what = [line.reason.as_str(), line.message.as_str()].into_iter().filter(|part| !part.is_empty());
    let what: Vec<&str> = what.collect();
    format!(
        "{:<12} {:<20} {} {}  {}  {}",
        line.time().to_string(),
        line.component,
        line.kind,
        subject.join("/"),
        line.event,
        what.join(": ")
    )
    .trim_end()
    .to_owned()
}
