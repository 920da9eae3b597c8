//! The Service table that kube-proxies and cluster DNS work from: what their watch of EndpointSlices has delivered.

use std::collections::BTreeMap;

use crate::api::{Commit, Object, Op};
use crate::base::Name;

/// Label with the name of the Service that a slice belongs to.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// Ready endpoints of every Service.
#[derive(Clone, Debug, Default)]
pub struct ServiceTable {
    /// (namespace, service) to (slice, ready endpoints).
    ready: BTreeMap<(Name, Name), BTreeMap<Name, usize>>,
    /// (namespace, service) to the record of the last change of whether it has ready endpoints.
    changed: BTreeMap<(Name, Name), u64>,
}

impl ServiceTable {
    /// Takes in a change of an EndpointSlice; others are ignored.
    pub fn apply(&mut self, commit: &Commit) {
        let Object::EndpointSlice(slice) = &commit.new else { return };
        let Some(service) = slice.metadata.labels.get(SERVICE_NAME) else { return };
        let key = (slice.metadata.namespace.clone(), service.clone());
        let slices = self.ready.entry(key.clone()).or_default();
        let before = slices.values().sum::<usize>() > 0;
        if commit.op == Op::Deleted {
            slices.remove(&slice.metadata.name);
        } else {
            let count = slice.endpoints.iter().filter(|endpoint| endpoint.conditions.ready).count();
            slices.insert(slice.metadata.name.clone(), count);
        }
        let after = slices.values().sum::<usize>() > 0;
        if before != after || !self.changed.contains_key(&key) {
            self.changed.insert(key, commit.record);
        }
    }

    /// The record that last changed whether a Service has ready endpoints; 0 when nothing did.
    pub fn last_change(&self, namespace: &str, service: &str) -> u64 {
        let key = (Name::from(namespace), Name::from(service));
        self.changed.get(&key).copied().unwrap_or(0)
    }

    /// How many ready endpoints a Service has.
    pub fn ready_endpoints(&self, namespace: &str, service: &str) -> usize {
        let key = (Name::from(namespace), Name::from(service));
        self.ready.get(&key).map_or(0, |slices| slices.values().sum())
    }
}
