//! `shakedown why`: the chain of causes of what happened to an object, back to the root.

use super::ExitStatus;
use super::again::Again;
use super::causes::{self, Shown};
use super::look::Request;
use super::past::{self, Past, Wanted};
use super::printer::Printer;
use super::schedule::{self, explain_pod};
use super::style::{Style, painted};
use crate::api::Kind;
use crate::control::scheduling::{Explain, Explained};
use crate::history::{History, Subject, chain as chain_of, last_about};
use crate::kernel::SimTime;
use crate::sim::RunOptions;
use crate::trace::replay::Line;

/// Rows of a table of nodes, unless all are asked for.
const ROWS: usize = 10;
/// The component that all schedulers' profiles belong to.
const SCHEDULER: &str = "default-scheduler";

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
    let asked = Asked::parse(words)?;
    let at = asked.request.at;
    let wanted = Wanted { seed: asked.request.seed, until: at, explain: asked.explain() };
    let Some(past) = past::load(&asked.request.paths, wanted, printer)? else {
        return Ok(None);
    };
    let word = asked.event.as_deref();
    let found = last_about(&past.history, &asked.subject, word, at.unwrap_or(SimTime::MAX));
    let Some(line) = found else {
        return Err(asked.nothing_found(&past.history));
    };
    let color = printer.color();
    let title = format!("Why? {} at {}\n", line.subject(), line.time());
    let mut text = painted(color, Style::Bold, &title);
    text += &causes::told(&past.history, line, Shown { all: asked.all, color });
    if let Some(decision) = decision_in(&past.history, line, &asked.subject) {
        let at = decision.time();
        text += &asked.table(&explained(&asked, &past, at, printer)?, at, color);
    }
    Ok(Some(text))
}

/// The decisions about the pod up to a time. The files of a finished run do not hold them: it is done again up to there.
fn explained(
    asked: &Asked,
    past: &Past,
    at: SimTime,
    printer: &mut Printer,
) -> Result<Vec<Explained>, String> {
    if let Some(explained) = &past.explained {
        return Ok(explained.clone());
    }
    let options = RunOptions { explain: asked.explain(), ..RunOptions::default() };
    let Some(mut again) = Again::new(&asked.request.paths, &options, printer)? else { return Ok(Vec::new()) };
    again.run_until(at, &mut |_| {})?;
    Ok(again.simulation.world.explained)
}

/// The last thing in the chain of a line that a scheduler did with the pod: gave it a node, or said why not.
fn decision_in<'a>(history: &'a History, line: &'a Line, subject: &Subject) -> Option<&'a Line> {
    let decided =
        |line: &&Line| line.component == SCHEDULER && (subject.is_of(line) || subject.is_regarded_by(line));
    chain_of(history, line).into_iter().find(decided)
}

/// What was typed, taken apart.
struct Asked {
    request: Request,
    subject: Subject,
    event: Option<String>,
    all: bool,
}

impl Asked {
    fn parse(words: &[String]) -> Result<Self, String> {
        let (mut rest, mut event, mut namespace, mut all) = (Vec::new(), None, None, false);
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (flag, inline) = match word.split_once('=') {
                Some((flag, value)) if flag.starts_with('-') => (flag, Some(value.to_owned())),
                _ => (word.as_str(), None),
            };
            let mut value = || inline.clone().or_else(|| words.next().cloned());
            match flag {
                "--event" | "-e" => event = Some(value().ok_or("--event needs a value")?),
                "-n" | "--namespace" => namespace = Some(value().ok_or("--namespace needs a value")?),
                "--all" => all = true,
                _ => rest.push(word.clone()),
            }
        }
        let request = Request::parse(&rest)?;
        let subject = subject_of(&request.words, namespace.as_deref().unwrap_or("default"))?;
        Ok(Self { request, subject, event, all })
    }

    /// The decisions that may be asked about.
    fn explain(&self) -> Explain {
        if self.subject.kind == Kind::Pod.as_str() {
            return explain_pod(&self.subject.namespace, &self.subject.name);
        }
        Explain::Nothing
    }

    /// The table of nodes and plugins of the last decision up to a time.
    fn table(&self, explained: &[Explained], at: SimTime, color: bool) -> String {
        let Some(last) = explained.iter().rev().find(|it| it.at <= at) else { return String::new() };
        let (outcome, when) = (schedule::outcome(last), last.at);
        let title = match last.explanation.chosen {
            Some(_) => format!("\nWhy this node? {outcome}; decided at {when}\n"),
            None => format!("\nWhy no node? Decided at {when}\n"),
        };
        painted(color, Style::Bold, &title) + &schedule::table(last, if self.all { usize::MAX } else { ROWS })
    }

    /// Why there is no answer, with what might have been meant.
    fn nothing_found(&self, history: &History) -> String {
        let Subject { kind, namespace, name } = &self.subject;
        let about: Vec<_> = history.lines().iter().filter(|line| self.subject.is_of(line)).collect();
        if let (Some(word), false) = (&self.event, about.is_empty()) {
            let at = self.request.at.map_or(String::new(), |at| format!(" up to {at}"));
            return format!("nothing that fits --event {word} happened to {kind} {namespace}/{name}{at}");
        }
        let names = history.lines().iter().filter(|line| line.kind == *kind && line.namespace == *namespace);
        let nearest = crate::base::suggest::nearest(name, names.map(|line| line.name.as_str()));
        let meant = nearest.map_or(String::new(), |nearest| format!("; did you mean {nearest}?"));
        format!("nothing happened to {kind} {namespace}/{name}{meant}")
    }
}

/// `pod/web-1`, `pod/shop/web-1` or `pod web-1`.
fn subject_of(words: &[String], namespace: &str) -> Result<Subject, String> {
    let joined = words.join("/");
    let parts: Vec<&str> = joined.split('/').collect();
    let (kind, namespace, name) = match parts[..] {
        [kind, name] => (kind, namespace, name),
        [kind, namespace, name] => (kind, namespace, name),
        _ => {
            return Err(format!(
                "name one object as KIND/NAME or KIND/NAMESPACE/NAME, such as pod/web-1{}",
                { if joined.is_empty() { String::new() } else { format!(" (found {joined})") } }
            ));
        }
    };
    let found = Kind::from_word(kind).ok_or_else(|| format!("there is no kind {kind}"))?;
    Ok(Subject { kind: found.as_str().to_owned(), namespace: namespace.to_owned(), name: name.to_owned() })
}
