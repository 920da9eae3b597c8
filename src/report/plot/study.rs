//! Pictures of many runs together: how a figure is distributed, how it depends on two fields, which field matters most.

use super::font::{HEADING, LABEL, OTHER_FONT, TITLE, shortened, width};
use super::frame::{MARGIN, WIDTH};
use super::lines::capitalized;
use super::palette::{AXIS, BLUE, FAINT_INK, GRID, INK, LIGHT_BLUE, LIGHT_ORANGE, ORANGE, PAPER};
use super::scene::{Anchor, Color, Scene, Text};

/// Title, what was run, and the name of the figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// First line.
    pub title: String,
    /// Second line.
    pub subtitle: String,
    /// Name of the figure with its unit.
    pub figure: String,
}

const BINS: usize = 60;
const LANE: f64 = 56.0;

/// The scale of a figure along the x axis.
struct Scale {
    left: f64,
    right: f64,
    low: f64,
    step: f64,
    ticks: usize,
}

impl Scale {
    /// A scale with round ticks that holds all values.
    fn of(values: impl Iterator<Item = f64> + Clone, left: f64, right: f64) -> Self {
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
        let range = if high > low { high - low } else { low.abs().max(1.0) };
        let step = round_step(range / 8.0);
        let low = (low / step).floor() * step;
        let ticks = ((high - low) / step).ceil().max(1.0) as usize;
        Self { left, right, low, step, ticks }
    }

    fn x(&self, value: f64) -> f64 {
        let part = (value - self.low) / (self.step * self.ticks as f64);
        self.left + (self.right - self.left) * part.clamp(0.0, 1.0)
    }

    fn draw(&self, scene: &mut Scene, top: f64, bottom: f64) {
        for tick in 0..=self.ticks {
            let value = self.low + self.step * tick as f64;
            let x = self.x(value);
            scene.line([(x, top), (x, bottom)], GRID, 1.0);
            scene.text(text(x, bottom + 16.0, number(value), FAINT_INK, Anchor::Middle));
        }
        scene.line([(self.left, bottom), (self.right, bottom)], AXIS, 1.0);
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    let mut power = 1.0;
    while power > least {
        power /= 10.0;
    }
    while power * 10.0 <= least {
        power *= 10.0;
    }
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|digit| digit * power).find(|step| *step >= least).unwrap_or(power)
}

/// At most three decimals.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn text(x: f64, y: f64, content: String, color: Color, anchor: Anchor) -> Text {
    Text { x, y, content, size: LABEL, bold: false, anchor, color }
}

fn begin(heading: &Heading) -> (Scene, f64) {
    let mut scene = Scene::new(WIDTH, format!("{}: {}", heading.title, heading.subtitle));
    let line = |y, content: String, size, bold, color| Text {
        x: MARGIN,
        y: MARGIN + y,
        content,
        size,
        bold,
        anchor: Anchor::Start,
        color,
    };
    let room = WIDTH - 2.0 * MARGIN;
    scene.text(line(15.0, shortened(&capitalized(&heading.title), TITLE, true, room), TITLE, true, INK));
    scene.text(line(36.0, shortened(&heading.subtitle, HEADING, false, room), HEADING, false, FAINT_INK));
    (scene, MARGIN + 60.0)
}

/// The room that labels take at the left, with a limit.
fn label_room<'a>(labels: impl Iterator<Item = &'a str>) -> f64 {
    labels.map(|label| width(label, LABEL, false) * OTHER_FONT).fold(60.0, f64::max).min(WIDTH * 0.4) + 14.0
}

/// One lane a point: how often each value came, the quartiles as a bar, the mean as a dot.
pub fn distributions(heading: &Heading, points: &[(String, Vec<f64>)]) -> Scene {
    let (mut scene, top) = begin(heading);
    let room = label_room(points.iter().map(|(label, _)| label.as_str()));
    let left = MARGIN + room;
    let all = points.iter().flat_map(|(_, values)| values.iter().copied());
    let scale = Scale::of(all, left, WIDTH - 36.0);
    let bottom = top + LANE * points.len() as f64;
    scale.draw(&mut scene, top, bottom);
    for (lane, (label, values)) in points.iter().enumerate() {
        let base = top + LANE * (lane + 1) as f64 - 8.0;
        let label = shortened(label, LABEL, false, room - 14.0);
        scene.text(text(left - 10.0, base - 14.0, label, INK, Anchor::End));
        lane_of_values(&mut scene, &scale, base, values);
    }
    scene.text(text(scale.right, bottom + 34.0, heading.figure.clone(), FAINT_INK, Anchor::End));
    let note = "outline: how often each value came; bar: middle half, with the median; dot: mean";
    scene.text(text(left, bottom + 34.0, note.to_owned(), FAINT_INK, Anchor::Start));
    scene.height = bottom + 34.0 + MARGIN;
    scene
}

fn lane_of_values(scene: &mut Scene, scale: &Scale, base: f64, values: &[f64]) {
    if values.is_empty() {
        return;
    }
    let mut bins = [0_usize; BINS];
    let bin_width = (scale.right - scale.left) / BINS as f64;
    for value in values {
        let at = ((scale.x(*value) - scale.left) / bin_width) as usize;
        bins[at.min(BINS - 1)] += 1;
    }
    let most = bins.iter().copied().max().unwrap_or(1).max(1) as f64;
    for (at, count) in bins.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = ((LANE - 22.0) * *count as f64 / most).max(1.0);
        scene.rect(scale.left + bin_width * at as f64, base - 6.0 - height, bin_width, height, LIGHT_BLUE);
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |part: f64| sorted[((sorted.len() - 1) as f64 * part).round() as usize];
    let (low, middle, high) = (scale.x(at(0.25)), scale.x(at(0.5)), scale.x(at(0.75)));
    scene.rect(low, base - 5.0, (high - low).max(2.0), 6.0, BLUE);
    scene.rect(middle - 1.0, base - 8.0, 2.0, 12.0, INK);
    let mean = scale.x(values.iter().sum::<f64>() / values.len() as f64);
    let corners =
        [(mean, base - 7.0), (mean + 5.0, base - 2.0), (mean, base + 3.0), (mean - 5.0, base - 2.0)];
    scene.polygon(corners, ORANGE);
}

/// A table of means in colours: one field across, one down.
pub fn heat_map(
    heading: &Heading,
    across: (&str, &[String]),
    down: (&str, &[String]),
    means: &[Vec<Option<f64>>],
) -> Scene {
    const CELL: f64 = 46.0;
    let (mut scene, top) = begin(heading);
    let room = label_room(down.1.iter().map(String::as_str).chain([down.0]));
    let left = MARGIN + room;
    let cell_width = ((WIDTH - 36.0 - left) / across.1.len().max(1) as f64).min(220.0);
    let known = means.iter().flatten().flatten();
    let low = known.clone().copied().fold(f64::INFINITY, f64::min);
    let high = known.copied().fold(f64::NEG_INFINITY, f64::max);
    let middle = left + cell_width * across.1.len() as f64 / 2.0;
    scene.text(text(middle, top, across.0.to_owned(), FAINT_INK, Anchor::Middle));
    scene.text(text(left - 10.0, top + 20.0, down.0.to_owned(), FAINT_INK, Anchor::End));
    for (column, label) in across.1.iter().enumerate() {
        let x = left + cell_width * (column as f64 + 0.5);
        scene.text(text(
            x,
            top + 20.0,
            shortened(label, LABEL, false, cell_width - 6.0),
            INK,
            Anchor::Middle,
        ));
    }
    let top = top + 28.0;
    for (row, cells) in means.iter().enumerate() {
        let y = top + CELL * row as f64;
        let label = down.1.get(row).map_or("", String::as_str);
        scene.text(text(
            left - 10.0,
            y + CELL * 0.6,
            shortened(label, LABEL, false, room - 14.0),
            INK,
            Anchor::End,
        ));
        for (column, mean) in cells.iter().enumerate() {
            let x = left + cell_width * column as f64;
            let Some(mean) = mean else { continue };
            let part = if high > low { (mean - low) / (high - low) } else { 0.0 };
            scene.rect(x, y, cell_width - 2.0, CELL - 2.0, mixed(part));
            let ink = if part > 0.6 { PAPER } else { INK };
            scene.text(text(x + cell_width / 2.0, y + CELL * 0.6, number(*mean), ink, Anchor::Middle));
        }
    }
    let bottom = top + CELL * means.len() as f64;
    scene.text(text(left, bottom + 20.0, format!("mean of {}", heading.figure), FAINT_INK, Anchor::Start));
    scene.height = bottom + 20.0 + MARGIN;
    scene
}

/// A colour between paper and deep blue.
fn mixed(part: f64) -> Color {
    let mix = |from: u8, to: u8| (f64::from(from) + (f64::from(to) - f64::from(from)) * part) as u8;
    Color(mix(238, 0), mix(244, 82), mix(250, 136))
}

/// How far a field moves the mean: the value of the field and the mean there, lowest and highest.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// The field.
    pub field: String,
    /// Value with the lowest mean, and the mean.
    pub low: (String, f64),
    /// Value with the highest mean, and the mean.
    pub high: (String, f64),
}

/// One bar a field, the widest first, around the mean of all runs.
pub fn tornado(heading: &Heading, mean: f64, effects: &[Effect]) -> Scene {
    let (mut scene, top) = begin(heading);
    let mut effects = effects.to_vec();
    effects.sort_by(|a, b| (b.high.1 - b.low.1).total_cmp(&(a.high.1 - a.low.1)));
    let room = label_room(effects.iter().map(|effect| effect.field.as_str()));
    let left = MARGIN + room;
    let ends = effects.iter().flat_map(|effect| [effect.low.1, effect.high.1]).chain([mean]);
    let ends: Vec<f64> = ends.collect();
    // Room beside the bars for the values at their ends.
    let scale = Scale::of(ends.iter().copied(), left + 120.0, WIDTH - 156.0);
    let bottom = top + 44.0 * effects.len() as f64;
    scale.draw(&mut scene, top, bottom);
    let centre = scale.x(mean);
    for (row, effect) in effects.iter().enumerate() {
        let y = top + 44.0 * row as f64 + 10.0;
        scene.text(text(
            left - 10.0,
            y + 16.0,
            shortened(&effect.field, LABEL, false, room - 14.0),
            INK,
            Anchor::End,
        ));
        let (low, high) = (scale.x(effect.low.1), scale.x(effect.high.1));
        scene.rect(low, y, (centre - low).max(1.0), 24.0, LIGHT_BLUE);
        scene.rect(centre, y, (high - centre).max(1.0), 24.0, LIGHT_ORANGE);
        scene.text(text(
            low - 6.0,
            y + 16.0,
            shortened(&effect.low.0, LABEL, false, 110.0),
            INK,
            Anchor::End,
        ));
        scene.text(text(
            high + 6.0,
            y + 16.0,
            shortened(&effect.high.0, LABEL, false, 110.0),
            INK,
            Anchor::Start,
        ));
    }
    scene.line([(centre, top), (centre, bottom)], INK, 1.5);
    let note = format!(
        "mean of {}: {} over all runs; ends of bars: mean at that value of the field",
        heading.figure,
        number(mean)
    );
    scene.text(text(left, bottom + 34.0, note, FAINT_INK, Anchor::Start));
    scene.height = bottom + 34.0 + MARGIN;
    scene
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a text stands.
    fn place(scene: &Scene, content: &str) -> (f64, f64) {
        let text = scene.texts().find(|text| text.content == content);
        text.map_or_else(|| panic!("no {content}"), |text| (text.x, text.y))
    }

    #[test]
    fn a_tornado_has_the_widest_bar_on_top_and_its_ends_say_the_values() {
        let effect = |field: &str, low: (&str, f64), high: (&str, f64)| Effect {
            field: field.into(),
            low: (low.0.into(), low.1),
            high: (high.0.into(), high.1),
        };
        let heading = Heading {
            title: "pods evicted".into(),
            subtitle: "seeds 1 to 8".into(),
            figure: "evictions".into(),
        };
        let effects = [
            effect("without effect", ("a", 3.0), ("b", 3.0)),
            effect("weak", ("six", 2.5), ("nine", 3.5)),
            effect("strong", ("50s", 1.0), ("20s", 5.0)),
        ];
        let scene = tornado(&heading, 3.0, &effects);
        let rows = ["strong", "weak", "without effect"].map(|field| place(&scene, field).1);
        assert!(rows.is_sorted(), "{rows:?}");
        let ends = ["50s", "six", "a", "b", "nine", "20s"].map(|end| place(&scene, end).0);
        assert!(ends.is_sorted(), "{ends:?}");
        place(&scene, "Pods evicted");
        place(&scene, "mean of evictions: 3 over all runs; ends of bars: mean at that value of the field");
    }

    #[test]
    fn a_heat_map_has_a_cell_for_each_pair_and_none_where_nothing_ran() {
        let heading = Heading { title: "t".into(), subtitle: "s".into(), figure: "f".into() };
        let [across, down] = [["20s", "50s"], ["3", "6"]].map(|values| values.map(String::from));
        let means = [vec![Some(1.5), None], vec![Some(2.5), Some(4.0)]];
        let scene = heat_map(&heading, ("grace", &across), ("replicas", &down), &means);
        let (left, upper) = place(&scene, "1.5");
        let same = |a: f64, b: f64| (a - b).abs() < 0.01;
        assert!(same(place(&scene, "2.5").0, left) && same(place(&scene, "4").1, place(&scene, "2.5").1));
        assert!(upper < place(&scene, "2.5").1 && left < place(&scene, "4").0);
        assert!(same(place(&scene, "50s").0, place(&scene, "4").0));
    }
}
