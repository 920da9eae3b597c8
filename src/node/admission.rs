//! What a kubelet does not take, and what it ends by itself: admission and `activeDeadlineSeconds`.
//!
//! Source: kubelet v1.32 `lifecycle/predicate.go`, `active_deadline.go`; `spec` node 4.1, 5.4. Not modelled: topology,
//! AppArmor.

use std::collections::btree_map::Range;

use super::eviction::Pressure;
use super::host::{HostShared, NodeEvent};
use super::pod::{HostPod, KubeletVerdict, Stage};
use super::pod_cx::PodCx;
use super::preemption;
use crate::api::core::{ResourceList, Taint, TaintEffect};
use crate::api::pod::{Pod, PodSpec, QosClass};
use crate::api::qos::{SYSTEM_CRITICAL_PRIORITY, pod_requests};
use crate::base::Name;
use crate::component::Class;
use crate::component::events::{EventType, Reason};
use crate::kernel::SimDuration;

const SEQ_DEADLINE: u32 = 5;

/// Why a pod is not taken: reason, and message.
pub(super) type Rejection = (Reason, String);

/// On the image of a static pod in the API: the identity of its manifest.
pub(super) const MIRROR_ANNOTATION: &str = "kubernetes.io/config.mirror";
/// Where a kubelet has a pod from.
pub(super) const SOURCE_ANNOTATION: &str = "kubernetes.io/config.source";

/// What a node lacks for a pod, in the unit in which the resource is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lack {
    pub(super) resource: Name,
    requested: i64,
    used: i64,
    capacity: i64,
}

impl Lack {
    /// How much there is too little.
    pub(super) fn amount(&self) -> i64 {
        self.requested + self.used - self.capacity
    }

    fn rejection(&self) -> Rejection {
        let Self { resource, requested, used, capacity } = self;
        let message = format!(
            "Node didn't have enough resource: {resource}, requested: {requested}, used: {used}, capacity: {capacity}"
        );
        (format!("OutOf{resource}").into(), message)
    }
}

/// Whether a node takes a pod beside those that it has, and which of them have to make room for it.
pub(super) fn admit(
    host: &HostShared,
    pods: Range<'_, u32, Box<HostPod>>,
    pod: &Pod,
) -> Result<Vec<u32>, Rejection> {
    let present: Vec<(u32, &HostPod)> = pods
        .filter(|(_, pod)| !matches!(pod.worker.stage, Stage::Terminated | Stage::Finished))
        .map(|(id, pod)| (*id, pod.as_ref()))
        .collect();
    under_pressure(host, pod)?;
    sysctls_allowed(pod)?;
    suits_system(host, pod)?;
    let lacks = lacking(host, &present, pod);
    let victims = match lacks.first() {
        None => Vec::new(),
        Some(first) if !is_critical(pod) => return Err(first.rejection()),
        Some(_) => {
            let found = preemption::victims(&present, pod, &lacks);
            found.ok_or_else(|| ("UnexpectedAdmissionError".into(), unexpected(&lacks)))?
        }
    };
    if !is_selected(host, pod) {
        let message = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector";
        return Err(("NodeAffinity".into(), message.to_owned()));
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
        && present.iter().any(|(_, other)| ports(&other.pod).iter().any(|port| wanted.contains(port)))
    {
        let message =
            "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";
        return Err(("NodePorts".into(), message.to_owned()));
    }
    let repels = |taint: &&Taint| {
        taint.effect == TaintEffect::NoExecute
            && !pod.spec.tolerations.iter().any(|toleration| toleration.tolerates(taint))
    };
    if !is_static(pod) && host.taints.iter().any(|taint| repels(&taint)) {
        let message = "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate";
        return Err(("TaintToleration".into(), message.to_owned()));
    }
    host.admits_while_up()?;
    Ok(victims)
}

/// Kernel settings that a pod may have without the consent of the node, and without those of the network (`sysctl/
/// safe_sysctls.go`).
const SAFE_SYSCTLS: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
];

/// Kubelets allow no unsafe kernel settings by default, and none of the network to pods on the machine's own
/// (`sysctl/allowlist.go`).
fn sysctls_allowed(pod: &Pod) -> Result<(), Rejection> {
    let context = pod.spec.security_context.as_ref();
    let list = context.and_then(|context| context.get("sysctls")?.as_array());
    let names = list.into_iter().flatten().filter_map(|sysctl| sysctl.get("name")?.as_str());
    for written in names {
        let name = written.replace('/', ".");
        let not_allowed = if !SAFE_SYSCTLS.contains(&name.as_str()) {
            "not allowlisted"
        } else if pod.spec.host_network && name.starts_with("net.") {
            "not allowed with host net enabled"
        } else if pod.spec.host_ipc && name.starts_with("kernel.shm") {
            "not allowed with host ipc enabled"
        } else {
            continue;
        };
        return Err(("SysctlForbidden".into(), format!("forbidden sysctl: \"{name}\" {not_allowed}")));
    }
    Ok(())
}

/// Pods for another operating system are refused.
fn suits_system(host: &HostShared, pod: &Pod) -> Result<(), Rejection> {
    const LABEL: &str = "kubernetes.io/os";
    let refused =
        |reason: &'static str, what: &str| Err((reason.into(), format!("Failed to admit pod as the {what}")));
    let system = host.labels.get(LABEL);
    if pod.spec.node_selector.get(LABEL).is_some_and(|wanted| Some(wanted) != system) {
        return refused(
            "PodOSSelectorNodeLabelDoesNotMatch",
            "`kubernetes.io/os` label doesn't match node label",
        );
    }
    let wanted = pod.spec.os.as_ref().and_then(|os| os.get("name")?.as_str());
    // Machines run Linux where no label says otherwise.
    if wanted.is_some_and(|wanted| wanted != system.map_or("linux", |system| system.as_str())) {
        return refused("PodOSNotSupported", "OS field doesn't match node OS");
    }
    Ok(())
}

/// No set of pods would make enough room.
fn unexpected(lacks: &[Lack]) -> String {
    let text = |lack: &Lack| format!("(res: {}, q: {}), ", lack.resource, lack.amount());
    let all: String = lacks.iter().map(text).collect();
    format!(
        "Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to \
         preempt: no set of running pods found to reclaim resources: [{all}]"
    )
}

/// Whether a pod comes from a file of its node, or is the image of such a pod in the API.
pub(super) fn is_static(pod: &Pod) -> bool {
    let annotations = &pod.metadata.annotations;
    annotations.get(MIRROR_ANNOTATION).is_some()
        || annotations.get(SOURCE_ANNOTATION).is_some_and(|source| source != "api")
}

/// Whether the kubelet evicts a pod under no circumstances: static and mirror pods, and those of the system.
pub(super) fn is_critical(pod: &Pod) -> bool {
    is_static(pod) || pod.priority() >= SYSTEM_CRITICAL_PRIORITY
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
    Err(("Evicted".into(), format!("The node had condition: [{}]. ", names.join(" "))))
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

/// What a pod asks of a resource, in the unit in which it is counted: CPU in thousandths of a core.
pub(super) fn asked(requests: &ResourceList, resource: &str) -> i64 {
    requests
        .get(resource)
        .map_or(0, |quantity| if resource == "cpu" { quantity.milli_value() } else { quantity.value() })
}

/// The resources that every kubelet looks at, in this order; others come after them.
const AMOUNTS: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Amounts of these resources: CPU in thousandths of a core, the others in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts([Option<i64>; 3]);

impl Amounts {
    /// What a pod asks for. Worked out once for each pod: a kubelet adds up all of them whenever another one comes.
    pub fn requested(spec: &PodSpec) -> Self {
        Self::of(&pod_requests(spec))
    }

    fn of(list: &ResourceList) -> Self {
        Self(AMOUNTS.map(|name| list.contains_key(name).then(|| asked(list, name))))
    }
}

/// What the node has too little of for a pod, in the order in which it is looked at.
fn lacking(host: &HostShared, present: &[(u32, &HostPod)], pod: &Pod) -> Vec<Lack> {
    let mut lacks = Vec::new();
    if let Some(capacity) = host.allocatable.get("pods") {
        let (used, capacity) = (present.len() as i64, capacity.value());
        if used + 1 > capacity {
            lacks.push(Lack { resource: "pods".into(), requested: 1, used, capacity });
        }
    }
    let requests = pod_requests(&pod.spec);
    let (requested, offered) = (Amounts::of(&requests), Amounts::of(&host.allocatable));
    for (at, name) in AMOUNTS.into_iter().enumerate() {
        let requested = requested.0[at].filter(|amount| *amount > 0);
        let (Some(requested), Some(capacity)) = (requested, offered.0[at]) else { continue };
        let used: i64 = present.iter().filter_map(|(_, other)| other.requested.0[at]).sum();
        if used + requested > capacity {
            lacks.push(Lack { resource: name.into(), requested, used, capacity });
        }
    }
    for name in requests.keys().filter(|name| !AMOUNTS.contains(&name.as_str())) {
        let (requested, capacity) = (asked(&requests, name), asked(&host.allocatable, name));
        let used: i64 = present.iter().map(|(_, other)| asked(&pod_requests(&other.pod.spec), name)).sum();
        if used + requested > capacity {
            lacks.push(Lack { resource: name.into(), requested, used, capacity });
        }
    }
    lacks
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
