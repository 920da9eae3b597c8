//! Requests over time, a group of panels a flow: how many were answered and failed by which cause, which part was answered
//! (for what users feel), what that leaves of the error budget, and how long answers took. Several sources have a group for all of them together first.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::font::{HEADING, LABEL, shortened, width};
use super::frame::{Frame, LegendEntry, MARGIN, Swatch, mark_legend};
use super::palette::{self, AXIS, FAINT_INK, GRID, INK};
use super::percent_text;
use super::scene::{Anchor, Color, Scene};
use crate::base::Name;
use crate::kernel::{SimDuration, SimTime};
use crate::report::traffic::{Interval, availability};
use crate::report::{Flow, Recorded, RunInfo};

/// Colours of causes; those that are not named here share one.
const CAUSES: [(&str, Color); 7] = [
    ("no endpoint", palette::ORANGE),
    ("connection refused", palette::VERMILION),
    ("reset by termination", palette::PURPLE),
    ("time-out", palette::FAINT_INK),
    ("turned away", palette::SKY),
    ("error status", palette::MISSED),
    ("no such host", palette::INK),
];
const RATES: f64 = 84.0;
const ANSWERED: f64 = 40.0;
const BUDGET: f64 = 40.0;
const LATENCIES: f64 = 64.0;
const AIR: f64 = 26.0;
const SCALE_ROOM: f64 = 56.0;
const NAMES_AT_MOST: f64 = 300.0;
/// Quantiles that are drawn, in thousandths.
const QUANTILES: [(u64, &str, Color); 3] =
    [(500, "latency p50", palette::BLUE), (950, "p95", palette::SKY), (990, "p99", palette::PURPLE)];

/// Requests of at most `limit` flows: those of sources first.
pub fn traffic(recorded: &Recorded, info: &RunInfo, limit: usize) -> Scene {
    let shown = &recorded.flows[..recorded.flows.len().min(limit)];
    let all = of_all_sources(&recorded.flows);
    let groups: Vec<&Flow> = all.iter().chain(shown).collect();
    let title_width = |flow: &&Flow| width(&title(flow), HEADING, true);
    let names = groups.iter().map(title_width).fold(150.0, f64::max).min(NAMES_AT_MOST);
    let mut frame = Frame::new("Requests", info, recorded, names + SCALE_ROOM, legend(recorded, shown));
    let of_users = |flow: &Flow| if flow.is_source { ANSWERED + BUDGET + 2.0 * AIR } else { 0.0 };
    let height = |flow: &&Flow| RATES + LATENCIES + 2.0 * AIR + of_users(flow);
    frame.begin_plot(groups.iter().map(height).sum::<f64>() + 10.0);
    frame.y += 10.0;
    for flow in groups {
        rates(&mut frame, flow);
        if flow.is_source {
            answered(&mut frame, flow);
            budget(&mut frame, flow);
        }
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

/// What users feel of all sources together, when there are several.
fn of_all_sources(flows: &[Flow]) -> Option<Flow> {
    let mut sources = flows.iter().filter(|flow| flow.is_source);
    let first = sources.next()?;
    let mut all = Flow { client: Name::default(), ..first.clone() };
    let mut intervals: BTreeMap<(SimTime, SimTime), Interval> =
        first.intervals.iter().map(|it| ((it.from, it.until), it.clone())).collect();
    for flow in sources {
        all.service = Name::default();
        all.namespace = Name::default();
        all.objective_per_million = all.objective_per_million.min(flow.objective_per_million);
        for interval in &flow.intervals {
            let key = (interval.from, interval.until);
            match intervals.entry(key) {
                Entry::Occupied(mut sum) => sum.get_mut().join(interval),
                Entry::Vacant(place) => {
                    place.insert(interval.clone());
                }
            }
        }
    }
    all.intervals = intervals.into_values().collect();
    all.service.is_empty().then_some(all)
}

fn title(flow: &Flow) -> String {
    if flow.client.is_empty() { "all sources".to_owned() } else { flow.title() }
}

fn color_of(cause: &str) -> Color {
    CAUSES.iter().find(|(name, _)| *name == cause).map_or(palette::GREY, |(_, color)| *color)
}

fn legend(recorded: &Recorded, shown: &[Flow]) -> Vec<LegendEntry> {
    let entry = |label: &str, swatch| LegendEntry { label: label.to_owned(), swatch };
    let mut entries = vec![entry("answered", Swatch::Level(palette::LIGHT_GREEN, palette::GREEN))];
    let causes: BTreeSet<&str> =
        shown.iter().flat_map(|flow| &flow.intervals).flat_map(|it| it.failed.keys().copied()).collect();
    entries.extend(
        causes.into_iter().map(|cause| entry(cause, Swatch::Level(color_of(cause), color_of(cause)))),
    );
    entries.push(entry("% answered", Swatch::Line(palette::GREEN, false)));
    entries.push(entry("objective", Swatch::Line(palette::FAINT_INK, false)));
    entries.push(entry("error budget left", Swatch::Level(palette::LIGHT_BLUE, palette::BLUE)));
    entries.push(entry("used up", Swatch::Level(palette::MISSED, palette::MISSED)));
    entries.extend(QUANTILES.map(|(_, label, color)| entry(label, Swatch::Line(color, false))));
    entries.extend(mark_legend(recorded));
    entries
}

/// Requests a second: those that failed, by cause, on top of those that were answered.
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
            let (floor, top) = (y(answered), y(all).min(y(answered) - 1.5));
            let mut at = floor;
            for (cause, count) in &interval.failed {
                let part = (floor - top) * *count as f64 / interval.failures() as f64;
                frame.scene.rect(left, at - part, width, part, color_of(cause));
                at -= part;
            }
        }
    }
    frame.y = bottom + AIR;
}

/// Which part of the requests that ended was answered, and which should have been.
fn answered(frame: &mut Frame, flow: &Flow) {
    let bottom = frame.y + ANSWERED;
    let y = |percent: f64| bottom - ANSWERED * percent / 100.0;
    scale(frame, &[(0.0, "0 %".to_owned()), (100.0, "100 %".to_owned())], &y);
    let objective = y(f64::from(flow.objective_per_million) / 10_000.0);
    let (left, right) = (frame.time.left, frame.time.right);
    frame.scene.line([(left, objective), (right, objective)], palette::FAINT_INK, 1.0);
    let mut corners: Vec<(f64, f64)> = Vec::new();
    for interval in &flow.intervals {
        let Some(part) = availability(interval.answered, interval.failures()) else {
            draw(frame, std::mem::take(&mut corners), palette::GREEN);
            continue;
        };
        let level = y(part as f64 / 1000.0);
        corners.push((frame.time.x(interval.from), level));
        corners.push((frame.time.x(interval.until), level));
    }
    draw(frame, corners, palette::GREEN);
    frame.y = bottom + AIR;
}

/// What is left of the failures that the objective allows in the whole run. From when on it is used up, the floor is red.
fn budget(frame: &mut Frame, flow: &Flow) {
    let bottom = frame.y + BUDGET;
    let y = |percent: f64| bottom - BUDGET * percent / 100.0;
    scale(frame, &[(0.0, "0 %".to_owned()), (100.0, "100 %".to_owned())], &y);
    let (mut from, mut left) = (SimTime::ZERO, 100.0);
    let budget = flow.budget();
    let end = budget.last().map(|(at, _)| (*at, 0)).into_iter();
    for (until, used) in budget.iter().copied().chain(end) {
        let (x0, x1) = (frame.time.x(from), frame.time.x(until));
        if left > 0.0 {
            frame.scene.rect(x0, y(left), x1 - x0, bottom - y(left), palette::LIGHT_BLUE);
            frame.scene.line([(x0, y(left)), (x1, y(left))], palette::BLUE, 1.5);
        } else {
            frame.scene.rect(x0, bottom - 3.0, x1 - x0, 3.0, palette::MISSED);
        }
        (from, left) = (until, 100.0 - used as f64 / 1000.0);
    }
    frame.y = bottom + AIR;
}

/// Latencies of answers on a logarithmic scale.
fn latencies(frame: &mut Frame, flow: &Flow) {
    let quantile = |interval: &Interval, per_mille| interval.latency.quantile(per_mille);
    let all =
        || flow.intervals.iter().flat_map(|it| QUANTILES.iter().filter_map(move |(q, ..)| quantile(it, *q)));
    let low = decade(all().min().unwrap_or_default(), false);
    let high = decade(all().max().unwrap_or_default(), true).max(low + 1);
    let bottom = frame.y + LATENCIES;
    let y = |exponent: f64| bottom - LATENCIES * (exponent - f64::from(low)) / f64::from(high - low);
    let label = |exponent: i32| {
        let length = SimDuration::from_nanos(10_u64.pow(exponent.max(0).unsigned_abs()));
        (f64::from(exponent), super::brief(length))
    };
    scale(frame, &[label(low), label(high)], &y);
    for (per_mille, _, color) in QUANTILES {
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
    let title = shortened(&title(flow), HEADING, true, room);
    frame.text(MARGIN, frame.y + 10.0, &title, HEADING, true, INK);
    let mut lines: Vec<String> =
        Some(&flow.namespace).filter(|name| !name.is_empty()).map(ToString::to_string).into_iter().collect();
    match availability(total.answered, total.failures()) {
        Some(percent) => lines.push(format!("{} answered", percent_text(percent))),
        None => lines.push("no request has ended".to_owned()),
    }
    if let Some((_, used)) = flow.budget().last().filter(|_| flow.is_source) {
        lines.push(format!("error budget used: {}", percent_text(*used)));
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
