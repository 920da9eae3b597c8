//! Addresses of a node's pods.

use std::collections::BTreeSet;

use crate::api::services::dotted;
use crate::base::Name;

/// Addresses of a node's pods.
#[derive(Clone, Debug)]
pub struct AddressPool {
    base: u32,
    size: u32,
    next: u32,
    used: BTreeSet<u32>,
}

impl AddressPool {
    /// The pool of a /24 that begins at `base`: .1 is the gateway, addresses go up and wrap (host-local).
    pub fn new(base: u32) -> Self {
        Self { base, size: 254, next: 2, used: BTreeSet::new() }
    }

    /// The next free address.
    pub(super) fn take(&mut self) -> Option<Name> {
        for _ in 0..self.size {
            let offset = self.next;
            self.next = if self.next >= self.size { 2 } else { self.next + 1 };
            if self.used.insert(offset) {
                return Some(Name::from(dotted(self.base + offset)));
            }
        }
        None
    }

    /// Gives an address back.
    pub(super) fn release(&mut self, address: Option<&Name>) {
        let Some(last) = address.and_then(|address| address.rsplit('.').next()) else { return };
        if let Ok(offset) = last.parse::<u32>() {
            self.used.remove(&offset);
        }
    }
}
