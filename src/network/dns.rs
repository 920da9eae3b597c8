//! Cluster DNS as clients see it: answers are kept for their time to live.
//!
//! Source: CoreDNS plugin `kubernetes` (ttl 5 s; 30 s in kubeadm's Corefile); `spec` control plane 6.

use std::sync::Arc;

use super::table::{Rules, ServiceTable};
use crate::base::{LookupMap, Name};
use crate::kernel::{SimDuration, SimTime};

/// Resolvers of the nodes, with what they remember.
#[derive(Clone, Debug, Default)]
pub struct Dns {
    cache: LookupMap<(u32, Name, Name), (SimTime, Arc<Rules>)>,
}

impl Dns {
    /// What a client on a node gets for `service.namespace.svc.cluster.local`: the Service as it was when the answer was
    /// fetched. `None` = there is no such name; that is not remembered.
    pub fn resolve(
        &mut self,
        node: u32,
        namespace: &Name,
        service: &Name,
        table: &ServiceTable,
        now: SimTime,
        ttl: SimDuration,
    ) -> Option<Arc<Rules>> {
        let key = (node, namespace.clone(), service.clone());
        if let Some((until, rules)) = self.cache.get(&key)
            && now < *until
        {
            return Some(rules.clone());
        }
        let rules = table.newest(namespace, service)?;
        rules.service.as_ref()?;
        self.cache.insert(key, (now + ttl, rules.clone()));
        Some(rules.clone())
    }
}
