//! The font that every picture is measured and drawn with: a part of Inter, in the program itself.
//!
//! The machine's fonts are never asked, so labels are laid out alike everywhere. An SVG names the family and fallbacks
//! of about the same width, since a viewer draws it with what it has.

use std::sync::Once;

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

/// The family list as SVG writes it; the embedded font is registered under this whole list.
pub(super) const FAMILY: &str = "Inter, Helvetica, Arial, sans-serif";

/// Plotters counts font size from the ascender to the descender and takes this as its ratio to the em.
pub(super) const PLOTTERS_SIZE_PER_EM: f64 = 1.24;

/// Back ends draw at whole pixels; at twice the size, half pixels of the layout survive and a PNG is sharp on dense
/// screens. The SVG's view box undoes the factor.
pub(super) const SCALE: f64 = 2.0;

/// The size of ordinary labels; nothing is smaller.
pub(super) const LABEL: f64 = em(28);
/// The size of names that stand over others.
pub(super) const HEADING: f64 = em(30);
/// The size of the title.
pub(super) const TITLE: f64 = em(46);

/// The em in pixels for which plotters' size is `even`: with an odd or broken one, the half of it that plotters moves
/// glyphs by is rounded differently for high and low letters, and the base line trembles.
const fn em(even: u32) -> f64 {
    even as f64 / PLOTTERS_SIZE_PER_EM / SCALE
}

/// The fonts that viewers of an SVG have instead of this one are up to so much wider.
pub(super) const OTHER_FONT: f64 = 1.2;

static REGULAR: &[u8] = include_bytes!("../../../assets/fonts/Inter-Regular.otf");
static SEMI_BOLD: &[u8] = include_bytes!("../../../assets/fonts/Inter-SemiBold.otf");
static REGISTER: Once = Once::new();

/// Makes the embedded font known to plotters; only the first call does anything.
pub(super) fn register() {
    REGISTER.call_once(|| {
        for (style, bytes) in [(FontStyle::Normal, REGULAR), (FontStyle::Bold, SEMI_BOLD)] {
            let registered = register_font(FAMILY, style, bytes).is_ok();
            assert!(registered, "the embedded font can be read");
        }
    });
}

/// The font in an em of `size` pixels.
pub(super) fn font(size: f64, bold: bool) -> FontDesc<'static> {
    register();
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    FontDesc::new(FontFamily::Name(FAMILY), size * PLOTTERS_SIZE_PER_EM, style)
}

/// How wide `text` is, in pixels, with an em of `size` pixels.
pub(super) fn width(text: &str, size: f64, bold: bool) -> f64 {
    // Plotters measures in whole pixels, so a large font is measured and scaled down.
    const MEASURED: f64 = 1000.0;
    let (width, _) = font(MEASURED, bold).box_size(text).unwrap_or_default();
    f64::from(width) * size / MEASURED
}

/// `text`, shortened in the middle to fit `limit` pixels: names differ most at their ends.
pub(super) fn shortened(text: &str, size: f64, bold: bool, limit: f64) -> String {
    if width(text, size, bold) <= limit {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let cut = |kept: usize| {
        let head = kept.div_ceil(2);
        let tail = chars.len() - (kept - head);
        chars[..head].iter().chain(&['…']).chain(&chars[tail..]).collect::<String>()
    };
    let fits = |kept: &usize| width(&cut(*kept), size, bold) <= limit;
    (0..chars.len()).rev().find(fits).map_or_else(String::new, cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_come_from_the_embedded_font() {
        assert!((width("illness", 11.0, false) - 33.9).abs() < 2.0, "{}", width("illness", 11.0, false));
        assert!(width("mmm", 11.0, false) > width("iii", 11.0, false) * 2.0);
        assert!(width("web", 11.0, true) > width("web", 11.0, false));
    }

    #[test]
    fn long_names_keep_both_ends() {
        let short = shortened("a-very-long-deployment-name-7c9f8d-x7k2p", 11.0, false, 120.0);
        assert!(short.starts_with("a-very") && short.ends_with("x7k2p") && short.contains('…'), "{short}");
        assert!(width(&short, 11.0, false) <= 120.0);
        assert_eq!(shortened("web", 11.0, false, 120.0), "web");
    }
}
