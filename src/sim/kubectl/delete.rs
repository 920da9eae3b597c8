//! `delete`.

use crate::api::{DeleteOptions, Request};
use crate::kubectl::verb::Delete;
use crate::kubectl::{DryRun, Targets, kind_with_group};

use super::shell::Shell;
use super::waits::Task;

/// What `delete --force` warns of.
const FORCE_WARNING: &str = "Warning: Immediate deletion does not wait for confirmation that the running resource has \
    been terminated. The resource may continue to run on the cluster indefinitely.";

/// The minor version of the kubectl that began to say from which namespace it deletes.
const NAMES_THE_NAMESPACE: u32 = 34;

impl Shell<'_> {
    /// Deletes objects. That they are gone is waited for only if that can end with an error: with `--timeout`.
    pub(super) fn delete(&mut self, delete: &Delete) {
        if delete.force {
            self.note(FORCE_WARNING);
        }
        if let Some(old) = &delete.deprecated_cascade {
            let new = if old == "true" { "background" } else { "orphan" };
            self.note(format!(
                "warning: --cascade={old} is deprecated (boolean value) and can be replaced with --cascade={new}."
            ));
        }
        let objects = self.objects(&delete.targets);
        if delete.ignore_not_found {
            self.answer.forgive_not_found();
        }
        if objects.is_empty() && matches!(delete.targets, Targets::Selected(_)) && !self.answer.failed {
            self.note("No resources found");
        }
        let mut deleted = Vec::new();
        for object in objects {
            let options = DeleteOptions {
                grace_period_seconds: delete.grace_period_seconds,
                uid: None,
                propagation: delete.cascade,
            };
            let target = object.reference();
            if self.send(Request::Delete { target: target.clone(), options }).is_none() {
                continue;
            }
            let kind = kind_with_group(target.kind);
            if delete.name_only {
                self.say(format!("{kind}/{}", target.name));
            } else {
                let how = if delete.force { "force deleted" } else { "deleted" };
                let mut line = format!("{kind} \"{}\" {how}", target.name);
                if !target.namespace.is_empty() && self.world.minor_version() >= NAMES_THE_NAMESPACE {
                    line = format!("{line} from {} namespace", target.namespace);
                }
                let suffix = self.dry_run.map_or("", DryRun::suffix);
                self.say(line + suffix);
            }
            deleted.push(object);
        }
        if self.blocks && delete.wait && delete.timeout.is_some() && !deleted.is_empty() {
            self.wait_for(Task::Gone, &deleted, delete.timeout);
        }
    }
}
