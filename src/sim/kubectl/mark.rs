//! `label` and `annotate`.

use crate::api::{Labels, Object, Patch};
use crate::kubectl::verb::Mark;

use super::shell::Shell;

impl Shell<'_> {
    pub(super) fn label(&mut self, mark: &Mark) {
        for object in self.objects(&mark.targets) {
            if !self.is_version(&object, mark) {
                continue;
            }
            let old = object.metadata().labels.clone();
            let clashes = clashes(&old, mark);
            if !clashes.is_empty() {
                for clash in clashes {
                    self.error(format!("{clash}, and --overwrite is false"));
                }
                continue;
            }
            for (key, value) in &mark.changes {
                if value.is_none() && !old.contains_key(key) {
                    self.say(format!("label \"{key}\" not found."));
                }
            }
            let patch = Patch::Labels(mark.changes.clone());
            if let Some(new) = self.send_patch(object.reference(), patch) {
                self.done(&new, outcome(&old, &new.metadata().labels, mark.overwrite));
            }
        }
    }

    pub(super) fn annotate(&mut self, mark: &Mark) {
        for object in self.objects(&mark.targets) {
            if !self.is_version(&object, mark) {
                continue;
            }
            let clashes = clashes(&object.metadata().annotations, mark);
            if !clashes.is_empty() {
                let clashes = clashes.join("; ");
                self.error(format!(
                    "--overwrite is false but found the following declared annotation(s): {clashes}"
                ));
                continue;
            }
            let patch = Patch::Annotations(mark.changes.clone());
            if let Some(new) = self.send_patch(object.reference(), patch) {
                self.done(&new, "annotated");
            }
        }
    }

    /// Whether the object is the version that `--resource-version` asks for.
    fn is_version(&mut self, object: &Object, mark: &Mark) -> bool {
        let same = mark.resource_version.is_none_or(|wanted| wanted == object.metadata().resource_version);
        if !same {
            let conflict = crate::api::ApiError::conflict(object.kind(), &object.metadata().name);
            self.answer.fail(conflict.to_string());
        }
        same
    }
}

/// What is there already with another value and must not be overwritten.
fn clashes(old: &Labels, mark: &Mark) -> Vec<String> {
    if mark.overwrite {
        return Vec::new();
    }
    let clash = |(key, new): &(crate::base::Name, Option<crate::base::Name>)| {
        let (new, current) = (new.as_ref()?, old.get(key)?);
        (new != current).then(|| format!("'{key}' already has a value ({current})"))
    };
    mark.changes.iter().filter_map(clash).collect()
}

/// kubectl tells by the length of the object what happened to it.
fn outcome(old: &Labels, new: &Labels, overwrite: bool) -> &'static str {
    let length = |labels: &Labels| -> usize {
        labels.iter().map(|(key, value)| key.len() + value.len() + r#""":"","#.len()).sum()
    };
    if old == new {
        "not labeled"
    } else if !overwrite && length(new) < length(old) {
        "unlabeled"
    } else {
        "labeled"
    }
}
