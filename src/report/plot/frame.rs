//! What all pictures have in common: title, legend, marks on the time axis, the axis itself, notes.

use super::axis::TimeScale;
use super::font::{HEADING, LABEL, TITLE, shortened, width};
use super::mark_labels::{MarkLabel, place};
use super::palette::{self, AXIS, FAINT_INK, GRID, INK, Look};
use super::scene::{Anchor, Area, Color, Scene, Text};
use crate::kernel::SimTime;
use crate::report::{Mark, MarkKind, Recorded, RunInfo};

/// Width of every picture in pixels.
pub(super) const WIDTH: f64 = 1200.0;
/// Free space around everything.
pub(super) const MARGIN: f64 = 24.0;
/// Room at the right of the plot: half a tick label and some air.
const RIGHT: f64 = 36.0;
const MARK_ROW: f64 = 16.0;

/// A higher plot has its time axis at the top, too.
const TALL: f64 = 900.0;

/// A picture under construction: what is drawn so far, and where the next part goes.
pub(super) struct Frame {
    pub(super) scene: Scene,
    pub(super) time: TimeScale,
    pub(super) y: f64,
    labels: Vec<MarkLabel>,
    marks: Vec<Mark>,
    /// Boxes with exit codes; they go over the lines of the marks, so that their texts stay legible.
    exit_boxes: Vec<(f64, f64, f64, String)>,
    plot_top: f64,
    marks_top: f64,
}

/// An entry of the legend.
pub(super) struct LegendEntry {
    pub(super) label: String,
    pub(super) swatch: Swatch,
}

/// The sample in front of a legend entry.
pub(super) enum Swatch {
    /// A bar of a state.
    Bar(Look),
    /// A line, dashed or not.
    Line(Color, bool),
    /// An area of the first colour below a line of the second.
    Level(Color, Color),
    /// A gap.
    Gap,
    /// The box with an exit code.
    Exit,
    /// The triangle of a restart.
    Restart,
}

impl Frame {
    /// A picture with its title, its subtitle and its legend, whose plot begins `left` pixels from the edge.
    pub(super) fn new(
        title: &str,
        info: &RunInfo,
        recorded: &Recorded,
        left: f64,
        legend: Vec<LegendEntry>,
    ) -> Self {
        let subtitle = subtitle(info, recorded.end);
        let scene = Scene::new(WIDTH, format!("{title}: {subtitle}"));
        let time = TimeScale { left: MARGIN + left, right: WIDTH - RIGHT, end: recorded.end };
        let mut frame = Self {
            scene,
            time,
            y: MARGIN,
            labels: Vec::new(),
            marks: recorded.marks.clone(),
            exit_boxes: Vec::new(),
            plot_top: 0.0,
            marks_top: 0.0,
        };
        frame.text(MARGIN, frame.y + 15.0, title, TITLE, true, INK);
        let subtitle = shortened(&subtitle, HEADING, false, WIDTH - 2.0 * MARGIN);
        frame.text(MARGIN, frame.y + 36.0, &subtitle, HEADING, false, FAINT_INK);
        frame.y += 54.0;
        frame.legend(legend);
        frame
    }

    /// Makes room for the labels of the marks; what is drawn next is the plot, `height` pixels high.
    pub(super) fn begin_plot(&mut self, height: f64) {
        if height > TALL {
            self.upper_axis();
        }
        self.labels = place(&self.marks, &self.time);
        let rows = self.labels.iter().map(|label| label.row + 1).max().unwrap_or(0);
        self.marks_top = self.y;
        self.y += rows as f64 * MARK_ROW + 8.0;
        self.plot_top = self.y;
        let bottom = self.plot_top + height;
        for mark in self.marks.iter().filter(|mark| mark.kind == MarkKind::Fault) {
            if let Some(until) = mark.until {
                let left = self.time.x(mark.at);
                let width = (self.time.x(until) - left).max(1.0);
                self.scene.rect(left, self.plot_top, width, height, palette::FAULT_BAND);
            }
        }
        for (x, _) in self.time.ticks(80.0) {
            self.scene.line([(x, self.plot_top), (x, bottom)], GRID, 1.0);
        }
    }

    /// Draws the marks over the plot, the time axis below it, and the notes.
    pub(super) fn finish(mut self, notes: &[String]) -> Scene {
        let bottom = self.y;
        self.draw_marks(bottom);
        for (x, top, width, code) in std::mem::take(&mut self.exit_boxes) {
            self.exit_box(x, top, width, &code);
        }
        self.axis(bottom);
        self.y = bottom + 44.0;
        let unlabelled = self.labels.iter().filter(|label| label.text.is_empty()).count();
        let more = match unlabelled {
            0 => None,
            1 => Some("1 more mark has no room for its label.".to_owned()),
            more => Some(format!("{more} more marks have no room for their labels.")),
        };
        for note in notes.iter().chain(&more) {
            self.y += 16.0;
            self.text(MARGIN, self.y, note, LABEL, false, FAINT_INK);
        }
        self.scene.height = (self.y + MARGIN).ceil();
        self.scene
    }

    pub(super) fn text(&mut self, x: f64, y: f64, content: &str, size: f64, bold: bool, color: Color) {
        self.text_at(Anchor::Start, x, y, content, size, bold, color);
    }

    #[expect(clippy::too_many_arguments, reason = "a text is described by these; all are plain values")]
    pub(super) fn text_at(
        &mut self,
        anchor: Anchor,
        x: f64,
        y: f64,
        content: &str,
        size: f64,
        bold: bool,
        color: Color,
    ) {
        self.scene.text(Text { x, y, content: content.to_owned(), size, bold, anchor, color });
    }

    fn legend(&mut self, entries: Vec<LegendEntry>) {
        const SWATCH: f64 = 22.0;
        let mut x = MARGIN;
        for entry in entries {
            let room = SWATCH + 6.0 + width(&entry.label, LABEL, false) + 16.0;
            if x + room > WIDTH - MARGIN + 16.0 {
                x = MARGIN;
                self.y += 20.0;
            }
            self.swatch(&entry.swatch, x, SWATCH);
            self.text(x + SWATCH + 6.0, self.y + 10.0, &entry.label, LABEL, false, INK);
            x += room;
        }
        self.y += 26.0;
    }

    fn swatch(&mut self, swatch: &Swatch, x: f64, width: f64) {
        let top = self.y;
        match swatch {
            Swatch::Bar(look) => palette::bar(&mut self.scene, *look, x, x + width, top, 12.0),
            Swatch::Line(color, dashed) => {
                let middle = top + 6.0;
                let dash = if *dashed { 5.0 } else { width };
                let mut from = x;
                while from < x + width {
                    let to = (from + dash).min(x + width);
                    self.scene.line([(from, middle), (to, middle)], *color, 2.0);
                    from = to + 3.0;
                }
            }
            Swatch::Level(area, edge) => {
                self.scene.rect(x, top, width, 12.0, *area);
                self.scene.line([(x, top), (x + width, top)], *edge, 2.0);
            }
            Swatch::Gap => palette::gap(&mut self.scene, Area { x, y: top, width, height: 12.0 }),
            Swatch::Exit => self.exit_box(x, top - 1.0, width, "137"),
            Swatch::Restart => restart_triangle(&mut self.scene, x + width / 2.0, top + 10.0),
        }
    }

    /// Puts a box with an exit code over the finished picture; `top` is the top of a box 14 pixels high.
    pub(super) fn add_exit_box(&mut self, x: f64, top: f64, box_width: f64, code: String) {
        self.exit_boxes.push((x, top, box_width, code));
    }

    /// A small white box with an exit code; `top` is the top of a box 14 pixels high.
    fn exit_box(&mut self, x: f64, top: f64, box_width: f64, code: &str) {
        self.scene.rect(x, top, box_width, 14.0, INK);
        self.scene.rect(x + 1.0, top + 1.0, box_width - 2.0, 12.0, palette::PAPER);
        self.text_at(Anchor::Middle, x + box_width / 2.0, top + 11.0, code, LABEL, false, INK);
    }

    fn draw_marks(&mut self, bottom: f64) {
        let rows = self.labels.iter().map(|label| label.row + 1).max().unwrap_or(0);
        for label in std::mem::take(&mut self.labels) {
            let (color, dash) = match label.kind {
                MarkKind::Fault => (palette::FAULT, (5.0, 3.0)),
                MarkKind::FaultEnd => (palette::FAULT, (2.0, 3.0)),
                MarkKind::Step => (FAINT_INK, (2.0, 3.0)),
                MarkKind::Expectation => (palette::MISSED, (8.0, 3.0)),
            };
            let row_top = self.marks_top + (rows - 1 - label.row.min(rows - 1)) as f64 * MARK_ROW;
            let line_top = if label.text.is_empty() { self.plot_top } else { row_top + 2.0 };
            self.scene.dashes(label.x, line_top, bottom, dash, color);
            let bold = label.kind != MarkKind::Step;
            let y = row_top + 12.0;
            self.text_at(label.anchor, label.text_x, y, &label.text, LABEL, bold, color);
            self.labels.push(label);
        }
    }

    fn upper_axis(&mut self) {
        for (x, label) in self.time.ticks(80.0) {
            self.text_at(Anchor::Middle, x, self.y + 10.0, &label, LABEL, false, INK);
            self.scene.line([(x, self.y + 15.0), (x, self.y + 19.0)], AXIS, 1.0);
        }
        self.y += 24.0;
    }

    fn axis(&mut self, bottom: f64) {
        let (left, right) = (self.time.left, self.time.right);
        self.scene.line([(left, bottom), (right, bottom)], AXIS, 1.0);
        for (x, label) in self.time.ticks(80.0) {
            self.scene.line([(x, bottom), (x, bottom + 4.0)], AXIS, 1.0);
            self.text_at(Anchor::Middle, x, bottom + 17.0, &label, LABEL, false, INK);
        }
        self.text_at(Anchor::End, right, bottom + 34.0, "virtual time", LABEL, false, FAINT_INK);
    }
}

/// A triangle that points up at `(x, bottom - 6)`.
pub(super) fn restart_triangle(scene: &mut Scene, x: f64, bottom: f64) {
    scene.polygon([(x - 4.5, bottom + 1.0), (x + 4.5, bottom + 1.0), (x, bottom - 7.0)], palette::PAPER);
    scene.polygon([(x - 3.0, bottom), (x + 3.0, bottom), (x, bottom - 5.0)], INK);
}

/// Entries for the marks that the picture shows.
pub(super) fn mark_legend(recorded: &Recorded) -> Vec<LegendEntry> {
    let entry = |kind: MarkKind, label: &str, color, dashed| {
        let seen = recorded.marks.iter().any(|mark| mark.kind == kind);
        seen.then(|| LegendEntry { label: label.to_owned(), swatch: Swatch::Line(color, dashed) })
    };
    let entries = [
        entry(MarkKind::Fault, "fault", palette::FAULT, true),
        entry(MarkKind::Step, "kubectl", FAINT_INK, true),
        entry(MarkKind::Expectation, "missed expectation", palette::MISSED, true),
    ];
    entries.into_iter().flatten().collect()
}

fn subtitle(info: &RunInfo, end: SimTime) -> String {
    format!(
        "{} · seed {} · Kubernetes {} · {} virtual · digest {}",
        info.scenario,
        info.seed,
        info.kubernetes,
        super::axis::brief(end.since_start()),
        info.short_digest()
    )
}
