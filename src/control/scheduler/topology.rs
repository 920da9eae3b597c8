//! Topology domains: the values of node labels such as zone or host name, as small numbers.
//!
//! A key is taken up when a rule first mentions it; from then on every node's value is kept up to date, so that rules
//! compare numbers instead of looking labels up.

use crate::api::Labels;
use crate::base::{LookupMap, Name};

use super::ids::NodeId;

/// A label key in use as topology key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);

/// A value of one key. [`ValueId::EMPTY`] is the empty text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub u32);

impl ValueId {
    /// The empty text, which upstream also takes for the value of a label that is absent in some places.
    pub const EMPTY: Self = Self(0);

    /// The number as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The values of all keys on all nodes.
#[derive(Clone, Debug, Default)]
pub struct Topologies {
    keys: Vec<Key>,
    by_name: LookupMap<Name, KeyId>,
}

#[derive(Clone, Debug)]
struct Key {
    name: Name,
    of_node: Vec<Option<ValueId>>,
    values: LookupMap<Name, ValueId>,
}

impl Key {
    fn set(&mut self, node: NodeId, labels: &Labels) {
        let value = labels.get(&self.name).map(|text| {
            let next = ValueId(self.values.len() as u32);
            self.values.get(text).copied().unwrap_or_else(|| {
                self.values.insert(text.clone(), next);
                next
            })
        });
        if self.of_node.len() <= node.index() {
            self.of_node.resize(node.index() + 1, None);
        }
        self.of_node[node.index()] = value;
    }
}

impl Topologies {
    /// The id of a key; a new one gets its values from `nodes`.
    pub fn key<'a>(&mut self, name: &Name, nodes: impl Iterator<Item = (NodeId, &'a Labels)>) -> KeyId {
        if let Some(id) = self.by_name.get(name) {
            return *id;
        }
        let mut values = LookupMap::default();
        values.insert(Name::default(), ValueId::EMPTY);
        let mut key = Key { name: name.clone(), of_node: Vec::new(), values };
        for (node, labels) in nodes {
            key.set(node, labels);
        }
        let id = KeyId(self.keys.len() as u32);
        self.keys.push(key);
        self.by_name.insert(name.clone(), id);
        id
    }

    /// The id of a key that is in use.
    pub fn find(&self, name: &str) -> Option<KeyId> {
        self.by_name.get(name).copied()
    }

    /// Takes the labels of a node, new or changed.
    pub fn set_node(&mut self, node: NodeId, labels: &Labels) {
        for key in &mut self.keys {
            key.set(node, labels);
        }
    }

    /// The value of `key` on `node`; `None` when the node lacks the label.
    pub fn value(&self, key: KeyId, node: NodeId) -> Option<ValueId> {
        self.keys[key.0 as usize].of_node.get(node.index()).copied().flatten()
    }
}
