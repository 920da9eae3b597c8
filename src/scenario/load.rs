//! The whole way from paths to a scenario.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use super::manifest::{self, GROUP, Notes};
use super::model::{Manifest, Place, Scenario};
use super::read::{self, Context, Mention, Spec, Value};
use super::resolve;
use crate::control::scheduler::config::KubeSchedulerConfiguration;
use crate::kernel::SimDuration;
use crate::source::{self, Diagnostic, Diagnostics, Document, Severity, SourceFile, nearest};
use crate::workload::AppModel;

/// Why a command line cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineProblem {
    /// What is wrong.
    pub message: String,
    /// What would be right, if known.
    pub suggestion: Option<String>,
}

/// Checks a command as typed after `kubectl`. Whoever can parse commands passes its parser, so that a slip in one is
/// found before the run and shown at its place.
pub type LineCheck<'a> = &'a dyn Fn(&str) -> Result<(), LineProblem>;

/// A check that accepts every command.
pub fn any_line(_line: &str) -> Result<(), LineProblem> {
    Ok(())
}

/// Reads files and directories (`-` = standard input) into a scenario, or says all that is wrong with them.
///
/// # Errors
/// With every problem found, warnings too, in the order of the files.
pub fn load(paths: &[PathBuf], check_line: LineCheck<'_>) -> Result<Scenario, Diagnostics> {
    let (files, problems) = source::load(paths);
    read_files(&files, problems, check_line, Parts::default())
}

/// As [`load`], of manifests that need not belong together: an object that is defined twice is only a warning.
///
/// # Errors
/// As [`load`].
pub fn survey(paths: &[PathBuf], check_line: LineCheck<'_>) -> Result<Scenario, Diagnostics> {
    let (files, problems) = source::load(paths);
    read_files(&files, problems, check_line, Parts { unrelated: true, ..Parts::default() })
}

/// As [`load`], from files that are in memory already.
///
/// # Errors
/// As [`load`].
pub fn from_files(files: &[Arc<SourceFile>], check_line: LineCheck<'_>) -> Result<Scenario, Diagnostics> {
    read_files(files, Diagnostics::new(), check_line, Parts::default())
}

/// As [`load`], from one text, without looking at command lines. `name` is shown in messages.
///
/// # Errors
/// As [`load`].
pub fn from_text(name: &str, text: &str) -> Result<Scenario, Diagnostics> {
    from_files(&[SourceFile::new(name, text)], &any_line)
}

/// What the documents say, before it is put together.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) specs: Vec<(Spec, Place)>,
    pub(super) apps: Vec<(AppModel, Place)>,
    pub(super) schedulers: Vec<(KubeSchedulerConfiguration, Place)>,
    pub(super) objects: Vec<Manifest>,
    pub(super) mentions: Vec<Mention>,
    /// Documents of any kind, also wrong ones.
    pub(super) documents: usize,
    /// Whether the files need not belong together.
    pub(super) unrelated: bool,
    /// Length of the run where the files do not say it.
    pub(super) duration: Option<SimDuration>,
}

fn read_files(
    files: &[Arc<SourceFile>],
    problems: Diagnostics,
    check_line: LineCheck<'_>,
    parts: Parts,
) -> Result<Scenario, Diagnostics> {
    let (parts, problems) = read_parts(files, problems, check_line, parts);
    resolve::resolve(parts, files, problems)
}

/// Reads all documents, beside the parts that are known already.
pub(super) fn read_parts(
    files: &[Arc<SourceFile>],
    mut problems: Diagnostics,
    check_line: LineCheck<'_>,
    mut parts: Parts,
) -> (Parts, Diagnostics) {
    let notes = RefCell::new(Notes::default());
    for file in files {
        match source::parse_lenient(file) {
            Ok(documents) => {
                for document in &documents {
                    let context = Context::new(file, check_line, &notes, parts.duration);
                    read_document(document, &context, &mut parts);
                    let (found, mentions) = context.finish();
                    problems.extend(found);
                    parts.mentions.extend(mentions);
                }
            }
            Err(problem) => {
                parts.documents += 1;
                problems.push(problem);
            }
        }
    }
    problems.extend(notes.into_inner().into_warnings());
    (parts, problems)
}

fn read_document(document: &Document, context: &Context<'_>, parts: &mut Parts) {
    parts.documents += 1;
    let value = Value::root(context, document);
    let kind = own_kind(&value);
    for duplicate in &document.duplicates {
        // `kubectl` takes the last of two equal keys, and so do we where it is `kubectl` that people know.
        let severity = if kind == Own::No { Severity::Warning } else { Severity::Error };
        context.report(Diagnostic { severity, ..duplicate.clone() });
    }
    match kind {
        Own::No => parts.objects.extend(manifest::objects(&value).into_iter().flatten()),
        Own::Scenario => parts.specs.extend(read::spec(&value)),
        Own::AppModel => parts.apps.extend(read::app(&value).map(|app| (app, value.name_place()))),
        Own::SchedulerConfiguration => {
            parts.schedulers.extend(read::configuration(&value).map(|read| (read, value.place())));
        }
        Own::Wrong => {}
    }
}

/// Whether a document is of our own kinds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Own {
    No,
    Scenario,
    AppModel,
    /// The configuration file of kube-scheduler, which is no object.
    SchedulerConfiguration,
    /// It is meant to be, but a problem has been reported.
    Wrong,
}

const VERSION: &str = "v1alpha1";
const KINDS: [(&str, Own); 2] = [("Scenario", Own::Scenario), ("AppModel", Own::AppModel)];

fn own_kind(document: &Value<'_>) -> Own {
    let text = |key: &str| document.node.get(key).and_then(source::Node::as_str).unwrap_or_default();
    let (api_version, word) = (text("apiVersion"), text("kind"));
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    if word == "KubeSchedulerConfiguration" {
        return Own::SchedulerConfiguration;
    }
    let kind = KINDS.iter().find(|(name, _)| *name == word);
    let right = format!("{GROUP}/{VERSION}");
    match kind {
        Some((_, own)) if group == GROUP && version == VERSION => *own,
        Some(_) if group == GROUP || nearest(group, [GROUP]).is_some() || group.is_empty() => {
            let message = format!("`{word}` has the apiVersion `{right}`, not `{api_version}`");
            wrong_field(document, "apiVersion", message, None)
        }
        None if group == GROUP => {
            let near = nearest(word, KINDS.iter().map(|(name, _)| *name));
            let help = near.map_or("valid kinds are `Scenario` and `AppModel`".to_owned(), |near| {
                format!("did you mean `{near}`?")
            });
            wrong_field(document, "kind", format!("unknown kind `{word}` in {GROUP}"), Some(help))
        }
        _ => Own::No,
    }
}

fn wrong_field(document: &Value<'_>, field: &str, message: String, help: Option<String>) -> Own {
    let context = document.context;
    let span = document.node.locate(field).span();
    let problem = Diagnostic { help, ..Diagnostic::error("unknown-value", message) };
    context.report(problem.at(context.file, span, ""));
    Own::Wrong
}
