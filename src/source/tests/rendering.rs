//! What the user sees.

use std::sync::Arc;

use super::{documents, file, same};
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span, parse};

#[test]
fn shows_warnings_errors_and_problems_without_a_place() {
    let web = file("a: 1\nb: 2\n");
    let mut problems = Diagnostics::new();
    problems.push(Diagnostic::warning("odd", "this is odd").at(&web, web.span(5, 6), "here"));
    problems.push(Diagnostic::error("unreadable", "cannot read `x`").help("try another"));
    let kept = problems.keep::<()>(Err(Diagnostic::error("bad", "this is bad")));
    assert_eq!(kept, None);
    same(
        &problems.render(false),
        "
warning[odd]: this is odd
 --> web.yaml:2:1
  |
2 | b: 2
  | ^ here

error[unreadable]: cannot read `x`
 |
 = help: try another

error[bad]: this is bad
",
    );
    assert_eq!((problems.errors(), problems.warnings(), problems.has_errors()), (2, 1, true));
    let lines: Vec<_> = problems.iter().map(Diagnostic::one_line).collect();
    assert_eq!(lines[0], "web.yaml:2:1: warning[odd]: this is odd");
    assert_eq!(lines[1], "error[unreadable]: cannot read `x` (try another)");
}

#[test]
fn shows_places_in_two_files() {
    let (one, two) = (SourceFile::new("one.yaml", "name: a\n"), SourceFile::new("two.yaml", "\nname: a\n"));
    let problem = Diagnostic::error("duplicate-object", "`a` is defined twice")
        .at(&two, two.span(7, 8), "again here")
        .at(&one, one.span(6, 7), "first here");
    same(
        &problem.render(false),
        "
error[duplicate-object]: `a` is defined twice
 --> two.yaml:2:7
  |
2 | name: a
  |       ^ again here
  |
 ::: one.yaml:1:7
  |
1 | name: a
  |       - first here
",
    );
}

#[test]
fn cuts_long_lines_and_keeps_the_column() {
    let text = format!("- {{{}bad: [*x], {}}}", "a: ä, ".repeat(1000), "b: c, ".repeat(1000));
    let problem = parse(&file(&text)).unwrap_err();
    same(
        &problem.render(false),
        "
error[undefined-alias]: no value is named `&x` before this alias
 --> web.yaml:1:6010
  |
1 | ... ä, a: ä, a: ä, a: ä, a: ä, a: ä, a: ä, a: ä, bad: [*x], b: c, b: c, b: c, b: c, b: c, b: c, b: c, b: c, b: c, b: c, b: c, b: c, b: c, b: c, b: c, b: c,...
  |                                                        ^^
  |
  = help: define it earlier in the same document with `&x`, or put the text in quotes
",
    );
    assert!(problem.render(true).contains(":6010"));
}

#[test]
fn colours_only_when_asked() {
    let web = file("a: 1\n");
    let problem = Diagnostic::error("bad", "bad").at(&web, web.span(0, 1), "");
    assert!(problem.render(true).contains('\u{1b}'));
    assert!(!problem.render(false).contains('\u{1b}'));
}

#[test]
fn hostile_text_cannot_control_the_terminal() {
    let web = SourceFile::new("a\u{1b}[31m.yaml", "key: \u{1b}[2J\u{202e}x\n");
    let problem =
        Diagnostic::error("bad", "found \u{1b}[2J").at(&web, web.span(5, 6), "\u{1b}[0m").help("\u{1b}");
    assert!(!problem.render(false).contains('\u{1b}'), "{:?}", problem.render(false));
    assert!(!problem.one_line().contains('\u{1b}'));
}

#[test]
fn any_span_can_be_shown() {
    let texts = ["", "\n", "a", "é\r\né", "日本語\n\n日本", "x\ry\u{2028}z", "\t\ta: b"];
    let offsets = [0, 1, 2, 3, 4, 5, 7, 100, u32::MAX];
    for text in texts {
        let web = file(text);
        for start in offsets {
            for end in offsets {
                let span = Span { start, end, line: start % 7, column: end % 5 };
                let other = Span { start: end, end: start, line: u32::MAX, column: 0 };
                let problem = Diagnostic::error("bad", "bad").at(&web, span, "one").at(&web, other, "two");
                assert!(problem.render(false).starts_with("error[bad]: bad\n"));
                assert!(!problem.one_line().is_empty());
                web.slice(span);
                web.span(start as usize, end as usize);
            }
        }
    }
}

#[test]
fn semantic_errors_are_placed_by_path() {
    let text = "\
spec:
  containers:
  - name: web
    ports: [80, 81]
  labels: {example.com/x: y}
";
    let document = documents(text).remove(0);
    for (path, place) in [
        ("", "1:1 false"),
        ("spec", "1:1 true"),
        ("spec.containers", "2:3 true"),
        ("spec.containers[0]", "3:5 true"),
        ("spec.containers[0].name", "3:11 true"),
        ("spec.containers[0].ports[1]", "4:17 true"),
        ("spec.containers[0].ports[2]", "4:12 false"),
        ("spec.containers[0].image", "3:5 false"),
        ("spec.containers[7].image", "2:3 false"),
        ("spec.labels[example.com/x]", "5:27 true"),
        ("spec.labels[\"example.com/x\"]", "5:27 true"),
        ("status.phase", "1:1 false"),
    ] {
        let found = document.root.locate(path);
        let Span { line, column, .. } = found.span();
        let exact = document.root.at_path(path).is_some() && !path.is_empty();
        assert_eq!(format!("{line}:{column} {exact}"), place, "{path}");
    }
    same(
        &document.error_at("spec.containers[0].ports[1]", "port-taken", "port 81 is taken").render(false),
        "
error[port-taken]: port 81 is taken
 --> web.yaml:4:17
  |
4 |     ports: [80, 81]
  |                 ^^
",
    );
    assert_eq!(document.warning_at("nope", "w", "w").labels[0].file, Arc::clone(&document.file));
}
