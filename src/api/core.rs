//! Small types that several kinds share: selectors, taints, tolerations, references, conditions.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::meta::Labels;
use super::timestamp::Timestamp;
use crate::base::{Name, Quantity};

/// Resource name (`cpu`, `memory`, `nvidia.com/gpu`, ...) to amount.
pub type ResourceList = BTreeMap<Name, Quantity>;

/// A part of an object that is kept and printed but has no effect in the simulation.
pub type Opaque = Option<Box<serde_json::Value>>;

/// `metav1.LabelSelector`: all of its parts must hold. Empty matches everything.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LabelSelector {
    /// Labels that must be present with exactly these values.
    pub match_labels: Labels,
    /// Further requirements.
    pub match_expressions: Vec<SelectorRequirement>,
}

/// One requirement of a selector, on labels (`In`, `NotIn`, `Exists`, `DoesNotExist`) or on nodes (also `Gt`, `Lt`).
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SelectorRequirement {
    /// Label key, or field path for `matchFields`.
    pub key: Name,
    /// Operator.
    pub operator: SelectorOperator,
    /// Values; their number must suit the operator.
    pub values: Vec<Name>,
}

/// Operators of selector requirements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum SelectorOperator {
    #[default]
    In,
    NotIn,
    Exists,
    DoesNotExist,
    Gt,
    Lt,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TaintEffect {
    /// New pods are kept away.
    NoSchedule,
    /// New pods are kept away where possible.
    PreferNoSchedule,
    /// New pods are kept away and running ones are evicted.
    NoExecute,
}

impl fmt::Display for TaintEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NoSchedule => "NoSchedule",
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoExecute => "NoExecute",
        })
    }
}

/// `spec.taints[]` of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Taint {
    /// Key.
    pub key: Name,
    /// Value, often empty.
    #[serde(default)]
    pub value: Name,
    /// Effect.
    pub effect: TaintEffect,
    /// When a `NoExecute` taint was added.
    #[serde(default)]
    pub time_added: Option<Timestamp>,
}

/// `spec.tolerations[]` of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Toleration {
    /// Taint key; empty with `Exists` = every taint.
    pub key: Option<Name>,
    /// `Equal` (default) or `Exists`.
    pub operator: Option<TolerationOperator>,
    /// Value for `Equal`.
    pub value: Option<Name>,
    /// Effect tolerated; absent = all.
    pub effect: Option<TaintEffect>,
    /// How long a `NoExecute` taint is tolerated; absent = for ever.
    pub toleration_seconds: Option<i64>,
}

/// How a toleration compares its key and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TolerationOperator {
    /// Key and value must be equal.
    Equal,
    /// The key must be equal.
    Exists,
}

/// A number, or a text (a percentage, or the name of a port).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntOrString {
    /// A plain number.
    Int(i32),
    /// A text such as `25%` or `http`.
    Text(Name),
}

impl fmt::Display for IntOrString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Serialize for IntOrString {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Int(number) => serializer.serialize_i32(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for IntOrString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = IntOrString;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a text")
            }
            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<IntOrString, E> {
                i32::try_from(number)
                    .map(IntOrString::Int)
                    .map_err(|_| E::custom(format!("{number} does not fit 32 bits")))
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<IntOrString, E> {
                i32::try_from(number)
                    .map(IntOrString::Int)
                    .map_err(|_| E::custom(format!("{number} does not fit 32 bits")))
            }
            fn visit_str<E>(self, text: &str) -> Result<IntOrString, E> {
                Ok(IntOrString::Text(text.into()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// Truth of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum ConditionStatus {
    True,
    #[default]
    False,
    Unknown,
}

impl From<bool> for ConditionStatus {
    fn from(truth: bool) -> Self {
        if truth { Self::True } else { Self::False }
    }
}

impl fmt::Display for ConditionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        })
    }
}

/// A condition in some object's status. All kinds share this shape; fields a kind lacks stay absent.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    /// What it is about, such as `Ready`.
    #[serde(rename = "type")]
    pub kind: Name,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// CamelCase word for programs.
    pub reason: Option<Name>,
    /// Sentence for people.
    pub message: Option<Name>,
    /// When `status` last changed.
    pub last_transition_time: Option<Timestamp>,
    /// When it was last reported (nodes).
    pub last_heartbeat_time: Option<Timestamp>,
    /// When it was last touched (deployments).
    pub last_update_time: Option<Timestamp>,
    /// When it was last probed (pods, jobs).
    pub last_probe_time: Option<Timestamp>,
    /// The generation it speaks of.
    pub observed_generation: Option<i64>,
}

/// Finds conditions by type in a status list.
pub trait Conditions {
    /// The condition of this type.
    fn condition(&self, kind: &str) -> Option<&Condition>;
    /// Its status, if present.
    fn status_of(&self, kind: &str) -> Option<ConditionStatus> {
        self.condition(kind).map(|condition| condition.status)
    }
    /// Whether it is present and `True`.
    fn is_true(&self, kind: &str) -> bool {
        self.status_of(kind) == Some(ConditionStatus::True)
    }
}

impl Conditions for [Condition] {
    fn condition(&self, kind: &str) -> Option<&Condition> {
        self.iter().find(|condition| condition.kind == kind)
    }
}

/// Sets a condition: adds it, or replaces it keeping `lastTransitionTime` while the status stays the same.
/// Returns whether anything but heartbeats changed.
pub fn set_condition(conditions: &mut Vec<Condition>, mut new: Condition) -> bool {
    let Some(old) = conditions.iter_mut().find(|condition| condition.kind == new.kind) else {
        conditions.push(new);
        return true;
    };
    if old.status == new.status {
        new.last_transition_time = old.last_transition_time;
    }
    let changed = old.status != new.status || old.reason != new.reason || old.message != new.message;
    *old = new;
    changed
}

/// `v1.ObjectReference`, as events carry it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectReference {
    /// Group and version.
    pub api_version: Option<Name>,
    /// Kind.
    pub kind: Name,
    /// Namespace; empty for cluster-scoped kinds.
    pub namespace: Name,
    /// Name.
    pub name: Name,
    /// Identity.
    pub uid: super::meta::Uid,
    /// A part of the object, such as `spec.containers{app}`.
    pub field_path: Option<Name>,
}
