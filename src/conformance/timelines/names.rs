//! Objects with generated names: which of ours an action on a recorded one means.
//!
//! Names are matched while the replay runs: inside their owner, in order of creation; objects that were created together
//! are told apart by their node.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::recording::{Millis, Row};

/// Objects created within this time of each other count as created together.
const TOGETHER: Millis = 1_500;

/// Namespace, kind and name.
type Key = (String, String, String);

/// What is known of one object.
#[derive(Clone, Debug)]
struct Known {
    created: Millis,
    owner: Option<Value>,
    node: Option<String>,
    /// Whether it is gone or about to go.
    ends: bool,
}

/// The objects that rows have shown, in order of appearance.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    objects: BTreeMap<Key, Known>,
}

impl Seen {
    /// Takes note of a row.
    pub(super) fn note(&mut self, row: &Row, namespace: &str) {
        let key = (namespace.to_owned(), row.kind.clone(), row.text("name").to_owned());
        let known = self.objects.entry(key).or_insert_with(|| Known {
            created: row.at,
            owner: None,
            node: None,
            ends: false,
        });
        if row.text("op") == "ADDED" {
            known.created = row.at;
        }
        known.owner = known.owner.take().or_else(|| row.fields.get("owner").cloned());
        known.node = row.fields.get("nodeName").and_then(Value::as_str).map(str::to_owned);
        known.ends = row.text("op") == "DELETED" || row.fields.contains_key("deletionTimestamp");
    }
}

/// Recorded names and ours.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pairs: BTreeMap<Key, String>,
    taken: BTreeSet<Key>,
}

impl Names {
    /// Our name of a recorded object, as far as both sides have been seen.
    pub(super) fn ours(&mut self, key: &Key, recorded: &Seen, ours: &Seen) -> String {
        if let Some(name) = self.pairs.get(key) {
            return name.clone();
        }
        let name = self.find(key, recorded, ours).unwrap_or_else(|| key.2.clone());
        self.pairs.insert(key.clone(), name.clone());
        self.taken.insert((key.0.clone(), key.1.clone(), name.clone()));
        name
    }

    fn find(&mut self, key: &Key, recorded: &Seen, ours: &Seen) -> Option<String> {
        if ours.objects.contains_key(key) {
            return Some(key.2.clone());
        }
        let wanted = recorded.objects.get(key)?;
        let owner = wanted.owner.as_ref()?.as_array()?.first()?.as_str()?;
        let (kind, name) = owner.split_once('/')?;
        let owner_name = self.ours(&(key.0.clone(), kind.to_owned(), name.to_owned()), recorded, ours);
        let owner_here = Value::from(vec![Value::from(format!("{kind}/{owner_name}"))]);
        let family = |seen: &Seen, owner: &Value| -> Vec<(Millis, Key)> {
            let members = seen.objects.iter().filter(|((namespace, kind, _), known)| {
                *namespace == key.0 && *kind == key.1 && known.owner.as_ref() == Some(owner)
            });
            let mut members: Vec<_> = members.map(|(key, known)| (known.created, key.clone())).collect();
            members.sort();
            members
        };
        let recorded_family = family(recorded, wanted.owner.as_ref()?);
        let rank = recorded_family.iter().position(|(_, member)| member == key)?;
        let our_family = family(ours, &owner_here);
        // Those that the recorded one could be: of the same rank, or created together with that one.
        let (expected, _) = our_family.get(rank).or(our_family.last())?;
        let candidates = our_family.iter().enumerate().filter(|(_, (created, member))| {
            !self.taken.contains(member)
                && !ours.objects[member].ends
                && (created - expected).abs() <= TOGETHER
        });
        let best = candidates.min_by_key(|(position, (_, member))| {
            (ours.objects[member].node != wanted.node, position.abs_diff(rank))
        });
        best.map(|(_, (_, member))| member.2.clone())
    }
}
