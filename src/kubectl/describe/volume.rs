//! Volumes, by the kinds that people use.

use serde_json::Value;

use crate::api::core::Opaque;
use crate::api::pod::Volume;

use super::container::{is_optional, text};
use super::page::{Page, line};

/// The `Volumes:` section.
pub(super) fn volumes(page: &mut Page, volumes: &[Volume], indent: &str) {
    if volumes.is_empty() {
        line!(page, 0, "{indent}Volumes:\t<none>");
        return;
    }
    line!(page, 0, "{indent}Volumes:");
    for volume in volumes {
        // In a template the names are one blank further in.
        let indent = if indent.is_empty() { "" } else { " " };
        line!(page, 1, "{indent}{}:", volume.name);
        source(page, volume);
    }
}

fn source(page: &mut Page, volume: &Volume) {
    let given = |opaque: &'_ Opaque| opaque.as_deref().cloned();
    if let Some(host_path) = given(&volume.host_path) {
        line!(page, 2, "Type:\tHostPath (bare host directory volume)");
        line!(page, 2, "Path:\t{}", text(&host_path, "/path"));
        let kind = host_path.get("type").and_then(Value::as_str).unwrap_or("<none>");
        line!(page, 2, "HostPathType:\t{kind}");
    } else if let Some(directory) = &volume.empty_dir {
        line!(page, 2, "Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)");
        line!(page, 2, "Medium:\t{}", directory.medium.as_deref().unwrap_or_default());
        let limit = directory.size_limit.filter(|limit| !limit.is_zero());
        line!(page, 2, "SizeLimit:\t{}", super::page::or_unset(limit));
    } else if let Some(secret) = given(&volume.secret) {
        line!(page, 2, "Type:\tSecret (a volume populated by a Secret)");
        line!(page, 2, "SecretName:\t{}", text(&secret, "/secretName"));
        line!(page, 2, "Optional:\t{}", is_optional(&secret));
    } else if let Some(map) = given(&volume.config_map) {
        line!(page, 2, "Type:\tConfigMap (a volume populated by a ConfigMap)");
        line!(page, 2, "Name:\t{}", text(&map, "/name"));
        line!(page, 2, "Optional:\t{}", is_optional(&map));
    } else if let Some(nfs) = given(&volume.nfs) {
        line!(page, 2, "Type:\tNFS (an NFS mount that lasts the lifetime of a pod)");
        line!(page, 2, "Server:\t{}", text(&nfs, "/server"));
        line!(page, 2, "Path:\t{}", text(&nfs, "/path"));
        line!(page, 2, "ReadOnly:\t{}", read_only(&nfs));
    } else if let Some(claim) = given(&volume.persistent_volume_claim) {
        line!(
            page,
            2,
            "Type:\tPersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)"
        );
        line!(page, 2, "ClaimName:\t{}", text(&claim, "/claimName"));
        line!(page, 2, "ReadOnly:\t{}", read_only(&claim));
    } else if let Some(downward) = given(&volume.downward_api) {
        line!(page, 2, "Type:\tDownwardAPI (a volume populated by information about the pod)");
        line!(page, 2, "Items:");
        downward_items(page, &downward);
    } else if let Some(projected) = given(&volume.projected) {
        line!(page, 2, "Type:\tProjected (a volume that contains injected data from multiple sources)");
        let sources = projected.get("sources").and_then(Value::as_array);
        sources.into_iter().flatten().for_each(|source| projected_source(page, source));
    } else {
        line!(page, 1, "<unknown>");
    }
}

fn read_only(source: &Value) -> bool {
    source.get("readOnly").and_then(Value::as_bool).unwrap_or(false)
}

fn downward_items(page: &mut Page, downward: &Value) {
    for item in downward.get("items").and_then(Value::as_array).into_iter().flatten() {
        let path = text(item, "/path");
        for source in ["/fieldRef/fieldPath", "/resourceFieldRef/resource"] {
            let source = text(item, source);
            if !source.is_empty() {
                line!(page, 3, "{source} -> {path}");
            }
        }
    }
}

fn projected_source(page: &mut Page, source: &Value) {
    if let Some(secret) = source.get("secret") {
        line!(page, 2, "SecretName:\t{}", text(secret, "/name"));
        line!(page, 2, "Optional:\t{}", is_optional(secret));
    } else if source.get("downwardAPI").is_some() {
        line!(page, 2, "DownwardAPI:\ttrue");
    } else if let Some(map) = source.get("configMap") {
        line!(page, 2, "ConfigMapName:\t{}", text(map, "/name"));
        line!(page, 2, "Optional:\t{}", is_optional(map));
    } else if let Some(token) = source.get("serviceAccountToken") {
        let seconds = token.get("expirationSeconds").and_then(Value::as_i64).unwrap_or(3_600);
        line!(page, 2, "TokenExpirationSeconds:\t{seconds}");
    }
}
