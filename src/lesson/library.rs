//! Where lessons come from: those that are in the binary, and folders.

use std::path::Path;
use std::sync::Arc;

use rust_embed::RustEmbed;

use super::edit::edited;
use super::text::{Problem, Text};
use crate::scenario::{Scenario, any_line, from_files};
use crate::source::{Diagnostics, SourceFile, nearest};

/// The course that is shipped.
#[derive(RustEmbed)]
#[folder = "scenarios/lessons"]
#[include = "*.md"]
#[include = "*.yaml"]
struct Course;

/// One lesson, not run yet.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// Number in the course; 0 for a lesson of one's own.
    pub number: u32,
    /// Its name, as `shakedown lesson` takes it.
    pub name: String,
    /// Language and text; the first is English.
    pub texts: Vec<(String, Text)>,
    /// What is run.
    pub sources: Vec<Arc<SourceFile>>,
}

impl Lesson {
    /// The text in a language, or in English where there is none.
    pub fn text(&self, language: &str) -> &Text {
        let found = self.texts.iter().find(|(own, _)| own == language);
        &found.unwrap_or(&self.texts[0]).1
    }

    /// The English text, which also holds what is the same in all languages.
    pub fn main_text(&self) -> &Text {
        &self.texts[0].1
    }

    /// What is run.
    ///
    /// # Errors
    /// With what is wrong with its files.
    pub fn scenario(&self) -> Result<Scenario, Diagnostics> {
        from_files(&self.sources, &any_line)
    }

    /// The same lesson about another scenario: with lines taken out (`- `) and others put in (`+ `).
    ///
    /// # Errors
    /// When the scenario does not have the lines that are to be taken out.
    pub fn changed(&self, changes: &str) -> Result<Self, String> {
        let sources = edited(&self.sources, changes)?;
        Ok(Self { sources, ..self.clone() })
    }

    /// A lesson from its files, by name within the folder.
    fn from_files(number: u32, name: &str, files: &[(String, String)]) -> Result<Self, Problem> {
        let mut texts = Vec::new();
        let mut sources = Vec::new();
        for (file, content) in files {
            let shown = format!("{name}/{file}");
            if let Some(language) = file.strip_suffix(".md") {
                if language != "README" {
                    texts.push((language.to_owned(), Text::parse(&shown, content)?));
                }
            } else {
                sources.push(SourceFile::new(shown, content.clone()));
            }
        }
        texts.sort_by_key(|(language, _)| (language != "en", language.clone()));
        if texts.first().is_none_or(|(language, _)| language != "en") {
            return Err(Problem { file: name.to_owned(), line: 0, message: "there is no en.md".to_owned() });
        }
        if sources.is_empty() {
            return Err(Problem {
                file: name.to_owned(),
                line: 0,
                message: "there is no scenario".to_owned(),
            });
        }
        Ok(Self { number, name: name.to_owned(), texts, sources })
    }
}

/// Lessons in their order.
#[derive(Clone, Debug)]
pub struct Library {
    /// The lessons.
    pub lessons: Vec<Lesson>,
}

impl Library {
    /// The shipped course.
    ///
    /// # Errors
    /// When a text cannot be taken apart; a test makes sure that the shipped ones can.
    pub fn shipped() -> Result<Self, Problem> {
        let mut folders: Vec<String> =
            Course::iter().filter_map(|path| Some(path.split_once('/')?.0.to_owned())).collect();
        folders.sort();
        folders.dedup();
        let lessons = folders.iter().map(|folder| {
            let (number, name) = folder.split_once('-').unwrap_or(("0", folder));
            let prefix = format!("{folder}/");
            let mut paths: Vec<String> = Course::iter()
                .filter(|path| path.starts_with(&prefix))
                .map(|path| path.into_owned())
                .collect();
            paths.sort();
            let files: Vec<(String, String)> = paths
                .iter()
                .filter_map(|path| {
                    let content = Course::get(path)?.data;
                    let text = String::from_utf8_lossy(&content).into_owned();
                    Some((path[prefix.len()..].to_owned(), text))
                })
                .collect();
            Lesson::from_files(number.parse().unwrap_or(0), name, &files)
        });
        Ok(Self { lessons: lessons.collect::<Result<_, _>>()? })
    }

    /// A lesson in a folder of one's own.
    ///
    /// # Errors
    /// When the folder cannot be read, or its text cannot be taken apart.
    pub fn from_folder(folder: &Path) -> Result<Lesson, Problem> {
        let unreadable = |error: std::io::Error| Problem {
            file: folder.display().to_string(),
            line: 0,
            message: error.to_string(),
        };
        let mut names: Vec<String> = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
            let known = [".md", ".yaml", ".yml"].iter().any(|ending| name.ends_with(ending));
            if known && !name.starts_with('.') {
                names.push(name);
            }
        }
        names.sort();
        let mut files = Vec::new();
        for name in names {
            let text = std::fs::read_to_string(folder.join(&name)).map_err(unreadable)?;
            files.push((name, text));
        }
        Lesson::from_files(0, &folder.display().to_string(), &files)
    }

    /// The lessons about a word, such as `137` or `CrashLoopBackOff`, in the order of the course.
    pub fn about(&self, word: &str) -> impl Iterator<Item = &Lesson> {
        self.lessons.iter().filter(move |lesson| {
            lesson.main_text().keywords.iter().any(|keyword| keyword.eq_ignore_ascii_case(word.trim()))
        })
    }

    /// The lesson with a name or a number.
    ///
    /// # Errors
    /// With the nearest name, if one is near.
    pub fn find(&self, word: &str) -> Result<&Lesson, Option<&str>> {
        let meant = |lesson: &&Lesson| {
            lesson.name == word || lesson.number.to_string() == word.trim_start_matches('0')
        };
        let found = self.lessons.iter().find(meant);
        found.ok_or_else(|| nearest(word, self.lessons.iter().map(|lesson| lesson.name.as_str())))
    }
}
