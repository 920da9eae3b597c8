//! `delete`.

use crate::api::{DeleteOptions, Request};
use crate::kubectl::verb::Delete;
use crate::kubectl::{Targets, kind_with_group};

use super::shell::Shell;
use super::waits::Task;

/// What `delete --force` warns of.
const FORCE_WARNING: &str = "Warning: Immediate deletion does not wait for confirmation that the running resource has \
    been terminated. The resource may continue to run on the cluster indefinitely.";

impl Shell<'_> {
    /// Deletes objects. That they are gone is waited for only if that can end with an error: with `--timeout`.
    pub(super) fn delete(&mut self, delete: &Delete) {
        if delete.force {
            self.note(FORCE_WARNING);
        }
        let objects = self.objects(&delete.targets);
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
            let how = if delete.force { "force deleted" } else { "deleted" };
            let mut line = format!("{} \"{}\" {how}", kind_with_group(target.kind), target.name);
            if !target.namespace.is_empty() {
                line = format!("{line} from {} namespace", target.namespace);
            }
            self.say(line);
            deleted.push(object);
        }
        if self.blocks && delete.wait && delete.timeout.is_some() && !deleted.is_empty() {
            self.wait_for(Task::Gone, &deleted, delete.timeout);
        }
    }
}
