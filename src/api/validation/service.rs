//! Services: `ValidateService` of `pkg/apis/core/validation`. Addresses and node ports are checked where they are
//! allocated.

use std::collections::BTreeSet;

use serde_json::json;

use super::SPEC;
use super::container::PROTOCOLS;
use super::metadata::check_labels;
use super::path::{Path, Problems};
use super::probe::check_port;
use crate::api::names;
use crate::api::service::{Service, ServicePort};
use crate::base::Name;

const TYPES: &[&str] = &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

pub(super) fn check(problems: &mut Problems, service: &Service) {
    let spec = &service.spec;
    let kind = spec.kind.as_deref().unwrap_or_default();
    let headless = spec.cluster_ip.as_deref() == Some("None");
    let ports = SPEC.child("ports");
    if spec.ports.is_empty() && !headless && kind != "ExternalName" {
        problems.required(&ports, "");
    }
    if kind == "LoadBalancer" && headless {
        problems.invalid(
            &SPEC.child("clusterIPs").index(0),
            "None",
            "may not be set to 'None' for LoadBalancer services",
        );
    }
    if kind == "ExternalName" {
        let path = SPEC.child("externalName");
        match spec.external_name.as_deref().filter(|name| !name.is_empty()) {
            None => problems.required(&path, ""),
            Some(name) => {
                problems.invalid_text(&path, name, &names::dns1123_subdomain(name.trim_end_matches('.')));
            }
        }
    }
    problems.word(&SPEC.child("type"), spec.kind.as_deref(), TYPES);
    problems.word(&SPEC.child("sessionAffinity"), spec.session_affinity.as_deref(), &["ClientIP", "None"]);
    if let Some(policy) = spec.external_traffic_policy.as_deref() {
        problems.word(&SPEC.child("externalTrafficPolicy"), Some(policy), &["Cluster", "Local"]);
    }
    if let Some(policy) = spec.internal_traffic_policy.as_deref() {
        problems.word(&SPEC.child("internalTrafficPolicy"), Some(policy), &["Cluster", "Local"]);
    }
    check_labels(problems, &SPEC.child("selector"), &spec.selector);
    let mut seen = Seen::default();
    for (at, port) in spec.ports.iter().enumerate() {
        seen.check(problems, &ports.index(at), port, spec.ports.len() > 1);
        if port.node_port.is_some_and(|port| port != 0) && kind == "ClusterIP" {
            let path = ports.index(at);
            problems.forbidden(&path.child("nodePort"), "may not be used when `type` is 'ClusterIP'");
        }
    }
}

/// Ports met so far.
#[derive(Default)]
struct Seen<'a> {
    names: BTreeSet<&'a Name>,
    ports: BTreeSet<(Option<&'a Name>, i32)>,
}

impl<'a> Seen<'a> {
    fn check(
        &mut self,
        problems: &mut Problems,
        path: &Path<'_>,
        port: &'a ServicePort,
        must_have_name: bool,
    ) {
        let name_path = path.child("name");
        match port.name.as_ref().filter(|name| !name.is_empty()) {
            None if must_have_name => problems.required(&name_path, ""),
            None => {}
            Some(name) => {
                problems.invalid_text(&name_path, name, &names::dns1123_label(name));
                if !self.names.insert(name) {
                    problems.duplicate(&name_path, name.as_str());
                }
            }
        }
        problems.port(&path.child("port"), port.port);
        problems.word(&path.child("protocol"), port.protocol.as_deref(), PROTOCOLS);
        if let Some(target) = &port.target_port {
            check_port(problems, &path.child("targetPort"), target);
        }
        if !self.ports.insert((port.protocol.as_ref(), port.port)) {
            problems.duplicate(path, json!({ "protocol": port.protocol, "port": port.port }));
        }
    }
}
