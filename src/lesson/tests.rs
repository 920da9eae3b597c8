//! Every lesson runs, in every language; its claims hold; its exercise is open before and solved after; its answer
//! comes from the run.

use crate::base::wrap;

use super::{Facts, Lesson, Library, Piece, Text, check, page, solved};

fn library() -> Library {
    Library::shipped().unwrap_or_else(|problem| panic!("{problem}"))
}

/// Goes through all lessons, and gathers what is wrong with them.
fn each(problem: impl Fn(&Library, &Lesson) -> Vec<String>) {
    let library = library();
    let found = library.lessons.iter().flat_map(|lesson| {
        problem(&library, lesson).into_iter().map(|problem| format!("{}: {problem}", lesson.name))
    });
    let found: Vec<_> = found.collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_lesson_runs_its_claims_hold_and_its_lines_fit() {
    each(|_, lesson| {
        let mut problems = Vec::new();
        match lesson.scenario() {
            Ok(scenario) if !scenario.expectations.is_empty() => {}
            Ok(_) => problems.push("its scenario expects nothing".to_owned()),
            Err(found) => return vec![found.render(false)],
        }
        for (language, text) in &lesson.texts {
            let filled = Facts::of(lesson, text).and_then(|facts| {
                let missed: Vec<_> =
                    facts.verdict().expectations.iter().filter(|checked| !checked.held()).collect();
                if missed.is_empty() { page(text, &facts, false) } else { Err(format!("{missed:?}")) }
            });
            match filled {
                Err(problem) => problems.push(format!("{language}: {problem}")),
                Ok(page) => {
                    let lines = page.sections.iter().flat_map(|section| section.lines());
                    let long = lines.filter(|line| wrap::width(line) > wrap::COLUMNS);
                    problems.extend(long.map(|line| format!("{language}: too long: {line}")));
                }
            }
        }
        problems
    });
}

#[test]
fn every_lesson_is_there_in_both_languages_and_asks_the_run_the_same() {
    each(|_, lesson| {
        let languages: Vec<_> = lesson.texts.iter().map(|(language, _)| language.as_str()).collect();
        if languages != ["en", "zh"] {
            return vec![format!("languages: {languages:?}")];
        }
        let asked = |text: &Text| {
            let mut asked: Vec<String> = text.asked().map(|asked| format!("{asked:?}")).collect();
            asked.sort();
            asked.dedup();
            asked
        };
        let (english, chinese) = (asked(lesson.text("en")), asked(lesson.text("zh")));
        let only = |these: &[String], those: &[String]| -> Vec<String> {
            these.iter().filter(|asked| !those.contains(asked)).cloned().collect()
        };
        let (en, zh) = (only(&english, &chinese), only(&chinese, &english));
        if en.is_empty() && zh.is_empty() {
            return Vec::new();
        }
        vec![format!("the translations differ: only en {en:?}, only zh {zh:?}")]
    });
}

#[test]
fn lessons_have_a_part_and_keywords_and_come_after_what_they_need() {
    each(|library, lesson| {
        let mut problems = Vec::new();
        let text = lesson.main_text();
        if lesson.texts.iter().any(|(_, text)| text.part.is_empty()) {
            problems.push("it belongs to no part".to_owned());
        }
        if text.keywords.is_empty() {
            problems.push("it has no keywords".to_owned());
        }
        for needed in &text.needs {
            match library.find(needed) {
                Ok(found) if found.number < lesson.number => {}
                _ => problems.push(format!("it needs `{needed}`, which does not come before")),
            }
        }
        problems
    });
}

#[test]
fn exercises_are_open_before_and_solved_after() {
    each(|_, lesson| {
        let mut problems = Vec::new();
        let before = lesson.scenario().map(|scenario| check(lesson, scenario));
        match before {
            Ok(Ok(outcome)) if !outcome.is_reached() => {}
            other => problems.push(format!("before the exercise: {other:?}")),
        }
        match solved(lesson).map(|scenario| check(lesson, scenario)) {
            Ok(Ok(outcome)) if outcome.is_reached() => {}
            other => problems.push(format!("after the solution: {other:?}")),
        }
        problems
    });
}

/// The solution of the exercise is a change of the scenario that every lesson has.
#[test]
fn every_answer_changes_when_its_scenario_does() {
    each(|_, lesson| {
        let answer = |lesson: &Lesson| {
            let facts = Facts::of(lesson, lesson.main_text())?;
            page(lesson.main_text(), &facts, false).map(|page| page.sections[3].clone())
        };
        let changed = lesson.changed(&lesson.main_text().solution).unwrap();
        match (answer(lesson), answer(&changed)) {
            (Ok(before), Ok(after)) if before == after => {
                vec!["the solution changes nothing in the answer".to_owned()]
            }
            // What the answer tells of may not even happen any more.
            (Ok(_), _) => Vec::new(),
            (Err(problem), _) => vec![problem],
        }
    });
}

/// Before the exercise, whose numbers are goals, no number is typed but those that are names (of exit codes, in the
/// title or sums such as 128 + 9) or stand in code.
#[test]
fn no_number_is_typed() {
    each(|_, lesson| {
        let mut problems = Vec::new();
        for (language, text) in &lesson.texts {
            let words = text.sections[..4].iter().flat_map(|section| &section.pieces);
            let words = words.filter_map(|piece| match piece {
                Piece::Words(words) => Some(words.as_str()),
                _ => None,
            });
            let prose: String = words.collect::<Vec<_>>().join(" … ");
            let outside_code: String = prose.split('`').step_by(2).collect::<Vec<_>>().join(" ");
            let tokens = outside_code.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
            let known = |token: &str| text.title.contains(token) || NAMES.contains(&token);
            for token in tokens.map(|token| token.trim_matches('.')) {
                if token.starts_with(|c: char| c.is_ascii_digit()) && !known(token) {
                    problems.push(format!("{language}: {token}"));
                }
            }
            let prose = outside_code.to_lowercase().replace('\n', " ");
            let typed = COUNTED.iter().flat_map(|(counts, units)| {
                counts.iter().flat_map(|count| units.iter().map(move |unit| format!("{count}{unit}")))
            });
            problems.extend(
                typed.filter(|typed| prose.contains(typed)).map(|typed| format!("{language}: {typed}")),
            );
        }
        problems
    });
}

/// Numbers that are names: of exit codes and signals, HTTP statuses and their classes, and addresses of every machine.
const NAMES: [&str; 12] = ["0", "1", "2", "6", "9", "11", "15", "128", "3xx", "127.0.0.1", "200", "399"];

/// Numbers written as words, and what they would measure.
const COUNTED: [(&[&str], &[&str]); 2] = [
    (
        &["two", "three", "four", "five", "six", "eight", "ten", "twelve", "fifteen", "twenty", "thirty"],
        &[" second", " minute", " hour", " times"],
    ),
    (&["两", "三", "四", "五", "六", "七", "八", "九", "十"], &["秒", "分钟", "小时"]),
];

#[test]
fn an_answer_gives_the_number_of_its_own_run() {
    let library = library();
    let lesson = library.find("exit-code-137").unwrap();
    let answer = |lesson: &Lesson| {
        let text = lesson.main_text();
        page(text, &Facts::of(lesson, text).unwrap(), false).unwrap().sections[3].clone()
    };
    assert!(answer(lesson).contains("30s"));
    let faster = "- memory: {base: 40Mi, growth: 2Mi/s}\n+ memory: {base: 40Mi, growth: 3Mi/s}\n";
    assert!(answer(&lesson.changed(faster).unwrap()).contains("20s"));
}

#[test]
fn what_is_wrong_with_a_text_is_said_with_its_line() {
    let problem = |text: &str| Text::parse("en.md", text).unwrap_err().to_string();
    assert_eq!(problem("no title\n"), "en.md:1: there is no `# Title`");
    assert_eq!(
        problem("# T\n## Q\n"),
        "en.md: a lesson has 4 `## ` headings (question, run, answer, exercise), not 1"
    );
    assert_eq!(problem("# T\n\nat {{time}}\n"), "en.md:3: expected EVENT OBJECT");
    assert_eq!(problem("# T\n{{nonsense x}}\n"), "en.md:2: `nonsense x` asks nothing that is known");
    assert_eq!(problem("# T\n{{time X pod/y\n"), "en.md:2: `{{` without `}}` on the same line");
    assert_eq!(problem("# T\n{{time X frog/y}}\n"), "en.md:2: there is no kind `frog`");
    assert_eq!(problem("---\nneds: x\n---\n# T\n"), "en.md:2: `neds`: expected part, needs or keywords");
    assert_eq!(problem("# T\n```kubectl at\n```\n"), "en.md:2: `at` what?");
}
