//! The page of a pod.

use crate::api::Timestamp;
use crate::api::core::{Conditions, Opaque, Toleration, TolerationOperator};
use crate::api::pod::{Pod, PodSpec, QosClass, TopologySpreadConstraint, UnsatisfiableAction};
use crate::api::qos::qos_class;
use crate::kubectl::age::{age, date};
use crate::kubectl::print::selector_text;

use super::container::{Containers, resources};
use super::page::{Page, line};
use super::volume::volumes;

pub(super) fn describe(page: &mut Page, pod: &Pod, now: Timestamp) {
    let (spec, status) = (&pod.spec, &pod.status);
    page.name_and_namespace(&pod.metadata);
    header(page, pod);
    page.labels_and_annotations(&pod.metadata);
    state(page, pod, now);
    if let Some(own) = &spec.resources {
        line!(page, 0, "Resources:");
        resources(page, 1, own);
    }
    if !spec.init_containers.is_empty() {
        let init = Containers {
            heading: "Init Containers",
            containers: &spec.init_containers,
            statuses: &status.init_container_statuses,
            pod: Some(pod),
            indent: "",
        };
        init.describe(page);
    }
    let containers = Containers {
        heading: "Containers",
        containers: &spec.containers,
        statuses: &status.container_statuses,
        pod: Some(pod),
        indent: "",
    };
    containers.describe(page);
    conditions(page, pod);
    volumes(page, &spec.volumes, "");
    let class = status.qos_class.unwrap_or_else(|| qos_class(spec));
    line!(page, 0, "QoS Class:\t{}", class_word(class));
    placement(page, spec, "");
}

fn header(page: &mut Page, pod: &Pod) {
    let spec = &pod.spec;
    if let Some(priority) = spec.priority {
        line!(page, 0, "Priority:\t{priority}");
    }
    for (heading, name) in [
        ("Priority Class Name", &spec.priority_class_name),
        ("Runtime Class Name", &spec.runtime_class_name),
        ("Service Account", &spec.service_account_name),
    ] {
        if let Some(name) = name.as_deref().filter(|name| !name.is_empty()) {
            line!(page, 0, "{heading}:\t{name}");
        }
    }
    match &pod.node_name {
        Some(node) => {
            line!(page, 0, "Node:\t{node}/{}", pod.status.host_ip.as_deref().unwrap_or_default());
        }
        None => line!(page, 0, "Node:\t<none>"),
    }
    if pod.status.start_time.is_some() {
        line!(page, 0, "Start Time:\t{}", date(pod.status.start_time));
    }
}

fn state(page: &mut Page, pod: &Pod, now: Timestamp) {
    let status = &pod.status;
    match pod.metadata.deletion_timestamp {
        Some(deletion) if !status.phase.is_terminal() => {
            line!(page, 0, "Status:\tTerminating (lasts {})", age(Some(deletion), now));
            let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or(0);
            line!(page, 0, "Termination Grace Period:\t{grace}s");
        }
        _ => line!(page, 0, "Status:\t{}", status.phase.as_str()),
    }
    for (heading, text) in [("Reason", &status.reason), ("Message", &status.message)] {
        if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
            line!(page, 0, "{heading}:\t{text}");
        }
    }
    if let Some(profile) = seccomp_profile(&pod.spec.security_context) {
        line!(page, 0, "SeccompProfile:\t{profile}");
    }
    let address = status.pod_ip.as_deref().unwrap_or_default();
    line!(page, 0, "IP:\t{address}");
    if address.is_empty() {
        line!(page, 0, "IPs:\t<none>");
    } else {
        line!(page, 0, "IPs:");
        line!(page, 1, "IP:\t{address}");
    }
    page.controlled_by(&pod.metadata);
    if let Some(node) = status.nominated_node_name.as_deref().filter(|node| !node.is_empty()) {
        line!(page, 0, "NominatedNodeName:\t{node}");
    }
}

/// `seccompProfile.type` of a security context.
pub(super) fn seccomp_profile(context: &Opaque) -> Option<&str> {
    context.as_deref()?.get("seccompProfile")?.get("type")?.as_str()
}

fn conditions(page: &mut Page, pod: &Pod) {
    let conditions = &pod.status.conditions;
    if !pod.spec.readiness_gates.is_empty() {
        line!(page, 0, "Readiness Gates:");
        line!(page, 1, "Type\tStatus");
        for gate in &pod.spec.readiness_gates {
            let status = conditions.status_of(&gate.condition_type);
            let status = status.map_or_else(|| "<none>".to_owned(), |status| status.to_string());
            line!(page, 1, "{} \t{status} ", gate.condition_type);
        }
    }
    if !conditions.is_empty() {
        line!(page, 0, "Conditions:");
        line!(page, 1, "Type\tStatus");
        for condition in conditions {
            line!(page, 1, "{} \t{} ", condition.kind, condition.status);
        }
    }
}

fn class_word(class: QosClass) -> &'static str {
    match class {
        QosClass::Guaranteed => "Guaranteed",
        QosClass::Burstable => "Burstable",
        QosClass::BestEffort => "BestEffort",
    }
}

/// `Node-Selectors:`, `Tolerations:` and spread constraints of a pod.
fn placement(page: &mut Page, spec: &PodSpec, indent: &str) {
    page.labels(&format!("{indent}Node-Selectors"), &spec.node_selector);
    tolerations(page, &spec.tolerations, indent);
    spread_constraints(page, &spec.topology_spread_constraints, indent);
}

/// `Tolerations:`, in the order of their keys.
pub(super) fn tolerations(page: &mut Page, tolerations: &[Toleration], indent: &str) {
    let mut sorted: Vec<&Toleration> = tolerations.iter().collect();
    sorted.sort_by_key(|toleration| toleration.key.as_deref().unwrap_or_default());
    let lines: Vec<String> = sorted.into_iter().map(toleration_text).collect();
    page.under(indent, "Tolerations", &lines);
}

fn toleration_text(toleration: &Toleration) -> String {
    let mut text = toleration.key.as_deref().unwrap_or_default().to_owned();
    let value = toleration.value.as_deref().unwrap_or_default();
    if !value.is_empty() {
        text.push('=');
        text.push_str(value);
    }
    if let Some(effect) = toleration.effect {
        text.push(':');
        text.push_str(&effect.to_string());
    }
    if toleration.operator == Some(TolerationOperator::Exists) && value.is_empty() {
        text.push_str(if text.is_empty() { "op=Exists" } else { " op=Exists" });
    }
    match toleration.toleration_seconds {
        Some(seconds) => format!("{text} for {seconds}s"),
        None => text,
    }
}

/// `Topology Spread Constraints:`, in the order of their keys.
pub(super) fn spread_constraints(page: &mut Page, constraints: &[TopologySpreadConstraint], indent: &str) {
    if constraints.is_empty() {
        return;
    }
    let mut sorted: Vec<&TopologySpreadConstraint> = constraints.iter().collect();
    sorted.sort_by(|a, b| a.topology_key.cmp(&b.topology_key));
    let text = |constraint: &TopologySpreadConstraint| {
        let action = match constraint.when_unsatisfiable {
            UnsatisfiableAction::DoNotSchedule => "DoNotSchedule",
            UnsatisfiableAction::ScheduleAnyway => "ScheduleAnyway",
        };
        let selector = constraint.label_selector.as_ref();
        let selector = selector.map(|selector| format!(" for selector {}", selector_text(Some(selector))));
        format!(
            "{}:{action} when max skew {} is exceeded{}",
            constraint.topology_key,
            constraint.max_skew,
            selector.unwrap_or_default()
        )
    };
    let lines: Vec<String> = sorted.into_iter().map(text).collect();
    page.under(indent, "Topology Spread Constraints", &lines);
}
