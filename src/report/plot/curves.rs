//! Pictures of tables of numbers, without virtual time: curves over a quantity, and bars side by side.

use super::font::{HEADING, LABEL, TITLE, width};
use super::palette::{AXIS, FAINT_INK, GRID, INK};
use super::scene::{Anchor, Color, Scene, Text};

const WIDTH: f64 = 900.0;
const MARGIN: f64 = 24.0;
const PLOT_HEIGHT: f64 = 420.0;
/// Room for the numbers of the vertical axis.
const LEFT: f64 = MARGIN + 44.0;
const ROW: f64 = 26.0;

/// Colours in the order in which they are given; the first eight are Okabe and Ito's.
const COLORS: [Color; 14] = [
    Color(0, 0, 0),
    Color(230, 159, 0),
    Color(86, 180, 233),
    Color(0, 158, 115),
    Color(180, 168, 0),
    Color(0, 114, 178),
    Color(213, 94, 0),
    Color(204, 121, 167),
    Color(120, 94, 240),
    Color(150, 75, 0),
    Color(120, 120, 120),
    Color(90, 170, 40),
    Color(200, 0, 60),
    Color(0, 150, 170),
];

/// The colour of the n-th curve or bar.
fn color(index: usize) -> Color {
    COLORS[index % COLORS.len()]
}

/// A curve, or a bar if only its last point is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Its name.
    pub label: String,
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
}

/// A bar with its uncertainty.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Its name.
    pub label: String,
    /// Its length.
    pub value: f64,
    /// How far the value may be off, to both sides.
    pub spread: f64,
}

/// What a picture says about itself.
#[derive(Clone, Copy, Debug)]
pub struct Captions<'a> {
    /// In large letters.
    pub title: &'a str,
    /// Below it.
    pub subtitle: &'a str,
    /// What the horizontal axis is.
    pub x: &'a str,
    /// What the vertical axis is; of bars: nothing.
    pub y: &'a str,
}

/// The least round step that divides `length` into at most `room` parts.
fn step(length: f64, room: f64) -> f64 {
    let powers = (-6..12).map(|power| (0..power.max(0)).fold(1.0, |unit, _| unit * 10.0) / divisor(power));
    let steps = powers.flat_map(|unit| [unit, unit * 2.0, unit * 5.0]);
    steps.into_iter().find(|step| length / step <= room).unwrap_or(length)
}

fn divisor(power: i32) -> f64 {
    (power.min(0)..0).fold(1.0, |unit, _| unit * 10.0)
}

fn number(value: f64, step: f64) -> String {
    if step >= 1.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn text(scene: &mut Scene, anchor: Anchor, (x, y): (f64, f64), content: &str, size: f64, color: Color) {
    let bold = size >= TITLE;
    scene.text(Text { x, y, content: content.to_owned(), size, bold, anchor, color });
}

/// A picture with its captions, and how far down they reach.
fn begin(captions: Captions<'_>) -> (Scene, f64) {
    let mut scene = Scene::new(WIDTH, format!("{}: {}", captions.title, captions.subtitle));
    text(&mut scene, Anchor::Start, (MARGIN, MARGIN + 15.0), captions.title, TITLE, INK);
    text(&mut scene, Anchor::Start, (MARGIN, MARGIN + 36.0), captions.subtitle, HEADING, FAINT_INK);
    (scene, MARGIN + 54.0)
}

/// Curves over one quantity.
pub fn curves(captions: Captions<'_>, curves: &[Curve]) -> Scene {
    let (mut scene, mut y) = begin(captions);
    let mut x = MARGIN;
    for (at, curve) in curves.iter().enumerate() {
        let room = 28.0 + width(&curve.label, LABEL, false) + 16.0;
        if x + room > WIDTH - MARGIN {
            (x, y) = (MARGIN, y + 20.0);
        }
        scene.line([(x, y + 6.0), (x + 22.0, y + 6.0)], color(at), 3.0);
        text(&mut scene, Anchor::Start, (x + 28.0, y + 10.0), &curve.label, LABEL, INK);
        x += room;
    }
    y += 30.0;
    text(&mut scene, Anchor::Start, (MARGIN, y + 10.0), captions.y, LABEL, FAINT_INK);
    let (top, bottom) = (y + 22.0, y + 22.0 + PLOT_HEIGHT);
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let x_max = points().map(|(x, _)| *x).fold(1.0, f64::max);
    let y_max = points().map(|(_, y)| *y).fold(1.0e-6, f64::max);
    let y_step = step(y_max, 10.0);
    let y_max = (y_max / y_step).ceil() * y_step;
    let right = WIDTH - MARGIN - 12.0;
    let at_x = |value: f64| LEFT + (right - LEFT) * value / x_max;
    let at_y = |value: f64| bottom - (bottom - top) * value / y_max;
    let mut value = 0.0;
    while value <= y_max * 1.000_001 {
        scene.line([(LEFT, at_y(value)), (right, at_y(value))], GRID, 1.0);
        text(&mut scene, Anchor::End, (LEFT - 6.0, at_y(value) + 4.0), &number(value, y_step), LABEL, INK);
        value += y_step;
    }
    let x_step = step(x_max, 13.0);
    let mut value = 0.0;
    while value <= x_max * 1.000_001 {
        scene.line([(at_x(value), bottom), (at_x(value), bottom + 4.0)], AXIS, 1.0);
        text(&mut scene, Anchor::Middle, (at_x(value), bottom + 17.0), &number(value, x_step), LABEL, INK);
        value += x_step;
    }
    scene.line([(LEFT, bottom), (right, bottom)], AXIS, 1.0);
    text(&mut scene, Anchor::End, (right, bottom + 36.0), captions.x, LABEL, FAINT_INK);
    for (at, curve) in curves.iter().enumerate().rev() {
        let points: Vec<_> = curve.points.iter().map(|(x, y)| (at_x(*x), at_y(*y))).collect();
        if points.len() > 1 {
            scene.line(points, color(at), 2.0);
        }
    }
    scene.height = bottom + 36.0 + MARGIN;
    scene
}

/// Bars one below the other, each with its value.
pub fn bars(captions: Captions<'_>, bars: &[Bar]) -> Scene {
    let (mut scene, top) = begin(captions);
    let label = bars.iter().map(|bar| width(&bar.label, LABEL, false)).fold(0.0, f64::max);
    let (left, right) = (MARGIN + label + 10.0, WIDTH - MARGIN - 90.0);
    let longest = bars.iter().map(|bar| bar.value + bar.spread).fold(1.0e-6, f64::max);
    let step = step(longest, 8.0);
    let longest = (longest / step).ceil() * step;
    let at_x = |value: f64| left + (right - left) * value / longest;
    let bottom = top + bars.len() as f64 * ROW + 4.0;
    let mut value = 0.0;
    while value <= longest * 1.000_001 {
        scene.line([(at_x(value), top), (at_x(value), bottom)], GRID, 1.0);
        text(&mut scene, Anchor::Middle, (at_x(value), bottom + 16.0), &number(value, step), LABEL, INK);
        value += step;
    }
    for (at, bar) in bars.iter().enumerate() {
        let y = top + at as f64 * ROW + 4.0;
        let middle = y + (ROW - 8.0) / 2.0;
        scene.rect(left, y, at_x(bar.value) - left, ROW - 8.0, color(at));
        if bar.spread > 0.0 {
            let ends = (at_x(bar.value - bar.spread), at_x(bar.value + bar.spread));
            scene.line([(ends.0, middle), (ends.1, middle)], FAINT_INK, 1.5);
        }
        text(&mut scene, Anchor::End, (left - 8.0, middle + 4.0), &bar.label, LABEL, INK);
        let value = if bar.spread > 0.0 {
            format!("{:.2} ± {:.2}", bar.value, bar.spread)
        } else {
            format!("{:.2}", bar.value)
        };
        let end = at_x(bar.value + bar.spread) + 6.0;
        text(&mut scene, Anchor::Start, (end, middle + 4.0), &value, LABEL, INK);
    }
    scene.line([(left, top), (left, bottom)], AXIS, 1.0);
    text(&mut scene, Anchor::End, (right, bottom + 34.0), captions.x, LABEL, FAINT_INK);
    scene.height = bottom + 34.0 + MARGIN;
    scene
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_texts_do_not_overlap() {
        let text = |length, room| format!("{:.3}", step(length, room));
        assert_eq!([text(130.0, 13.0), text(0.9, 10.0), text(7.0, 10.0)], ["10.000", "0.100", "1.000"]);
        let captions = Captions { title: "T", subtitle: "s", x: "load", y: "%" };
        let bar = |label: &str, value| Bar { label: label.into(), value, spread: 0.5 };
        let scene = bars(captions, &[bar("FGD", 95.2), bar("RequestedToCapacityRatio", 90.0)]);
        let texts: Vec<_> = scene.texts().map(Text::area).collect();
        for (at, one) in texts.iter().enumerate() {
            assert!(texts[..at].iter().all(|other| !one.overlaps(other)), "{at}");
            assert!(one.x >= 0.0 && one.right() <= scene.width);
        }
    }
}
