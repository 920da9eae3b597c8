//! Requests and limits: `ValidateContainerResourceRequirements` and relatives of `pkg/apis/core/validation`.

use super::path::{NOT_NEGATIVE, Path, Problems};
use crate::api::core::ResourceList;
use crate::api::names;
use crate::api::pod::Resources;
use crate::base::Quantity;

pub(super) fn check_container(problems: &mut Problems, path: &Path<'_>, resources: &Resources) {
    let (limits, requests) = (path.child("limits"), path.child("requests"));
    for (at, list) in [(&limits, &resources.limits), (&requests, &resources.requests)] {
        for (name, quantity) in list {
            let path = at.key(name);
            check_name(problems, &path, name);
            check_quantity(problems, &path, name, quantity);
        }
    }
    check_against_limits(problems, path, resources);
    let names = || resources.limits.keys().chain(resources.requests.keys());
    if names().any(|name| is_huge_pages(name)) && !names().any(|name| name == "cpu" || name == "memory") {
        problems.forbidden(path, "HugePages require cpu or memory");
    }
}

/// Pod-level resources know fewer names than those of containers.
pub(super) fn check_pod(problems: &mut Problems, path: &Path<'_>, resources: &Resources) {
    for (field, list) in [("limits", &resources.limits), ("requests", &resources.requests)] {
        let list_path = path.child(field);
        for (name, quantity) in list {
            let path = list_path.key(name);
            if !crate::api::qos::is_pod_level_resource(name) {
                problems.unsupported(&path, name, &["cpu", "hugepages-", "memory"]);
            }
            check_quantity(problems, &path, name, quantity);
        }
    }
    check_against_limits(problems, path, resources);
}

fn check_against_limits(problems: &mut Problems, path: &Path<'_>, resources: &Resources) {
    let requests = path.child("requests");
    for (name, quantity) in &resources.requests {
        let shown = quantity.to_string();
        match resources.limits.get(name) {
            Some(limit) if quantity != limit && !allows_overcommit(name) => {
                problems.invalid(&requests, shown, &format!("must be equal to {name} limit of {limit}"));
            }
            Some(limit) if quantity > limit => {
                problems.invalid(
                    &requests,
                    shown,
                    &format!("must be less than or equal to {name} limit of {limit}"),
                );
            }
            None if !allows_overcommit(name) => {
                problems
                    .required(&path.child("limits"), "Limit must be set for non overcommitable resources");
            }
            _ => {}
        }
    }
}

/// Amounts that must not be negative, under any name.
pub(super) fn check_amounts(problems: &mut Problems, path: &Path<'_>, list: &ResourceList) {
    for (name, quantity) in list {
        check_quantity(problems, &path.key(name), name, quantity);
    }
}

fn check_name(problems: &mut Problems, path: &Path<'_>, name: &str) {
    problems.invalid_text(path, name, &names::qualified_name(name));
    if !name.contains('/') {
        let standard = ["cpu", "memory", "ephemeral-storage"].contains(&name) || is_huge_pages(name);
        if !standard {
            problems.invalid(path, name, "must be a standard resource for containers");
        }
    } else if !is_native(name) && !is_extended(name) {
        problems.invalid(path, name, "doesn't follow extended resource name standard");
    }
}

fn check_quantity(problems: &mut Problems, path: &Path<'_>, name: &str, quantity: &Quantity) {
    if quantity.signum() < 0 {
        problems.invalid(path, quantity.to_string(), NOT_NEGATIVE);
    }
    if (is_extended(name) || name == "pods") && quantity.milli_value() % 1000 != 0 {
        problems.invalid(path, quantity.to_string(), "must be an integer");
    }
}

fn is_huge_pages(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// Kubernetes' own: without a prefix, or with its.
fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Of somebody else, such as `nvidia.com/gpu`.
fn is_extended(name: &str) -> bool {
    !is_native(name)
        && !name.starts_with("requests.")
        && names::qualified_name(&format!("requests.{name}")).is_empty()
}

/// Whether more may be used than is requested.
fn allows_overcommit(name: &str) -> bool {
    is_native(name) && !is_huge_pages(name)
}
