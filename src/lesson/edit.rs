//! Changes to a lesson's files: lines to take out and lines to put in their place.

use std::sync::Arc;

use crate::source::SourceFile;

/// The sources with changes made. `changes` has lines to take out (`- `), each run of them followed by those to put in
/// (`+ `); indentation is that of what is taken out.
///
/// # Errors
/// When lines that are to be taken out are nowhere.
pub(super) fn edited(sources: &[Arc<SourceFile>], changes: &str) -> Result<Vec<Arc<SourceFile>>, String> {
    let mut sources = sources.to_vec();
    let (mut old, mut new): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for line in changes.lines().chain(["- "]) {
        if let Some(line) = line.strip_prefix("+ ") {
            new.push(line);
        } else if let Some(line) = line.strip_prefix("- ") {
            if !new.is_empty() {
                replace(&mut sources, &old, &new)?;
                (old, new) = (Vec::new(), Vec::new());
            }
            old.push(line);
        }
    }
    Ok(sources)
}

/// Puts lines in the place of others, wherever those stand.
fn replace(sources: &mut [Arc<SourceFile>], old: &[&str], new: &[&str]) -> Result<(), String> {
    let mut found = false;
    for source in sources {
        let mut lines: Vec<String> = source.text().lines().map(str::to_owned).collect();
        let meant = |window: &[String]| window.iter().zip(old).all(|(have, want)| have.trim() == want.trim());
        let mut at = 0;
        while at + old.len() <= lines.len() {
            if !meant(&lines[at..at + old.len()]) {
                at += 1;
                continue;
            }
            found = true;
            let indent: String = lines[at].chars().take_while(|c| *c == ' ').collect();
            let inner = new[0].len() - new[0].trim_start().len();
            let put = new.iter().map(|line| format!("{indent}{}", line.get(inner..).unwrap_or(line.trim())));
            lines.splice(at..at + old.len(), put);
            at += new.len();
        }
        *source = SourceFile::new(source.name(), lines.join("\n") + "\n");
    }
    if found { Ok(()) } else { Err(format!("the scenario has no line `{}`", old.join(" / "))) }
}
