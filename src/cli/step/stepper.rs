//! Where one is in a run, what is chosen, and what a key does about it. Knows nothing of terminals.

use std::time::Duration;

use crate::api::pod::Pod;
use crate::api::{Kind, Object};
use crate::cli::causes::{self, Shown};
use crate::cli::past::Past;
use crate::cli::recorded::Recorded;
use crate::history::{States, Subject};
use crate::kernel::{SimDuration, SimTime};
use crate::kubectl::ObjectSource;
use crate::kubectl::describe::page;
use crate::kubectl::print::pod_status;
use crate::report::{Lane, Mark, MarkKind, NodeSeries};
use crate::trace::replay::Line;

/// Virtual seconds that pass in a second of playing.
const SPEEDS: [u64; 8] = [1, 2, 5, 10, 30, 60, 300, 1_800];

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// End.
    Quit,
    /// Play or pause.
    TogglePlay,
    /// Play faster or slower.
    Faster(bool),
    /// So many records on or back.
    Records(i64),
    /// So many seconds on or back.
    Seconds(i64),
    /// To the next or the previous fault or step.
    Mark(bool),
    /// To the start.
    Start,
    /// To the end.
    End,
    /// Choose another row of nodes and pods.
    Select(i64),
    /// Scroll the details.
    Scroll(i64),
    /// Details of the chosen object, or causes: of the object or the record, whichever was chosen last.
    ToggleWhy,
}

/// A row of the pane of nodes and pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// What it is.
    pub(super) kind: Kind,
    /// Namespace; empty for a node.
    pub(super) namespace: String,
    /// Name; empty for the heading of pods without a node.
    pub(super) name: String,
    /// What kubectl's STATUS column says.
    pub(super) status: String,
    /// More: how many are ready, restarts.
    pub(super) more: String,
}

/// A walk through a run.
pub(super) struct Stepper {
    /// Title of the run.
    pub(super) title: String,
    states: States,
    /// Lanes of all pods.
    pub(super) lanes: Vec<Lane>,
    /// Marks of the time axis.
    pub(super) marks: Vec<Mark>,
    nodes: Vec<NodeSeries>,
    /// When the run ends.
    pub(super) end: SimTime,
    /// The instant that is shown.
    pub(super) now: SimTime,
    /// How many records have happened.
    pub(super) count: usize,
    /// Whether time passes by itself.
    pub(super) playing: bool,
    speed: usize,
    /// Nodes with their pods, as they are now.
    pub(super) rows: Vec<Row>,
    chosen: Option<(Kind, String, String)>,
    /// Whether causes are shown instead of details.
    pub(super) why: bool,
    /// Whether the causes are those of the chosen object; else of the present record. The last choice counts.
    of_object: bool,
    /// First line of the details.
    pub(super) scroll: usize,
    details: Vec<String>,
}

impl Stepper {
    /// At a time of the run, or at its first fault or step.
    pub(super) fn new(past: Past, at: Option<SimTime>) -> Self {
        let recorded = past.history.recorded();
        let interesting = recorded.marks.iter().find(|mark| mark.kind == MarkKind::Fault).map(|mark| mark.at);
        let end = past.history.end;
        let mut stepper = Self {
            title: format!("{}, seed {}", past.info.scenario, past.info.seed),
            states: States::new(past.history),
            lanes: recorded.lanes,
            marks: recorded.marks,
            nodes: recorded.nodes,
            end,
            now: SimTime::ZERO,
            count: 0,
            playing: false,
            speed: 0,
            rows: Vec::new(),
            chosen: None,
            why: false,
            of_object: false,
            scroll: 0,
            details: Vec::new(),
        };
        stepper.go_to(at.or(interesting).unwrap_or(SimTime::ZERO));
        stepper
    }

    /// Does what a key asks for.
    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::Quit => {}
            Action::TogglePlay => {
                if !self.playing && self.now >= self.end {
                    self.go_to(SimTime::ZERO);
                }
                self.playing = !self.playing;
            }
            Action::Faster(true) => self.speed = (self.speed + 1).min(SPEEDS.len() - 1),
            Action::Faster(false) => self.speed = self.speed.saturating_sub(1),
            Action::Records(by) => self.records(by),
            Action::Seconds(by) => {
                let length = SimDuration::from_secs(by.unsigned_abs());
                self.go_to(if by < 0 { self.now.saturating_sub(length) } else { self.now + length });
            }
            Action::Mark(next) => {
                let mut marks = self.marks.iter().filter(|mark| mark.kind != MarkKind::FaultEnd);
                let found = if next {
                    marks.find(|mark| mark.at > self.now)
                } else {
                    marks.rfind(|mark| mark.at < self.now)
                };
                if let Some(at) = found.map(|mark| mark.at) {
                    self.go_to(at);
                }
            }
            Action::Start => self.go_to(SimTime::ZERO),
            Action::End => self.go_to(self.end),
            Action::Select(by) => self.select(by),
            Action::Scroll(by) => {
                let last = self.details.len().saturating_sub(1);
                self.scroll = self.scroll.saturating_add_signed(by as isize).min(last);
            }
            Action::ToggleWhy => {
                self.why = !self.why;
                self.scroll = 0;
                self.look();
            }
        }
    }

    /// Lets time pass, if it is playing.
    pub(super) fn play(&mut self, elapsed: Duration) {
        if !self.playing {
            return;
        }
        let nanos = elapsed.as_nanos() as u64 * SPEEDS[self.speed];
        self.go_to(self.now + SimDuration::from_nanos(nanos));
        self.playing = self.now < self.end;
    }

    /// Virtual seconds a second.
    pub(super) fn speed(&self) -> u64 {
        SPEEDS[self.speed]
    }

    /// The records up to now.
    pub(super) fn happened(&self) -> &[Line] {
        &self.states.history().lines()[..self.count]
    }

    /// How many records the run has.
    pub(super) fn total(&self) -> usize {
        self.states.history().lines().len()
    }

    /// Place of the chosen row.
    pub(super) fn chosen_row(&self) -> Option<usize> {
        let (kind, namespace, name) = self.chosen.as_ref()?;
        self.rows.iter().position(|row| row.kind == *kind && row.namespace == *namespace && row.name == *name)
    }

    /// The lane of the chosen pod.
    pub(super) fn chosen_lane(&self) -> Option<&Lane> {
        let (kind, namespace, name) = self.chosen.as_ref()?;
        let mut lanes = self.lanes.iter().filter(|_| *kind == Kind::Pod);
        lanes.find(|lane| lane.namespace == namespace.as_str() && lane.name == name.as_str())
    }

    /// Title and lines of the pane of details.
    pub(super) fn details(&self) -> (String, &[String]) {
        let title = match (&self.chosen, self.why) {
            (Some((kind, _, name)), true) if self.of_object => {
                format!("Why? {}/{name}", kind.as_str().to_lowercase())
            }
            (_, true) => "Why? the last record".to_owned(),
            (Some((Kind::Pod, namespace, name)), _) => format!("pod {namespace}/{name}"),
            (Some((_, _, name)), _) => format!("node {name}"),
            (None, _) => "details".to_owned(),
        };
        (title, &self.details)
    }

    fn records(&mut self, by: i64) {
        self.playing = false;
        self.of_object = false;
        let total = self.total();
        let count = self.count.saturating_add_signed(by as isize).min(total);
        self.count = count;
        self.now =
            count.checked_sub(1).map_or(SimTime::ZERO, |last| self.states.history().lines()[last].time());
        self.look();
    }

    fn go_to(&mut self, at: SimTime) {
        self.now = at.min(self.end);
        self.count = self.states.history().count_until(self.now);
        self.look();
    }

    fn select(&mut self, by: i64) {
        if self.rows.is_empty() {
            return;
        }
        let last = self.rows.len() - 1;
        let at = self.chosen_row().map_or(0, |at| at.saturating_add_signed(by as isize).min(last));
        let row = &self.rows[at];
        self.chosen = Some((row.kind, row.namespace.clone(), row.name.clone()));
        self.of_object = true;
        self.scroll = 0;
        self.look();
    }

    /// Looks at the cluster anew.
    fn look(&mut self) {
        let source = Recorded::of(self.states.after(self.count).clone(), self.now);
        self.rows = rows(&source, &self.nodes, self.now);
        if self.chosen.is_none() {
            let first = self.rows.iter().find(|row| row.kind == Kind::Pod).or(self.rows.first());
            self.chosen = first.map(|row| (row.kind, row.namespace.clone(), row.name.clone()));
        }
        self.details = self.described(&source);
        self.scroll = self.scroll.min(self.details.len().saturating_sub(1));
    }

    /// The line whose causes are shown.
    fn asked(&self) -> Option<&Line> {
        let Some((kind, namespace, name)) = self.chosen.as_ref().filter(|_| self.of_object) else {
            return self.happened().last();
        };
        let subject =
            Subject { kind: kind.as_str().to_owned(), namespace: namespace.clone(), name: name.clone() };
        self.happened().iter().rfind(|line| subject.is_of(line))
    }

    fn described(&self, source: &Recorded) -> Vec<String> {
        let text = if self.why {
            self.asked().map_or("Nothing has happened to it yet.".to_owned(), |line| {
                causes::told(self.states.history(), line, Shown { all: false, color: false })
            })
        } else {
            let object =
                self.chosen.as_ref().and_then(|(kind, namespace, name)| source.get(*kind, namespace, name));
            object.map_or("It does not exist at this time.".to_owned(), |object| page(&object, source, true))
        };
        text.lines().map(|line| line.replace('\t', "  ")).collect()
    }
}

/// Every node with its pods, then the pods without a node.
fn rows(source: &Recorded, series: &[NodeSeries], now: SimTime) -> Vec<Row> {
    let pods: Vec<Object> = source.list(Kind::Pod, None);
    let pods: Vec<&Pod> = pods
        .iter()
        .filter_map(|object| if let Object::Pod(pod) = object { Some(pod.as_ref()) } else { None })
        .collect();
    let mut rows = Vec::new();
    for node in source.list(Kind::Node, None) {
        let name = node.metadata().name.clone();
        let state = series.iter().find(|it| it.name == name).and_then(|it| it.states.at(now).copied());
        let of: Vec<&&Pod> = pods.iter().filter(|pod| pod.node_name.as_ref() == Some(&name)).collect();
        rows.push(Row {
            kind: Kind::Node,
            namespace: String::new(),
            name: name.to_string(),
            status: state.map_or(String::new(), |state| state.label().to_owned()),
            more: if of.len() == 1 { "1 pod".to_owned() } else { format!("{} pods", of.len()) },
        });
        rows.extend(of.into_iter().map(|pod| row(pod)));
    }
    let homeless: Vec<&&Pod> = pods.iter().filter(|pod| pod.node_name.is_none()).collect();
    rows.extend(homeless.into_iter().map(|pod| row(pod)));
    rows
}

fn row(pod: &Pod) -> Row {
    let statuses = &pod.status.container_statuses;
    let ready = statuses.iter().filter(|status| status.ready).count();
    let restarts: i32 = statuses.iter().map(|status| status.restart_count).sum();
    let times = match restarts {
        0 => String::new(),
        1 => ", 1 restart".to_owned(),
        times => format!(", {times} restarts"),
    };
    Row {
        kind: Kind::Pod,
        namespace: pod.metadata.namespace.to_string(),
        name: pod.metadata.name.to_string(),
        status: pod_status(pod),
        more: format!("{ready}/{}{times}", pod.spec.containers.len()),
    }
}
