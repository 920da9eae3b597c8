//! The row of a pod, and the word in its STATUS column.

use crate::api::core::{ConditionStatus, Conditions};
use crate::api::pod::{ContainerStatus, Pod, Terminated};
use crate::api::{Resource, Timestamp};

use super::{Column, Row, column, created, or_none, wide};
use crate::kubectl::age::age;

impl Row for Pod {
    const COLUMNS: &'static [Column] = &[
        column("NAME"),
        column("READY"),
        column("STATUS"),
        column("RESTARTS"),
        column("AGE"),
        wide("IP"),
        wide("NODE"),
        wide("NOMINATED NODE"),
        wide("READINESS GATES"),
    ];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let summary = Summary::of(self);
        let text = |name: &Option<crate::base::Name>| or_none(name.as_deref().unwrap_or_default()).to_owned();
        vec![
            self.metadata.name.to_string(),
            format!("{}/{}", summary.ready, summary.containers),
            summary.status,
            match summary.last_restart {
                Some(at) if summary.restarts > 0 => {
                    format!("{} ({} ago)", summary.restarts, age(Some(at), now))
                }
                _ => summary.restarts.to_string(),
            },
            created(self.metadata(), now),
            text(&self.status.pod_ip),
            text(&self.node_name),
            text(&self.status.nominated_node_name),
            readiness_gates(self),
        ]
    }
}

/// The word in the STATUS column: a reason rather than a phase, such as `CrashLoopBackOff` or `Terminating`.
pub fn status(pod: &Pod) -> String {
    Summary::of(pod).status
}

/// What a pod's container statuses come down to.
struct Summary {
    ready: usize,
    containers: usize,
    restarts: i64,
    last_restart: Option<Timestamp>,
    status: String,
}

impl Summary {
    fn of(pod: &Pod) -> Self {
        let sidecars = pod.spec.init_containers.iter().filter(|container| container.is_sidecar()).count();
        let mut summary = Self {
            ready: 0,
            containers: pod.spec.containers.len() + sidecars,
            restarts: 0,
            last_restart: None,
            status: first_word(pod),
        };
        let sidecar_restarts = summary.count_init_containers(pod);
        if let Some(restarts) = sidecar_restarts {
            // Once the pod is initialised, restarts of ordinary init containers no longer matter.
            (summary.restarts, summary.last_restart) = restarts;
            summary.count_containers(pod);
        }
        summary.mark_deletion(pod);
        summary
    }

    /// Goes through the init containers up to the first that is not done. Returns the restarts of the sidecars,
    /// unless the pod is still being initialised.
    fn count_init_containers(&mut self, pod: &Pod) -> Option<(i64, Option<Timestamp>)> {
        let mut sidecar_restarts = (0, None);
        let mut initializing = false;
        for (at, container) in pod.status.init_container_statuses.iter().enumerate() {
            self.add_restarts(container);
            let spec = pod.spec.init_containers.iter().find(|spec| spec.name == container.name);
            let is_sidecar = spec.is_some_and(crate::api::pod::Container::is_sidecar);
            if is_sidecar {
                sidecar_restarts.0 += i64::from(container.restart_count);
                sidecar_restarts.1 = sidecar_restarts.1.max(last_end(container));
            }
            if container.state.terminated.as_ref().is_some_and(|terminated| terminated.exit_code == 0) {
                continue;
            }
            if is_sidecar && container.started == Some(true) {
                self.ready += usize::from(container.ready);
                continue;
            }
            self.status = init_status(container, at, pod.spec.init_containers.len());
            initializing = true;
            break;
        }
        (!initializing || pod.status.conditions.is_true("Initialized")).then_some(sidecar_restarts)
    }

    fn count_containers(&mut self, pod: &Pod) {
        let mut some_run = false;
        // Backwards, so that of several reasons the first container's is shown.
        for container in pod.status.container_statuses.iter().rev() {
            self.add_restarts(container);
            let waiting = container.state.waiting.as_ref().and_then(|waiting| waiting.reason.as_deref());
            if let Some(reason) = waiting.filter(|reason| !reason.is_empty()) {
                reason.clone_into(&mut self.status);
            } else if let Some(terminated) = &container.state.terminated {
                self.status = end_word(terminated);
            } else if container.ready && container.state.running.is_some() {
                some_run = true;
                self.ready += 1;
            }
        }
        if self.status == "Completed" && some_run {
            let word = if pod.is_ready() { "Running" } else { "NotReady" };
            word.clone_into(&mut self.status);
        }
    }

    fn mark_deletion(&mut self, pod: &Pod) {
        if !pod.metadata.is_terminating() {
            return;
        }
        if pod.status.reason.as_deref() == Some("NodeLost") {
            "Unknown".clone_into(&mut self.status);
        } else if !pod.status.phase.is_terminal() {
            "Terminating".clone_into(&mut self.status);
        }
    }

    fn add_restarts(&mut self, container: &ContainerStatus) {
        self.restarts += i64::from(container.restart_count);
        self.last_restart = self.last_restart.max(last_end(container));
    }
}

/// When the instance before this one ended.
fn last_end(container: &ContainerStatus) -> Option<Timestamp> {
    container.last_state.terminated.as_ref().and_then(|terminated| terminated.finished_at)
}

/// The reason of the pod if it has one, else its phase.
fn first_word(pod: &Pod) -> String {
    let gated = pod
        .status
        .conditions
        .condition("PodScheduled")
        .is_some_and(|condition| condition.reason.as_deref() == Some("SchedulingGated"));
    if gated {
        return "SchedulingGated".to_owned();
    }
    match pod.status.reason.as_deref() {
        Some(reason) if !reason.is_empty() => reason.to_owned(),
        _ => pod.status.phase.as_str().to_owned(),
    }
}

/// The status of a pod whose init container number `at` is not done.
fn init_status(container: &ContainerStatus, at: usize, total: usize) -> String {
    if let Some(terminated) = &container.state.terminated {
        return format!("Init:{}", end_word(terminated));
    }
    match container.state.waiting.as_ref().and_then(|waiting| waiting.reason.as_deref()) {
        Some(reason) if !reason.is_empty() && reason != "PodInitializing" => format!("Init:{reason}"),
        _ => format!("Init:{at}/{total}"),
    }
}

/// The reason of an end, or else its signal or exit code.
fn end_word(terminated: &Terminated) -> String {
    match (terminated.reason.as_deref(), terminated.signal) {
        (Some(reason), _) if !reason.is_empty() => reason.to_owned(),
        (_, Some(signal)) if signal != 0 => format!("Signal:{signal}"),
        _ => format!("ExitCode:{}", terminated.exit_code),
    }
}

fn readiness_gates(pod: &Pod) -> String {
    let gates = &pod.spec.readiness_gates;
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let is_open = |condition: &str| pod.status.conditions.status_of(condition) == Some(ConditionStatus::True);
    let open = gates.iter().filter(|gate| is_open(&gate.condition_type)).count();
    format!("{open}/{}", gates.len())
}
