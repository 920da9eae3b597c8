//! Numbers and texts as the page writes them.

use crate::kernel::SimDuration;
use crate::report::plot::{brief, grouped, percent_text};
use crate::report::summary::instant;

/// The text with everything that HTML reads as markup written out.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// `12,345`.
pub(super) fn count(number: u64) -> String {
    grouped(number)
}

/// `97.21 %`.
pub(super) fn percent(percent: f64) -> String {
    percent_text((percent * 1000.0).round() as u64)
}

/// Seconds as a length, to the tenth of a second above one second.
pub(super) fn length(seconds: f64) -> String {
    let exact = instant(seconds).as_nanos();
    let step = if exact >= 1_000_000_000 { 100_000_000 } else { 1_000_000 };
    brief(SimDuration::from_nanos((exact + step / 2) / step * step))
}
