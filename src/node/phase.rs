//! `status.phase` of a pod from the states of its containers.
//!
//! Follows `getPhase` of `pkg/kubelet/kubelet_pods.go` (1.32 to 1.34; for pods without sidecars the same as 1.20).
//! That a final phase is never left, and that eviction forces `Failed`, is up to the caller.

use crate::api::pod::{Container, ContainerStatus, PodPhase, PodSpec, PodStatus, RestartPolicy};

/// What the kubelet knows of the pod besides its containers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// Set in the last sync of a pod whose containers have all ended for good.
    pub terminal: bool,
    /// A static pod is restarted rather than ended.
    pub is_static: bool,
}

/// Counts over init containers that are not sidecars.
#[derive(Default)]
struct InitCount {
    pending: usize,
    failed: usize,
}

/// Counts over regular containers and sidecars.
#[derive(Default)]
struct Count {
    pending_sidecars: usize,
    running: usize,
    waiting: usize,
    stopped: usize,
    succeeded: usize,
    unknown: usize,
}

/// The phase that the container statuses in `status` amount to.
pub fn pod_phase(spec: &PodSpec, status: &PodStatus, ending: Ending) -> PodPhase {
    let init = count_init(spec, status);
    let count = count_rest(spec, status);
    let never = spec.restart_policy == RestartPolicy::Never;
    if init.failed > 0 && never {
        return PodPhase::Failed;
    }
    let started =
        status.container_statuses.iter().any(|c| c.state.running.is_some() || c.state.terminated.is_some());
    if init.pending > 0 || (count.pending_sidecars > 0 && !started) || count.waiting > 0 {
        return PodPhase::Pending;
    }
    if count.unknown > 0 || (count.running == 0 && count.stopped == 0) {
        return PodPhase::Pending;
    }
    if count.running > 0 {
        return PodPhase::Running;
    }
    let all_succeeded = count.stopped == count.succeeded;
    if ending.terminal && !ending.is_static {
        return if all_succeeded { PodPhase::Succeeded } else { PodPhase::Failed };
    }
    match spec.restart_policy {
        RestartPolicy::Always => PodPhase::Running,
        _ if all_succeeded => PodPhase::Succeeded,
        RestartPolicy::Never => PodPhase::Failed,
        RestartPolicy::OnFailure => PodPhase::Running,
    }
}

fn find<'a>(statuses: &'a [ContainerStatus], container: &Container) -> Option<&'a ContainerStatus> {
    statuses.iter().find(|status| status.name == container.name)
}

fn count_init(spec: &PodSpec, status: &PodStatus) -> InitCount {
    let mut count = InitCount::default();
    for container in spec.init_containers.iter().filter(|container| !container.is_sidecar()) {
        let Some(status) = find(&status.init_container_statuses, container) else {
            count.pending += 1;
            continue;
        };
        let (state, last) = (&status.state, &status.last_state.terminated);
        let ended = match (&state.running, &state.terminated, &state.waiting) {
            (None, Some(terminated), _) => Some(terminated),
            (None, None, Some(_)) => last.as_ref(),
            _ => None,
        };
        match ended {
            Some(terminated) => count.failed += usize::from(terminated.exit_code != 0),
            None => count.pending += 1,
        }
    }
    count
}

fn count_rest(spec: &PodSpec, status: &PodStatus) -> Count {
    let mut count = Count::default();
    for container in spec.init_containers.iter().filter(|container| container.is_sidecar()) {
        count.add_sidecar(find(&status.init_container_statuses, container));
    }
    for container in &spec.containers {
        count.add_regular(find(&status.container_statuses, container));
    }
    count
}

impl Count {
    /// A sidecar that has ended, or is between two runs, has no influence.
    fn add_sidecar(&mut self, status: Option<&ContainerStatus>) {
        let Some(status) = status else {
            self.unknown += 1;
            return;
        };
        let state = &status.state;
        if state.running.is_some() {
            self.pending_sidecars += usize::from(status.started != Some(true));
            self.running += 1;
        } else if state.terminated.is_some() {
        } else if state.waiting.is_some() {
            if status.last_state.terminated.is_none() {
                self.pending_sidecars += 1;
                self.waiting += 1;
            }
        } else {
            self.pending_sidecars += 1;
            self.unknown += 1;
        }
    }

    fn add_regular(&mut self, status: Option<&ContainerStatus>) {
        let Some(status) = status else {
            self.unknown += 1;
            return;
        };
        let state = &status.state;
        if state.running.is_some() {
            self.running += 1;
        } else if let Some(terminated) = &state.terminated {
            self.stopped += 1;
            self.succeeded += usize::from(terminated.exit_code == 0);
        } else if state.waiting.is_some() {
            // Between two runs (CrashLoopBackOff) it counts as stopped, but never as succeeded.
            let between_runs = status.last_state.terminated.is_some();
            *(if between_runs { &mut self.stopped } else { &mut self.waiting }) += 1;
        } else {
            self.unknown += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::pod::{Running, Terminated, Waiting};

    fn status(text: &str) -> ContainerStatus {
        let mut status = ContainerStatus { name: "c".into(), ..ContainerStatus::default() };
        let exited = |exit_code| Some(Terminated { exit_code, ..Terminated::default() });
        match text {
            "running" | "started" => status.state.running = Some(Running::default()),
            "exit0" => status.state.terminated = exited(0),
            "exit1" => status.state.terminated = exited(1),
            "waiting" => status.state.waiting = Some(Waiting::default()),
            "crashed" => {
                status.state.waiting = Some(Waiting::default());
                status.last_state.terminated = exited(1);
            }
            _ => {}
        }
        status.started = Some(text == "started");
        status
    }

    /// One sidecar, one regular container of the same name.
    fn phase(policy: RestartPolicy, sidecar: &str, regular: &str, terminal: bool) -> PodPhase {
        let container = Container { name: "c".into(), ..Container::default() };
        let helper = Container { restart_policy: Some(RestartPolicy::Always), ..container.clone() };
        let spec = PodSpec {
            restart_policy: policy,
            init_containers: vec![helper],
            containers: vec![container],
            ..PodSpec::default()
        };
        let status = PodStatus {
            init_container_statuses: vec![status(sidecar)],
            container_statuses: vec![status(regular)],
            ..PodStatus::default()
        };
        pod_phase(&spec, &status, Ending { terminal, is_static: false })
    }

    #[test]
    fn sidecars_hold_up_only_the_start() {
        use RestartPolicy::{Always, Never};
        assert_eq!(phase(Always, "running", "waiting", false), PodPhase::Pending);
        assert_eq!(phase(Always, "running", "running", false), PodPhase::Running);
        assert_eq!(phase(Always, "crashed", "running", false), PodPhase::Running);
        assert_eq!(phase(Never, "exit1", "exit0", false), PodPhase::Succeeded);
        assert_eq!(phase(Never, "started", "exit0", false), PodPhase::Running);
    }

    #[test]
    fn the_last_sync_decides_by_exit_codes() {
        use RestartPolicy::Always;
        assert_eq!(phase(Always, "exit0", "exit0", false), PodPhase::Running);
        assert_eq!(phase(Always, "exit0", "exit0", true), PodPhase::Succeeded);
        assert_eq!(phase(Always, "exit0", "exit1", true), PodPhase::Failed);
    }

    #[test]
    fn a_crash_loop_is_running() {
        assert_eq!(phase(RestartPolicy::Always, "started", "crashed", false), PodPhase::Running);
        assert_eq!(phase(RestartPolicy::OnFailure, "exit0", "crashed", false), PodPhase::Running);
    }
}
