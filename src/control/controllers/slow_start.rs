//! Pods are created in batches of 1, 2, 4, 8 ...: where one is refused, the others would be too, and are not even sent.
//!
//! Source: `slowStartBatch` of `pkg/controller/replicaset/replica_set.go`, and the same loop in the controllers of
//! DaemonSets and Jobs, v1.34.

use crate::api::Request;
use crate::api::pod::Pod;
use crate::control::manager::{About, Desk, Desktop};

/// What is left to be created for one key.
#[derive(Clone, Debug)]
pub(in crate::control) struct SlowStart {
    /// Pods that are still to be sent, the first one last.
    waiting: Vec<Pod>,
    /// Size of the next batch.
    batch: usize,
    /// Creations of the present batch that are not answered yet.
    in_flight: usize,
}

impl Desk {
    /// Notes the answer to a creation. Returns how many others are not sent because it was refused.
    pub(in crate::control) fn batch_answered(&mut self, key: u32, is_created: bool) -> i32 {
        let Some(start) = self.slow_starts.get_mut(&key) else { return 0 };
        start.in_flight = start.in_flight.saturating_sub(1);
        if is_created {
            return 0;
        }
        let skipped = start.waiting.len() as i32;
        start.waiting.clear();
        skipped
    }
}

impl Desktop<'_, '_> {
    /// Creates pods batch by batch, and waits to see them.
    pub(in crate::control) fn create_slowly(&mut self, mut pods: Vec<Pod>) {
        self.expect(pods.len() as i32, 0);
        pods.reverse();
        let batch = (self.ctx.settings.slow_start_initial_batch_size as usize).max(1);
        self.desk.slow_starts.insert(self.key, SlowStart { waiting: pods, batch, in_flight: 0 });
        self.continue_slow_start();
    }

    /// Sends the next batch once the one before has been answered.
    pub(in crate::control) fn continue_slow_start(&mut self) {
        let Some(start) = self.desk.slow_starts.get_mut(&self.key) else { return };
        if start.in_flight > 0 {
            return;
        }
        let rest = start.waiting.len().saturating_sub(start.batch);
        let pods = start.waiting.split_off(rest);
        if pods.is_empty() {
            self.desk.slow_starts.remove(&self.key);
            return;
        }
        start.batch *= 2;
        start.in_flight = pods.len();
        for pod in pods.into_iter().rev() {
            self.submit(Request::Create(pod.into()), About::Creation);
        }
    }
}
