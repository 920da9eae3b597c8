//! From a scene to the bytes of a file, through plotters' back ends.

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, RGBColor, ShapeStyle, TextStyle};

use super::font::{PLOTTERS_SIZE_PER_EM, SCALE, font};
use super::scene::{Anchor, Area, Color, Scene, Shape, Text};

/// A picture could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw the picture: {0}")]
pub struct PlotError(String);

/// The picture as an SVG document.
pub fn svg(scene: &Scene) -> Result<String, PlotError> {
    let mut document = String::new();
    let size = size(scene);
    // Plotters puts a text of which it knows the top at 0.76 em above the base line.
    draw(scene, &mut SVGBackend::with_string(&mut document, size), |em| em * 0.76)?;
    let Some((_, body)) = document.split_once(">\n") else { return Err(PlotError("no SVG root".into())) };
    let (width, height) = (f64::from(size.0) / SCALE, f64::from(size.1) / SCALE);
    let description = escaped(&scene.description);
    Ok(format!(
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {} {}\" xmlns=\"http://www.w3.org/2000/svg\" \
         role=\"img\">\n<title>{description}</title>\n{body}",
        size.0, size.1
    ))
}

/// The picture as a PNG file.
pub fn png(scene: &Scene) -> Result<Vec<u8>, PlotError> {
    let (width, height) = size(scene);
    let mut pixels = vec![255; width as usize * height as usize * 3];
    // Plotters puts the base line of such a text half of its font size below the top.
    let baseline = |em: f64| em * PLOTTERS_SIZE_PER_EM / 2.0;
    draw(scene, &mut BitMapBackend::with_buffer(&mut pixels, (width, height)), baseline)?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::Default);
    encoder.set_adaptive_filter(png::AdaptiveFilterType::Adaptive);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    written.map_err(|error| PlotError(error.to_string()))?;
    Ok(file)
}

fn size(scene: &Scene) -> (u32, u32) {
    ((scene.width * SCALE).ceil() as u32, (scene.height * SCALE).ceil() as u32)
}

fn draw<B: DrawingBackend>(
    scene: &Scene,
    backend: &mut B,
    baseline: impl Fn(f64) -> f64,
) -> Result<(), PlotError> {
    let whole = Area { x: 0.0, y: 0.0, width: scene.width, height: scene.height };
    let background = Shape::Rect(whole, super::palette::PAPER);
    for shape in std::iter::once(&background).chain(&scene.shapes) {
        draw_shape(backend, shape, &baseline)?;
    }
    backend.present().map_err(|error| PlotError(error.to_string()))
}

fn draw_shape<B: DrawingBackend>(
    backend: &mut B,
    shape: &Shape,
    baseline: impl Fn(f64) -> f64,
) -> Result<(), PlotError> {
    let drawn = match shape {
        Shape::Rect(area, color) => {
            let corners = (point((area.x, area.y)), point((area.right(), area.bottom())));
            backend.draw_rect(corners.0, corners.1, &rgb(*color).filled(), true)
        }
        Shape::Line { points, color, width } => {
            let stroke_width = (width * SCALE).round() as u32;
            let style = ShapeStyle { color: rgb(*color).to_rgba(), filled: false, stroke_width };
            backend.draw_path(points.iter().copied().map(point), &style)
        }
        Shape::Polygon(points, color) => {
            backend.fill_polygon(points.iter().copied().map(point), &rgb(*color).filled())
        }
        Shape::Text(text) => return draw_text(backend, text, baseline),
    };
    drawn.map_err(|error| PlotError(error.to_string()))
}

fn draw_text<B: DrawingBackend>(
    backend: &mut B,
    text: &Text,
    baseline: impl Fn(f64) -> f64,
) -> Result<(), PlotError> {
    let horizontal = match text.anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let em = text.size * SCALE;
    let color = rgb(text.color);
    let style = TextStyle::from(font(em, text.bold)).color(&color).pos(Pos::new(horizontal, VPos::Top));
    let (x, y) = point((text.x, text.y));
    let drawn = backend.draw_text(&text.content, &style, (x, y - baseline(em).round() as i32));
    drawn.map_err(|error| PlotError(error.to_string()))
}

fn point((x, y): (f64, f64)) -> (i32, i32) {
    ((x * SCALE).round() as i32, (y * SCALE).round() as i32)
}

fn rgb(color: Color) -> RGBColor {
    RGBColor(color.0, color.1, color.2)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
