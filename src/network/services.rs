//! The Service table that kube-proxies and cluster DNS work from: what their watch of EndpointSlices has delivered.

use std::collections::BTreeMap;

use crate::api::service::SERVICE_NAME;
use crate::api::{Commit, Object, Op};
use crate::base::Name;

/// Ready endpoints of every Service.
#[derive(Clone, Debug, Default)]
pub struct ServiceTable {
    /// (namespace, service) to (slice, ready endpoints).
    ready: BTreeMap<(Name, Name), BTreeMap<Name, usize>>,
}

impl ServiceTable {
    /// Takes in a change of an EndpointSlice; others are ignored.
    pub fn apply(&mut self, commit: &Commit) {
        let Object::EndpointSlice(slice) = &commit.new else { return };
        let Some(service) = slice.metadata.labels.get(SERVICE_NAME) else { return };
        let key = (slice.metadata.namespace.clone(), service.clone());
        let slices = self.ready.entry(key).or_default();
        if commit.op == Op::Deleted {
            slices.remove(&slice.metadata.name);
        } else {
            let count = slice.endpoints.iter().filter(|endpoint| endpoint.conditions.ready).count();
            slices.insert(slice.metadata.name.clone(), count);
        }
    }

    /// How many ready endpoints a Service has.
    pub fn ready_endpoints(&self, namespace: &str, service: &str) -> usize {
        let key = (Name::from(namespace), Name::from(service));
        self.ready.get(&key).map_or(0, |slices| slices.values().sum())
    }
}
