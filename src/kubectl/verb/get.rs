//! `get` and `describe`.

use super::super::error::UsageError;
use super::super::flags::{Flag, Parsed};
use super::super::output::{JsonPath, OutputFormat};
use super::super::resource::{ALL_NAMESPACES, Bare, FIELD_SELECTOR, FILES, SELECTOR, Targets};
use super::Verb;

/// `get`.
#[derive(Clone, Debug, PartialEq)]
pub struct Get {
    /// Which objects.
    pub targets: Targets,
    /// `-o`.
    pub output: OutputFormat,
    /// `-w`: then show changes.
    pub watch: bool,
    /// `--watch-only`: show changes only.
    pub watch_only: bool,
    /// `--output-watch-events`: show what kind of change it was.
    pub watch_events: bool,
    /// `--no-headers`.
    pub no_headers: bool,
    /// `--show-labels`: a column with all labels.
    pub show_labels: bool,
    /// `--show-kind`: names with their kind.
    pub show_kind: bool,
    /// `-L`: a column for each of these labels.
    pub label_columns: Vec<String>,
    /// `--sort-by`.
    pub sort_by: Option<JsonPath>,
    /// `--ignore-not-found`: what is not there is no failure, and nothing is said when there is nothing.
    pub ignore_not_found: bool,
}

/// `describe`.
#[derive(Clone, Debug, PartialEq)]
pub struct Describe {
    /// Which objects. A single name that does not exist is taken as the beginning of names.
    pub targets: Targets,
    /// `--show-events`, on by default.
    pub show_events: bool,
}

const GET: &[Flag] = &[
    Flag::value("output").short('o'),
    Flag::switch("watch").short('w'),
    Flag::switch("watch-only"),
    Flag::switch("output-watch-events"),
    Flag::switch("no-headers"),
    Flag::switch("show-labels"),
    Flag::switch("show-kind"),
    Flag::value("label-columns").short('L'),
    Flag::value("sort-by"),
    Flag::switch("ignore-not-found"),
];

pub(in crate::kubectl) fn parse(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let flags = Parsed::parse(words, &[GET, SELECTOR, FIELD_SELECTOR, ALL_NAMESPACES, FILES])?;
    if flags.args.is_empty() && !flags.has("filename") {
        return Err(nothing_to_get());
    }
    let get = Get {
        targets: Targets::parse(&flags.args, &flags, Bare::Everything)?,
        output: OutputFormat::parse(flags.text("output").as_deref().unwrap_or_default())?,
        watch: flags.switch("watch")?,
        watch_only: flags.switch("watch-only")?,
        watch_events: flags.switch("output-watch-events")?,
        no_headers: flags.switch("no-headers")?,
        show_labels: flags.switch("show-labels")?,
        show_kind: flags.switch("show-kind")?,
        label_columns: flags.list("label-columns"),
        sort_by: sort_by(&flags)?,
        ignore_not_found: flags.switch("ignore-not-found")?,
    };
    check(&get, &flags)?;
    Ok((flags, Verb::Get(get)))
}

/// What kubectl says before the error and after it.
fn nothing_to_get() -> UsageError {
    let mut error = UsageError::arguments(
        "Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed description of that resource \
         (e.g. kubectl explain pods).",
    );
    error.prefix = "You must specify the type of resource to get. Use \"kubectl api-resources\" for a complete list of \
                    supported resources.\n\nerror: ";
    error
}

fn sort_by(flags: &Parsed) -> Result<Option<JsonPath>, UsageError> {
    let path = flags.text("sort-by").filter(|path| !path.is_empty());
    path.map(|path| JsonPath::parse_relaxed(&path).map_err(|error| UsageError::new(error.to_string())))
        .transpose()
}

fn check(get: &Get, flags: &Parsed) -> Result<(), UsageError> {
    if get.show_labels && !get.output.is_table() {
        let output = flags.text("output").unwrap_or_default();
        return Err(UsageError::new(format!("--show-labels option cannot be used with {output} printer")));
    }
    let watching = get.watch || get.watch_only;
    if get.watch_events && !watching {
        return Err(UsageError::new(
            "--output-watch-events option can only be used with --watch or --watch-only",
        ));
    }
    if watching && get.targets.kinds().len() > 1 {
        return Err(UsageError::new("you may only specify a single resource type"));
    }
    Ok(())
}

const DESCRIBE: &[Flag] = &[Flag::switch("show-events")];

pub(in crate::kubectl) fn parse_describe(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let flags = Parsed::parse(words, &[DESCRIBE, SELECTOR, ALL_NAMESPACES])?;
    if flags.args.is_empty() {
        return Err(UsageError::new(
            "You must specify the type of resource to describe. Use \"kubectl api-resources\" for a complete list of \
             supported resources.",
        ));
    }
    let describe = Describe {
        targets: Targets::parse(&flags.args, &flags, Bare::Everything)?,
        show_events: flags.switch_or("show-events", true)?,
    };
    Ok((flags, Verb::Describe(describe)))
}
