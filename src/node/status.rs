//! What the kubelet says of a pod: container states, phase, conditions; and when it says it.
//!
//! Source: kubelet v1.32 `kubelet_pods.go`, `status/generate.go`, `status/status_manager.go`; `spec` node 1.4, 2.7, 4.

use std::sync::Arc;

use super::last_words::fitting;
use super::phase::{Ending, pod_phase};
use super::plan::restarts;
use super::pod::{Finished, HostPod, Stage};
use super::pod_cx::PodCx;
use super::probe::{ProbeKind, Verdict};
use super::static_pods::is_from_file;
use crate::api::core::{Condition, ConditionStatus, Conditions};
use crate::api::pod::{ContainerStatus, PodPhase, PodStatus, Running, Terminated, Waiting};
use crate::api::{Kind, ObjectRef, Patch, Request, Timestamp};
use crate::base::Name;

impl PodCx<'_, '_> {
    /// Computes the status from what the last relist saw and publishes it if it changed. `terminal` is set only by
    /// the very last sync.
    /// Returns the phase that the containers imply, which may be ahead of the published one.
    pub(super) fn update_status(&mut self, terminal: bool) -> PodPhase {
        let (status, implied) = self.generate(terminal);
        self.publish(status);
        implied
    }

    /// The phase that the containers alone imply.
    fn implied_phase(&self, status: &PodStatus, terminal: bool) -> PodPhase {
        let old = self.pod.worker.cached.phase;
        if old.is_terminal() {
            return old;
        }
        if terminal && self.pod.worker.verdict.is_some() {
            return PodPhase::Failed;
        }
        let terminal = terminal && self.ctx.settings.terminal_phase_of_deleted_pods;
        let is_static = is_from_file(&self.pod.pod);
        pod_phase(&self.pod.pod.spec, status, Ending { terminal, is_static })
    }

    /// The waiting reason to show for a container that has ended and will start again.
    fn shown_waiting(&self, index: usize) -> Option<&(Name, Name)> {
        let reason = self.pod.worker.reasons[index].as_ref()?;
        let policy = self.pod.pod.spec.restart_policy;
        let container = self.pod.spec(index);
        let again = self.pod.seen[index]
            .exited()
            .is_none_or(|ended| self.pod.is_sidecar(index) || restarts(container, policy, ended.code));
        (again && self.pod.worker.stage == Stage::Syncing).then_some(reason)
    }

    fn generate(&self, terminal: bool) -> (PodStatus, PodPhase) {
        let worker = &self.pod.worker;
        let init = self.pod.init_count();
        let statuses: Vec<ContainerStatus> =
            (0..self.pod.seen.len()).map(|index| self.container_status(index, terminal)).collect();
        let mut status = PodStatus {
            phase: worker.cached.phase,
            reason: worker.cached.reason.clone(),
            message: worker.cached.message.clone(),
            host_ip: Some(self.host.address.clone()),
            pod_ip: self.pod_address(),
            start_time: worker.start_time.map(|at| self.ctx.timestamp_at(at)),
            qos_class: self.pod.pod.status.qos_class,
            nominated_node_name: None,
            observed_generation: None,
            conditions: Vec::new(),
            container_statuses: statuses[init..].to_vec(),
            init_container_statuses: statuses[..init].to_vec(),
        };
        if let (Some(verdict), Stage::Terminated) = (&worker.verdict, worker.stage) {
            status.reason = Some(verdict.reason.clone());
            status.message = Some(verdict.message.clone());
        }
        self.set_started_and_ready(&mut status);
        let implied = self.implied_phase(&status, terminal);
        // A terminal phase is held back while containers may still run.
        if !implied.is_terminal() || worker.stage == Stage::Terminated {
            status.phase = implied;
        }
        status.conditions = self.conditions(&status);
        (status, implied)
    }

    fn pod_address(&self) -> Option<Name> {
        if self.pod.pod.spec.host_network {
            return Some(self.host.address.clone());
        }
        let seen = self.pod.seen_sandbox.as_ref().map(|sandbox| sandbox.ip.clone());
        seen.or_else(|| self.pod.worker.cached.pod_ip.clone())
    }

    fn container_status(&self, index: usize, terminal: bool) -> ContainerStatus {
        let container = self.pod.spec(index);
        let seen = &self.pod.seen[index];
        let mut status = ContainerStatus {
            name: container.name.clone(),
            image: container.image.clone(),
            started: Some(false),
            ..ContainerStatus::default()
        };
        let id = |restart: i32| container_id(self.pod, index, restart);
        let default_reason = if self.pod.init_count() > 0 { "PodInitializing" } else { "ContainerCreating" };
        if let Some((restart, started_at)) = seen.running {
            status.restart_count = restart;
            status.container_id = Some(id(restart));
            status.state.running = Some(Running { started_at: Some(self.ctx.timestamp_at(started_at)) });
            status.last_state.terminated = seen.ended.as_ref().map(|ended| self.terminated(index, ended));
        } else if let Some(ended) = &seen.ended {
            status.restart_count = ended.restart;
            status.container_id = Some(id(ended.restart));
            if let Some((reason, message)) = self.shown_waiting(index) {
                status.state.waiting = Some(waiting(reason, message));
                status.last_state.terminated = Some(self.terminated(index, ended));
            } else {
                status.state.terminated = Some(self.terminated(index, ended));
                status.last_state.terminated =
                    seen.ended_before.as_ref().map(|before| self.terminated(index, before));
            }
        } else if let Some((reason, message)) = &self.pod.worker.reasons[index] {
            status.state.waiting = Some(waiting(reason, message));
        } else if terminal
            && index >= self.pod.init_count()
            && self.ctx.settings.terminal_phase_of_deleted_pods
        {
            status.state.terminated = Some(Terminated {
                exit_code: 137,
                reason: Some(Name::word("ContainerStatusUnknown")),
                message: Some(Name::word("The container could not be located when the pod was terminated")),
                ..Terminated::default()
            });
        } else {
            status.state.waiting = Some(waiting(&default_reason.into(), &Name::default()));
            if let Some((before, lost)) = self.lost_container(&container.name) {
                let counts = !self.pod.pod.metadata.is_terminating() && before.state.running.is_some();
                status.restart_count = before.restart_count + i32::from(counts);
                status.last_state.terminated = Some(lost);
            }
        }
        status
    }

    /// The last status of a container that ran according to it and that the runtime does not know, and what is said of its
    /// end. Old kubelets say so only once the pod is to go.
    fn lost_container(&self, name: &Name) -> Option<(&ContainerStatus, Terminated)> {
        let before = self.pod.worker.cached.container_statuses.iter().find(|status| status.name == *name)?;
        let known = before.last_state.terminated.clone().filter(|ended| ended.finished_at.is_none());
        let says = self.pod.pod.metadata.is_terminating() || self.host.minor_version >= 22;
        let lost = says && before.state.running.is_some();
        let ended = known.or_else(|| {
            lost.then(|| Terminated {
                exit_code: 137,
                reason: Some("ContainerStatusUnknown".into()),
                message: Some(
                    "The container could not be located when the pod was deleted.  The container used to be Running"
                        .into(),
                ),
                ..Terminated::default()
            })
        })?;
        Some((before, ended))
    }

    fn terminated(&self, index: usize, ended: &Finished) -> Terminated {
        Terminated {
            exit_code: ended.code,
            signal: None,
            reason: Some(ended.reason.clone()),
            message: ended.message.as_ref().map(|text| fitting(text, self.pod.containers.len())),
            started_at: Some(
                ended.started_at.map_or(Timestamp::from_secs(0), |at| self.ctx.timestamp_at(at)),
            ),
            finished_at: Some(self.ctx.timestamp_at(ended.at)),
            container_id: Some(container_id(self.pod, index, ended.restart)),
        }
    }

    /// Sets started and ready of the containers.
    fn set_started_and_ready(&self, status: &mut PodStatus) {
        let init = self.pod.init_count();
        let all = status.init_container_statuses.iter_mut().chain(&mut status.container_statuses);
        for (index, container) in all.enumerate() {
            let probed = |kind| Self::verdict_of(self.pod, index, kind, container.restart_count);
            let ordinary_init = index < init && !self.pod.is_sidecar(index);
            if ordinary_init {
                container.ready =
                    container.state.terminated.as_ref().is_some_and(|ended| ended.exit_code == 0);
                container.started = Some(container.state.running.is_some());
                continue;
            }
            let running = container.state.running.is_some();
            let startup = probed(ProbeKind::Startup);
            let started = running
                && startup.map_or(self.pod.spec(index).startup_probe.is_none(), |v| v == Verdict::Success);
            let readiness = probed(ProbeKind::Readiness);
            let ready = started
                && readiness
                    .map_or(self.pod.spec(index).readiness_probe.is_none(), |v| v == Verdict::Success);
            container.started = Some(started);
            container.ready = ready;
        }
    }

    fn conditions(&self, status: &PodStatus) -> Vec<Condition> {
        let now = self.ctx.timestamp();
        let sandbox = self.pod.seen_sandbox.as_ref().is_some_and(|sandbox| sandbox.ready);
        let has_network = sandbox && self.pod.worker.stage != Stage::Terminated;
        let mut conditions = vec![
            condition("PodReadyToStartContainers", has_network.into(), None),
            self.initialized(status),
            self.ready(status, "Ready", true),
            self.ready(status, "ContainersReady", false),
            condition("PodScheduled", ConditionStatus::True, None),
        ];
        for condition in &mut conditions {
            let old = self.pod.worker.cached.conditions.condition(&condition.kind);
            condition.last_transition_time = match old {
                Some(old) if old.status == condition.status => old.last_transition_time,
                _ => Some(now),
            };
        }
        let verdict = self.pod.worker.verdict.as_ref().filter(|verdict| verdict.is_disruption);
        if let Some(verdict) = verdict.filter(|_| self.pod.worker.stage == Stage::Terminated) {
            conditions.push(Condition {
                last_transition_time: Some(now),
                message: Some(verdict.message.clone()),
                ..condition(
                    "DisruptionTarget",
                    ConditionStatus::True,
                    Some(Name::word("TerminationByKubelet")),
                )
            });
        }
        conditions
    }

    fn initialized(&self, status: &PodStatus) -> Condition {
        if status.phase == PodPhase::Succeeded {
            return condition("Initialized", ConditionStatus::True, Some(Name::word("PodCompleted")));
        }
        let regular_ran = status
            .container_statuses
            .iter()
            .any(|container| container.state.running.is_some() || container.container_id.is_some());
        let incomplete: Vec<&str> = status
            .init_container_statuses
            .iter()
            .enumerate()
            .filter(|(index, container)| {
                if self.pod.is_sidecar(*index) { container.started != Some(true) } else { !container.ready }
            })
            .map(|(_, container)| container.name.as_str())
            .collect();
        if regular_ran || incomplete.is_empty() {
            return condition("Initialized", ConditionStatus::True, None);
        }
        let message = format!("containers with incomplete status: [{}]", incomplete.join(" "));
        Condition {
            message: Some(message.into()),
            ..condition("Initialized", ConditionStatus::False, Some(Name::word("ContainersNotInitialized")))
        }
    }

    fn ready(&self, status: &PodStatus, kind: &'static str, with_gates: bool) -> Condition {
        match status.phase {
            PodPhase::Succeeded => {
                return condition(kind, ConditionStatus::False, Some(Name::word("PodCompleted")));
            }
            PodPhase::Failed => {
                return condition(kind, ConditionStatus::False, Some(Name::word("PodFailed")));
            }
            _ => {}
        }
        let sidecars = status
            .init_container_statuses
            .iter()
            .enumerate()
            .filter(|(index, _)| self.pod.is_sidecar(*index))
            .map(|(_, container)| container);
        let unready: Vec<&str> = sidecars
            .chain(&status.container_statuses)
            .filter(|container| !container.ready)
            .map(|container| container.name.as_str())
            .collect();
        if !unready.is_empty() {
            let message = format!("containers with unready status: [{}]", unready.join(" "));
            return Condition {
                message: Some(message.into()),
                ..condition(kind, ConditionStatus::False, Some(Name::word("ContainersNotReady")))
            };
        }
        if with_gates && let Some(message) = self.closed_gate() {
            return Condition {
                message: Some(message),
                ..condition(kind, ConditionStatus::False, Some(Name::word("ReadinessGatesNotReady")))
            };
        }
        condition(kind, ConditionStatus::True, None)
    }

    fn closed_gate(&self) -> Option<Name> {
        let conditions = &self.pod.pod.status.conditions;
        self.pod.pod.spec.readiness_gates.iter().find_map(|gate| {
            let name = &gate.condition_type;
            match conditions.condition(name) {
                Some(condition) if condition.status == ConditionStatus::True => None,
                Some(condition) => Some(Name::from(format!(
                    "the status of pod readiness gate \"{name}\" is not \"True\", but {}",
                    condition.status
                ))),
                None => Some(Name::from(format!(
                    "corresponding condition of pod readiness gate \"{name}\" does not exist."
                ))),
            }
        })
    }

    /// A probe result changed: its effect on the status is published at once, before any sync.
    pub(super) fn publish_probe_results(&mut self) {
        let mut status = PodStatus::clone(&self.pod.worker.cached);
        self.set_started_and_ready(&mut status);
        status.conditions = self.conditions(&status);
        self.publish(status);
    }

    /// Makes `status` what probes look at and sends it to the API server, if it differs from the last one.
    pub(super) fn publish(&mut self, status: PodStatus) {
        if status == *self.pod.worker.cached && !self.pod.worker.unsent {
            return;
        }
        self.pod.worker.cached = Arc::new(status);
        self.send_status();
        self.wake_probes();
    }

    /// Sends the cached status; an answer that it failed comes back to `Host::reply`.
    pub(super) fn send_status(&mut self) {
        self.pod.worker.unsent = false;
        if self.pod.worker.object_gone {
            return;
        }
        let Some(uid) = self.pod.uid_in_api() else {
            self.pod.worker.unsent = true;
            return;
        };
        let metadata = &self.pod.pod.metadata;
        let target =
            ObjectRef { kind: Kind::Pod, namespace: metadata.namespace.clone(), name: metadata.name.clone() };
        let patch = Patch::PodStatus(self.pod.worker.cached.clone());
        let request = Request::Patch { target, uid: Some(uid), patch };
        // The status manager reads the pod before it patches it.
        self.host.client.spend(self.ctx.now);
        self.host.client.submit(self.ctx, request, Some(u64::from(self.id)));
    }
}

fn condition(kind: &'static str, status: ConditionStatus, reason: Option<Name>) -> Condition {
    Condition { kind: Name::word(kind), status, reason, ..Condition::default() }
}

fn waiting(reason: &Name, message: &Name) -> Waiting {
    Waiting {
        reason: Some(reason.clone()),
        message: Some(message.clone()).filter(|message| !message.is_empty()),
    }
}

/// The runtime's name for a process: stable, and different for every restart.
fn container_id(pod: &HostPod, index: usize, restart: i32) -> Name {
    let id =
        pod.target ^ (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (restart as u64).rotate_left(32);
    Name::from(format!("containerd://{id:016x}"))
}
