//! Chains of causes as text, one line a link.

use std::fmt::Write as _;

use super::style::{Style, painted};
use crate::history::{History, Link, chain, links};
use crate::trace::replay::Line;

/// Columns of text before a line is wrapped.
const WIDTH: usize = 100;

/// How a chain is shown.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    /// Whether cycles are written out.
    pub(super) all: bool,
    /// Whether to use colour.
    pub(super) color: bool,
}

/// The chain of causes of a line, from the line to the root.
pub(super) fn told(history: &History, line: &Line, shown: Shown) -> String {
    let chain = chain(history, line);
    let links = if shown.all { chain.iter().map(|line| Link::Line(line)).collect() } else { links(&chain) };
    let mut text = String::new();
    let times = chain.iter().map(|line| line.time().to_string().len()).max().unwrap_or(0);
    for link in &links {
        match link {
            Link::Line(at) => {
                let arrow = if at.seq == line.seq { "  " } else { "<-" };
                let time = at.time().to_string();
                let told = format!("{}: {}", at.subject(), at.phrase());
                let told =
                    if at.subject() == line.subject() && at.seq != line.seq { at.phrase() } else { told };
                let told = if at.kind == "Cluster" { at.phrase() } else { told };
                let by = painted(shown.color, Style::Faint, &format!("({})", at.component));
                let folded = folded(&told, &" ".repeat(times + 5));
                let _ = writeln!(text, "{time:>times$}  {arrow} {folded}  {by}");
            }
            Link::Again { lines, times: turns, first } => {
                let often = if *turns == 1 { "once".to_owned() } else { format!("{turns} times") };
                let again = format!("   the same {lines} steps {often} before, since {}", first.time());
                let again = painted(shown.color, Style::Faint, &again);
                let _ = writeln!(text, "{:times$}  {again}", "");
            }
        }
    }
    text
}

/// A line as one line of text.
pub(super) fn sentence(line: &Line) -> String {
    format!("{:<12} {}: {} ({})", line.time().to_string(), line.subject(), line.phrase(), line.component)
}

/// A sentence in lines that fit, those after the first indented.
fn folded(text: &str, indent: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > WIDTH - indent.len() {
            out.push('\n');
            out.push_str(indent);
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out
}
