//! What a kubelet does not take, and what it ends by itself: admission and `activeDeadlineSeconds`.
//!
//! Source: kubelet v1.32 `lifecycle/predicate.go`, `active_deadline.go`; `spec` node 4.1, 5.4. Not modelled: admission
//! of NoExecute taints, devices and topology and preemption for critical pods.

use std::collections::btree_map::Range;

use super::eviction::Pressure;
use super::host::{HostShared, NodeEvent};
use super::pod::{HostPod, KubeletVerdict, Stage};
use super::pod_cx::PodCx;
use crate::api::core::{ResourceList, Taint, TaintEffect};
use crate::api::pod::{Pod, PodSpec, QosClass};
use crate::api::qos::{SYSTEM_CRITICAL_PRIORITY, pod_requests};
use crate::component::Class;
use crate::component::events::EventType;
use crate::kernel::SimDuration;

const SEQ_DEADLINE: u32 = 5;

/// Why a pod is not taken: reason, and message.
pub(super) type Rejection = (&'static str, String);

/// Whether a node takes a pod beside those that it has.
pub(super) fn admit(
    host: &HostShared,
    pods: Range<'_, u32, Box<HostPod>>,
    pod: &Pod,
) -> Result<(), Rejection> {
    let present: Vec<&HostPod> = pods
        .map(|(_, pod)| pod.as_ref())
        .filter(|pod| !matches!(pod.worker.stage, Stage::Terminated | Stage::Finished))
        .collect();
    under_pressure(host, pod)?;
    fits(host, &present, pod)?;
    if !is_selected(host, pod) {
        let message = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector";
        return Err(("NodeAffinity", message.to_owned()));
    }
    let ports = |pod: &Pod| -> Vec<i32> {
        let all = pod
            .spec
            .containers
            .iter()
            .chain(&pod.spec.init_containers)
            .flat_map(|container| &container.ports);
        all.filter_map(|port| port.host_port.filter(|port| *port > 0)).collect()
    };
    let wanted = ports(pod);
    if !wanted.is_empty()
        && present.iter().any(|other| ports(&other.pod).iter().any(|port| wanted.contains(port)))
    {
        let message =
            "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";
        return Err(("NodePorts", message.to_owned()));
    }
    host.admits_while_up()
}

/// Whether the kubelet evicts a pod under no circumstances: static and mirror pods, and those of the system.
pub(super) fn is_critical(pod: &Pod) -> bool {
    let annotations = &pod.metadata.annotations;
    let is_static = annotations.get("kubernetes.io/config.mirror").is_some()
        || annotations.get("kubernetes.io/config.source").is_some_and(|source| source != "api");
    is_static || pod.priority() >= SYSTEM_CRITICAL_PRIORITY
}

/// Under pressure only critical pods are taken; under that of memory alone also pods that have requests, and others
/// that tolerate the taint.
fn under_pressure(host: &HostShared, pod: &Pod) -> Result<(), Rejection> {
    let pressures = &host.eviction.pressures;
    if pressures.is_empty() || is_critical(pod) {
        return Ok(());
    }
    if pressures.iter().all(|pressure| *pressure == Pressure::Memory) {
        let tolerates = pod.spec.tolerations.iter().any(|toleration| toleration.tolerates(&memory_taint()));
        if pod.status.qos_class != Some(QosClass::BestEffort) || tolerates {
            return Ok(());
        }
    }
    let names: Vec<&str> = pressures.iter().map(|pressure| pressure.condition()).collect();
    Err(("Evicted", format!("The node had condition: [{}]. ", names.join(" "))))
}

fn memory_taint() -> Taint {
    Taint {
        key: "node.kubernetes.io/memory-pressure".into(),
        value: "".into(),
        effect: TaintEffect::NoSchedule,
        time_added: None,
    }
}

fn is_selected(host: &HostShared, pod: &Pod) -> bool {
    let labels = pod.spec.node_selector.iter().all(|(key, value)| host.labels.get(key) == Some(value));
    let affinity = pod.spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let required = affinity.and_then(|affinity| affinity.required.as_ref());
    labels && required.is_none_or(|selector| selector.matches(&host.labels, &host.name))
}

/// The resources that a kubelet looks at, and the reason when there is too little.
const AMOUNTS: [(&str, &str); 3] =
    [("cpu", "OutOfcpu"), ("memory", "OutOfmemory"), ("ephemeral-storage", "OutOfephemeral-storage")];

/// Amounts of these resources: CPU in thousandths of a core, the others in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts([Option<i64>; 3]);

impl Amounts {
    /// What a pod asks for. Worked out once for each pod: a kubelet adds up all of them whenever another one comes.
    pub fn requested(spec: &PodSpec) -> Self {
        Self::of(&pod_requests(spec))
    }

    fn of(list: &ResourceList) -> Self {
        Self(AMOUNTS.map(|(name, _)| {
            let quantity = list.get(name)?;
            Some(if name == "cpu" { quantity.milli_value() } else { quantity.value() })
        }))
    }
}

fn fits(host: &HostShared, present: &[&HostPod], pod: &Pod) -> Result<(), Rejection> {
    let lacks = |word: &str, requested: i64, used: i64, capacity: i64| {
        format!(
            "Node didn't have enough resource: {word}, requested: {requested}, used: {used}, capacity: {capacity}"
        )
    };
    if let Some(capacity) = host.allocatable.get("pods") {
        let (used, capacity) = (present.len() as i64, capacity.value());
        if used + 1 > capacity {
            return Err(("OutOfpods", lacks("pods", 1, used, capacity)));
        }
    }
    let requested = Amounts::requested(&pod.spec);
    let capacity = Amounts::of(&host.allocatable);
    for (at, (name, reason)) in AMOUNTS.into_iter().enumerate() {
        let requested = requested.0[at].filter(|amount| *amount > 0);
        let (Some(requested), Some(capacity)) = (requested, capacity.0[at]) else { continue };
        let used: i64 = present.iter().filter_map(|other| other.requested.0[at]).sum();
        if used + requested > capacity {
            return Err((reason, lacks(name, requested, used, capacity)));
        }
    }
    Ok(())
}

impl PodCx<'_, '_> {
    fn deadline(&self) -> Option<crate::kernel::SimTime> {
        let seconds = self.pod.pod.spec.active_deadline_seconds?;
        Some(self.pod.worker.start_time? + SimDuration::from_secs(seconds.max(0) as u64))
    }

    /// The kubelet notices at its sync ticks that a pod has been active for too long.
    pub(super) fn watch_deadline(&mut self) {
        let Some(end) = self.deadline() else { return };
        let at = end.max(self.ctx.now).ceil_to(self.ctx.settings.sync_tick_period, self.host.sync_phase);
        let event = NodeEvent::Deadline { pod: self.id };
        let handle = self.ctx.schedule(at, Class::Sync, self.pod.target, SEQ_DEADLINE, event);
        self.pod.worker.deadline = Some(handle);
    }

    pub(super) fn past_deadline(&self) -> bool {
        self.deadline().is_some_and(|end| end <= self.ctx.now)
    }

    /// The pod has been active for too long: it fails.
    pub(super) fn deadline_exceeded(&mut self) {
        let message = "Pod was active on the node longer than the specified deadline";
        self.pod_event(EventType::Normal, "DeadlineExceeded", message);
        self.pod.worker.verdict = Some(KubeletVerdict {
            reason: "DeadlineExceeded".into(),
            message: message.into(),
            is_disruption: false,
        });
        self.pod.worker.stage = Stage::Terminating;
        self.end_sync(false);
        self.request_sync();
    }
}
