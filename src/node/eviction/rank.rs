//! Which pod is evicted first.
//!
//! Source: kubelet v1.32 `eviction/helpers.go` rankMemoryPressure, rankDiskPressureFunc, rankPIDPressure; `spec` node 5.5. The
//! quality-of-service class is not looked at.

use std::cmp::Reverse;

use super::signals::Signal;

/// What counts about a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Index of the pod object.
    pub(super) pod: u32,
    pub(super) priority: i32,
    /// What it uses of the resource; `None` = nothing is known of it.
    pub(super) usage: Option<u64>,
    /// What it requests of the resource.
    pub(super) request: u64,
}

/// Sorts candidates: the first is evicted first. Equal ones stay in order of creation.
pub(super) fn rank(signal: Signal, candidates: &mut [Candidate]) {
    let over = |one: &Candidate| one.usage.map(|usage| i128::from(usage) - i128::from(one.request));
    match signal {
        Signal::Pids => {
            candidates.sort_by_key(|one| (one.priority, Reverse(one.usage.unwrap_or(0)), one.pod));
        }
        _ => candidates.sort_by_key(|one| {
            let within = over(one).is_some_and(|over| over <= 0);
            (one.usage.is_some(), within, one.priority, Reverse(over(one)), one.pod)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MI: u64 = 1 << 20;

    #[test]
    fn r6_over_request_then_priority_then_amount() {
        let candidate = |pod, priority, usage: u64, request: u64| Candidate {
            pod,
            priority,
            usage: Some(usage * MI),
            request: request * MI,
        };
        // A, B, C, D of the specification.
        let mut pods = [
            candidate(3, 0, 4096, 5120),
            candidate(2, 1000, 2048, 100),
            candidate(1, 0, 900, 850),
            candidate(0, 0, 300, 100),
        ];
        rank(Signal::Memory, &mut pods);
        assert_eq!(pods.map(|pod| pod.pod), [0, 1, 2, 3]);
    }

    #[test]
    fn pods_without_figures_go_first_and_processes_count_by_number() {
        let candidate = |pod, priority, usage| Candidate { pod, priority, usage, request: 0 };
        let mut pods = [candidate(0, 0, Some(5)), candidate(1, 9, None)];
        rank(Signal::Nodefs, &mut pods);
        assert_eq!(pods.map(|pod| pod.pod), [1, 0]);
        let mut pods = [candidate(0, 0, Some(5)), candidate(1, 0, Some(50)), candidate(2, -1, Some(1))];
        rank(Signal::Pids, &mut pods);
        assert_eq!(pods.map(|pod| pod.pod), [2, 1, 0]);
    }
}
