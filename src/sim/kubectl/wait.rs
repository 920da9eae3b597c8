//! `wait`: whether all of the objects are as they should be now.

use serde_json::Value;

use crate::api::Object;
use crate::kubectl::output::to_value;
use crate::kubectl::verb::{Wait, WaitFor};
use crate::kubectl::{Answer, Targets};

use super::rollout::kind_plural;
use super::shell::Shell;

impl Shell<'_> {
    /// Tells how things are: what is not so now counts as timed out, for time stands still.
    pub(super) fn wait(&mut self, wait: &Wait) {
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
        for object in objects {
            if holds(&object, &wait.what) {
                self.done(&object, "condition met");
            } else {
                let name = &object.metadata().name;
                self.error(format!("timed out waiting for the condition on {}/{name}", kind_plural(&object)));
            }
        }
    }
}

fn holds(object: &Object, what: &WaitFor) -> bool {
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
