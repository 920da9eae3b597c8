//! A picture before it is drawn: shapes at fractional pixels, independent of the file format.
//!
//! Layout happens here once, with text measured by the embedded font, so that SVG and PNG show the same picture and
//! tests can ask where a text lies.

use super::font;

/// An opaque colour. Light tints are written out rather than mixed, so that nothing depends on blending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color(pub u8, pub u8, pub u8);

/// Which point of a text its position names; vertically it is always the base line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Its left end.
    Start,
    /// Its middle.
    Middle,
    /// Its right end.
    End,
}

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Area {
    /// Right edge.
    pub fn right(&self) -> f64 {
        self.x + self.width
    }

    /// Bottom edge.
    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }

    /// Whether both share a point that is not on an edge.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.x < other.right() && other.x < self.right() && self.y < other.bottom() && other.y < self.bottom()
    }
}

/// A line of text.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// Anchor point.
    pub x: f64,
    /// Base line.
    pub y: f64,
    /// What it says.
    pub content: String,
    /// Height of the em in pixels.
    pub size: f64,
    /// Whether it is emphasised.
    pub bold: bool,
    /// What `x` names.
    pub anchor: Anchor,
    /// Colour.
    pub color: Color,
}

impl Text {
    /// Where the text lies, from the top of its capitals to the bottom of its descenders.
    pub fn area(&self) -> Area {
        let width = font::width(&self.content, self.size, self.bold);
        let x = match self.anchor {
            Anchor::Start => self.x,
            Anchor::Middle => self.x - width / 2.0,
            Anchor::End => self.x - width,
        };
        Area { x, y: self.y - self.size * 0.76, width, height: self.size }
    }
}

/// One shape of a picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A filled rectangle.
    Rect(Area, Color),
    /// A line through points.
    Line {
        /// The points.
        points: Vec<(f64, f64)>,
        /// Colour.
        color: Color,
        /// Width in pixels.
        width: f64,
    },
    /// A filled polygon.
    Polygon(Vec<(f64, f64)>, Color),
    /// A line of text.
    Text(Text),
}

/// A picture: shapes, later ones over earlier ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Width in pixels.
    pub width: f64,
    /// Height in pixels.
    pub height: f64,
    /// What the picture shows, for readers who cannot see it.
    pub description: String,
    /// Its shapes.
    pub shapes: Vec<Shape>,
}

impl Scene {
    pub(super) fn new(width: f64, description: String) -> Self {
        Self { width, height: 0.0, description, shapes: Vec::new() }
    }

    pub(super) fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, color: Color) {
        self.shapes.push(Shape::Rect(Area { x, y, width, height }, color));
    }

    pub(super) fn line(&mut self, points: impl Into<Vec<(f64, f64)>>, color: Color, width: f64) {
        self.shapes.push(Shape::Line { points: points.into(), color, width });
    }

    pub(super) fn polygon(&mut self, points: impl Into<Vec<(f64, f64)>>, color: Color) {
        self.shapes.push(Shape::Polygon(points.into(), color));
    }

    pub(super) fn text(&mut self, text: Text) {
        if !text.content.is_empty() {
            self.shapes.push(Shape::Text(text));
        }
    }

    /// A vertical line of dashes.
    pub(super) fn dashes(&mut self, x: f64, from: f64, to: f64, dash: (f64, f64), color: Color) {
        let mut y = from;
        while y < to {
            self.line([(x, y), (x, (y + dash.0).min(to))], color, 1.0);
            y += dash.0 + dash.1;
        }
    }

    /// Every text of the picture.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        self.shapes.iter().filter_map(|shape| if let Shape::Text(text) = shape { Some(text) } else { None })
    }
}
