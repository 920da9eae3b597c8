//! Whom objects belong to: what controllers make has an owner that exists, or once did.

use std::collections::BTreeSet;

use super::{Checked, ensure};
use crate::api::meta::Uid;
use crate::api::{Commit, Kind, Op};

/// Everything that has ever been there and can own.
#[derive(Clone, Debug, Default)]
pub(super) struct Owners {
    seen: BTreeSet<Uid>,
}

impl Owners {
    /// An object has changed. Users may name owners that never were; the garbage collector is there for those.
    pub(super) fn check(&mut self, component: &str, commit: &Commit) -> Checked {
        if commit.op != Op::Added {
            return Ok(());
        }
        let (new, kind) = (commit.new.metadata(), commit.new.kind());
        if !matches!(kind, Kind::Pod | Kind::Event) {
            self.seen.insert(new.uid);
        }
        let Some(owner) = new.controller().filter(|_| component.ends_with("-controller")) else {
            return Ok(());
        };
        ensure(self.seen.contains(&owner.uid), "owners that a controller names exist", || {
            format!(
                "{} belongs to {} {}, but no object has ever had the uid {}",
                commit.new.reference(),
                owner.kind,
                owner.name,
                owner.uid
            )
        })
    }
}
