//! Containers and their ports: `validateContainers`, `validateInitContainers` of `pkg/apis/core/validation`.

use std::collections::BTreeSet;

use super::path::{Path, Problems};
use super::{probe, resources};
use crate::api::names;
use crate::api::pod::{Container, ContainerPort, PodSpec, RestartPolicy};
use crate::base::Name;

/// Rules of `restartPolicyRules`, and exit codes in one.
const RESTART_RULES_MAX: usize = 20;
const EXIT_CODES_MAX: usize = 255;
const DEFAULT_GRACE_SECONDS: i64 = 30;

/// All containers of a pod or template. A template may leave host ports open that a pod may not.
pub(super) fn check_all(problems: &mut Problems, path: &Path<'_>, spec: &PodSpec, is_pod: bool) {
    let grace = spec.termination_grace_period_seconds.unwrap_or(DEFAULT_GRACE_SECONDS);
    let volumes: BTreeSet<&str> = spec.volumes.iter().map(|volume| volume.name.as_str()).collect();
    let mut names: BTreeSet<&Name> = BTreeSet::new();
    let containers = path.child("containers");
    if spec.containers.is_empty() {
        problems.required(&containers, "");
    }
    for (at, container) in spec.containers.iter().enumerate() {
        let path = containers.index(at);
        check_common(problems, &path, container, &volumes);
        if !names.insert(&container.name) {
            problems.duplicate(&path.child("name"), container.name.as_str());
        }
        probe::check(problems, &path, container, grace);
    }
    check_host_ports(problems, &containers, &spec.containers, spec.host_network, is_pod);
    let init_containers = path.child("initContainers");
    for (at, container) in spec.init_containers.iter().enumerate() {
        let path = init_containers.index(at);
        check_common(problems, &path, container, &volumes);
        if !names.insert(&container.name) {
            problems.duplicate(&path.child("name"), container.name.as_str());
        }
        if container.is_sidecar() {
            probe::check(problems, &path, container, grace);
        } else {
            probe::forbid(problems, &path, container);
        }
    }
    check_host_ports(problems, &init_containers, &spec.init_containers, spec.host_network, is_pod);
}

/// What holds for every container.
fn check_common(problems: &mut Problems, path: &Path<'_>, container: &Container, volumes: &BTreeSet<&str>) {
    let name = path.child("name");
    if container.name.is_empty() {
        problems.required(&name, "");
    } else {
        problems.invalid_text(&name, &container.name, &names::dns1123_label(&container.name));
    }
    let image = path.child("image");
    if container.image.is_empty() {
        problems.required(&image, "");
    } else if container.image.trim().len() != container.image.len() {
        problems.invalid(&image, container.image.as_str(), "must not have leading or trailing whitespace");
    }
    check_ports(problems, &path.child("ports"), &container.ports);
    check_mounts(problems, &path.child("volumeMounts"), container, volumes);
    let policies = ["File", "FallbackToLogsOnError"];
    problems.word(
        &path.child("terminationMessagePolicy"),
        container.termination_message_policy.as_deref(),
        &policies,
    );
    resources::check_container(problems, &path.child("resources"), &container.resources);
    check_restart_rules(problems, path, container);
}

fn check_ports(problems: &mut Problems, path: &Path<'_>, ports: &[ContainerPort]) {
    let mut names: BTreeSet<&Name> = BTreeSet::new();
    for (at, port) in ports.iter().enumerate() {
        let path = path.index(at);
        if let Some(name) = port.name.as_ref().filter(|name| !name.is_empty()) {
            let messages = names::port_name(name);
            problems.invalid_text(&path.child("name"), name, &messages);
            if messages.is_empty() && !names.insert(name) {
                problems.duplicate(&path.child("name"), name.as_str());
            }
        }
        if port.container_port == 0 {
            problems.required(&path.child("containerPort"), "");
        } else {
            problems.port(&path.child("containerPort"), port.container_port);
        }
        if let Some(host_port) = port.host_port.filter(|port| *port != 0) {
            problems.port(&path.child("hostPort"), host_port);
        }
        problems.word(&path.child("protocol"), port.protocol.as_deref(), PROTOCOLS);
    }
}

/// Protocols of ports.
pub(super) const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];

/// Host ports must not collide, and on the host network they are the container's own.
fn check_host_ports(
    problems: &mut Problems,
    path: &Path<'_>,
    containers: &[Container],
    host_network: bool,
    is_pod: bool,
) {
    let mut taken = BTreeSet::new();
    for (at, container) in containers.iter().enumerate() {
        let container_path = path.index(at);
        let ports = container_path.child("ports");
        for (at, port) in container.ports.iter().enumerate() {
            let path = ports.index(at);
            let host_port = port.host_port.unwrap_or(0);
            if host_network && host_port != port.container_port && (is_pod || host_port != 0) {
                let detail = "must match `containerPort` when `hostNetwork` is true";
                problems.invalid(&path.child("hostPort"), host_port, detail);
            }
            let (protocol, ip) = (port.protocol.as_deref(), port.host_ip.as_deref());
            let key = format!("{}/{}/{host_port}", protocol.unwrap_or("TCP"), ip.unwrap_or_default());
            if host_port != 0 && !taken.insert(key.clone()) {
                problems.duplicate(&path.child("hostPort"), key);
            }
        }
    }
}

/// The volumes that a container mounts must exist in the pod.
fn check_mounts(problems: &mut Problems, path: &Path<'_>, container: &Container, volumes: &BTreeSet<&str>) {
    let mounts = container.volume_mounts.as_deref().and_then(serde_json::Value::as_array);
    let mut places = BTreeSet::new();
    for (at, mount) in mounts.into_iter().flatten().enumerate() {
        let path = path.index(at);
        let text = |field: &str| mount[field].as_str().unwrap_or_default();
        let (name, place) = (text("name"), text("mountPath"));
        if name.is_empty() {
            problems.required(&path.child("name"), "");
        }
        if !volumes.contains(name) {
            problems.not_found(&path.child("name"), name);
        }
        if place.is_empty() {
            problems.required(&path.child("mountPath"), "");
        }
        if !places.insert(place) {
            problems.invalid(&path.child("mountPath"), place, "must be unique");
        }
    }
}

/// `restartPolicyRules` (an alpha feature of 1.34).
fn check_restart_rules(problems: &mut Problems, path: &Path<'_>, container: &Container) {
    let rules = &container.restart_policy_rules;
    if rules.is_empty() {
        return;
    }
    let path = path.child("restartPolicyRules");
    match container.restart_policy {
        None => problems
            .required(&path.child("restartPolicy"), "must specify restartPolicy when restart rules are used"),
        Some(RestartPolicy::Always) if container.is_sidecar() => {
            problems.forbidden(&path, "restartPolicyRules cannot be specified with restartPolicy Always");
        }
        Some(_) => {}
    }
    if rules.len() > RESTART_RULES_MAX {
        problems.invalid(&path, rules.len(), &format!("must have at most {RESTART_RULES_MAX} items"));
    }
    for (at, rule) in rules.iter().enumerate() {
        let path = path.index(at);
        problems.word(&path.child("action"), Some(&rule.action), &["Restart"]);
        let Some(codes) = &rule.exit_codes else {
            problems.required(&path.child("exitCodes"), "must be specified");
            continue;
        };
        if codes.values.len() > EXIT_CODES_MAX {
            let path = path.child("exitCodes");
            problems.invalid(
                &path.child("values"),
                codes.values.len(),
                &format!("must have at most {EXIT_CODES_MAX} items"),
            );
        }
    }
}
