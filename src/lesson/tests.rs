//! Every lesson runs, in every language; its claims hold; its exercise is open before and solved after.

use super::{Facts, Library, Text, check, page, solved};
use crate::scenario::from_text;

fn library() -> Library {
    Library::shipped().unwrap_or_else(|problem| panic!("{problem}"))
}

#[test]
fn every_lesson_runs_and_its_claims_hold() {
    let mut problems = Vec::new();
    for lesson in library().lessons {
        let scenario = match lesson.scenario() {
            Ok(scenario) => scenario,
            Err(found) => {
                problems.push(format!("{}: {}", lesson.name, found.render(false)));
                continue;
            }
        };
        for (language, text) in &lesson.texts {
            let filled = Facts::of(&scenario, text.queries()).and_then(|facts| {
                let missed: Vec<_> =
                    facts.verdict.expectations.iter().filter(|checked| !checked.held()).collect();
                if missed.is_empty() { page(text, &facts, false) } else { Err(format!("{missed:?}")) }
            });
            if let Err(problem) = filled {
                problems.push(format!("{} ({language}): {problem}", lesson.name));
            }
        }
        if !scenario.expectations.iter().any(|_| true) {
            problems.push(format!("{}: its scenario expects nothing", lesson.name));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_lesson_is_there_in_both_languages_and_asks_the_run_the_same() {
    for lesson in library().lessons {
        let languages: Vec<_> = lesson.texts.iter().map(|(language, _)| language.as_str()).collect();
        assert_eq!(languages, ["en", "zh"], "{}", lesson.name);
        let asked = |text: &Text| {
            let mut asked: Vec<String> = text.queries().map(|query| format!("{query:?}")).collect();
            asked.sort();
            asked.dedup();
            asked
        };
        assert_eq!(
            asked(lesson.text("en")),
            asked(lesson.text("zh")),
            "{}: the translations differ",
            lesson.name
        );
    }
}

#[test]
fn exercises_are_open_before_and_solved_after() {
    let mut problems = Vec::new();
    for lesson in library().lessons {
        let before = lesson.scenario().map(|scenario| check(&lesson, scenario));
        match before {
            Ok(Ok(outcome)) if !outcome.is_reached() => {}
            other => problems.push(format!("{}: before the exercise: {other:?}", lesson.name)),
        }
        match solved(&lesson).map(|scenario| check(&lesson, scenario)) {
            Ok(Ok(outcome)) if outcome.is_reached() => {}
            other => problems.push(format!("{}: after the solution: {other:?}", lesson.name)),
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn an_answer_changes_when_its_scenario_does() {
    let library = library();
    let lesson = library.find("exit-code-137").unwrap();
    let source = lesson.sources[0].text();
    let answer = |yaml: &str| {
        let scenario =
            from_text("lesson", yaml).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        let text = lesson.main_text();
        let facts = Facts::of(&scenario, text.queries()).unwrap();
        page(text, &facts, false).unwrap().sections[3].clone()
    };
    assert!(answer(source).contains("after 30s"));
    assert!(answer(&source.replace("growth: 2Mi/s", "growth: 3Mi/s")).contains("after 20s"));
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
}
