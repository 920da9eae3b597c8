//! Any series of `metrics.csv` as lines: one panel a metric, the objects in it told apart by colour and dashes, and
//! beside each line of a run the same line of another, if there is one to compare with.

use super::font::{HEADING, LABEL, shortened};
use super::frame::{Frame, LegendEntry, MARGIN, Swatch, mark_legend};
use super::palette::{self, AXIS, FAINT_INK, GRID, INK};
use super::scene::{Anchor, Color, Scene};
use crate::kernel::SimTime;
use crate::report::{Recorded, RunInfo, metrics};

const PANEL: f64 = 130.0;
const AIR: f64 = 30.0;
const NAMES: f64 = 230.0;
const SCALE_ROOM: f64 = 76.0;
/// Lines of one panel.
const LINES: usize = 6;

/// Colours of the lines of a panel.
const COLORS: [Color; LINES] =
    [palette::BLUE, palette::VERMILION, palette::GREEN, palette::PURPLE, palette::ORANGE, palette::SKY];

/// A series to be drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Metric, as `metrics.csv` names it.
    pub metric: String,
    /// Which object, with its namespace where it has one.
    pub object: String,
    /// Where the value changes.
    pub points: Vec<(SimTime, i64)>,
    /// The same series of another run.
    pub other: Vec<(SimTime, i64)>,
}

/// The picture. `recorded` gives the marks on the time axis, `other` the title of the run to compare with.
pub fn lines(lines: &[Line], recorded: &Recorded, info: &RunInfo, other: Option<&str>) -> Scene {
    titled(None, lines, recorded, info, other)
}

/// What machines offer and cost, and what is made of them: `None` where nothing is known of usage, and no pool has a price or
/// changes.
pub fn capacity(recorded: &Recorded, info: &RunInfo) -> Option<Scene> {
    const SHOWN: [&str; 4] = ["cluster_cpu_milli", "cluster_memory_bytes", "pool_nodes", "pool_cost_milli"];
    const SAMPLES: u64 = 600;
    let measures = metrics::measures(recorded, &info.pools, SAMPLES, usize::MAX);
    let is_told = |metric: &str| match metric {
        // A pool that stays as it is needs no picture.
        "pool_nodes" => measures.iter().any(|it| it.metric == metric && it.points.len() > 1),
        _ => true,
    };
    let shown = SHOWN.into_iter().filter(|metric| is_told(metric));
    let of = |metric: &'static str| measures.iter().filter(move |it| it.metric == metric);
    let lines: Vec<Line> = shown
        .flat_map(of)
        .map(|it| Line {
            metric: it.metric.to_owned(),
            object: it.object.clone(),
            points: it.points.clone(),
            other: Vec::new(),
        })
        .collect();
    (!lines.is_empty()).then(|| titled(Some("Capacity and cost"), &lines, recorded, info, None))
}

fn titled(
    title: Option<&str>,
    lines: &[Line],
    recorded: &Recorded,
    info: &RunInfo,
    other: Option<&str>,
) -> Scene {
    let mut metrics: Vec<&str> = Vec::new();
    for line in lines {
        if !metrics.contains(&line.metric.as_str()) {
            metrics.push(&line.metric);
        }
    }
    let title = match (title, &metrics[..]) {
        (Some(title), _) => title.to_owned(),
        (None, [metric]) => words(metric),
        (None, _) => "Measures".to_owned(),
    };
    let mut frame = Frame::new(&title, info, recorded, NAMES + SCALE_ROOM, legend(recorded, other));
    frame.begin_plot((PANEL + AIR) * metrics.len() as f64 + 10.0);
    frame.y += 10.0;
    let mut notes = Vec::new();
    for metric in metrics {
        let mut of: Vec<&Line> = lines.iter().filter(|line| line.metric == metric).collect();
        if of.len() > LINES {
            notes.push(format!("{}: showing the {LINES} of {} that change most.", words(metric), of.len()));
            of.sort_by_key(|line| std::cmp::Reverse(line.points.len()));
            of.truncate(LINES);
            of.sort_by_key(|line| line.object.clone());
        }
        panel(&mut frame, metric, &of);
    }
    frame.finish(&notes)
}

fn words(metric: &str) -> String {
    let spelled = |word: &str| match word {
        "cpu" | "hpa" => word.to_uppercase(),
        _ => word.to_owned(),
    };
    capitalized(&unit(metric).0.split('_').map(spelled).collect::<Vec<_>>().join(" "))
}

/// With its first letter large.
pub(super) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

fn legend(recorded: &Recorded, other: Option<&str>) -> Vec<LegendEntry> {
    let mut entries = Vec::new();
    if let Some(other) = other {
        entries.push(LegendEntry { label: "this run".to_owned(), swatch: Swatch::Line(INK, false) });
        entries
            .push(LegendEntry { label: format!("compared with {other}"), swatch: Swatch::Line(INK, true) });
    }
    entries.extend(mark_legend(recorded));
    entries
}

/// A metric without its unit, how many of its values make one of the unit shown, and that unit.
fn unit(metric: &str) -> (&str, f64, &'static str) {
    const UNITS: [(&str, f64, &str); 7] = [
        ("_milli_per_s", 1000.0, "/s"),
        ("_per_s", 1.0, "/s"),
        ("_us", 1000.0, " ms"),
        ("_ms", 1.0, " ms"),
        ("_bytes", 1_048_576.0, " MiB"),
        ("_milli", 1000.0, ""),
        ("_percent", 1.0, " %"),
    ];
    let found = UNITS.iter().find_map(|(suffix, by, unit)| Some((metric.strip_suffix(suffix)?, *by, *unit)));
    found.unwrap_or((metric, 1.0, ""))
}

fn panel(frame: &mut Frame, metric: &str, lines: &[&Line]) {
    let (_, by, unit) = unit(metric);
    let values = lines.iter().flat_map(|line| line.points.iter().chain(&line.other));
    let peak = values.map(|(_, value)| *value as f64 / by).fold(0.0, f64::max);
    let top_value = ceiling(peak);
    let (top, bottom) = (frame.y, frame.y + PANEL);
    let y = |value: f64| bottom - PANEL * value / top_value;
    let room = frame.time.left - MARGIN - SCALE_ROOM;
    let title = shortened(&words(metric), HEADING, true, room);
    frame.text(MARGIN, top + 10.0, &title, HEADING, true, INK);
    let (left, right) = (frame.time.left, frame.time.right);
    for part in 0..=4 {
        let value = top_value * f64::from(part) / 4.0;
        let color = if part == 0 { AXIS } else { GRID };
        frame.scene.line([(left, y(value)), (right, y(value))], color, 1.0);
        if part % 2 == 0 {
            let label = format!("{}{unit}", number(value));
            frame.text_at(Anchor::End, left - 8.0, y(value) + 4.0, &label, LABEL, false, FAINT_INK);
        }
    }
    for (at, line) in lines.iter().enumerate() {
        let color = COLORS[at % COLORS.len()];
        let row = top + 32.0 + 17.0 * at as f64;
        frame.scene.line([(MARGIN, row - 4.0), (MARGIN + 18.0, row - 4.0)], color, 2.5);
        let name = if line.object.is_empty() { "all" } else { &line.object };
        frame.text(MARGIN + 24.0, row, &shortened(name, LABEL, false, room - 24.0), LABEL, false, FAINT_INK);
        let end = frame.time.end;
        let corners = |frame: &Frame, points: &[(SimTime, i64)]| -> Vec<(f64, f64)> {
            let ends = points.iter().skip(1).map(|(at, _)| *at).chain([end]);
            let spans = points.iter().zip(ends).filter(|((from, _), _)| *from <= end);
            let level = |value: i64| y(value as f64 / by);
            spans
                .flat_map(|((from, value), until)| {
                    [(frame.time.x(*from), level(*value)), (frame.time.x(until.min(end)), level(*value))]
                })
                .collect()
        };
        dashed(frame, &corners(frame, &line.other), color);
        let corners = corners(frame, &line.points);
        if !corners.is_empty() {
            frame.scene.line(corners, color, width(line, &lines[at + 1..]));
        }
    }
    frame.y = bottom + AIR;
}

/// Lines that run together are drawn the wider the deeper they lie, so that none is hidden.
fn width(line: &Line, above: &[&Line]) -> f64 {
    let meets = |other: &&&Line| line.points.iter().any(|point| other.points.binary_search(point).is_ok());
    1.8 + 1.8 * above.iter().filter(meets).count() as f64
}

/// A line of dashes along corners.
fn dashed(frame: &mut Frame, corners: &[(f64, f64)], color: Color) {
    const DASH: f64 = 6.0;
    const GAP: f64 = 4.0;
    for pair in corners.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let length = (x1 - x0).abs() + (y1 - y0).abs();
        let mut at = 0.0;
        while at < length {
            let to = (at + DASH).min(length);
            let point = |part: f64| (x0 + (x1 - x0) * part / length, y0 + (y1 - y0) * part / length);
            frame.scene.line([point(at), point(to)], color, 1.8);
            at += DASH + GAP;
        }
    }
}

/// A round number at or above `peak`.
fn ceiling(peak: f64) -> f64 {
    if peak <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powi(libm::floor(libm::log10(peak)) as i32);
    let round = [1.0, 1.2, 1.6, 2.0, 2.4, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    round.into_iter().map(|it| it * power).find(|it| *it >= peak * 0.999).unwrap_or(10.0 * power)
}

fn number(value: f64) -> String {
    if value >= 10_000.0 {
        return format!("{}k", (value / 100.0).round() / 10.0);
    }
    format!("{}", (value * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers() {
        let ends = [0.0, 0.7, 6.0, 954.0, 1_230.0].map(|peak| number(ceiling(peak)));
        assert_eq!(ends, ["1", "0.8", "6", "1000", "1600"]);
    }

    #[test]
    fn metrics_are_read_with_their_units() {
        assert_eq!(words("node_cpu_requested_milli"), "Node CPU requested");
        assert_eq!(unit("request_latency_p99_us"), ("request_latency_p99", 1000.0, " ms"));
    }
}
