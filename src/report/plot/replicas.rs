//! Replicas wanted, running and ready, one panel a workload.

use super::font::{HEADING, LABEL, shortened, width};
use super::frame::{Frame, LegendEntry, MARGIN, Swatch, mark_legend};
use super::palette::{self, AXIS, FAINT_INK, GRID, INK};
use super::scene::{Anchor, Area, Color, Scene};
use crate::kernel::SimTime;
use crate::report::recorded::busiest;
use crate::report::{Recorded, RunInfo, Steps, Workload};

const PANEL: f64 = 84.0;
const AIR: f64 = 26.0;
const SCALE_ROOM: f64 = 40.0;
const NAMES_AT_MOST: f64 = 260.0;

/// Replicas over time of at most `limit` workloads: those that were least available.
pub fn replicas(recorded: &Recorded, info: &RunInfo, limit: usize) -> Scene {
    let shown = busiest(&recorded.workloads, limit, |workload| {
        workload.availability.milli_percent().map_or(u64::MAX, |percent| u64::MAX - percent)
    });
    let title_width = |workload: &&Workload| width(&workload.title(), HEADING, true);
    let names = shown.iter().map(title_width).fold(150.0, f64::max).min(NAMES_AT_MOST);
    let mut frame = Frame::new("Replicas", info, recorded, names + SCALE_ROOM, legend(recorded));
    frame.begin_plot((PANEL + AIR) * shown.len() as f64 + 10.0);
    frame.y += 10.0;
    for workload in &shown {
        panel(&mut frame, workload);
    }
    let mut notes = Vec::new();
    if shown.len() < recorded.workloads.len() {
        let all = recorded.workloads.len();
        notes.push(format!("Showing {} of {all} workloads: those that were least available.", shown.len()));
    }
    if shown.is_empty() {
        notes.push("The run had no workloads with replicas.".to_owned());
    }
    frame.finish(&notes)
}

fn legend(recorded: &Recorded) -> Vec<LegendEntry> {
    let entry = |label: &str, swatch| LegendEntry { label: label.to_owned(), swatch };
    let mut entries = vec![
        entry("wanted", Swatch::Line(INK, true)),
        entry("ready", Swatch::Level(palette::LIGHT_GREEN, palette::GREEN)),
        entry("running, not ready", Swatch::Level(palette::LIGHT_ORANGE, palette::ORANGE)),
        entry("missing: wanted, not running", Swatch::Gap),
    ];
    entries.extend(mark_legend(recorded));
    entries
}

fn panel(frame: &mut Frame, workload: &Workload) {
    let series = [&workload.wanted, &workload.running, &workload.ready];
    let values = series.into_iter().flat_map(|series| series.points().iter().map(|(_, value)| *value));
    let peak = values.fold(1, i32::max);
    caption(frame, workload);
    let (top, bottom) = (frame.y, frame.y + PANEL);
    let y = |value: i32| bottom - PANEL * f64::from(value) / f64::from(peak);
    grid(frame, peak, &y);
    area(frame, &workload.running, palette::LIGHT_ORANGE, &y);
    area(frame, &workload.ready, palette::LIGHT_GREEN, &y);
    missing(frame, workload, &y);
    edge(frame, &workload.running, palette::ORANGE, &y);
    edge(frame, &workload.ready, palette::GREEN, &y);
    for (from, until, value) in workload.wanted.spans(frame.time.end) {
        let (left, right) = (frame.time.x(from), frame.time.x(until));
        dashed_level(frame, left, right, y(*value));
    }
    frame.y = top + PANEL + AIR;
}

/// Left of a panel: which workload, and how it fared.
fn caption(frame: &mut Frame, workload: &Workload) {
    let room = frame.time.left - MARGIN - SCALE_ROOM;
    let title = shortened(&workload.title(), HEADING, true, room);
    frame.text(MARGIN, frame.y + 10.0, &title, HEADING, true, INK);
    let availability = workload.availability;
    let mut lines = vec![shortened(&workload.reference.namespace, LABEL, false, room)];
    match availability.milli_percent() {
        Some(percent) => {
            lines.push(format!("fully ready {}", percent_text(percent)));
            lines.push(format!("at least {} ready", availability.min_ready.unwrap_or(0)));
        }
        None => lines.push("never fully ready".to_owned()),
    }
    for (index, line) in lines.iter().enumerate() {
        let y = frame.y + 28.0 + 16.0 * index as f64;
        frame.text(MARGIN, y, line, LABEL, false, FAINT_INK);
    }
}

/// Thousandths of a percent as `99.27 %`; what is not quite 100 never becomes it.
pub(in crate::report) fn percent_text(milli_percent: u64) -> String {
    let hundredths = milli_percent / 10;
    match hundredths % 100 {
        0 => format!("{} %", hundredths / 100),
        rest => format!("{}.{rest:02} %", hundredths / 100),
    }
}

fn grid(frame: &mut Frame, peak: i32, y: &impl Fn(i32) -> f64) {
    let step = [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 200_000]
        .into_iter()
        .find(|step| peak / step <= 4)
        .unwrap_or(peak);
    let (left, right) = (frame.time.left, frame.time.right);
    for value in (0..=peak).step_by(step as usize) {
        let color = if value == 0 { AXIS } else { GRID };
        frame.scene.line([(left, y(value)), (right, y(value))], color, 1.0);
        let label = value.to_string();
        frame.text_at(Anchor::End, left - 8.0, y(value) + 4.0, &label, LABEL, false, FAINT_INK);
    }
}

fn area(frame: &mut Frame, series: &Steps<i32>, color: Color, y: &impl Fn(i32) -> f64) {
    for (from, until, value) in series.spans(frame.time.end) {
        if *value > 0 {
            let (left, right) = (frame.time.x(from), frame.time.x(until));
            frame.scene.rect(left, y(*value), (right - left).max(0.5), y(0) - y(*value), color);
        }
    }
}

/// The upper edge of a series, as one line.
fn edge(frame: &mut Frame, series: &Steps<i32>, color: Color, y: &impl Fn(i32) -> f64) {
    let spans = series.spans(frame.time.end);
    let corners = spans.flat_map(|(from, until, value)| {
        let level = y(*value);
        [(frame.time.x(from), level), (frame.time.x(until), level)]
    });
    let corners: Vec<_> = corners.collect();
    if !corners.is_empty() {
        frame.scene.line(corners, color, 1.5);
    }
}

/// Fills the gap between running and wanted.
fn missing(frame: &mut Frame, workload: &Workload, y: &impl Fn(i32) -> f64) {
    for (from, until, wanted) in workload.wanted.spans(frame.time.end) {
        for (part_from, part_until, running) in within(&workload.running, from, until) {
            if running < *wanted {
                let (left, right) = (frame.time.x(part_from), frame.time.x(part_until));
                let (top, width) = (y(*wanted), (right - left).max(1.0));
                let gap = Area { x: left, y: top, width, height: y(running) - top };
                palette::gap(&mut frame.scene, gap);
            }
        }
    }
}

/// The pieces of a series between two times; before its first value it counts as 0.
fn within(series: &Steps<i32>, from: SimTime, until: SimTime) -> Vec<(SimTime, SimTime, i32)> {
    let first = series.points().first().map_or(until, |(at, _)| *at);
    let before = (from < first).then(|| (from, first.min(until), 0));
    let clip = |(start, end, value): (SimTime, SimTime, &i32)| {
        let (start, end) = (start.max(from), end.min(until));
        (start < end).then_some((start, end, *value))
    };
    before.into_iter().chain(series.spans(until).filter_map(clip)).collect()
}

fn dashed_level(frame: &mut Frame, left: f64, right: f64, y: f64) {
    let mut x = left;
    while x < right {
        let to = (x + 6.0).min(right);
        frame.scene.line([(x, y), (to, y)], INK, 1.5);
        x = to + 4.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_rounded_down() {
        assert_eq!(percent_text(100_000), "100 %");
        assert_eq!(percent_text(99_999), "99.99 %");
        assert_eq!(percent_text(97_210), "97.21 %");
        assert_eq!(percent_text(5), "0 %");
    }
}
