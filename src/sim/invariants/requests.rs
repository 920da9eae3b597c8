//! Conservation of requests, as the records of traffic tell it.

use std::collections::BTreeMap;

use super::{Checked, ensure};
use crate::base::Name;
use crate::trace::{Record, TrafficSample};

/// Requests under way when they were last reported, by client, namespace and Service.
#[derive(Clone, Debug, Default)]
pub(super) struct InFlight {
    flows: BTreeMap<(Name, Name, Name), u64>,
}

impl InFlight {
    /// An interval of traffic is reported: what was under way or has begun has ended or is under way.
    pub(super) fn check(&mut self, record: &Record, sample: &TrafficSample) -> Checked {
        let (namespace, service) = (record.subject.namespace.clone(), record.subject.name.clone());
        let before = self.flows.entry((sample.client.clone(), namespace, service)).or_default();
        let failed: u64 = sample.failed.iter().map(|(_, count)| count).sum();
        let (came, went) = (*before + sample.sent, sample.answered + failed + sample.in_flight);
        *before = sample.in_flight;
        ensure(came == went, "every request is answered, fails or is in flight", || {
            format!("{came} were in flight or sent, {went} are answered, failed or in flight")
        })
    }
}
