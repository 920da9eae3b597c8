//! The data that the page carries, as compact JSON: columns of numbers that point into one table of texts.
//!
//! Times are nanoseconds, each written as its distance to the one before: short in the file, and exact.

use serde::Serialize;

use crate::base::LookupMap;
use crate::kernel::SimTime;
use crate::report::metrics::{self, Measure};
use crate::report::plot::{Look, Texture, node_look, pod_look};
use crate::report::{Lane, LaneEvent, MarkKind, NodeState, PodState, Pools, Record, Recorded, Steps};
use crate::trace::words::phrase;

/// Everything the page's script works on.
#[derive(Serialize)]
pub(super) struct Data {
    end: u64,
    strings: Vec<String>,
    pod_states: Vec<StateLook>,
    node_states: Vec<StateLook>,
    marks: Vec<MarkData>,
    workloads: Vec<WorkloadData>,
    nodes: Vec<NodeData>,
    lanes_total: u64,
    lanes: Vec<LaneData>,
    records_total: u64,
    records: Columns,
    measures: Vec<MeasureData>,
}

#[derive(Serialize)]
struct MeasureData {
    metric: &'static str,
    namespace: String,
    object: String,
    of: usize,
    points: Vec<i64>,
}

/// How a state is drawn; the place in its list is the number that series use.
#[derive(Serialize)]
pub(super) struct StateLook {
    pub(super) id: &'static str,
    pub(super) label: &'static str,
    pub(super) color: String,
    pub(super) texture: &'static str,
    pub(super) height: f64,
}

#[derive(Serialize)]
struct MarkData {
    at: u64,
    until: Option<u64>,
    kind: &'static str,
    label: String,
}

#[derive(Serialize)]
struct WorkloadData {
    title: String,
    namespace: String,
    wanted: Vec<u64>,
    running: Vec<u64>,
    ready: Vec<u64>,
}

#[derive(Serialize)]
struct NodeData {
    name: String,
    cpu: i64,
    memory: i64,
    states: Vec<u64>,
    cpu_used: Vec<u64>,
    memory_used: Vec<u64>,
}

#[derive(Serialize)]
struct LaneData {
    name: u32,
    namespace: u32,
    owner: u32,
    labels: Vec<u32>,
    states: Vec<u64>,
    /// Six numbers a mark: time, container, whether an exit, restart count or exit code, signal, reason.
    marks: Vec<i64>,
    /// Five numbers a binding: node, from, until (-1 = still), CPU, memory.
    bindings: Vec<i64>,
}

#[derive(Default, Serialize)]
struct Columns {
    id: Vec<u64>,
    t: Vec<u64>,
    /// How far back the cause is; 0 = none.
    cause: Vec<u64>,
    component: Vec<u32>,
    kind: Vec<u32>,
    namespace: Vec<u32>,
    name: Vec<u32>,
    event: Vec<u32>,
    reason: Vec<u32>,
    message: Vec<u32>,
    /// What happened, in words.
    said: Vec<u32>,
}

/// Texts, each once.
#[derive(Default)]
struct Strings {
    texts: Vec<String>,
    known: LookupMap<String, u32>,
}

impl Strings {
    fn index(&mut self, text: &str) -> u32 {
        if let Some(index) = self.known.get(text) {
            return *index;
        }
        let index = self.texts.len() as u32;
        self.texts.push(text.to_owned());
        self.known.insert(text.to_owned(), index);
        index
    }
}

impl Data {
    pub(super) fn new<'a>(
        recorded: &Recorded,
        pools: &Pools,
        records: impl Iterator<Item = Record<'a>>,
        lane_limit: usize,
        record_limit: usize,
    ) -> Self {
        let mut strings = Strings::default();
        let lanes = recorded.busiest_lanes(lane_limit);
        let lanes = lanes.into_iter().map(|lane| lane_data(lane, &mut strings)).collect();
        let (records, records_total) = columns(records, record_limit, &mut strings);
        Self {
            end: recorded.end.as_nanos(),
            pod_states: pod_looks(),
            node_states: node_looks(),
            marks: marks(recorded),
            workloads: workloads(recorded),
            nodes: nodes(recorded),
            lanes_total: recorded.lane_count(),
            lanes,
            records_total,
            records,
            measures: measures(recorded, pools),
            strings: strings.texts,
        }
    }

    /// JSON without `<`, so that no text in it can end the element it stands in.
    pub(super) fn to_json(&self) -> String {
        let json = serde_json::to_string(self).expect("the data is plain, with text keys");
        json.replace('<', "\\u003c")
    }
}

/// The looks of the states of pods, by their number.
pub(super) fn pod_looks() -> Vec<StateLook> {
    let states = PodState::VISIBLE.into_iter().chain([PodState::Gone]);
    states.map(|state| state_look(state.id(), state.label(), pod_look(state))).collect()
}

/// The looks of the states of nodes, by their number.
pub(super) fn node_looks() -> Vec<StateLook> {
    let states = NodeState::VISIBLE.into_iter().chain([NodeState::Gone]);
    states.map(|state| state_look(state.id(), state.label(), node_look(state))).collect()
}

fn state_look(id: &'static str, label: &'static str, look: Look) -> StateLook {
    let texture = match look.texture {
        Texture::Solid => "solid",
        Texture::Hollow => "hollow",
        Texture::Stripe => "stripe",
        Texture::Hatch => "hatch",
    };
    StateLook { id, label, color: look.css_color(), texture, height: look.height }
}

/// Samples of a series on the page: as many as a wide chart has pixels.
const SAMPLES: u64 = 600;
/// Objects of one metric that are drawn one by one.
const OBJECTS: usize = 24;

/// The series of `metrics.csv`: those of traffic first, those of nodes last.
fn measures(recorded: &Recorded, pools: &Pools) -> Vec<MeasureData> {
    let data = |measure: Measure| {
        let mut before = 0;
        let mut points = Vec::with_capacity(measure.points.len() * 2);
        for (at, value) in measure.points {
            points.extend([at.as_nanos() as i64 - before, value]);
            before = at.as_nanos() as i64;
        }
        let Measure { metric, namespace, object, of, .. } = measure;
        MeasureData { metric, namespace, object, of, points }
    };
    let mut measures = metrics::measures(recorded, pools, SAMPLES, OBJECTS);
    measures.sort_by_key(|measure| match measure.metric {
        name if name.starts_with("request") || name.starts_with("error_budget") => 0,
        name if name.starts_with("node") => 2,
        _ => 1,
    });
    measures.into_iter().map(data).collect()
}

fn marks(recorded: &Recorded) -> Vec<MarkData> {
    let mark = |mark: &crate::report::Mark| MarkData {
        at: mark.at.as_nanos(),
        until: mark.until.map(SimTime::as_nanos),
        kind: match mark.kind {
            MarkKind::Fault => "fault",
            MarkKind::FaultEnd => "fault_end",
            MarkKind::Step => "step",
            MarkKind::Expectation => "missed",
        },
        label: mark.label.clone(),
    };
    recorded.marks.iter().map(mark).collect()
}

fn workloads(recorded: &Recorded) -> Vec<WorkloadData> {
    let workload = |workload: &crate::report::Workload| WorkloadData {
        title: workload.title(),
        namespace: workload.reference.namespace.to_string(),
        wanted: flat(&workload.wanted, |value| *value as u64),
        running: flat(&workload.running, |value| *value as u64),
        ready: flat(&workload.ready, |value| *value as u64),
    };
    recorded.workloads.iter().map(workload).collect()
}

fn nodes(recorded: &Recorded) -> Vec<NodeData> {
    let node = |node: &crate::report::NodeSeries| NodeData {
        name: node.name.to_string(),
        cpu: node.allocatable.cpu_milli,
        memory: node.allocatable.memory,
        states: flat(&node.states, |state| *state as u64),
        cpu_used: flat(&node.cpu_milli, |value| *value as u64),
        memory_used: flat(&node.memory, |value| *value as u64),
    };
    recorded.nodes.iter().map(node).collect()
}

fn lane_data(lane: &Lane, strings: &mut Strings) -> LaneData {
    let mut marks = Vec::with_capacity(lane.marks.len() * 6);
    let mut before = 0;
    for mark in &lane.marks {
        let at = mark.at.as_nanos() as i64;
        let container = i64::from(strings.index(&mark.container));
        let (exit, number, signal, reason) = match &mark.what {
            LaneEvent::Restart { count } => (0, *count, 0, ""),
            LaneEvent::Exit { code, signal, reason } => (1, *code, signal.unwrap_or(0), reason.as_str()),
        };
        let reason = i64::from(strings.index(reason));
        marks.extend([at - before, container, exit, number.into(), signal.into(), reason]);
        before = at;
    }
    let mut bindings = Vec::with_capacity(lane.bindings.len() * 5);
    for binding in &lane.bindings {
        let until = binding.until.map_or(-1, |until| until.as_nanos() as i64);
        let node = i64::from(strings.index(&binding.node));
        let requests = binding.requests;
        bindings.extend([node, binding.from.as_nanos() as i64, until, requests.cpu_milli, requests.memory]);
    }
    LaneData {
        name: strings.index(&lane.name),
        namespace: strings.index(&lane.namespace),
        owner: strings.index(&lane.owner_title()),
        labels: lane.labels.iter().map(|(key, value)| strings.index(&format!("{key}={value}"))).collect(),
        states: flat(&lane.states, |state| *state as u64),
        marks,
        bindings,
    }
}

/// The first `limit` records as columns, and how many there were.
fn columns<'a>(
    records: impl Iterator<Item = Record<'a>>,
    limit: usize,
    strings: &mut Strings,
) -> (Columns, u64) {
    let mut columns = Columns::default();
    let (mut last_id, mut last_at, mut total) = (0, 0, 0);
    for record in records {
        total += 1;
        if columns.id.len() >= limit {
            continue;
        }
        let at = record.at.as_nanos();
        columns.id.push(record.id - last_id);
        columns.t.push(at - last_at);
        columns.cause.push(record.cause.map_or(0, |cause| record.id.saturating_sub(cause)));
        columns.component.push(strings.index(record.component));
        columns.kind.push(strings.index(record.kind));
        columns.namespace.push(strings.index(record.namespace));
        columns.name.push(strings.index(record.name));
        columns.event.push(strings.index(record.event));
        columns.reason.push(strings.index(record.reason));
        columns.message.push(strings.index(record.message));
        let said = phrase(record.kind, record.component, record.event, record.reason, record.message);
        columns.said.push(strings.index(&said));
        (last_id, last_at) = (record.id, at);
    }
    (columns, total)
}

/// A series as `[distance, value, distance, value, ...]`.
fn flat<T: Clone + PartialEq>(series: &Steps<T>, number: impl Fn(&T) -> u64) -> Vec<u64> {
    let mut before = 0;
    let mut flat = Vec::with_capacity(series.points().len() * 2);
    for (at, value) in series.points() {
        flat.extend([at.as_nanos() - before, number(value)]);
        before = at.as_nanos();
    }
    flat
}
