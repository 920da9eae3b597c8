//! Nodes: their state, and how much of their CPU and memory is given away.

use super::font::{HEADING, LABEL, shortened, width};
use super::frame::{Frame, LegendEntry, MARGIN, Swatch, mark_legend};
use super::palette::{self, AXIS, FAINT_INK, GRID, INK, Look, Texture, bar, node_look};
use super::scene::{Anchor, Scene};
use crate::report::recorded::busiest;
use crate::report::{NodeSeries, NodeState, Recorded, Requests, RunInfo, Steps};

/// More nodes than this get one slim row each.
const DETAILED: usize = 16;
const STATE: f64 = 12.0;
const CHART: f64 = 48.0;
const AIR: f64 = 20.0;
const SLIM: f64 = 18.0;
const NAMES_AT_MOST: f64 = 240.0;

/// State and allocation of at most `limit` nodes: those that changed state most.
pub fn nodes(recorded: &Recorded, info: &RunInfo, limit: usize) -> Scene {
    let shown = busiest(&recorded.nodes, limit, |node| node.states.points().len());
    let names = shown.iter().map(|node| width(&node.name, HEADING, true)).fold(96.0, f64::max);
    let left = names.min(NAMES_AT_MOST) + 44.0;
    let detailed = shown.len() <= DETAILED;
    let mut frame = Frame::new("Nodes", info, recorded, left, legend(recorded, &shown, detailed));
    let row = if detailed { STATE + 6.0 + CHART + AIR } else { SLIM };
    frame.begin_plot(row * shown.len() as f64 + 6.0);
    frame.y += 6.0;
    for node in &shown {
        if detailed { detailed_row(&mut frame, node) } else { slim_row(&mut frame, node) }
    }
    let mut notes = Vec::new();
    if shown.len() < recorded.nodes.len() {
        let all = recorded.nodes.len();
        notes.push(format!("Showing {} of {all} nodes: those that changed state most.", shown.len()));
    }
    if shown.is_empty() {
        notes.push("The run had no nodes.".to_owned());
    }
    frame.finish(&notes)
}

fn legend(recorded: &Recorded, shown: &[&NodeSeries], detailed: bool) -> Vec<LegendEntry> {
    let seen = |state: NodeState| {
        shown.iter().any(|node| node.states.points().iter().any(|(_, other)| *other == state))
    };
    let states = NodeState::VISIBLE.into_iter().filter(|state| seen(*state));
    let mut entries: Vec<LegendEntry> = states
        .map(|state| LegendEntry { label: state.label().into(), swatch: Swatch::Bar(node_look(state)) })
        .collect();
    let area = Look { color: palette::LIGHT_BLUE, texture: Texture::Solid, height: 1.0 };
    let cpu = if detailed { "CPU requested" } else { "CPU requested (height of the blue bar)" };
    entries.push(LegendEntry { label: cpu.into(), swatch: Swatch::Bar(area) });
    if detailed {
        let swatch = Swatch::Line(palette::MISSED, false);
        entries.push(LegendEntry { label: "memory requested".into(), swatch });
    }
    entries.extend(mark_legend(recorded));
    entries
}

fn detailed_row(frame: &mut Frame, node: &NodeSeries) {
    let name_room = frame.time.left - MARGIN - 44.0;
    let name = shortened(&node.name, HEADING, true, name_room);
    frame.text(MARGIN, frame.y + 11.0, &name, HEADING, true, INK);
    for (index, line) in capacity(node.allocatable).iter().enumerate() {
        let y = frame.y + 30.0 + 15.0 * index as f64;
        frame.text(MARGIN, y, line, LABEL, false, FAINT_INK);
    }
    state_bar(frame, node, frame.y);
    let top = frame.y + STATE + 6.0;
    allocation(frame, node, top);
    frame.y = top + CHART + AIR;
}

fn slim_row(frame: &mut Frame, node: &NodeSeries) {
    let name = shortened(&node.name, LABEL, false, frame.time.left - MARGIN - 8.0);
    frame.text_at(Anchor::End, frame.time.left - 8.0, frame.y + 11.0, &name, LABEL, false, INK);
    let bottom = frame.y + SLIM - 2.0;
    share(frame, &node.cpu_milli, node.allocatable.cpu_milli, |frame, left, right, part| {
        frame.scene.rect(left, bottom - 10.0 * part, right - left, 10.0 * part, palette::LIGHT_BLUE);
    });
    for (from, until, state) in node.states.spans(frame.time.end) {
        let (left, right) = (frame.time.x(from), frame.time.x(until));
        bar(&mut frame.scene, node_look(*state), left, right, frame.y, 5.0);
    }
    frame.y += SLIM;
}

fn state_bar(frame: &mut Frame, node: &NodeSeries, top: f64) {
    for (from, until, state) in node.states.spans(frame.time.end) {
        let (left, right) = (frame.time.x(from), frame.time.x(until));
        bar(&mut frame.scene, node_look(*state), left, right, top, STATE);
    }
}

/// CPU as an area, memory as a line over it, both as a part of what the node has to give.
fn allocation(frame: &mut Frame, node: &NodeSeries, top: f64) {
    let (left, right, bottom) = (frame.time.left, frame.time.right, top + CHART);
    share(frame, &node.cpu_milli, node.allocatable.cpu_milli, |frame, from, to, part| {
        frame.scene.rect(from, bottom - CHART * part, to - from, CHART * part, palette::LIGHT_BLUE);
    });
    for (part, label, color) in [(0.0, "0 %", AXIS), (0.5, "", GRID), (1.0, "100 %", GRID)] {
        let y = bottom - CHART * part;
        frame.scene.line([(left, y), (right, y)], color, 1.0);
        frame.text_at(Anchor::End, left - 6.0, y + 4.0, label, LABEL, false, FAINT_INK);
    }
    let mut memory = Vec::new();
    share(frame, &node.memory, node.allocatable.memory, |_, from, to, part| {
        let y = bottom - CHART * part;
        memory.extend([(from, y), (to, y)]);
    });
    if !memory.is_empty() {
        frame.scene.line(memory, palette::MISSED, 1.5);
    }
}

/// Calls `draw` with the pixels and the share of each step of `series`; more than all counts as all.
fn share(
    frame: &mut Frame,
    series: &Steps<i64>,
    whole: i64,
    mut draw: impl FnMut(&mut Frame, f64, f64, f64),
) {
    if whole <= 0 {
        return;
    }
    for (from, until, value) in series.spans(frame.time.end) {
        let (left, right) = (frame.time.x(from), frame.time.x(until));
        draw(frame, left, right, (*value as f64 / whole as f64).clamp(0.0, 1.0));
    }
}

/// `4 CPU` and `16 GiB`.
fn capacity(whole: Requests) -> [String; 2] {
    let cpu = whole.cpu_milli as f64 / 1000.0;
    // To the tenth, which is left out when it is zero.
    let gib = (whole.memory as f64 / f64::from(1 << 30) * 10.0).round() / 10.0;
    [format!("{cpu} CPU"), format!("{gib} GiB")]
}
