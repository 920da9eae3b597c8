//! The answer to `get`, and the lines that `get -w` adds.

use serde_json::{Value, json};

use crate::api::{Commit, Kind, Object, Op, Timestamp};

use super::output::{JsonPathError, OutputFormat, to_json, to_value, to_yaml};
use super::parse::Scope;
use super::resource::{Selected, Targets, kind_with_group};
use super::select::{Filter, Group, select};
use super::sort::sort_by;
use super::source::{Answer, ObjectSource};
use super::table::TableOptions;
use super::tabs::TABLE;
use super::verb::Get;

impl Get {
    /// Shows the objects as they are now.
    pub fn answer<S: ObjectSource + ?Sized>(
        &self,
        scope: &Scope,
        default_namespace: &str,
        source: &S,
    ) -> Answer {
        let mut answer = Answer::default();
        let groups = select(&self.targets, scope, default_namespace, source, &mut answer);
        self.show(groups, answer, scope, default_namespace, source.now())
    }

    /// Shows objects that were found, and what was said of those that were not.
    pub fn show(
        &self,
        mut groups: Vec<Group>,
        mut answer: Answer,
        scope: &Scope,
        default_namespace: &str,
        now: Timestamp,
    ) -> Answer {
        if self.ignore_not_found {
            answer.forgive_not_found();
        }
        if let Some(path) = &self.sort_by {
            for group in &mut groups {
                if let Err(message) = sort_by(&mut group.objects, path) {
                    answer.fail(message);
                    return answer;
                }
            }
        }
        match self.output {
            OutputFormat::Table | OutputFormat::Wide => {
                answer.out = self.tables(&groups, scope, now);
                let nothing = groups.iter().all(|group| group.objects.is_empty());
                if nothing && !answer.failed && !self.ignore_not_found {
                    answer.notes.push(nothing_found(&self.targets, scope, default_namespace));
                }
            }
            _ => match self.formatted(&groups) {
                Ok(out) => answer.out = out,
                Err(error) => answer.fail(format!("error: {error}")),
            },
        }
        answer
    }

    fn tables(&self, groups: &[Group], scope: &Scope, now: Timestamp) -> String {
        let options = self.options(scope);
        let shown = groups.iter().filter(|group| !group.objects.is_empty());
        let table = |group: &Group| TABLE.align(&options.lines(group.kind, &group.objects, now));
        shown.map(table).collect::<Vec<_>>().join("\n")
    }

    fn options(&self, scope: &Scope) -> TableOptions<'_> {
        TableOptions {
            wide: self.output == OutputFormat::Wide,
            headers: !self.no_headers,
            namespaces: *scope == Scope::All,
            kinds: self.show_kind || self.targets.kinds().len() > 1,
            label_columns: &self.label_columns,
            show_labels: self.show_labels,
        }
    }

    /// Every form but tables.
    fn formatted(&self, groups: &[Group]) -> Result<String, JsonPathError> {
        let objects = || groups.iter().flat_map(|group| &group.objects);
        match &self.output {
            OutputFormat::Name => Ok(objects().map(name_line).collect()),
            OutputFormat::CustomColumns(columns) => {
                columns.render(&objects().map(to_value).collect::<Vec<_>>(), !self.no_headers)
            }
            _ => {
                let objects: Vec<Value> = objects().map(to_value).collect();
                self.tree(if self.is_single() { objects.into_iter().next() } else { Some(list(&objects)) })
            }
        }
    }

    /// The forms that show one tree: an object or a list of them.
    fn tree(&self, tree: Option<Value>) -> Result<String, JsonPathError> {
        let Some(tree) = tree else { return Ok(String::new()) };
        match &self.output {
            OutputFormat::Json => Ok(to_json(&tree)),
            OutputFormat::JsonPath(path) => path.render(&tree),
            OutputFormat::JsonPathAsJson(path) => path.render_as_json(&tree),
            _ => Ok(to_yaml(&tree)),
        }
    }

    /// One object by name is shown itself, anything else as a list.
    fn is_single(&self) -> bool {
        matches!(&self.targets, Targets::Named(targets) if targets.len() == 1)
    }
}

fn list(objects: &[Value]) -> Value {
    json!({"apiVersion": "v1", "items": objects, "kind": "List", "metadata": {"resourceVersion": ""}})
}

fn name_line(object: &Object) -> String {
    format!("{}/{}\n", kind_with_group(object.kind()), object.metadata().name)
}

/// `No resources found in default namespace.`
pub(super) fn nothing_found(targets: &Targets, scope: &Scope, default_namespace: &str) -> String {
    let all_namespaced = targets.kinds().iter().all(|kind| kind.names().namespaced);
    match scope.namespace_or(default_namespace).filter(|_| all_namespaced) {
        Some(namespace) => format!("No resources found in {namespace} namespace."),
        None => "No resources found".to_owned(),
    }
}

/// `get -w`: shows what there is, then a line for every change.
pub struct Watch<'a> {
    get: &'a Get,
    scope: &'a Scope,
    namespace: Option<String>,
    kind: Kind,
    filter: Filter,
    /// Columns keep their width from line to line.
    widths: Vec<usize>,
    header_due: bool,
}

impl<'a> Watch<'a> {
    /// Prepares a watch; fails when the command selects by a field that the kind does not have.
    pub fn new(get: &'a Get, scope: &'a Scope, default_namespace: &str) -> Result<Self, String> {
        // The parser has made sure that there is only one kind.
        let kind = get.targets.kinds().first().copied().unwrap_or(Kind::Pod);
        let selected = match &get.targets {
            Targets::Selected(selected) => selected.clone(),
            _ => Selected::default(),
        };
        Ok(Self {
            get,
            scope,
            namespace: scope.namespace_or(default_namespace).map(str::to_owned),
            kind,
            filter: Filter::new(&selected, kind)?,
            widths: Vec::new(),
            header_due: !get.no_headers && get.output.is_table(),
        })
    }

    /// The line for a write, if it concerns the watch: what begins to match is added, what ceases to is deleted.
    pub fn commit(&mut self, commit: &Commit, now: Timestamp) -> Option<String> {
        let matched = commit.old.as_ref().is_some_and(|old| self.concerns(old));
        let matches = commit.op != Op::Deleted && self.concerns(&commit.new);
        let op = match (matched, matches) {
            (false, true) => Op::Added,
            (true, true) => Op::Modified,
            (true, false) => Op::Deleted,
            (false, false) => return None,
        };
        self.line(op, &commit.new, now)
    }

    /// The line for a change, if it concerns the watch. A deletion shows the last state.
    pub fn change(&mut self, op: Op, object: &Object, now: Timestamp) -> Option<String> {
        if self.concerns(object) { self.line(op, object, now) } else { None }
    }

    fn line(&mut self, op: Op, object: &Object, now: Timestamp) -> Option<String> {
        if !self.get.output.is_table() {
            let group = Group { kind: self.kind, objects: vec![object.clone()] };
            let single = Get { targets: Targets::Named(Vec::new()), ..self.get.clone() };
            let out = match &self.get.output {
                OutputFormat::Name | OutputFormat::CustomColumns(_) => single.formatted(&[group]),
                _ => single.tree(Some(to_value(object))),
            };
            return out.ok();
        }
        let options = TableOptions { headers: false, ..self.get.options(self.scope) };
        let header = std::mem::take(&mut self.header_due).then(|| ("EVENT", options.header(self.kind)));
        let lines = header.into_iter().chain([(op.as_str(), options.row(object, now))]);
        let lines: Vec<Vec<String>> = lines
            .map(|(op, mut cells)| {
                if self.get.watch_events {
                    cells.insert(0, op.to_owned());
                }
                cells
            })
            .collect();
        Some(TABLE.align_remembering(&lines, &mut self.widths))
    }

    fn concerns(&self, object: &Object) -> bool {
        let metadata = object.metadata();
        let named = match &self.get.targets {
            Targets::Named(targets) => targets.iter().any(|target| target.name == metadata.name),
            _ => true,
        };
        let in_namespace = match &self.namespace {
            Some(namespace) if self.kind.names().namespaced => metadata.namespace == namespace.as_str(),
            _ => true,
        };
        object.kind() == self.kind && named && in_namespace && self.filter.passes(object)
    }
}

#[cfg(test)]
mod tests;
