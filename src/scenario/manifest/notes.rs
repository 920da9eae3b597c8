//! What is to be said once about many objects.

use std::collections::BTreeMap;

use crate::scenario::model::Place;
use crate::source::{Diagnostic, nearest};

/// Counts what has no effect, over all files.
#[derive(Default)]
pub(in crate::scenario) struct Notes {
    kinds: BTreeMap<String, Seen>,
    fields: BTreeMap<&'static str, Seen>,
}

/// How often, and where first.
struct Seen {
    count: usize,
    first: Place,
}

impl Seen {
    fn again(seen: Option<&mut Self>) -> bool {
        seen.map(|seen| seen.count += 1).is_some()
    }
}

impl Notes {
    /// An object of a kind that is not simulated.
    pub(super) fn unsimulated(&mut self, kind: &str, place: &Place) {
        if !Seen::again(self.kinds.get_mut(kind)) {
            self.kinds.insert(kind.to_owned(), Seen { count: 1, first: place.clone() });
        }
    }

    /// A field that is kept without effect.
    pub(super) fn effectless(&mut self, field: &'static str, place: impl FnOnce() -> Place) {
        if !Seen::again(self.fields.get_mut(field)) {
            self.fields.insert(field, Seen { count: 1, first: place() });
        }
    }

    /// One warning for each kind and each field.
    pub(in crate::scenario) fn into_warnings(self) -> impl Iterator<Item = Diagnostic> {
        let kinds = self.kinds.into_iter().map(|(kind, seen)| {
            let message =
                format!("objects of kind `{kind}` are kept but not simulated ({})", times(seen.count));
            let warning = seen.first.label(Diagnostic::warning("not-simulated", message), seen.remark());
            let names = super::known_kinds();
            // `Deploymnet` is not another kind but a slip.
            let is_known = names.contains(&*kind) || super::CLUSTER_SCOPED.contains(&&*kind);
            match nearest(&kind, names.iter().copied()).filter(|_| !is_known) {
                Some(name) if is_slip(&kind, name) => warning.help(format!("did you mean `{name}`?")),
                _ => warning,
            }
        });
        let fields = self.fields.into_iter().map(|(field, seen)| {
            let message = format!("`{field}` is kept but has no effect ({})", times(seen.count));
            seen.first.label(Diagnostic::warning("no-effect", message), seen.remark())
        });
        kinds.chain(fields)
    }
}

impl Seen {
    fn remark(&self) -> &'static str {
        if self.count == 1 { "" } else { "first here" }
    }
}

fn times(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// Kinds are long words, so that a likeness of a third, as for field names, would find `Role` for `Node`.
fn is_slip(written: &str, name: &str) -> bool {
    strsim::osa_distance(&written.to_lowercase(), &name.to_lowercase()) <= 2 && name.len() > 5
}
