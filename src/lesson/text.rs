//! A lesson's text taken apart.
//!
//! Markdown with one title and four headings, in this order in every language: the question, the run, the answer, the
//! exercise. Words in double braces are placeholders; fenced blocks named `kubectl`, `records`, `expect` and `solution`
//! are not text but say what to show, what the learner is to reach, and how.

use std::fmt;

use super::query::Query;

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 = the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.message),
            line => write!(f, "{}:{line}: {}", self.file, self.message),
        }
    }
}

impl std::error::Error for Problem {}

/// A text.
#[derive(Clone, Debug)]
pub struct Text {
    /// What the lesson is called.
    pub title: String,
    /// Introduction, question, run, answer, exercise.
    pub sections: Vec<Section>,
    /// What the learner's scenario must reach, as YAML of `spec.expect`.
    pub goal: String,
    /// Lines to take out (`- `) and to put in (`+ `).
    pub solution: String,
}

/// A part of a text.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its heading; empty for the introduction.
    pub heading: String,
    /// What is in it.
    pub pieces: Vec<Piece>,
}

/// A piece of a section.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Words.
    Words(String),
    /// Something that the run fills in.
    Fact(Query),
    /// What a kubectl command prints at a time, in a block of its own.
    Output(Query),
    /// The records of some events, in a block of their own.
    Records(Query),
    /// A block of code as it is.
    Code(String),
}

/// Headings after the introduction.
pub(super) const HEADINGS: usize = 4;

impl Text {
    /// Takes a text apart.
    ///
    /// # Errors
    /// With the line that is wrong.
    pub fn parse(file: &str, content: &str) -> Result<Self, Problem> {
        let mut parser = Parser { file, text: Self::empty(), words: String::new() };
        let mut lines = content.lines().enumerate().map(|(n, line)| (n + 1, line));
        while let Some((number, line)) = lines.next() {
            if let Some(kind) = line.strip_prefix("```") {
                let mut body = String::new();
                for (_, line) in lines.by_ref().take_while(|(_, line)| *line != "```") {
                    body.push_str(line);
                    body.push('\n');
                }
                parser.block(number, kind, body)?;
            } else if let Some(heading) = line.strip_prefix("## ") {
                parser.end_words();
                parser.text.sections.push(Section { heading: heading.to_owned(), pieces: Vec::new() });
            } else if let Some(title) = line.strip_prefix("# ") {
                title.clone_into(&mut parser.text.title);
            } else {
                parser.line(number, line)?;
            }
        }
        parser.end_words();
        let text = parser.text;
        if text.title.is_empty() {
            return Err(Problem {
                file: file.to_owned(),
                line: 1,
                message: "there is no `# Title`".to_owned(),
            });
        }
        if text.sections.len() != HEADINGS + 1 {
            let found = text.sections.len() - 1;
            let message = format!(
                "a lesson has {HEADINGS} `## ` headings (question, run, answer, exercise), not {found}"
            );
            return Err(Problem { file: file.to_owned(), line: 0, message });
        }
        Ok(text)
    }

    fn empty() -> Self {
        let introduction = Section { heading: String::new(), pieces: Vec::new() };
        Self {
            title: String::new(),
            sections: vec![introduction],
            goal: String::new(),
            solution: String::new(),
        }
    }

    /// Everything that is asked of the run.
    pub fn queries(&self) -> impl Iterator<Item = &Query> {
        self.sections.iter().flat_map(|section| &section.pieces).filter_map(|piece| match piece {
            Piece::Fact(query) | Piece::Output(query) | Piece::Records(query) => Some(query),
            Piece::Words(_) | Piece::Code(_) => None,
        })
    }
}

struct Parser<'t> {
    file: &'t str,
    text: Text,
    /// Words of the section that have not become a piece yet.
    words: String,
}

impl Parser<'_> {
    fn problem(&self, line: usize, message: String) -> Problem {
        Problem { file: self.file.to_owned(), line, message }
    }

    fn add(&mut self, piece: Piece) {
        let section = self.text.sections.last_mut().expect("a text begins with its introduction");
        section.pieces.push(piece);
    }

    fn end_words(&mut self) {
        if !self.words.is_empty() {
            let words = std::mem::take(&mut self.words);
            self.add(Piece::Words(words));
        }
    }

    /// A line of words, with its placeholders.
    fn line(&mut self, number: usize, line: &str) -> Result<(), Problem> {
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((asked, after)) = after.split_once("}}") else {
                return Err(self.problem(number, "`{{` without `}}` on the same line".to_owned()));
            };
            let query = Query::parse(asked).map_err(|message| self.problem(number, message))?;
            self.words.push_str(before);
            self.end_words();
            self.add(Piece::Fact(query));
            rest = after;
        }
        self.words.push_str(rest);
        self.words.push('\n');
        Ok(())
    }

    fn block(&mut self, number: usize, kind: &str, body: String) -> Result<(), Problem> {
        let (word, rest) = kind.split_once(' ').unwrap_or((kind, ""));
        self.end_words();
        match word {
            "expect" => self.text.goal.push_str(&body),
            "solution" => self.text.solution.push_str(&body),
            "kubectl" => {
                let at = rest.trim().strip_prefix("at ").unwrap_or_default();
                for line in body.lines() {
                    let query = Query::kubectl(line, at).map_err(|message| self.problem(number, message))?;
                    self.add(Piece::Output(query));
                }
            }
            "records" => {
                let query = Query::records(rest).map_err(|message| self.problem(number, message))?;
                self.add(Piece::Records(query));
            }
            _ => self.add(Piece::Code(body)),
        }
        Ok(())
    }
}
