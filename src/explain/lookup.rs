//! From what somebody typed to the entries that are meant.

use std::fmt;

use super::entries;
use super::entry::{Entry, Topic};
use crate::base::suggest::nearest;

/// What there is to say about a word: an entry for each thing that it can mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The entries, the most likely one first.
    pub entries: Vec<&'static Entry>,
}

/// A word that is not in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The word as given.
    pub word: String,
    /// What was probably meant.
    pub meant: Option<&'static str>,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not explained here", self.word)?;
        match self.meant {
            Some(meant) => write!(f, "; did you mean `{meant}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Unknown {}

/// Finds what a word means. Upper and lower case, blanks, dashes and words such as "exit code" in front do not
/// matter.
///
/// ```
/// let explanation = shakedown::explain::explain("exit code 137")?;
/// assert!(explanation.to_string().starts_with("137 (exit code)\n"));
/// let unknown = shakedown::explain::explain("CrashLoopBakOff").unwrap_err();
/// assert_eq!(unknown.meant, Some("CrashLoopBackOff"));
/// # Ok::<(), shakedown::explain::Unknown>(())
/// ```
pub fn explain(word: &str) -> Result<Explanation, Unknown> {
    let found = find(word);
    if found.is_empty() {
        let words = entries().flat_map(|entry| std::iter::once(&entry.term).chain(entry.aliases));
        let meant = nearest(word.trim(), words.copied());
        return Err(Unknown { word: word.to_owned(), meant });
    }
    Ok(Explanation { entries: found })
}

fn find(word: &str) -> Vec<&'static Entry> {
    let word = word.trim();
    // A status such as `Init:Error` or `ExitCode:3` is explained by its parts.
    if let Some((head, rest)) = word.split_once(':') {
        match head.to_lowercase().as_str() {
            "init" if !rest.is_empty() => {
                let reason = if rest.contains('/') { Vec::new() } else { find(rest) };
                return exactly("Init:N/M").into_iter().chain(reason).collect();
            }
            "exitcode" => return of_topic(find(rest), Topic::ExitCode),
            "signal" => return of_topic(find(rest), Topic::Signal),
            _ => {}
        }
    }
    let (kind, word) = without_kind(word);
    let mut found = match word.parse::<i64>() {
        Ok(number) => numbered(number),
        Err(_) => exactly(word),
    };
    if let Some(topic) = kind {
        let of_kind: Vec<_> = found.iter().copied().filter(|entry| entry.topic == topic).collect();
        if !of_kind.is_empty() {
            found = of_kind;
        }
    }
    found
}

fn of_topic(mut entries: Vec<&'static Entry>, topic: Topic) -> Vec<&'static Entry> {
    entries.retain(|entry| entry.topic == topic);
    entries
}

/// Takes "exit code" or "signal" off the front of a word.
fn without_kind(word: &str) -> (Option<Topic>, &str) {
    const KINDS: &[(&str, Topic)] = &[
        ("exit code", Topic::ExitCode),
        ("exitcode", Topic::ExitCode),
        ("exit", Topic::ExitCode),
        ("signal", Topic::Signal),
    ];
    for (kind, topic) in KINDS {
        let front = word.get(..kind.len()).filter(|front| front.eq_ignore_ascii_case(kind));
        let rest = front.map(|_| word[kind.len()..].trim_start_matches([' ', '=', ':']));
        if let Some(rest) = rest.filter(|rest| rest.parse::<i64>().is_ok()) {
            return (Some(*topic), rest);
        }
    }
    (None, word)
}

/// Exit codes, then signals, with this number.
fn numbered(number: i64) -> Vec<&'static Entry> {
    let text = number.to_string();
    let mut found = exactly(&text);
    if !found.iter().any(|entry| entry.topic == Topic::ExitCode) {
        let range = match number {
            3..=124 => "3-124",
            129..=254 => "128+n",
            _ => return found,
        };
        found.splice(..0, exactly(range));
    }
    found
}

/// Entries with this term or alias, but for case, blanks and dashes.
fn exactly(word: &str) -> Vec<&'static Entry> {
    let wanted = plain(word);
    let is_meant = |entry: &&Entry| {
        plain(entry.term) == wanted || entry.aliases.iter().any(|alias| plain(alias) == wanted)
    };
    let mut found: Vec<&'static Entry> = entries().filter(is_meant).collect();
    // The word itself goes before words of which it is another name.
    found.sort_by_key(|entry| plain(entry.term) != wanted);
    found
}

fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).flat_map(char::to_lowercase).collect()
}
