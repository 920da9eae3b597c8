//! Which line is meant: the last one about an object that fits a word such as `restart`.

use super::History;
use crate::kernel::SimTime;
use crate::trace::replay::Line;

/// The object that is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Kind, as manifests write it.
    pub kind: String,
    /// Namespace; ignored for lines that have none.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl Subject {
    /// Whether a line is about it.
    pub fn is_of(&self, line: &Line) -> bool {
        line.kind == self.kind
            && line.name == self.name
            && (line.namespace == self.namespace || line.namespace.is_empty())
    }

    /// Whether a line is a Kubernetes event about it.
    pub fn is_regarded_by(&self, line: &Line) -> bool {
        let about = format!("{}/{}: ", self.kind, self.name);
        let told = line.message.split_once(' ').map_or("", |(_, told)| told);
        line.kind == "Event" && line.namespace == self.namespace && told.starts_with(&about)
    }
}

/// The last line up to `at` that is about the subject and fits the word; if there is none, the last Kubernetes event about
/// it that does.
pub fn last_about<'a>(
    history: &'a History,
    subject: &Subject,
    word: Option<&str>,
    at: SimTime,
) -> Option<&'a Line> {
    let lines = &history.lines()[..history.count_until(at)];
    let own = lines.iter().rev().find(|line| subject.is_of(line) && word.is_none_or(|word| fits(line, word)));
    own.or_else(|| {
        let word = word?;
        lines.iter().rev().find(|line| subject.is_regarded_by(line) && fits(line, word))
    })
}

/// Whether a word names what a line tells: one of the words people use, or any text of the line.
fn fits(line: &Line, word: &str) -> bool {
    let event = line.event.as_str();
    let says = |text: &str| line.phrase().contains(text);
    match word.to_lowercase().as_str() {
        "restart" | "restarted" => {
            line.container.as_ref().and_then(|container| container.restart).is_some_and(|times| times > 0)
        }
        "start" | "started" => event == "ContainerStarted",
        "exit" | "exited" | "end" | "ended" => matches!(event, "ContainerExited" | "ContainerLost"),
        "kill" | "killed" => event == "Signal" || line.message.contains("code 137"),
        "ready" => event == "MODIFIED" && says("became ready"),
        "unready" | "notready" => event == "MODIFIED" && (says("not ready") || says("became Unknown")),
        "evict" | "evicted" | "eviction" => event == "MODIFIED" && says("marked for eviction"),
        "schedule" | "scheduled" => event == "MODIFIED" && says("scheduled to "),
        "unschedulable" | "failedscheduling" => event == "MODIFIED" && says("cannot be scheduled"),
        "create" | "created" => event == "ADDED",
        "delete" | "deleted" => event == "DELETED" || (event == "MODIFIED" && says("told to end")),
        "scale" | "scaled" => event == "MODIFIED" && says("scaled from "),
        "probe" => event.starts_with("Probe"),
        text => {
            let texts = [&line.event, &line.reason, &line.message];
            texts.iter().any(|field| field.to_lowercase().contains(text))
                || line.phrase().to_lowercase().contains(text)
        }
    }
}
