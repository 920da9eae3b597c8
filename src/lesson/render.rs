//! A text filled in from a run, for a terminal.

use super::facts::Facts;
use super::query::Query;
use super::text::{Piece, Section, Text};

/// A filled text, section by section: introduction, question, run, answer, exercise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The sections, each ending in a newline.
    pub sections: Vec<String>,
}

/// Fills a text.
///
/// # Errors
/// When the run does not have what the text wants to show.
pub fn page(text: &Text, facts: &Facts, colour: bool) -> Result<Page, String> {
    let sections = text.sections.iter().map(|section| filled(section, facts, colour));
    let mut page = Page { sections: sections.collect::<Result<_, _>>()? };
    let title = heading(&text.title, '=', colour);
    page.sections[0].insert_str(0, &title);
    Ok(page)
}

fn filled(section: &Section, facts: &Facts, colour: bool) -> Result<String, String> {
    let (mut out, mut prose) = (String::new(), String::new());
    for piece in &section.pieces {
        match piece {
            Piece::Words(words) => prose.push_str(words),
            Piece::Fact(query) => prose.push_str(facts.answer(query)?.trim_end()),
            _ => {
                flow(&mut out, &std::mem::take(&mut prose));
                block(&mut out, piece, facts, colour)?;
            }
        }
    }
    flow(&mut out, &prose);
    let body = out.trim_matches('\n');
    let title =
        if section.heading.is_empty() { String::new() } else { heading(&section.heading, '-', colour) };
    Ok(format!("{title}{body}\n"))
}

/// A fenced block.
fn block(out: &mut String, piece: &Piece, facts: &Facts, colour: bool) -> Result<(), String> {
    match piece {
        Piece::Words(_) | Piece::Fact(_) => {}
        Piece::Code(code) => indent(out, code, colour),
        Piece::Records(query) => indent(out, &facts.answer(query)?, colour),
        Piece::Output(query) => {
            let Query::Kubectl(look) = query else { unreachable!("outputs are those of kubectl") };
            let text = format!("$ kubectl {}    # at {}\n{}", look.line, look.at, facts.answer(query)?);
            indent(out, &text, colour);
        }
    }
    Ok(())
}

/// Lines of prose are at most this long, in columns.
const WIDTH: usize = 100;

/// Joins the lines of each paragraph and breaks them anew, for what a run fills in has any length. Scripts without
/// blanks between words stay as they are.
fn flow(out: &mut String, prose: &str) {
    for paragraph in prose.trim_matches('\n').split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        if paragraph.chars().any(is_wide) || paragraph.starts_with("- ") {
            out.push_str(paragraph.trim_matches('\n'));
        } else {
            let mut column = 0;
            for word in paragraph.split_whitespace() {
                let width = word.chars().count();
                if column > 0 && column + 1 + width > WIDTH {
                    out.push('\n');
                    column = 0;
                } else if column > 0 {
                    out.push(' ');
                    column += 1;
                }
                out.push_str(word);
                column += width;
            }
        }
        out.push_str("\n\n");
    }
}

/// Whether a character takes two columns of a terminal.
fn is_wide(c: char) -> bool {
    c >= '\u{2e80}'
}

/// A heading over a line as long as it is wide.
fn heading(text: &str, line: char, colour: bool) -> String {
    if colour {
        let bold = anstyle::Style::new().bold();
        return format!("{bold}{text}{bold:#}\n\n");
    }
    // Wide characters take two columns.
    let width = text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum();
    let line: String = std::iter::repeat_n(line, width).collect();
    format!("{text}\n{line}\n\n")
}

fn indent(out: &mut String, text: &str, colour: bool) {
    let style = if colour { anstyle::AnsiColor::Cyan.on_default() } else { anstyle::Style::new() };
    for line in text.trim_end().lines() {
        out.push_str(format!("    {style}{line}{style:#}").trim_end());
        out.push('\n');
    }
    out.push('\n');
}
