//! Records as the page shows them: what happened, and which record caused it.

use crate::kernel::SimTime;

/// One record of the trace, as far as the page needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its number in the trace; numbers grow.
    pub id: u64,
    /// When it happened.
    pub at: SimTime,
    /// The record that caused it.
    pub cause: Option<u64>,
    /// Who did it: `kubelet`, `scheduler`, ...
    pub component: &'a str,
    /// Kind of the object it is about.
    pub kind: &'a str,
    /// Namespace of that object; empty for cluster-scoped kinds.
    pub namespace: &'a str,
    /// Name of that object.
    pub name: &'a str,
    /// What happened, in a word.
    pub event: &'a str,
    /// Why, in a CamelCase word.
    pub reason: &'a str,
    /// A sentence for people.
    pub message: &'a str,
}
