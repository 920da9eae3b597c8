//! What every object has: identity, versions, labels, owners, finalizers.

use std::fmt;
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::timestamp::Timestamp;
use crate::base::Name;

/// A version-4 UUID. A text that is not one (hand-written manifests) is hashed into one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Uid(pub u128);

impl Uid {
    /// 64 bits of the identity, used to order events of different objects at one instant.
    pub fn stable_id(self) -> u64 {
        (self.0 >> 64) as u64 ^ self.0 as u64
    }

    /// Whether no UID has been given yet.
    pub fn is_nil(self) -> bool {
        self.0 == 0
    }

    /// The UID that a text stands for.
    pub fn from_text(text: &str) -> Self {
        let hex: String = text.chars().filter(|c| *c != '-').collect();
        if text.len() == 36
            && let Ok(value) = u128::from_str_radix(&hex, 16)
        {
            return Self(value);
        }
        Self::from_hash(*blake3::hash(text.as_bytes()).as_bytes())
    }

    /// The UID whose 32 hexadecimal digits these are, with or without dashes; else nil.
    pub fn from_hex(text: &str) -> Self {
        let hex: String = text.chars().filter(|c| *c != '-').collect();
        Self(u128::from_str_radix(&hex, 16).unwrap_or_default())
    }

    /// A well-formed version-4 UUID from 32 hash bytes.
    pub fn from_hash(hash: [u8; 32]) -> Self {
        let mut bytes = [0u8; 16];
        bytes.copy_from_slice(&hash[..16]);
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Self(u128::from_be_bytes(bytes))
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the formatting machinery: every new object has a few of them.
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'-'; 36];
        let mut at = 0;
        for (number, byte) in self.0.to_be_bytes().into_iter().enumerate() {
            at += usize::from(matches!(number, 4 | 6 | 8 | 10));
            text[at] = DIGITS[usize::from(byte >> 4)];
            text[at + 1] = DIGITS[usize::from(byte & 15)];
            at += 2;
        }
        f.write_str(std::str::from_utf8(&text).expect("digits are text"))
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Uid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_nil() { serializer.serialize_none() } else { serializer.collect_str(self) }
    }
}

impl<'de> Deserialize<'de> for Uid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(text.map_or(Self(0), |text| Self::from_text(&text)))
    }
}

/// Labels or annotations: a small map, sorted by key, shared between all versions of an object and all pods of a
/// template.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Labels(Option<Arc<[(Name, Name)]>>);

impl Labels {
    /// The pairs in key order.
    pub fn iter(&self) -> std::slice::Iter<'_, (Name, Name)> {
        self.0.as_deref().unwrap_or_default().iter()
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Name> {
        let pairs = self.0.as_deref()?;
        pairs.binary_search_by(|(k, _)| k.as_str().cmp(key)).ok().map(|at| &pairs[at].1)
    }

    /// Whether `key` is there.
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.0.as_deref().map_or(0, <[_]>::len)
    }

    /// Sets `key` to `value`.
    pub fn insert(&mut self, key: impl Into<Name>, value: impl Into<Name>) {
        let (key, value) = (key.into(), value.into());
        let mut pairs = self.0.as_deref().unwrap_or_default().to_vec();
        match pairs.binary_search_by(|(k, _)| k.cmp(&key)) {
            Ok(at) => pairs[at].1 = value,
            Err(at) => pairs.insert(at, (key, value)),
        }
        self.0 = Some(pairs.into());
    }

    /// Removes `key`, returning its value.
    pub fn remove(&mut self, key: &str) -> Option<Name> {
        let mut pairs = self.0.as_deref()?.to_vec();
        let at = pairs.binary_search_by(|(k, _)| k.as_str().cmp(key)).ok()?;
        let (_, value) = pairs.remove(at);
        self.0 = (!pairs.is_empty()).then(|| pairs.into());
        Some(value)
    }

    /// Whether `other` has all of these pairs: what a selector of plain labels asks.
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.iter().all(|(key, value)| other.get(key) == Some(value))
    }

    /// Whether both are the same allocation, which implies that they are equal.
    pub fn same_allocation(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        }
    }
}

impl<K: Into<Name>, V: Into<Name>> FromIterator<(K, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut pairs: Vec<(Name, Name)> = pairs.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        // A later pair of the same key wins, as in a map.
        pairs.reverse();
        pairs.dedup_by(|a, b| a.0 == b.0);
        pairs.reverse();
        Self((!pairs.is_empty()).then(|| pairs.into()))
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = &'a (Name, Name);
    type IntoIter = std::slice::Iter<'a, (Name, Name)>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(k, v)| (k, v))).finish()
    }
}

impl fmt::Display for Labels {
    /// `a=1,b=2`, as in kubectl's LABELS column; `<none>` when empty.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("<none>");
        }
        for (at, (key, value)) in self.iter().enumerate() {
            write!(f, "{}{key}={value}", if at == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Labels;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping of names to texts")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Labels, A::Error> {
                let mut pairs: Vec<(Name, Name)> = Vec::new();
                while let Some((key, value)) = map.next_entry::<Name, Option<Name>>()? {
                    pairs.push((key, value.unwrap_or_default()));
                }
                Ok(pairs.into_iter().collect())
            }
            fn visit_unit<E>(self) -> Result<Labels, E> {
                Ok(Labels::default())
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// `metadata.ownerReferences[]`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnerReference {
    /// Group and version of the owner.
    pub api_version: Name,
    /// Kind of the owner.
    pub kind: Name,
    /// Name of the owner, in the same namespace or cluster-scoped.
    pub name: Name,
    /// Identity of the owner: a new object of the same name is not the owner.
    pub uid: Uid,
    /// Whether this owner is the managing controller; at most one is.
    pub controller: Option<bool>,
    /// Whether foreground deletion of the owner waits for this object.
    pub block_owner_deletion: Option<bool>,
}

/// `metadata` of every object (`managedFields` is dropped).
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectMeta {
    /// Name, unique for a kind in a namespace.
    pub name: Name,
    /// Prefix from which the server makes the name when `name` is empty.
    pub generate_name: Option<Name>,
    /// Namespace; empty for cluster-scoped kinds.
    pub namespace: Name,
    /// Identity in time; given by the server.
    pub uid: Uid,
    /// Version in the store; 0 = not stored yet.
    #[serde(with = "resource_version")]
    pub resource_version: u64,
    /// Counts changes of the desired state.
    pub generation: i64,
    /// When the server created it.
    pub creation_timestamp: Option<Timestamp>,
    /// When it is to be gone: request time plus grace. Set = terminating.
    pub deletion_timestamp: Option<Timestamp>,
    /// The grace period that goes with `deletion_timestamp`.
    pub deletion_grace_period_seconds: Option<i64>,
    /// Labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
    /// Owners; when all are gone the garbage collector deletes the object.
    pub owner_references: Vec<OwnerReference>,
    /// Names that must be removed before the object may vanish.
    pub finalizers: Vec<Name>,
}

impl ObjectMeta {
    /// The managing controller, if any.
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owner_references.iter().find(|owner| owner.controller == Some(true))
    }

    /// Whether deletion has been requested.
    pub fn is_terminating(&self) -> bool {
        self.deletion_timestamp.is_some()
    }
}

/// A version in the store as the wire form has it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct VersionText(#[serde(with = "resource_version")] pub(super) u64);

mod resource_version {
    //! An opaque text on the wire, a number inside.
    use super::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
    pub(super) fn serialize<S: Serializer>(version: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        if *version == 0 { serializer.serialize_none() } else { serializer.collect_str(version) }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
    }
}
