//! One command in progress: the world, the namespace, and what has been printed so far.

use crate::api::{ApiError, Object, ObjectRef, Patch, Request};
use crate::base::Name;
use crate::kubectl::output::OutputFormat;
use crate::kubectl::verb::{Describe, Get};
use crate::kubectl::{Answer, DryRun, Files, Group, Scope, Targets, kind_with_group, select};
use crate::scenario::Manifest;
use crate::sim::World;

use super::{DEFAULT_NAMESPACE, Errand, Present};

/// One command in progress.
pub(super) struct Shell<'a> {
    pub(super) world: &'a mut World,
    pub(super) scope: Scope,
    pub(super) answer: Answer,
    /// Whether the command is only tried; the world is a copy then.
    pub(super) dry_run: Option<DryRun>,
    /// How changed objects are shown, instead of a line that says what was done.
    pub(super) output: Option<OutputFormat>,
    /// Whether each of several errors begins with `error: `; elsewhere none of them does.
    pub(super) errors_by_line: bool,
    /// Exit status if it is not 0 or 1.
    pub(super) status: Option<i32>,
    /// Whether the command may wait in virtual time.
    pub(super) blocks: bool,
    /// How it goes on later, if it does.
    pub(super) pending: Option<Errand>,
}

impl<'a> Shell<'a> {
    pub(super) fn new(world: &'a mut World, scope: Scope) -> Self {
        Self {
            world,
            scope,
            answer: Answer::default(),
            dry_run: None,
            output: None,
            errors_by_line: false,
            status: None,
            blocks: false,
            pending: None,
        }
    }

    /// What was printed, and the exit status.
    pub(super) fn finish(mut self) -> (Answer, i32) {
        if self.answer.errors > 1 && !self.errors_by_line {
            for note in &mut self.answer.notes {
                if let Some(rest) = note.strip_prefix("error: ") {
                    *note = rest.to_owned();
                }
            }
        }
        let status = self.status.unwrap_or(i32::from(self.answer.failed));
        (self.answer, status)
    }

    pub(super) fn get(&mut self, get: &Get) {
        if let Targets::Files(files) = &get.targets {
            let objects = self.objects_of_files(files);
            let group = |object: Object| Group { kind: object.kind(), objects: vec![object] };
            let groups = objects.into_iter().map(group).collect();
            let (answer, now) = (std::mem::take(&mut self.answer), self.world.timestamp());
            self.answer = get.show(groups, answer, &self.scope, DEFAULT_NAMESPACE, now);
            return;
        }
        self.answer = get.answer(&self.scope, DEFAULT_NAMESPACE, &Present(self.world));
    }

    pub(super) fn describe(&mut self, describe: &Describe) {
        self.answer = describe.answer(&self.scope, DEFAULT_NAMESPACE, &Present(self.world));
    }

    /// The namespace for objects that say none themselves.
    pub(super) fn namespace(&self) -> Name {
        self.scope.namespace_or(DEFAULT_NAMESPACE).unwrap_or(DEFAULT_NAMESPACE).into()
    }

    /// A line on standard output.
    pub(super) fn say(&mut self, line: impl AsRef<str>) {
        self.answer.out.push_str(line.as_ref());
        self.answer.out.push('\n');
    }

    /// A line on standard error that is no failure.
    pub(super) fn note(&mut self, line: impl Into<String>) {
        self.answer.notes.push(line.into());
    }

    /// `error: ...`
    pub(super) fn error(&mut self, message: impl AsRef<str>) {
        self.answer.fail(format!("error: {}", message.as_ref()));
    }

    /// `deployment.apps/web scaled`, or the object in the form that was asked for.
    pub(super) fn done(&mut self, object: &Object, what: &str) {
        let Some(format) = self.output.clone() else {
            let suffix = self.dry_run.map_or("", DryRun::suffix);
            let name = &object.metadata().name;
            self.say(format!("{}/{name} {what}{suffix}", kind_with_group(object.kind())));
            return;
        };
        match format.one(object) {
            Ok(text) => {
                if format == OutputFormat::Yaml && !self.answer.out.is_empty() {
                    self.say("---");
                }
                self.answer.out.push_str(&text);
            }
            Err(error) => self.error(error.to_string()),
        }
    }

    /// The objects that a command is about; those that do not exist are reported.
    pub(super) fn objects(&mut self, targets: &Targets) -> Vec<Object> {
        if let Targets::Files(files) = targets {
            return self.objects_of_files(files);
        }
        let groups = select(targets, &self.scope, DEFAULT_NAMESPACE, &Present(self.world), &mut self.answer);
        groups.into_iter().flat_map(|group| group.objects).collect()
    }

    fn objects_of_files(&mut self, files: &Files) -> Vec<Object> {
        let mut found = Vec::new();
        for manifest in self.manifests(files) {
            let target = manifest.reference();
            match self.world.api.objects().find(target.kind, &target.namespace, &target.name) {
                Some((_, object)) => found.push(object.clone()),
                None => self.answer.fail(ApiError::not_found(target.kind, &target.name).to_string()),
            }
        }
        found
    }

    /// What files of the scenario describe. Other files do not exist in a simulated cluster.
    pub(super) fn manifests(&mut self, files: &Files) -> Vec<Object> {
        let mut found = Vec::new();
        for path in &files.paths {
            let of_path = |manifest: &&Manifest| is_file(manifest.place.file.name(), path);
            let before = found.len();
            found.extend(self.world.script.manifests().iter().filter(of_path).map(|m| m.object.clone()));
            if found.len() == before {
                self.error(format!("the path {path:?} does not exist"));
                self.note("(Only the files of the scenario exist here.)");
            }
        }
        found
    }

    /// Sends a request; a refusal is reported.
    pub(super) fn send(&mut self, request: Request) -> Option<Object> {
        match self.world.serve("kubectl", request) {
            Ok(object) => Some(object),
            Err(error) => {
                self.answer.fail(refusal(&error));
                None
            }
        }
    }

    /// Sends a patch; a refusal is reported.
    pub(super) fn send_patch(&mut self, target: ObjectRef, patch: Patch) -> Option<Object> {
        self.send(Request::Patch { target, uid: None, patch })
    }

    /// Creates an object and says so.
    pub(super) fn create_object(&mut self, object: Object, what: &str) {
        if self.dry_run == Some(DryRun::Client) {
            self.done(&object, what);
        } else if let Some(created) = self.send(Request::Create(object)) {
            self.done(&created, what);
        }
    }
}

/// Whether a file of the scenario is what `path` names: itself, its last parts, or a directory above it.
fn is_file(file: &str, path: &str) -> bool {
    let path = path.trim_start_matches("./").trim_end_matches('/');
    file == path
        || file.strip_suffix(path).is_some_and(|rest| rest.ends_with('/'))
        || file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
        || file.contains(&format!("/{path}/"))
}

/// A refusal of the API server as kubectl prints it.
pub(super) fn refusal(error: &ApiError) -> String {
    if error.code != 422 {
        return error.to_string();
    }
    // `Deployment.apps "web" is invalid` is printed without the group.
    match error.message.split_once(' ') {
        Some((kind, rest)) => format!("The {} {rest}", kind.split('.').next().unwrap_or(kind)),
        None => error.to_string(),
    }
}
