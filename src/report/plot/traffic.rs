//! Requests over time: how many were answered and failed, and how long answers took; one pair of panels a flow.

use super::font::{HEADING, LABEL, shortened, width};
use super::frame::{Frame, LegendEntry, MARGIN, Swatch, mark_legend};
use super::palette::{self, AXIS, FAINT_INK, GRID, INK};
use super::percent_text;
use super::scene::{Anchor, Color, Scene};
use crate::kernel::SimDuration;
use crate::report::traffic::{Interval, availability};
use crate::report::{Flow, Recorded, RunInfo};

const RATES: f64 = 84.0;
const LATENCIES: f64 = 64.0;
const AIR: f64 = 26.0;
const SCALE_ROOM: f64 = 56.0;
const NAMES_AT_MOST: f64 = 300.0;
/// Quantiles that are drawn, in thousandths.
const QUANTILES: [(u64, Color); 2] = [(500, palette::BLUE), (990, palette::PURPLE)];

/// Requests of at most `limit` flows: those of sources first.
pub fn traffic(recorded: &Recorded, info: &RunInfo, limit: usize) -> Scene {
    let shown = &recorded.flows[..recorded.flows.len().min(limit)];
    let title_width = |flow: &Flow| width(&flow.title(), HEADING, true);
    let names = shown.iter().map(title_width).fold(150.0, f64::max).min(NAMES_AT_MOST);
    let mut frame = Frame::new("Requests", info, recorded, names + SCALE_ROOM, legend(recorded));
    frame.begin_plot((RATES + LATENCIES + 2.0 * AIR) * shown.len() as f64 + 10.0);
    frame.y += 10.0;
    for flow in shown {
        rates(&mut frame, flow);
        latencies(&mut frame, flow);
    }
    let mut notes = Vec::new();
    if shown.len() < recorded.flows.len() {
        notes.push(format!("Showing {} of {} flows.", shown.len(), recorded.flows.len()));
    }
    if shown.is_empty() {
        notes.push("The run had no requests.".to_owned());
    }
    frame.finish(&notes)
}

fn legend(recorded: &Recorded) -> Vec<LegendEntry> {
    let entry = |label: &str, swatch| LegendEntry { label: label.to_owned(), swatch };
    let mut entries = vec![
        entry("answered", Swatch::Level(palette::LIGHT_GREEN, palette::GREEN)),
        entry("failed", Swatch::Level(palette::LIGHT_VERMILION, palette::VERMILION)),
        entry("latency p50", Swatch::Line(QUANTILES[0].1, false)),
        entry("p99", Swatch::Line(QUANTILES[1].1, false)),
    ];
    entries.extend(mark_legend(recorded));
    entries
}

/// Requests a second: those that failed on top of those that were answered.
fn rates(frame: &mut Frame, flow: &Flow) {
    let rate = |interval: &Interval, count: u64| interval.milli_rate(count) as f64 / 1000.0;
    let ended = |interval: &Interval| rate(interval, interval.answered + interval.failures());
    let peak = round_up(flow.intervals.iter().map(ended).fold(0.001, f64::max));
    caption(frame, flow);
    let bottom = frame.y + RATES;
    let y = |value: f64| bottom - RATES * value / peak;
    scale(frame, &[(0.0, "0".to_owned()), (peak, format!("{peak}/s"))], &y);
    for interval in &flow.intervals {
        let (left, right) = (frame.time.x(interval.from), frame.time.x(interval.until));
        let width = (right - left).max(0.5);
        let (answered, all) = (rate(interval, interval.answered), ended(interval));
        frame.scene.rect(left, y(answered), width, y(0.0) - y(answered), palette::LIGHT_GREEN);
        frame.scene.line([(left, y(answered)), (right, y(answered))], palette::GREEN, 1.5);
        if interval.failures() > 0 {
            // A single failure among many requests shall be seen.
            let top = y(all).min(y(answered) - 1.5);
            frame.scene.rect(left, top, width, y(answered) - top, palette::LIGHT_VERMILION);
            frame.scene.line([(left, top), (right, top)], palette::VERMILION, 1.5);
        }
    }
    frame.y = bottom + AIR;
}

/// Latencies of answers on a logarithmic scale.
fn latencies(frame: &mut Frame, flow: &Flow) {
    let quantile = |interval: &Interval, per_mille| interval.latency.quantile(per_mille);
    let all =
        || flow.intervals.iter().flat_map(|it| QUANTILES.iter().filter_map(move |(q, _)| quantile(it, *q)));
    let low = decade(all().min().unwrap_or_default(), false);
    let high = decade(all().max().unwrap_or_default(), true).max(low + 1);
    let bottom = frame.y + LATENCIES;
    let y = |exponent: f64| bottom - LATENCIES * (exponent - f64::from(low)) / f64::from(high - low);
    let label = |exponent: i32| {
        let length = SimDuration::from_nanos(10_u64.pow(exponent.max(0).unsigned_abs()));
        (f64::from(exponent), super::brief(length))
    };
    scale(frame, &[label(low), label(high)], &y);
    for (per_mille, color) in QUANTILES {
        let mut corners: Vec<(f64, f64)> = Vec::new();
        for interval in &flow.intervals {
            let Some(value) = quantile(interval, per_mille) else {
                draw(frame, std::mem::take(&mut corners), color);
                continue;
            };
            let level = y(libm::log10((value.as_nanos().max(1)) as f64));
            corners.push((frame.time.x(interval.from), level));
            corners.push((frame.time.x(interval.until), level));
        }
        draw(frame, corners, color);
    }
    frame.y = bottom + AIR;
}

fn draw(frame: &mut Frame, corners: Vec<(f64, f64)>, color: Color) {
    if !corners.is_empty() {
        frame.scene.line(corners, color, 1.5);
    }
}

/// The power of ten at or below a latency in nanoseconds, or at or above it.
fn decade(latency: SimDuration, above: bool) -> i32 {
    let ns = latency.as_nanos().max(1);
    let below = ns.ilog10() as i32;
    below + i32::from(above && 10_u64.pow(below.unsigned_abs()) < ns)
}

fn scale(frame: &mut Frame, labels: &[(f64, String)], y: &impl Fn(f64) -> f64) {
    let (left, right) = (frame.time.left, frame.time.right);
    for (index, (value, label)) in labels.iter().enumerate() {
        let color = if index == 0 { AXIS } else { GRID };
        frame.scene.line([(left, y(*value)), (right, y(*value))], color, 1.0);
        frame.text_at(Anchor::End, left - 8.0, y(*value) + 4.0, label, LABEL, false, FAINT_INK);
    }
}

/// Left of the panels: which flow, and how it fared.
fn caption(frame: &mut Frame, flow: &Flow) {
    let room = frame.time.left - MARGIN - SCALE_ROOM;
    let total = flow.total();
    let title = shortened(&flow.title(), HEADING, true, room);
    frame.text(MARGIN, frame.y + 10.0, &title, HEADING, true, INK);
    let mut lines = vec![flow.namespace.to_string()];
    match availability(total.answered, total.failures()) {
        Some(percent) => lines.push(format!("{} answered", percent_text(percent))),
        None => lines.push("no request has ended".to_owned()),
    }
    let mut causes: Vec<_> = total.failed.iter().collect();
    causes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    lines.extend(causes.into_iter().take(4).map(|(cause, count)| format!("{cause}: {count}")));
    for (index, line) in lines.iter().enumerate() {
        let y = frame.y + 28.0 + 16.0 * index as f64;
        frame.text(MARGIN, y, &shortened(line, LABEL, false, room), LABEL, false, FAINT_INK);
    }
}

/// The next number of one digit and zeros.
fn round_up(value: f64) -> f64 {
    let unit = libm::pow(10.0, libm::floor(libm::log10(value)));
    libm::ceil(value / unit) * unit
}
