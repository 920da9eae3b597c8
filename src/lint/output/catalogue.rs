//! The rules themselves: a list, and a page for each.

use std::fmt::Write as _;

use crate::base::wrap::{COLUMNS, paragraph};
use crate::lint::{Rule, all};

/// One line a rule: id, severity, title.
pub fn list() -> String {
    let width = all().map(|rule| rule.id.len()).max().unwrap_or_default();
    let mut out = String::new();
    for rule in all() {
        let _ = writeln!(out, "{:width$}  {:7}  {}", rule.id, rule.severity.name(), rule.title);
    }
    out
}

/// All there is to say about a rule.
pub fn page(rule: &Rule) -> String {
    let mut out = format!("{} ({})\n{}\n\n", rule.id, rule.severity.name(), rule.title);
    let mut say = |text: &str| {
        let _ = writeln!(out, "{}\n", paragraph(text, COLUMNS));
    };
    say(rule.explanation);
    say(&format!("What to do: {}", rule.fix));
    if !rule.aliases.is_empty() {
        say(&format!("Also known as: {}", rule.aliases.join(", ")));
    }
    for (title, example) in [("Found:", rule.bad), ("\nMended:", rule.good)] {
        let _ = writeln!(out, "{title}");
        for line in example.lines() {
            let _ = writeln!(out, "    {line}");
        }
    }
    out
}
