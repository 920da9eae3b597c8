//! A lesson's text taken apart.
//!
//! Markdown with one title and four headings, in this order in every language: the question, the run, the answer, the
//! exercise. Words in double braces are placeholders; fenced blocks named `kubectl`, `records`, `variant`, `expect` and
//! `solution` are not text but say what to show, with what to compare, what the learner is to reach, and how. In front
//! may stand, between two lines `---`, the part of the course, the lessons needed before, and keywords.

use std::fmt;

use super::cut::Cut;
use super::query::{Asked, Query};

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
    /// The part of the course, in the language of the text; empty = none.
    pub part: String,
    /// Names of the lessons that should come before.
    pub needs: Vec<String>,
    /// Words that the lesson is about.
    pub keywords: Vec<String>,
    /// Introduction, question, run, answer, exercise.
    pub sections: Vec<Section>,
    /// What the learner's scenario must reach, as YAML of `spec.expect`.
    pub goal: String,
    /// Lines to take out (`- `) and to put in (`+ `).
    pub solution: String,
    /// Other runs to compare with: their names, and the changes that make their scenarios.
    pub variants: Vec<(String, String)>,
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
    Fact(Asked),
    /// What a kubectl command prints at a time, and the part of it that matters, in a block of its own.
    Output(Asked, Cut),
    /// The records of some events, in a block of their own; only the first few if there is a number.
    Records(Asked, Option<usize>),
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
        let mut lines = content.lines().enumerate().map(|(n, line)| (n + 1, line)).peekable();
        if lines.next_if(|(_, line)| *line == "---").is_some() {
            for (number, line) in lines.by_ref().take_while(|(_, line)| *line != "---") {
                parser.front_matter(number, line)?;
            }
        }
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
            part: String::new(),
            needs: Vec::new(),
            keywords: Vec::new(),
            sections: vec![introduction],
            goal: String::new(),
            solution: String::new(),
            variants: Vec::new(),
        }
    }

    /// Everything that is asked of the runs.
    pub fn asked(&self) -> impl Iterator<Item = &Asked> {
        self.sections.iter().flat_map(|section| &section.pieces).filter_map(|piece| match piece {
            Piece::Fact(asked) | Piece::Output(asked, _) | Piece::Records(asked, _) => Some(asked),
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

    /// A line before the title.
    fn front_matter(&mut self, number: usize, line: &str) -> Result<(), Problem> {
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        let list = || value.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty());
        match key {
            "part" => value.trim().clone_into(&mut self.text.part),
            "needs" => self.text.needs = list().collect(),
            "keywords" => self.text.keywords = list().collect(),
            _ => return Err(self.problem(number, format!("`{key}`: expected part, needs or keywords"))),
        }
        Ok(())
    }

    /// A line of words, with its placeholders.
    fn line(&mut self, number: usize, line: &str) -> Result<(), Problem> {
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((asked, after)) = after.split_once("}}") else {
                return Err(self.problem(number, "`{{` without `}}` on the same line".to_owned()));
            };
            let asked = Asked::parse(asked).map_err(|message| self.problem(number, message))?;
            self.words.push_str(before);
            self.end_words();
            self.add(Piece::Fact(asked));
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
            "kubectl" | "records" => {
                for piece in pieces(kind, &body).map_err(|message| self.problem(number, message))? {
                    self.add(piece);
                }
            }
            "variant" => self.text.variants.push((rest.trim().to_owned(), body)),
            _ => self.add(Piece::Code(body)),
        }
        Ok(())
    }
}

/// The outputs that a block wants: `kubectl at TIME [in RUN] [columns A,B] [lines WORD ...]` with a command a line, or
/// `records OBJECT EVENT ... [in RUN] [first N]`.
fn pieces(kind: &str, body: &str) -> Result<Vec<Piece>, String> {
    let mut options = Options::default();
    let mut words = kind.split_whitespace().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("`{word}` what?"));
        match word {
            "at" => value()?.clone_into(&mut options.at),
            "in" => value()?.clone_into(&mut options.run),
            "first" => {
                let count = value()?;
                options.first = Some(count.parse().map_err(|_| format!("`{count}` is no number"))?);
            }
            "columns" => {
                options.cut.columns = value()?.split(',').map(|name| name.replace('_', " ")).collect();
            }
            "lines" => options.cut.words = words.by_ref().map(|word| word.replace('_', " ")).collect(),
            _ => options.rest.push(word),
        }
    }
    let asked = |query| Asked { run: options.run.clone(), query };
    if kind.starts_with("records") {
        let query = Query::records(&options.rest.join(" "))?;
        return Ok(vec![Piece::Records(asked(query), options.first)]);
    }
    let outputs = body.lines().map(|line| {
        let query = Query::kubectl(line, &options.at)?;
        Ok(Piece::Output(asked(query), options.cut.clone()))
    });
    outputs.collect()
}

/// What stands after the name of a block.
#[derive(Default)]
struct Options<'w> {
    at: String,
    run: String,
    first: Option<usize>,
    cut: Cut,
    rest: Vec<&'w str>,
}
