//! A text filled in from a run, for a terminal.

use std::fmt::Write as _;

use super::facts::Facts;
use super::query::{Look, Query, Sight};
use super::text::{Piece, Section, Text};
use crate::base::wrap::{COLUMNS, paragraph, width};

/// Columns before each line of a block.
pub(super) const INDENT: usize = 4;

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
            Piece::Fact(asked) => prose.push_str(facts.answer(asked)?.trim_end()),
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
        Piece::Records(asked, first) => {
            let answer = facts.answer(asked)?;
            // A record may take several lines; the further ones are indented deeper than any time is written.
            let is_head =
                |line: &&str| line.find(|c: char| !c.is_whitespace()).is_some_and(|at| at < TIME_ENDS);
            let (mut records, mut shown) = (0, String::new());
            for line in answer.lines() {
                records += usize::from(is_head(&line));
                if first.is_none_or(|first| records <= first) {
                    shown.push_str(line);
                    shown.push('\n');
                }
            }
            if let Some(more) = first.and_then(|first| records.checked_sub(first)).filter(|more| *more > 0) {
                let _ = write!(shown, "{:TIME_ENDS$}  (+ {more})", "...");
            }
            indent(out, &shown, colour);
        }
        Piece::Output(asked, cut) => {
            let Query::Kubectl(Look { at, sight: Sight::Kubectl(line) }) = &asked.query else {
                unreachable!("outputs are those of kubectl")
            };
            let run = if asked.run.is_empty() { String::new() } else { format!(" in {}", asked.run) };
            let text =
                format!("{}\n{}", typed(line, &format!("at {at}{run}")), cut.of(&facts.answer(asked)?));
            indent(out, &text, colour);
        }
    }
    Ok(())
}

/// A command as one types it, and when; a long one goes on in a second line.
fn typed(line: &str, when: &str) -> String {
    let whole = format!("$ kubectl {line}    # {when}");
    if width(&whole) + INDENT <= COLUMNS {
        return whole;
    }
    let line = if width(line) + 10 + INDENT <= COLUMNS {
        line.to_owned()
    } else {
        line.replacen(" -o ", " \\\n    -o ", 1)
    };
    format!("# {when}\n$ kubectl {line}")
}

/// Where the times of records end, which are written to the right.
const TIME_ENDS: usize = 9;

/// Breaks paragraphs and items of lists anew.
fn flow(out: &mut String, prose: &str) {
    for text in prose.trim_matches('\n').split("\n\n").filter(|text| !text.trim().is_empty()) {
        for item in text.replace("\n- ", "\0- ").split('\0') {
            out.push_str(&paragraph(item, COLUMNS));
            out.push('\n');
        }
        out.push('\n');
    }
}

/// A heading over a line as long as it is wide.
fn heading(text: &str, line: char, colour: bool) -> String {
    if colour {
        let bold = anstyle::Style::new().bold();
        return format!("{bold}{text}{bold:#}\n\n");
    }
    let line: String = std::iter::repeat_n(line, width(text)).collect();
    format!("{text}\n{line}\n\n")
}

fn indent(out: &mut String, text: &str, colour: bool) {
    let style = if colour { anstyle::AnsiColor::Cyan.on_default() } else { anstyle::Style::new() };
    for line in text.trim_end().lines() {
        out.push_str(format!("{:INDENT$}{style}{line}{style:#}", "").trim_end());
        out.push('\n');
    }
    out.push('\n');
}
