//! `wait`: until all of the objects are as they should be, or whether they are so now.

use serde_json::Value;

use crate::api::{Object, ObjectRef};
use crate::base::Name;
use crate::kubectl::output::to_value;
use crate::kubectl::verb::{Wait, WaitFor};
use crate::kubectl::{Answer, Targets};

use super::shell::Shell;
use super::waits::Task;

impl Shell<'_> {
    /// Waits, or tells how things are where time stands still: what is not so now counts as timed out.
    pub(super) fn wait(&mut self, wait: &Wait) {
        if let (true, WaitFor::Create, Targets::Named(named)) = (self.blocks, &wait.what, &wait.targets) {
            let namespace = self.namespace();
            let targets = named.iter().map(|target| ObjectRef {
                kind: target.kind,
                namespace: if target.kind.names().namespaced { namespace.clone() } else { Name::default() },
                name: target.name.as_str().into(),
            });
            self.wait_for_creation(targets.collect(), Some(wait.timeout));
            return;
        }
        let objects = self.objects(&wait.targets);
        let gone_is_fine = matches!(wait.what, WaitFor::Delete);
        if gone_is_fine {
            // What is not there need not be waited for.
            self.answer = Answer::default();
        }
        if objects.is_empty() && !self.answer.failed && !gone_is_fine {
            let nothing = matches!(wait.targets, Targets::Selected(_));
            if nothing {
                self.error("no matching resources found");
            }
            return;
        }
        if self.blocks {
            self.wait_for(Task::Condition(wait.what.clone()), &objects, Some(wait.timeout));
            return;
        }
        for object in objects {
            if holds(&object, &wait.what) {
                self.done(&object, "condition met");
            } else {
                let name = &object.metadata().name;
                self.error(format!(
                    "timed out waiting for the condition on {}/{name}",
                    object.kind().names().plural
                ));
            }
        }
    }
}

pub(super) fn holds(object: &Object, what: &WaitFor) -> bool {
    match what {
        WaitFor::Create => true,
        WaitFor::Delete => false,
        WaitFor::Condition { name, status } => {
            let value = to_value(object);
            let conditions = value.pointer("/status/conditions").and_then(Value::as_array);
            let text = |condition: &Value, field: &str| {
                condition.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            conditions.into_iter().flatten().any(|condition| {
                text(condition, "type").eq_ignore_ascii_case(name)
                    && text(condition, "status").eq_ignore_ascii_case(status)
            })
        }
        WaitFor::JsonPath { path, value } => {
            let found = path.render(&to_value(object)).unwrap_or_default();
            match value {
                Some(value) => found.trim_end() == value,
                None => !found.trim_end().is_empty(),
            }
        }
    }
}
