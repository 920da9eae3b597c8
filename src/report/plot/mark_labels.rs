//! Where the labels of faults and steps go, so that no two of them and no line cross.

use super::axis::TimeScale;
use super::font::{LABEL, shortened, width};
use super::frame::{MARGIN, WIDTH};
use super::scene::Anchor;
use crate::report::{Mark, MarkKind};

/// Rows of labels above the plot; what does not fit has a line but no label.
const ROWS: usize = 6;
/// A longer label is shortened.
const WIDEST: f64 = 300.0;
/// A label at the right edge is rather shortened to this than put left of its line.
const NARROWEST: f64 = 120.0;
/// Air between a line and its label, and between labels.
const GAP: f64 = 4.0;

/// A mark with the place of its label.
#[derive(Clone, Debug)]
pub(super) struct MarkLabel {
    pub(super) kind: MarkKind,
    /// Where its line is.
    pub(super) x: f64,
    /// Counted from the plot upwards.
    pub(super) row: usize,
    pub(super) anchor: Anchor,
    pub(super) text_x: f64,
    /// Empty when there was no room.
    pub(super) text: String,
}

/// Places the labels of all marks.
///
/// From right to left a label may sit above those to its right without its line crossing them, so that order wastes
/// the least room. Only when it leaves a fault without a label, faults choose first.
pub(super) fn place(marks: &[Mark], time: &TimeScale) -> Vec<MarkLabel> {
    let mut order: Vec<&Mark> = marks.iter().collect();
    order.sort_by(|a, b| (b.at, rank(a), &a.label).cmp(&(a.at, rank(b), &b.label)));
    let placed = place_in(&order, time);
    if placed.iter().all(|label| label.kind != MarkKind::Fault || !label.text.is_empty()) {
        return placed;
    }
    order.sort_by_key(|mark| rank(mark));
    place_in(&order, time)
}

fn rank(mark: &Mark) -> u8 {
    match mark.kind {
        MarkKind::Fault => 0,
        MarkKind::Expectation => 1,
        MarkKind::Step => 2,
        MarkKind::FaultEnd => 3,
    }
}

fn place_in(order: &[&Mark], time: &TimeScale) -> Vec<MarkLabel> {
    let mut placed: Vec<MarkLabel> = Vec::new();
    for mark in order {
        let label = place_one(mark, time, &placed);
        placed.push(label);
    }
    placed
}

fn place_one(mark: &Mark, time: &TimeScale, placed: &[MarkLabel]) -> MarkLabel {
    let x = time.x(mark.at);
    let bold = mark.kind != MarkKind::Step;
    let room = WIDTH - MARGIN - x - GAP;
    let whole = shortened(&mark.label, LABEL, bold, WIDEST);
    let right_of_line = |text: &str| MarkLabel {
        kind: mark.kind,
        x,
        row: 0,
        anchor: Anchor::Start,
        text_x: x + GAP,
        text: text.to_owned(),
    };
    let left_of_line = |text: &str| MarkLabel { anchor: Anchor::End, text_x: x - GAP, ..right_of_line(text) };
    let mut candidates = Vec::new();
    if width(&whole, LABEL, bold) <= room {
        candidates.push(right_of_line(&whole));
    } else if room >= NARROWEST {
        candidates.push(right_of_line(&shortened(&whole, LABEL, bold, room)));
    }
    candidates.push(left_of_line(&whole));
    let rows = candidates.iter().flat_map(|label| (0..ROWS).map(|row| MarkLabel { row, ..label.clone() }));
    let is_free = |label: &MarkLabel| {
        let others = placed.iter().filter(|other| !other.text.is_empty());
        extent(label).0 >= MARGIN && others.into_iter().all(|other| are_apart(label, other))
    };
    rows.into_iter().find(is_free).unwrap_or_else(|| right_of_line(""))
}

/// Whether neither label covers the other, nor the line below the other.
fn are_apart(a: &MarkLabel, b: &MarkLabel) -> bool {
    let (a_from, a_to) = extent(a);
    let (b_from, b_to) = extent(b);
    let side_by_side = a_to + GAP <= b_from || b_to + GAP <= a_from;
    let line_crosses = |line: &MarkLabel, label: &MarkLabel| {
        let (from, to) = extent(label);
        label.row < line.row && from - 1.0 < line.x && line.x < to + 1.0
    };
    (a.row != b.row || side_by_side) && !line_crosses(a, b) && !line_crosses(b, a)
}

fn extent(label: &MarkLabel) -> (f64, f64) {
    let text_width = width(&label.text, LABEL, label.kind != MarkKind::Step);
    match label.anchor {
        Anchor::End => (label.text_x - text_width, label.text_x),
        Anchor::Start | Anchor::Middle => (label.text_x, label.text_x + text_width),
    }
}
