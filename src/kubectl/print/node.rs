//! The rows of nodes and leases.

use std::collections::BTreeSet;

use crate::api::core::{ConditionStatus, Conditions};
use crate::api::node::{Lease, Node};
use crate::api::{Labels, Timestamp};

use super::{Column, Row, column, created, wide};

impl Row for Node {
    const COLUMNS: &'static [Column] = &[
        column("NAME"),
        column("STATUS"),
        column("ROLES"),
        column("AGE"),
        column("VERSION"),
        wide("INTERNAL-IP"),
        wide("EXTERNAL-IP"),
        wide("OS-IMAGE"),
        wide("KERNEL-VERSION"),
        wide("CONTAINER-RUNTIME"),
    ];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let info = self.status.node_info.clone().unwrap_or_default();
        let or_unknown = |text: &str| if text.is_empty() { "<unknown>" } else { text }.to_owned();
        vec![
            self.metadata.name.to_string(),
            status(self),
            roles(&self.metadata.labels).unwrap_or_else(|| "<none>".to_owned()),
            created(&self.metadata, now),
            info.kubelet_version.to_string(),
            address(self, "InternalIP"),
            address(self, "ExternalIP"),
            or_unknown(&info.os_image),
            or_unknown(&info.kernel_version),
            or_unknown(&info.container_runtime_version),
        ]
    }
}

fn status(node: &Node) -> String {
    let ready = match node.status.conditions.status_of("Ready") {
        Some(ConditionStatus::True) => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    let cordoned = if node.spec.unschedulable { ",SchedulingDisabled" } else { "" };
    format!("{ready}{cordoned}")
}

/// Roles by label, in order, joined by commas.
pub(in crate::kubectl) fn roles(labels: &Labels) -> Option<String> {
    let role = |(key, value): &(crate::base::Name, crate::base::Name)| {
        if key == "kubernetes.io/role" {
            return Some(value.to_string());
        }
        key.strip_prefix("node-role.kubernetes.io/").map(str::to_owned)
    };
    let roles: BTreeSet<String> = labels.iter().filter_map(role).filter(|role| !role.is_empty()).collect();
    (!roles.is_empty()).then(|| roles.into_iter().collect::<Vec<_>>().join(","))
}

fn address(node: &Node, kind: &str) -> String {
    let address = node.status.addresses.iter().find(|address| address.kind == kind);
    address.map_or_else(|| "<none>".to_owned(), |address| address.address.to_string())
}

impl Row for Lease {
    const COLUMNS: &'static [Column] = &[column("NAME"), column("HOLDER"), column("AGE")];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let holder = self.spec.holder_identity.as_deref().unwrap_or_default();
        vec![self.metadata.name.to_string(), holder.to_owned(), created(&self.metadata, now)]
    }
}
