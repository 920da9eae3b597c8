//! Reader of a fault: `{nodeCrash: {node: worker-2, recoverAfter: 8m}}`.

use super::target::{self, NODE_FIELDS, POD_FIELDS};
use super::{Fields, Mentioned, Read, Value, Variant};
use crate::api::Kind;
use crate::base::{Name, Quantity};
use crate::fault::{
    Component, Fault, NodeTarget, Outage, Party, PodTarget, ProbeKind, ProcessFault, Resource,
};
use crate::kernel::SimDuration;

/// A fault, and how long it lasts.
pub(super) struct Timed {
    pub(super) fault: Fault,
    pub(super) lasts: Option<SimDuration>,
}

const KINDS: &[Variant<Timed>] = &[
    ("exit", |value| {
        process(value, "code", |fields| fields.need("code", Value::exit_code).map(ProcessFault::Exit))
    }),
    ("signal", |value| {
        process(value, "signal", |fields| fields.need("signal", Value::signal).map(ProcessFault::Signal))
    }),
    ("oom", |value| process(value, "", |_| Ok(ProcessFault::OutOfMemory))),
    ("hang", |value| process(value, "", |_| Ok(ProcessFault::Hang))),
    ("sandboxKilled", sandbox_killed),
    ("slowStart", slow_start),
    ("probeFailure", probe_failure),
    ("dependencyDown", dependency_down),
    ("imagePullError", image_pull_error),
    ("imagePullSlow", image_pull_slow),
    ("nodeCrash", node_crash),
    ("nodeReboot", node_reboot),
    ("kubeletStop", |value| on_nodes(value, |nodes| Fault::KubeletStop { nodes })),
    ("networkPluginStop", |value| on_nodes(value, |nodes| Fault::NetworkPluginStop { nodes })),
    ("runtimeStop", |value| on_nodes(value, |nodes| Fault::RuntimeStop { nodes })),
    ("pressure", pressure),
    ("partition", |value| connection(value, "", |_, a, b| Ok(Fault::Partition { a, b }))),
    ("networkLatency", |value| {
        connection(value, "latency", |fields, a, b| {
            Ok(Fault::NetworkLatency { a, b, latency: fields.need("latency", Value::positive_duration)? })
        })
    }),
    ("packetLoss", |value| {
        connection(value, "percent", |fields, a, b| {
            Ok(Fault::PacketLoss { a, b, per_million: fields.need("percent", percent)? })
        })
    }),
    ("zoneOutage", zone_outage),
    ("controlPlane", control_plane),
];

/// Reads a fault of any kind.
pub(super) fn fault(value: &Value<'_>) -> Read<Timed> {
    value.one_of("fault", KINDS)
}

impl Timed {
    /// The same fault, lasting as long as the field `for` of some mapping says.
    pub(super) fn lasting(self, length: &Value<'_>) -> Read<Self> {
        let lasts = length.positive_duration()?;
        let Self { mut fault, lasts: earlier } = self;
        let key = fault.key();
        if fault.is_instant() {
            return length.wrong("conflict", format!("`{key}` happens at one instant and does not last"));
        }
        // A machine comes back by booting, so its fault knows the time itself.
        if let Fault::NodeCrash { recover_after, .. } = &mut fault {
            return match recover_after.replace(lasts) {
                None => Ok(Self { fault, lasts: None }),
                Some(_) => length.wrong("conflict", "give `recoverAfter` or `for`, not both"),
            };
        }
        match earlier {
            None => Ok(Self { fault, lasts: Some(lasts) }),
            Some(_) => length.wrong("conflict", "`for` is given twice, here and inside the fault"),
        }
    }
}

/// A fault whose duration, if any, is the field `for`.
fn timed(fields: &Fields<'_>, fault: Read<Fault>) -> Read<Timed> {
    let timed = Timed { fault: fault?, lasts: None };
    match fields.get("for") {
        Some(length) => timed.lasting(&length),
        None => Ok(timed),
    }
}

/// The valid fields: some group, `for`, and others.
fn names(group: &[&'static str], others: &[&'static str]) -> Vec<&'static str> {
    let others = others.iter().copied().filter(|name| !name.is_empty());
    group.iter().copied().chain(others).chain(["for"]).collect()
}

type PodsOf = (Read<PodTarget>, Read<Option<Name>>);

fn pods_and_container(fields: &Fields<'_>) -> PodsOf {
    (target::pods(fields), fields.optional("container", Value::label_name))
}

fn process(
    value: &Value<'_>,
    field: &'static str,
    how: impl FnOnce(&Fields<'_>) -> Read<ProcessFault>,
) -> Read<Timed> {
    let fields = value.fields(&names(POD_FIELDS, &["container", field]))?;
    let (pods, container) = pods_and_container(&fields);
    let how = how(&fields);
    timed(&fields, Ok(Fault::Process { pods: pods?, container: container?, how: how? }))
}

fn sandbox_killed(value: &Value<'_>) -> Read<Timed> {
    let fields = value.fields(POD_FIELDS)?;
    let pods = pods_and_container(&fields).0;
    timed(&fields, Ok(Fault::Process { pods: pods?, container: None, how: ProcessFault::KillSandbox }))
}

fn slow_start(value: &Value<'_>) -> Read<Timed> {
    let fields = value.fields(&names(POD_FIELDS, &["container", "by"]))?;
    let (pods, container) = pods_and_container(&fields);
    let by = fields.need("by", Value::positive_duration);
    timed(&fields, Ok(Fault::SlowStart { pods: pods?, container: container?, by: by? }))
}

fn probe_failure(value: &Value<'_>) -> Read<Timed> {
    const PROBES: &[(&str, ProbeKind)] = &[
        ("startup", ProbeKind::Startup),
        ("readiness", ProbeKind::Readiness),
        ("liveness", ProbeKind::Liveness),
    ];
    let fields = value.fields(&names(POD_FIELDS, &["container", "probe"]))?;
    let (pods, container) = pods_and_container(&fields);
    let probe = fields.optional("probe", |value| value.word("probe", PROBES));
    timed(&fields, Ok(Fault::ProbeFailure { pods: pods?, container: container?, probe: probe? }))
}

fn dependency_down(value: &Value<'_>) -> Read<Timed> {
    let fields = value.fields(&names(&["service"], &[]))?;
    let (namespace, service) = fields.need("service", |value| {
        let (namespace, name) = value.namespaced_name()?;
        let (kind, name) = (Kind::Service, name);
        value.mention(Mentioned::Object { kind, namespace: namespace.clone(), name: name.clone() });
        Ok((namespace, name))
    })?;
    timed(&fields, Ok(Fault::DependencyDown { namespace, service }))
}

fn image_pull_error(value: &Value<'_>) -> Read<Timed> {
    let fields = value.fields(&names(&["image"], &["node"]))?;
    let (image, node) = (fields.need("image", Value::some_text), fields.optional("node", target::node_name));
    timed(&fields, Ok(Fault::ImagePullError { image: image?, node: node? }))
}

fn image_pull_slow(value: &Value<'_>) -> Read<Timed> {
    let fields = value.fields(&names(&["image"], &["factor", "node"]))?;
    let (image, node) = (fields.need("image", Value::some_text), fields.optional("node", target::node_name));
    let factor = fields.need("factor", |value| value.whole(1..=1_000_000));
    timed(&fields, Ok(Fault::ImagePullSlow { image: image?, factor: factor?, node: node? }))
}

fn node_crash(value: &Value<'_>) -> Read<Timed> {
    let fields = value.fields(&names(NODE_FIELDS, &["recoverAfter"]))?;
    let nodes = target::nodes(&fields);
    let recover_after = fields.optional("recoverAfter", Value::positive_duration);
    let crash = Fault::NodeCrash { nodes: nodes?, recover_after: recover_after? };
    timed(&fields, Ok(crash))
}

fn node_reboot(value: &Value<'_>) -> Read<Timed> {
    let fields = value.fields(&names(NODE_FIELDS, &["downFor"]))?;
    let (nodes, down_for) = (target::nodes(&fields), fields.optional("downFor", Value::positive_duration));
    timed(&fields, Ok(Fault::NodeReboot { nodes: nodes?, down_for: down_for? }))
}

fn on_nodes(value: &Value<'_>, fault: impl FnOnce(NodeTarget) -> Fault) -> Read<Timed> {
    let fields = value.fields(&names(NODE_FIELDS, &[]))?;
    timed(&fields, target::nodes(&fields).map(fault))
}

fn pressure(value: &Value<'_>) -> Read<Timed> {
    const RESOURCES: &[(&str, Resource)] =
        &[("memory", Resource::Memory), ("disk", Resource::Disk), ("pid", Resource::Pid)];
    let fields = value.fields(&names(NODE_FIELDS, &["resource", "available"]))?;
    let available = fields.optional("available", Value::bytes);
    let (nodes, resource) =
        (target::nodes(&fields), fields.need("resource", |value| value.word("resource", RESOURCES)));
    timed(&fields, Ok(Fault::Pressure { nodes: nodes?, resource: resource?, available: available? }))
}

fn connection(
    value: &Value<'_>,
    field: &'static str,
    fault: impl FnOnce(&Fields<'_>, Party, Party) -> Read<Fault>,
) -> Read<Timed> {
    let fields = value.fields(&names(&["between"], &[field]))?;
    let (a, b) = fields.need("between", target::between)?;
    timed(&fields, fault(&fields, a, b))
}

/// `5`, `0.1` or `0.1%`, in millionths.
fn percent(value: &Value<'_>) -> Read<u32> {
    let text = value.text()?;
    let number: Option<Quantity> = text.strip_suffix('%').unwrap_or(&text).trim().parse().ok();
    // A percent is ten thousand millionths, and a quantity counts in thousandths.
    match number.map(|number| number.milli_value()) {
        Some(milli @ 1..=100_000) => Ok(milli as u32 * 10),
        _ => value.wrong("out-of-range", format!("expected a percentage above 0, to 100, found `{text}`")),
    }
}

fn zone_outage(value: &Value<'_>) -> Read<Timed> {
    let fields = value.fields(&names(&["zone"], &[]))?;
    let zone = fields.need("zone", target::zone);
    timed(&fields, zone.map(|zone| Fault::ZoneOutage { zone }))
}

fn control_plane(value: &Value<'_>) -> Read<Timed> {
    const COMPONENTS: &[(&str, Component)] = &[
        ("apiServer", Component::ApiServer),
        ("etcd", Component::Etcd),
        ("scheduler", Component::Scheduler),
        ("controllerManager", Component::ControllerManager),
    ];
    let fields = value.fields(&names(&["component"], &["what", "replicas"]))?;
    let component = fields.need("component", |value| value.word("component", COMPONENTS));
    let outage = fields.need("what", outage);
    let replicas = fields.optional("replicas", |value| value.whole(1..=100));
    timed(
        &fields,
        Ok(Fault::ControlPlane {
            component: component?,
            outage: outage?,
            replicas: replicas?.map(|count| count as u32),
        }),
    )
}

fn outage(value: &Value<'_>) -> Read<Outage> {
    const SLOW: &[Variant<Outage>] = &[("slow", |value| value.whole(2..=1_000_000).map(Outage::Slow))];
    if value.is_mapping() {
        return value.one_of("trouble", SLOW);
    }
    value.word("trouble", &[("down", Outage::Down), ("leaderChange", Outage::LeaderChange)])
}
