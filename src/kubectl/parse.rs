//! From words to a command.

use crate::base::Name;

use super::error::{Help, UsageError};
use super::flags::{DryRun, Parsed, global_takes_word};
use super::output::OutputFormat;
use super::verb::{self, Verb};
use super::words::split_words;

/// A kubectl command: what to do, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// In which namespace.
    pub scope: Scope,
    /// What to do.
    pub verb: Verb,
    /// `--dry-run`: whether it is only tried.
    pub dry_run: Option<DryRun>,
    /// `-o` of a verb that changes objects: how they are shown, instead of a line that says what was done.
    pub output: Option<OutputFormat>,
    /// Flags that were given but have no meaning in a simulated cluster, such as `--context`.
    pub ignored: Vec<String>,
}

/// The namespace of a command.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Scope {
    /// None was named.
    #[default]
    Default,
    /// `-n`.
    Namespace(Name),
    /// `-A`.
    All,
}

impl Scope {
    /// The namespace to look into, `default` when none was named; `None` = all of them.
    pub fn namespace_or<'a>(&'a self, default: &'a str) -> Option<&'a str> {
        match self {
            Self::Default => Some(default),
            Self::Namespace(name) => Some(name),
            Self::All => None,
        }
    }
}

/// Reads the words of one verb. Returns the flags too: namespace and ignored flags are for [`Command::parse`].
type Parser = fn(&[String]) -> Result<(Parsed, Verb), UsageError>;

/// The verbs, by the word that names them.
const VERBS: &[(&str, Parser)] = &[
    ("annotate", verb::mark::parse_annotate),
    ("apply", verb::apply::parse),
    ("autoscale", verb::scale::parse_autoscale),
    ("cordon", verb::node::parse_cordon),
    ("create", verb::create::parse),
    ("delete", verb::delete::parse),
    ("describe", verb::get::parse_describe),
    ("drain", verb::node::parse_drain),
    ("exec", verb::exec::parse),
    ("expose", verb::expose::parse),
    ("get", verb::get::parse),
    ("label", verb::mark::parse_label),
    ("logs", verb::logs::parse),
    ("patch", verb::set::parse_patch),
    ("rollout", verb::rollout::parse),
    ("run", verb::run::parse),
    ("scale", verb::scale::parse),
    ("set", verb::set::parse),
    ("taint", verb::taint::parse),
    ("top", verb::top::parse),
    ("uncordon", verb::node::parse_uncordon),
    ("wait", verb::wait::parse),
];

/// Verbs of kubectl that have no place in a simulated cluster.
const NOT_SIMULATED: &[&str] = &[
    "api-resources",
    "api-versions",
    "attach",
    "auth",
    "certificate",
    "cluster-info",
    "completion",
    "config",
    "cp",
    "debug",
    "diff",
    "edit",
    "events",
    "explain",
    "kustomize",
    "options",
    "plugin",
    "port-forward",
    "proxy",
    "replace",
    "version",
];

impl Command {
    /// Reads a command line such as `scale deployment web --replicas=5`, with or without `kubectl` in front.
    ///
    /// ```
    /// use shakedown::kubectl::{Command, Verb};
    ///
    /// let command = Command::parse_line("scale deployment web --replicas=5")?;
    /// assert!(matches!(command.verb, Verb::Scale(scale) if scale.replicas == 5));
    /// let error = Command::parse_line("scael deployment web").unwrap_err();
    /// assert_eq!(error.to_string(), r#"unknown command "scael" for "kubectl"; did you mean `scale`?"#);
    /// # Ok::<(), shakedown::kubectl::UsageError>(())
    /// ```
    pub fn parse_line(line: &str) -> Result<Self, UsageError> {
        Self::parse(&split_words(line)?)
    }

    /// Reads a command from its words.
    pub fn parse(words: &[String]) -> Result<Self, UsageError> {
        let words = match words {
            [kubectl, rest @ ..] if kubectl == "kubectl" => rest,
            all => all,
        };
        let Some((word, rest)) = split_subcommand(words) else {
            let flag = words.iter().find_map(|word| word.strip_prefix("--"));
            return Err(match flag {
                Some(flag) => UsageError::flag(format!("unknown flag: --{flag}")),
                None => UsageError::new("no command given: expected a verb such as get, scale or delete"),
            });
        };
        let Some((_, parser)) = VERBS.iter().find(|(name, _)| *name == word) else {
            return Err(unknown(&word));
        };
        let (flags, verb) =
            parser(&rest).map_err(|error| UsageError { command: path(&word, &rest), ..error })?;
        let scope = if flags.switch("all-namespaces")? {
            Scope::All
        } else {
            flags.text("namespace").map_or(Scope::Default, |name| Scope::Namespace(name.into()))
        };
        let changes = !matches!(verb, Verb::Get(_) | Verb::Delete(_));
        let output = flags.text("output").filter(|text| changes && !text.is_empty());
        Ok(Self {
            scope,
            verb,
            dry_run: flags.dry_run()?,
            output: output.map(|text| OutputFormat::parse(&text)).transpose()?,
            ignored: flags.ignored(),
        })
    }
}

/// What is said of a verb that does not exist, here or at all.
fn unknown(word: &str) -> UsageError {
    let names = || VERBS.iter().map(|(name, _)| *name);
    if NOT_SIMULATED.contains(&word) {
        let names: Vec<&str> = names().collect();
        let message = format!("`kubectl {word}` is not simulated; there are: {}", names.join(", "));
        return UsageError::new(message);
    }
    let error = UsageError::new(format!("unknown command {word:?} for \"kubectl\""));
    UsageError { help: Some(Help::Commands), ..error.suggesting(word, names(), "") }
}

/// A command by its name, as messages point to it: `get`, `rollout status`. A command of a command group that is called
/// by another name of it is told by its first.
fn path(word: &str, rest: &[String]) -> String {
    let Some((_, groups)) = GROUPS.iter().find(|(group, _)| *group == word) else { return word.to_owned() };
    let Some((second, rest)) = split_subcommand(rest) else { return word.to_owned() };
    match groups.iter().find(|names| names.contains(&second.as_str())) {
        Some(names) => format!("{word} {}", path(names[0], &rest)),
        None => word.to_owned(),
    }
}

/// Commands that have commands of their own, each with all of its names.
const GROUPS: &[(&str, &[&[&str]])] = &[
    (
        "create",
        &[
            &["namespace", "ns"],
            &["deployment", "deploy"],
            &["service", "svc"],
            &["configmap", "cm"],
            &["secret"],
            &["serviceaccount", "sa"],
            &["job"],
            &["cronjob", "cj"],
            &["poddisruptionbudget", "pdb"],
            &["priorityclass", "pc"],
            &["quota", "resourcequota"],
        ],
    ),
    ("rollout", &[&["history"], &["pause"], &["restart"], &["resume"], &["status"], &["undo"]]),
    ("secret", &[&["generic"]]),
    ("service", &[&["clusterip"], &["nodeport"], &["loadbalancer"], &["externalname"]]),
    ("set", &[&["env"], &["image"], &["resources"], &["selector"], &["serviceaccount", "sa"]]),
    ("top", &[&["node", "nodes", "no"], &["pod", "pods", "po"]]),
];

/// Takes the first word that is neither a global flag nor the value of one.
pub(super) fn split_subcommand(words: &[String]) -> Option<(String, Vec<String>)> {
    let mut at = 0;
    while words.get(at).is_some_and(|word| word.starts_with('-')) {
        at += if global_takes_word(&words[at]) { 2 } else { 1 };
    }
    let word = words.get(at)?.clone();
    let rest = words[..at].iter().chain(&words[at + 1..]).cloned().collect();
    Some((word, rest))
}

#[cfg(test)]
mod tests;
