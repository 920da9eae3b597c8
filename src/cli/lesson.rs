//! `shakedown lesson`.

use std::fmt::Write as _;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::ExitStatus;
use super::args::LessonArgs;
use super::printer::Printer;
use super::run;
use crate::lesson::{self, Facts, Lesson, Library};

/// Lists the course, or teaches one lesson of it.
pub(super) fn lesson(args: &LessonArgs, printer: &mut Printer) -> ExitStatus {
    match answer(args, printer) {
        Ok(status) => status,
        Err(problem) => {
            printer.error(&problem);
            ExitStatus::Error
        }
    }
}

fn answer(args: &LessonArgs, printer: &mut Printer) -> Result<ExitStatus, String> {
    let library = Library::shipped().map_err(|problem| problem.to_string())?;
    let Some(name) = &args.name else {
        printer.result(&list(&library, &args.lang, printer.color()));
        return Ok(ExitStatus::Success);
    };
    let own;
    let lesson = if Path::new(name).is_dir() {
        own = Library::from_folder(Path::new(name)).map_err(|problem| problem.to_string())?;
        &own
    } else {
        library.find(name).map_err(|near| {
            let hint = near
                .map_or("`shakedown lesson` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
            format!("there is no lesson `{name}`: {hint}")
        })?
    };
    if let Some(dir) = &args.copy {
        copy(lesson, dir)?;
        printer.note(&format!("the scenario is in {}: change it, then --check it", dir.display()));
        return Ok(ExitStatus::Success);
    }
    if args.solution {
        printer.result(&lesson.main_text().solution);
        return Ok(ExitStatus::Success);
    }
    if args.check.is_empty() { teach(lesson, args, printer) } else { check(lesson, &args.check, printer) }
}

/// The course, part by part.
fn list(library: &Library, language: &str, colour: bool) -> String {
    let width = library.lessons.iter().map(|lesson| lesson.name.len()).max().unwrap_or_default();
    let bold = if colour { anstyle::Style::new().bold() } else { anstyle::Style::new() };
    let (mut out, mut part) = (String::new(), "");
    for lesson in &library.lessons {
        let text = lesson.text(language);
        if text.part != part {
            let gap = if part.is_empty() { "" } else { "\n" };
            part = &text.part;
            let _ = writeln!(out, "{gap}{bold}{part}{bold:#}");
        }
        let _ = writeln!(out, "{:>4}  {:width$}  {}", lesson.number, lesson.name, text.title);
    }
    out
}

fn teach(lesson: &Lesson, args: &LessonArgs, printer: &mut Printer) -> Result<ExitStatus, String> {
    let text = lesson.text(&args.lang);
    if !lesson.texts.iter().any(|(language, _)| *language == args.lang) {
        printer.note(&format!("there is no text in `{}`: this is the English one", args.lang));
    }
    let facts = Facts::of(lesson, text)?;
    let page = lesson::page(text, &facts, printer.color())?;
    // On a terminal the learner thinks before the run, and looks at it before the answer; elsewhere all is printed at once.
    let waits = io::stdin().is_terminal() && io::stdout().is_terminal();
    for (n, section) in page.sections.iter().enumerate() {
        if n > 0 {
            printer.result("\n");
        }
        printer.result(section);
        if waits && let Some(prompt) = prompt(n, &args.lang) {
            printer.flush();
            let _ = write!(io::stderr(), "\n{prompt} ");
            let mut line = String::new();
            let _ = io::stdin().lock().read_line(&mut line);
        }
    }
    if !lesson.main_text().goal.is_empty() {
        printer.note(&try_it(lesson, &args.lang));
    }
    Ok(if facts.verdict().passed() { ExitStatus::Success } else { ExitStatus::Failure })
}

/// What is asked after a section before the next one is shown.
fn prompt(section: usize, language: &str) -> Option<&'static str> {
    match (section, language) {
        (1, "zh") => Some("先想一想。按回车键看运行："),
        (1, _) => Some("Make a guess, then press Enter for the run:"),
        (2, "zh") => Some("你的答案是什么？按回车键看答案："),
        (2, _) => Some("What is your answer? Press Enter for the lesson's:"),
        _ => None,
    }
}

/// How the exercise is done.
fn try_it(lesson: &Lesson, language: &str) -> String {
    let name = &lesson.name;
    match language {
        "zh" => {
            format!("\n动手：shakedown lesson {name} --copy try，修改 try 里的文件，再用 --check try 检查")
        }
        _ => {
            format!("\nTry it: shakedown lesson {name} --copy try, change the files in try, then --check try")
        }
    }
}

fn check(lesson: &Lesson, paths: &[PathBuf], printer: &mut Printer) -> Result<ExitStatus, String> {
    let Some(scenario) = run::load(paths, printer, true) else { return Ok(ExitStatus::Error) };
    let outcome = lesson::check(lesson, scenario)?;
    for (part, missed) in &outcome.parts {
        printer.result(&match missed {
            None => format!("reached  {part}\n"),
            Some(why) => format!("missed   {part}\n         {why}\n"),
        });
    }
    printer.result(if outcome.is_reached() { "Solved.\n" } else { "Not yet.\n" });
    Ok(if outcome.is_reached() { ExitStatus::Success } else { ExitStatus::Failure })
}

/// Writes the scenario of a lesson, where nothing is yet.
fn copy(lesson: &Lesson, dir: &Path) -> Result<(), String> {
    let problem = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    std::fs::create_dir_all(dir).map_err(|error| problem(dir, error))?;
    for source in &lesson.sources {
        let name = source.name().rsplit('/').next().unwrap_or(source.name());
        let path = dir.join(name);
        let mut file = std::fs::File::create_new(&path).map_err(|error| problem(&path, error))?;
        file.write_all(source.text().as_bytes()).map_err(|error| problem(&path, error))?;
    }
    Ok(())
}
