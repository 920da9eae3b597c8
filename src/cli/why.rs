//! `shakedown why`: the chain of causes of what happened to an object, back to the root.

use super::ExitStatus;
use super::causes::{self, Shown};
use super::look::Request;
use super::past;
use super::printer::Printer;
use super::style::{Style, painted};
use crate::api::Kind;
use crate::history::{Subject, last_about};
use crate::kernel::SimTime;

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
    let Some(past) = past::load(&asked.request.paths, asked.request.seed, at, printer)? else {
        return Ok(None);
    };
    let word = asked.event.as_deref();
    let found = last_about(&past.history, &asked.subject, word, at.unwrap_or(SimTime::MAX));
    let Some(line) = found else {
        return Err(asked.nothing_found(&past.history));
    };
    let color = printer.color();
    let title = format!("Why? {} at {}\n", line.subject(), line.time());
    let text = painted(color, Style::Bold, &title);
    Ok(Some(text + &causes::told(&past.history, line, Shown { all: asked.all, color })))
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

    /// Why there is no answer, with what might have been meant.
    fn nothing_found(&self, history: &crate::history::History) -> String {
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
