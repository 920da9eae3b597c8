//! What a sync should do, from what the kubelet sees: a pure function.
//!
//! Source: kubelet v1.32 `kuberuntime_manager.go` computePodActions and computeInitContainerActions.

use super::pod::{HostPod, KillReason, Step};
use super::probe::{ProbeKind, Verdict};
use crate::api::pod::{Container, RestartPolicy, SelectorOperatorIn};

/// The steps of a sync.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Steps in order.
    pub(super) steps: Vec<Step>,
    /// The pod is over: stop whatever still runs, and the sandbox.
    pub(super) kill_pod: bool,
    /// An old sandbox is replaced.
    pub(super) sandbox_changed: bool,
}

/// Whether a container that exited with `code` is to be started again.
pub(super) fn restarts(container: &Container, pod_policy: RestartPolicy, code: i32) -> bool {
    for rule in &container.restart_policy_rules {
        let Some(exit_codes) = &rule.exit_codes else { continue };
        let listed = exit_codes.values.contains(&code);
        if listed == (exit_codes.operator == SelectorOperatorIn::In) && rule.action == "Restart" {
            return true;
        }
    }
    match container.restart_policy.unwrap_or(pod_policy) {
        RestartPolicy::Always => true,
        RestartPolicy::OnFailure => code != 0,
        RestartPolicy::Never => false,
    }
}

/// What to do with a pod that is not being stopped.
pub(super) fn plan(pod: &HostPod) -> Plan {
    let mut plan = Plan::default();
    let policy = pod.pod.spec.restart_policy;
    let sandbox_ready = pod.seen_sandbox.as_ref().is_some_and(|sandbox| sandbox.ready);
    if !sandbox_ready {
        plan_new_sandbox(pod, policy, &mut plan);
        return plan;
    }
    let initialised = plan_init(pod, policy, &mut plan);
    if plan.kill_pod || !initialised {
        return plan;
    }
    plan_regular(pod, policy, &mut plan);
    plan
}

fn plan_new_sandbox(pod: &HostPod, policy: RestartPolicy, plan: &mut Plan) {
    let existed = pod.seen_sandbox.is_some();
    let init = pod.init_count();
    let regular = init..pod.containers.len();
    if existed && policy == RestartPolicy::Never && pod.seen.iter().any(super::pod::Seen::exists) {
        plan.kill_pod = true;
        return;
    }
    let wanted: Vec<usize> = regular
        .filter(|&index| {
            pod.seen[index].exited().is_none_or(|ended| policy != RestartPolicy::OnFailure || ended.code != 0)
        })
        .collect();
    if wanted.is_empty() {
        plan.kill_pod = true;
        return;
    }
    for index in 0..pod.containers.len() {
        if pod.seen[index].running.is_some() {
            plan.steps.push(Step::Kill(index, KillReason::Sandbox));
        }
    }
    plan.sandbox_changed = existed;
    plan.steps.push(Step::Sandbox);
    if init > 0 {
        plan.steps.push(Step::Start(0));
    } else {
        plan.steps.extend(wanted.into_iter().map(Step::Start));
    }
}

/// Plans init containers and sidecars. Returns whether regular containers may run.
fn plan_init(pod: &HostPod, policy: RestartPolicy, plan: &mut Plan) -> bool {
    let init = pod.init_count();
    // Those that have ended may have run in an earlier sandbox.
    let regular_runs = pod.seen[init..].iter().any(|seen| seen.running.is_some());
    for index in 0..init {
        let seen = &pod.seen[index];
        if pod.is_sidecar(index) {
            let failed = failed_probe(pod, index);
            if let (Some(_), Some(reason)) = (seen.running, failed) {
                plan.steps.push(Step::Kill(index, reason));
                plan.steps.push(Step::Start(index));
            } else if seen.running.is_none() {
                plan.steps.push(Step::Start(index));
            }
            let started = seen.running.is_some() && failed.is_none() && has_started(pod, index);
            if !started && !regular_runs {
                return false;
            }
            continue;
        }
        if regular_runs || seen.succeeded_in(pod.seen_sandbox.as_ref()) {
            continue;
        }
        match (seen.running, seen.exited()) {
            (Some(_), _) => return false,
            (None, Some(ended)) if ended.code != 0 && policy == RestartPolicy::Never => {
                plan.kill_pod = true;
                return false;
            }
            _ => {
                plan.steps.push(Step::Start(index));
                return false;
            }
        }
    }
    true
}

fn plan_regular(pod: &HostPod, policy: RestartPolicy, plan: &mut Plan) {
    let (mut kept, mut starts) = (0, Vec::new());
    for index in pod.init_count()..pod.containers.len() {
        let container = pod.spec(index);
        let seen = &pod.seen[index];
        if seen.running.is_some() && definition_changed(pod, index) {
            // Whatever the restart policy says.
            plan.steps.push(Step::Kill(index, KillReason::Changed));
            starts.push(index);
            continue;
        }
        if seen.running.is_some() {
            match failed_probe(pod, index) {
                None => kept += 1,
                Some(reason) => {
                    plan.steps.push(Step::Kill(index, reason));
                    if container.restart_policy.unwrap_or(policy) != RestartPolicy::Never {
                        starts.push(index);
                    }
                }
            }
            continue;
        }
        if seen.exited().is_none_or(|ended| restarts(container, policy, ended.code)) {
            starts.push(index);
        }
    }
    if kept == 0 && starts.is_empty() && !plan.steps.iter().any(|step| matches!(step, Step::Kill(..))) {
        plan.steps.clear();
        plan.kill_pod = true;
        return;
    }
    plan.steps.extend(starts.into_iter().map(Step::Start));
}

/// Whether a running container was made from another image than the pod now wants (its name cannot change).
fn definition_changed(pod: &HostPod, index: usize) -> bool {
    let running = pod.containers[index].running.as_ref();
    running.is_some_and(|instance| instance.image != pod.spec(index).image)
}

/// Why a running container must be stopped, if a probe says so.
fn failed_probe(pod: &HostPod, index: usize) -> Option<KillReason> {
    let failed = |kind: ProbeKind| {
        pod.worker.probes.iter().any(|probe| {
            probe.container == index
                && probe.kind == kind
                && probe.stored == Verdict::Failure
                && probe.known == pod.seen[index].running.map(|(restart, _)| restart)
        })
    };
    if failed(ProbeKind::Liveness) {
        Some(KillReason::Liveness)
    } else if failed(ProbeKind::Startup) {
        Some(KillReason::Startup)
    } else {
        None
    }
}

/// Whether a running container counts as started: its startup probe succeeded, or it has none.
pub(super) fn has_started(pod: &HostPod, index: usize) -> bool {
    let probe = pod.worker.probes.iter().find(|p| p.container == index && p.kind == ProbeKind::Startup);
    match probe {
        Some(probe) => {
            probe.stored == Verdict::Success
                && probe.known == pod.seen[index].running.map(|(restart, _)| restart)
        }
        None => pod.spec(index).startup_probe.is_none(),
    }
}
