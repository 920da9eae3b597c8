//! The `Pod Template:` section of everything that makes pods.

use crate::api::pod::PodTemplate;

use super::container::Containers;
use super::page::{Page, line};
use super::pod::{spread_constraints, tolerations};
use super::volume::volumes;

pub(super) fn template(page: &mut Page, template: &PodTemplate) {
    let spec = &template.spec;
    line!(page, 0, "Pod Template:");
    page.labels("  Labels", &template.metadata.labels);
    if !template.metadata.annotations.is_empty() {
        page.annotations("  Annotations", &template.metadata.annotations);
    }
    if let Some(account) = spec.service_account_name.as_deref().filter(|name| !name.is_empty()) {
        line!(page, 1, "Service Account:\t{account}");
    }
    let sections = [("Init Containers", &spec.init_containers), ("Containers", &spec.containers)];
    for (heading, containers) in sections {
        if !containers.is_empty() || heading == "Containers" {
            Containers { heading, containers, statuses: &[], pod: None, indent: "  " }.describe(page);
        }
    }
    volumes(page, &spec.volumes, "  ");
    spread_constraints(page, &spec.topology_spread_constraints, "  ");
    if let Some(class) = spec.priority_class_name.as_deref().filter(|name| !name.is_empty()) {
        line!(page, 1, "Priority Class Name:\t{class}");
    }
    page.labels("  Node-Selectors", &spec.node_selector);
    tolerations(page, &spec.tolerations, "  ");
}
