//! The page of a node, with what its pods take.

use crate::api::core::{ResourceList, Taint};
use crate::api::node::{Lease, Node};
use crate::api::pod::{Container, Pod, PodSpec};
use crate::api::qos::pod_requests;
use crate::api::{Kind, Resource};
use crate::base::{Name, Quantity};
use crate::kubectl::age::{age, date, micro_date};
use crate::kubectl::print::roles;
use crate::kubectl::source::ObjectSource;

use super::page::{Page, line, or_unset};

/// The namespace of node leases.
const LEASES: &str = "kube-node-lease";

pub(super) fn describe<S: ObjectSource + ?Sized>(page: &mut Page, node: &Node, source: &S) {
    line!(page, 0, "Name:\t{}", node.metadata.name);
    let roles = roles(&node.metadata.labels);
    line!(page, 0, "Roles:\t{}", roles.as_deref().unwrap_or("<none>"));
    page.labels_and_annotations(&node.metadata);
    line!(page, 0, "CreationTimestamp:\t{}", date(node.metadata.creation_timestamp));
    taints(page, &node.spec.taints);
    line!(page, 0, "Unschedulable:\t{}", node.spec.unschedulable);
    lease(page, &node.metadata.name, source);
    conditions(page, node);
    line!(page, 0, "Addresses:");
    for address in &node.status.addresses {
        line!(page, 1, "{}:\t{}", address.kind, address.address);
    }
    for (heading, list) in [("Capacity", &node.status.capacity), ("Allocatable", &node.status.allocatable)] {
        if !list.is_empty() {
            line!(page, 0, "{heading}:");
            page.resources(1, list);
        }
    }
    system_info(page, node);
    let pods = source.list(Kind::Pod, None);
    let mut pods: Vec<&Pod> = pods
        .iter()
        .filter_map(|object| Pod::from_object(object))
        .map(AsRef::as_ref)
        .filter(|pod| pod.node_name.as_ref() == Some(&node.metadata.name) && !pod.status.phase.is_terminal())
        .collect();
    // As etcd keeps them.
    pods.sort_by_key(|pod| (&pod.metadata.namespace, &pod.metadata.name));
    Usage { node, pods }.describe(page, source);
}

fn taints(page: &mut Page, taints: &[Taint]) {
    let mut sorted: Vec<&Taint> = taints.iter().collect();
    sorted.sort_by_key(|taint| (taint.effect.to_string(), &taint.key));
    let text = |taint: &Taint| match taint.value.as_str() {
        "" => format!("{}:{}", taint.key, taint.effect),
        value => format!("{}={value}:{}", taint.key, taint.effect),
    };
    let lines: Vec<String> = sorted.into_iter().map(text).collect();
    page.under("", "Taints", &lines);
}

fn lease<S: ObjectSource + ?Sized>(page: &mut Page, node: &Name, source: &S) {
    let object = source.get(Kind::Lease, LEASES, node);
    let Some(lease) = object.as_ref().and_then(|object| Lease::from_object(object)) else {
        let missing = crate::api::ApiError::not_found(Kind::Lease, node).message;
        line!(page, 0, "Lease:\tFailed to get lease: {missing}");
        return;
    };
    let time = |at: Option<crate::api::MicroTime>| or_unset(at.map(|at| micro_date(Some(at))));
    line!(page, 0, "Lease:");
    line!(page, 1, "HolderIdentity:\t{}", or_unset(lease.spec.holder_identity.as_ref()));
    line!(page, 1, "AcquireTime:\t{}", time(lease.spec.acquire_time));
    line!(page, 1, "RenewTime:\t{}", time(lease.spec.renew_time));
}

fn conditions(page: &mut Page, node: &Node) {
    if node.status.conditions.is_empty() {
        return;
    }
    line!(page, 0, "Conditions:");
    line!(page, 1, "Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
    line!(page, 1, "----\t------\t-----------------\t------------------\t------\t-------");
    for condition in &node.status.conditions {
        line!(
            page,
            1,
            "{} \t{} \t{} \t{} \t{} \t{}",
            condition.kind,
            condition.status,
            date(condition.last_heartbeat_time),
            date(condition.last_transition_time),
            condition.reason.as_deref().unwrap_or_default(),
            condition.message.as_deref().unwrap_or_default()
        );
    }
}

fn system_info(page: &mut Page, node: &Node) {
    let info = node.status.node_info.clone().unwrap_or_default();
    line!(page, 0, "System Info:");
    for (heading, value) in [
        ("Machine ID", &info.machine_id),
        ("System UUID", &info.system_uuid),
        ("Boot ID", &info.boot_id),
        ("Kernel Version", &info.kernel_version),
        ("OS Image", &info.os_image),
        ("Operating System", &info.operating_system),
        ("Architecture", &info.architecture),
        ("Container Runtime Version", &info.container_runtime_version),
        ("Kubelet Version", &info.kubelet_version),
        ("Kube-Proxy Version", &info.kube_proxy_version),
    ] {
        line!(page, 1, "{heading}:\t{value}");
    }
    let spec = &node.spec;
    let ranges = spec.pod_cidrs.iter().map(Name::as_str).collect::<Vec<_>>().join(",");
    for (heading, value) in [
        ("PodCIDR", spec.pod_cidr.as_deref().unwrap_or_default()),
        ("PodCIDRs", &ranges),
        ("ProviderID", spec.provider_id.as_deref().unwrap_or_default()),
    ] {
        if !value.is_empty() {
            line!(page, 0, "{heading}:\t{value}");
        }
    }
}

/// What the pods of a node ask for, set against what the node has.
struct Usage<'a> {
    node: &'a Node,
    /// Those that are not finished.
    pods: Vec<&'a Pod>,
}

impl Usage<'_> {
    fn describe<S: ObjectSource + ?Sized>(&self, page: &mut Page, source: &S) {
        line!(page, 0, "Non-terminated Pods:\t({} in total)", self.pods.len());
        line!(page, 1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
        line!(page, 1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
        let mut totals = (ResourceList::new(), ResourceList::new());
        for pod in &self.pods {
            let (requests, limits) = (pod_requests(&pod.spec), pod_limits(&pod.spec));
            let cells = ["cpu", "memory"]
                .map(|name| format!("{}\t{}", self.share(&requests, name), self.share(&limits, name)));
            let age = age(pod.metadata.creation_timestamp, source.now());
            let (namespace, name) = (&pod.metadata.namespace, &pod.metadata.name);
            line!(page, 1, "{namespace}\t{name}\t\t{}\t{age}", cells.join("\t"));
            add(&mut totals.0, &requests);
            add(&mut totals.1, &limits);
        }
        line!(page, 0, "Allocated resources:");
        line!(page, 1, "(Total limits may be over 100 percent, i.e., overcommitted.)");
        line!(page, 1, "Resource\tRequests\tLimits");
        line!(page, 1, "--------\t--------\t------");
        for name in ["cpu", "memory", "ephemeral-storage"] {
            let (requests, limits) = (self.share(&totals.0, name), self.share(&totals.1, name));
            line!(page, 1, "{name}\t{requests}\t{limits}");
        }
        self.further_resources(page, &totals.0, &totals.1);
    }

    /// Huge pages with their share, then devices and the like as counts.
    fn further_resources(&self, page: &mut Page, requests: &ResourceList, limits: &ResourceList) {
        let is_huge = |name: &Name| name.starts_with("hugepages-");
        let is_standard = |name: &Name| {
            matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage" | "pods") || is_huge(name)
        };
        for name in self.available().keys().filter(|name| is_huge(name)) {
            line!(page, 1, "{name}\t{}\t{}", self.share(requests, name), self.share(limits, name));
        }
        for name in self.available().keys().filter(|name| !is_standard(name)) {
            let amount = |list: &ResourceList| list.get(name).copied().unwrap_or_default();
            line!(page, 1, "{name}\t{}\t{}", amount(requests), amount(limits));
        }
    }

    fn available(&self) -> &ResourceList {
        let status = &self.node.status;
        if status.allocatable.is_empty() { &status.capacity } else { &status.allocatable }
    }

    /// `750m (18%)`: an amount and its share of what the node has.
    fn share(&self, list: &ResourceList, name: &str) -> String {
        let amount = list.get(name).copied().unwrap_or_default();
        let available = self.available().get(name).copied().unwrap_or_default();
        let number =
            |quantity: Quantity| if name == "cpu" { quantity.milli_value() } else { quantity.value() };
        // kubectl divides floats and cuts off: so does this, in integers.
        let percent = match number(available) {
            0 => 0,
            whole => i128::from(number(amount)) * 100 / i128::from(whole),
        };
        format!("{amount} ({percent}%)")
    }
}

fn add(sum: &mut ResourceList, list: &ResourceList) {
    for (name, quantity) in list {
        sum.entry(name.clone()).and_modify(|sum| *sum += *quantity).or_insert(*quantity);
    }
}

/// The most that the containers of a pod may use at one time, per resource that has a limit; as for requests.
fn pod_limits(spec: &PodSpec) -> ResourceList {
    let limits = |container: &Container| container.resources.limits.clone();
    let mut total = ResourceList::new();
    spec.containers.iter().for_each(|container| add(&mut total, &limits(container)));
    let (mut sidecars, mut starting) = (ResourceList::new(), ResourceList::new());
    for container in &spec.init_containers {
        let mut own = limits(container);
        if container.is_sidecar() {
            add(&mut total, &own);
            add(&mut sidecars, &own);
            own.clone_from(&sidecars);
        } else {
            add(&mut own, &sidecars);
        }
        maximum(&mut starting, &own);
    }
    maximum(&mut total, &starting);
    for (name, overhead) in &spec.overhead {
        if let Some(limit) = total.get_mut(name).filter(|limit| !limit.is_zero()) {
            *limit += *overhead;
        }
    }
    total
}

fn maximum(most: &mut ResourceList, list: &ResourceList) {
    for (name, quantity) in list {
        most.entry(name.clone()).and_modify(|most| *most = (*most).max(*quantity)).or_insert(*quantity);
    }
}
