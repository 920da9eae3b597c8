//! Containers: what they run, how they are, what they need.

use serde_json::Value;

use crate::api::core::Opaque;
use crate::api::pod::{Container, ContainerPort, ContainerState, ContainerStatus, Pod, Probe, Resources};
use crate::base::{Name, Quantity};
use crate::kubectl::age::date;
use crate::kubectl::print::or_none;

use super::page::{Page, line, truth};
use super::pod::seccomp_profile;

/// A section of containers.
pub(super) struct Containers<'a> {
    pub(super) heading: &'a str,
    pub(super) containers: &'a [Container],
    /// Their statuses; none in a template.
    pub(super) statuses: &'a [ContainerStatus],
    /// The pod, for variables that refer to it.
    pub(super) pod: Option<&'a Pod>,
    /// In front of the heading.
    pub(super) indent: &'a str,
}

impl Containers<'_> {
    pub(super) fn describe(&self, page: &mut Page) {
        let none = if self.containers.is_empty() { " <none>" } else { "" };
        line!(page, 0, "{}{}:{none}", self.indent, self.heading);
        for container in self.containers {
            let status = self.statuses.iter().find(|status| status.name == container.name);
            // In a template the names are one blank further in.
            let indent = if self.indent.is_empty() { "" } else { " " };
            line!(page, 1, "{indent}{}:", container.name);
            basics(page, container, status);
            words(page, "Command", &container.command);
            words(page, "Args", &container.args);
            if let Some(status) = status {
                state(page, status);
            }
            resources(page, 2, &container.resources);
            probes(page, container);
            environment(page, container, self.pod);
            mounts(page, container);
        }
    }
}

fn basics(page: &mut Page, container: &Container, status: Option<&ContainerStatus>) {
    if let Some(status) = status {
        line!(page, 2, "Container ID:\t{}", status.container_id.as_deref().unwrap_or_default());
    }
    line!(page, 2, "Image:\t{}", container.image);
    if status.is_some() {
        line!(page, 2, "Image ID:\t");
    }
    ports(page, "Port", container, |port| port.container_port);
    ports(page, "Host Port", container, |port| port.host_port.unwrap_or(0));
    if let Some(profile) = seccomp_profile(&container.security_context) {
        line!(page, 2, "SeccompProfile:\t{profile}");
    }
}

fn ports(page: &mut Page, heading: &str, container: &Container, number: fn(&ContainerPort) -> i32) {
    let text =
        |port: &ContainerPort| format!("{}/{}", number(port), port.protocol.as_deref().unwrap_or("TCP"));
    let ports: Vec<String> = container.ports.iter().map(text).collect();
    let plural = if ports.len() > 1 { "s" } else { "" };
    line!(page, 2, "{heading}{plural}:\t{}", or_none(&ports.join(", ")));
}

fn words(page: &mut Page, heading: &str, words: &[Name]) {
    if words.is_empty() {
        return;
    }
    line!(page, 2, "{heading}:");
    for text in words.iter().flat_map(|word| word.split('\n')) {
        line!(page, 3, "{text}");
    }
}

fn state(page: &mut Page, status: &ContainerStatus) {
    one_state(page, "State", &status.state);
    if status.last_state.terminated.is_some() {
        one_state(page, "Last State", &status.last_state);
    }
    line!(page, 2, "Ready:\t{}", truth(status.ready));
    line!(page, 2, "Restart Count:\t{}", status.restart_count);
}

fn one_state(page: &mut Page, heading: &str, state: &ContainerState) {
    let reason = |page: &mut Page, reason: Option<&str>| {
        if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
            line!(page, 3, "Reason:\t{reason}");
        }
    };
    if let Some(running) = &state.running {
        line!(page, 2, "{heading}:\tRunning");
        line!(page, 3, "Started:\t{}", date(running.started_at));
    } else if let Some(waiting) = &state.waiting {
        line!(page, 2, "{heading}:\tWaiting");
        reason(page, waiting.reason.as_deref());
    } else if let Some(terminated) = &state.terminated {
        line!(page, 2, "{heading}:\tTerminated");
        reason(page, terminated.reason.as_deref());
        if let Some(message) = terminated.message.as_deref().filter(|message| !message.is_empty()) {
            line!(page, 3, "Message:\t{message}");
        }
        line!(page, 3, "Exit Code:\t{}", terminated.exit_code);
        if let Some(signal @ 1..) = terminated.signal {
            line!(page, 3, "Signal:\t{signal}");
        }
        line!(page, 3, "Started:\t{}", date(terminated.started_at));
        line!(page, 3, "Finished:\t{}", date(terminated.finished_at));
    } else {
        line!(page, 2, "{heading}:\tWaiting");
    }
}

/// `Limits:` and `Requests:`, each if there are some.
pub(super) fn resources(page: &mut Page, level: usize, resources: &Resources) {
    for (heading, list) in [("Limits", &resources.limits), ("Requests", &resources.requests)] {
        if !list.is_empty() {
            line!(page, level, "{heading}:");
            page.resources(level + 1, list);
        }
    }
}

fn probes(page: &mut Page, container: &Container) {
    for (heading, probe) in [
        ("Liveness", &container.liveness_probe),
        ("Readiness", &container.readiness_probe),
        ("Startup", &container.startup_probe),
    ] {
        if let Some(probe) = probe {
            line!(page, 2, "{heading}:\t{}", probe_text(probe));
        }
    }
}

/// `http-get http://:8080/healthz delay=0s timeout=1s period=10s #success=1 #failure=3`
fn probe_text(probe: &Probe) -> String {
    let attributes = format!(
        "delay={}s timeout={}s period={}s #success={} #failure={}",
        probe.initial_delay_seconds.unwrap_or(0),
        probe.timeout_seconds.unwrap_or(1),
        probe.period_seconds.unwrap_or(10),
        probe.success_threshold.unwrap_or(1),
        probe.failure_threshold.unwrap_or(3)
    );
    if let Some(exec) = &probe.exec {
        let words: Vec<&str> = exec.command.iter().map(Name::as_str).collect();
        return format!("exec [{}] {attributes}", words.join(" "));
    }
    if let Some(get) = &probe.http_get {
        let scheme = get.scheme.as_deref().unwrap_or("HTTP").to_lowercase();
        let host = get.host.as_deref().unwrap_or_default();
        let path = get.path.as_deref().unwrap_or("/");
        return format!("http-get {scheme}://{host}:{}{path} {attributes}", get.port);
    }
    if let Some(socket) = &probe.tcp_socket {
        return format!(
            "tcp-socket {}:{} {attributes}",
            socket.host.as_deref().unwrap_or_default(),
            socket.port
        );
    }
    if let Some(grpc) = &probe.grpc {
        let service = grpc.service.as_deref().unwrap_or_default();
        return format!("grpc <pod>:{} {service} {attributes}", grpc.port);
    }
    format!("unknown {attributes}")
}

fn items(opaque: &Opaque) -> &[Value] {
    opaque.as_deref().and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The text of a field of a tree, or nothing.
pub(super) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn environment(page: &mut Page, container: &Container, pod: Option<&Pod>) {
    let from = items(&container.env_from);
    if !from.is_empty() {
        line!(page, 2, "Environment Variables from:");
        for source in from {
            environment_source(page, source);
        }
    }
    let variables = items(&container.env);
    line!(page, 2, "Environment:{}", if variables.is_empty() { "\t<none>" } else { "" });
    for variable in variables {
        let name = text(variable, "/name");
        let Some(from) = variable.get("valueFrom").filter(|from| !from.is_null()) else {
            let mut lines = text(variable, "/value").split('\n');
            line!(page, 3, "{name}:\t{}", lines.next().unwrap_or_default());
            lines.for_each(|more| line!(page, 3, "\t{more}"));
            continue;
        };
        if let Some(text) = reference_text(from, container, pod) {
            line!(page, 3, "{name}:\t{text}");
        }
    }
}

fn environment_source(page: &mut Page, source: &Value) {
    let (kind, path) = if source.get("configMapRef").is_some() {
        ("ConfigMap", "configMapRef")
    } else {
        ("Secret", "secretRef")
    };
    let reference = &source[path];
    let prefix = match text(source, "/prefix") {
        "" => String::new(),
        prefix => format!(" with prefix '{prefix}'"),
    };
    line!(page, 3, "{}\t{kind}{prefix}\tOptional: {}", text(reference, "/name"), is_optional(reference));
}

pub(super) fn is_optional(reference: &Value) -> bool {
    reference.get("optional").and_then(Value::as_bool).unwrap_or(false)
}

fn reference_text(from: &Value, container: &Container, pod: Option<&Pod>) -> Option<String> {
    if let Some(field) = from.get("fieldRef") {
        let path = text(field, "/fieldPath");
        let version = field.get("apiVersion").and_then(Value::as_str).unwrap_or("v1");
        let value = pod.map(|pod| pod_field(pod, path)).unwrap_or_default();
        return Some(format!("{value} ({version}:{path})"));
    }
    if let Some(field) = from.get("resourceFieldRef") {
        let resource = text(field, "/resource");
        return Some(format!("{} ({resource})", resource_field(field, container)));
    }
    let key = |reference: &Value, kind: &str| {
        let (key, name) = (text(reference, "/key"), text(reference, "/name"));
        let optional = is_optional(reference);
        // kubectl's grammar differs between the two.
        let preposition = if kind == "secret" { "in" } else { "of" };
        format!("<set to the key '{key}' {preposition} {kind} '{name}'>\tOptional: {optional}")
    };
    if let Some(reference) = from.get("secretKeyRef") {
        return Some(key(reference, "secret"));
    }
    from.get("configMapKeyRef").map(|reference| key(reference, "config map"))
}

/// The value of a field that variables can refer to. kubectl itself knows only these two.
fn pod_field(pod: &Pod, path: &str) -> String {
    match path {
        "metadata.name" => pod.metadata.name.to_string(),
        "metadata.namespace" => pod.metadata.namespace.to_string(),
        _ => String::new(),
    }
}

/// A request or limit of the container, in units of the divisor, rounded up.
fn resource_field(field: &Value, container: &Container) -> String {
    let resource = text(field, "/resource");
    let (list, name) = match resource.split_once('.') {
        Some(("limits", name)) => (&container.resources.limits, name),
        Some((_, name)) => (&container.resources.requests, name),
        None => return String::new(),
    };
    let divisor = text(field, "/divisor").parse::<Quantity>();
    let milli = |quantity: &Quantity| quantity.milli_value();
    let divisor = divisor.ok().map(|divisor| milli(&divisor)).filter(|divisor| *divisor > 0).unwrap_or(1_000);
    let amount = list.get(name).map_or(0, milli);
    let units = amount / divisor + i64::from(amount % divisor > 0);
    if units == 0 && matches!(resource, "limits.cpu" | "limits.memory") {
        return "node allocatable".to_owned();
    }
    units.to_string()
}

fn mounts(page: &mut Page, container: &Container) {
    let mut mounts: Vec<&Value> = items(&container.volume_mounts).iter().collect();
    mounts.sort_by_key(|mount| text(mount, "/mountPath"));
    line!(page, 2, "Mounts:{}", if mounts.is_empty() { "\t<none>" } else { "" });
    for mount in mounts {
        let read_only = mount.get("readOnly").and_then(Value::as_bool).unwrap_or(false);
        let flag = if read_only { "ro" } else { "rw" };
        let path = match text(mount, "/subPath") {
            "" => String::new(),
            path => format!(",path={path:?}"),
        };
        line!(page, 3, "{} from {} ({flag}{path})", text(mount, "/mountPath"), text(mount, "/name"));
    }
    let devices = items(&container.volume_devices);
    if !devices.is_empty() {
        line!(page, 2, "Devices:");
        for device in devices {
            line!(page, 3, "{} from {}", text(device, "/devicePath"), text(device, "/name"));
        }
    }
}
