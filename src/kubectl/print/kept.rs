//! Kinds that nothing simulates: ConfigMaps, Secrets, claims, ingresses, roles.

use serde_json::Value;

use super::{Column, Row, column, created, or_none, selector_text, wide};
use crate::api::Timestamp;
use crate::api::core::LabelSelector;
use crate::api::kept::{
    ClusterRole, ClusterRoleBinding, ConfigMap, Content, Ingress, IngressClass, NetworkPolicy,
    PersistentVolume, PersistentVolumeClaim, Role, RoleBinding, Secret, ServiceAccount, StorageClass,
};

const CREATED_AT: &[Column] = &[column("NAME"), column("CREATED AT")];
const BINDING: &[Column] =
    &[column("NAME"), column("ROLE"), column("AGE"), wide("USERS"), wide("GROUPS"), wide("SERVICEACCOUNTS")];

impl Row for ConfigMap {
    const COLUMNS: &'static [Column] = &[column("NAME"), column("DATA"), column("AGE")];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let data = self.content.count(&["data"]) + self.content.count(&["binaryData"]);
        vec![self.metadata.name.to_string(), data.to_string(), created(&self.metadata, now)]
    }
}

impl Row for Secret {
    const COLUMNS: &'static [Column] = &[column("NAME"), column("TYPE"), column("DATA"), column("AGE")];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let kind = Some(self.content.text(&["type"])).filter(|kind| !kind.is_empty()).unwrap_or("Opaque");
        // What is given as text becomes data.
        let data = self.content.keys(&["data"]).chain(self.content.keys(&["stringData"]));
        let keys: std::collections::BTreeSet<&str> = data.collect();
        let age = created(&self.metadata, now);
        vec![self.metadata.name.to_string(), kind.to_owned(), keys.len().to_string(), age]
    }
}

impl Row for ServiceAccount {
    const COLUMNS: &'static [Column] = &[column("NAME"), column("SECRETS"), column("AGE")];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let secrets = self.content.count(&["secrets"]).to_string();
        vec![self.metadata.name.to_string(), secrets, created(&self.metadata, now)]
    }
}

/// `RWO,ROX`.
fn access_modes(content: &Content) -> String {
    let modes = content.at(&["spec", "accessModes"]).and_then(Value::as_array);
    let short = |mode: &Value| match mode.as_str() {
        Some("ReadWriteOnce") => "RWO",
        Some("ReadOnlyMany") => "ROX",
        Some("ReadWriteMany") => "RWX",
        Some("ReadWriteOncePod") => "RWOP",
        _ => "",
    };
    modes.into_iter().flatten().map(short).collect::<Vec<_>>().join(",")
}

impl Row for PersistentVolumeClaim {
    const COLUMNS: &'static [Column] = &[
        column("NAME"),
        column("STATUS"),
        column("VOLUME"),
        column("CAPACITY"),
        column("ACCESS MODES"),
        column("STORAGECLASS"),
        column("VOLUMEATTRIBUTESCLASS"),
        column("AGE"),
        wide("VOLUMEMODE"),
    ];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let content = &self.content;
        let volume = content.text(&["spec", "volumeName"]);
        let (capacity, modes) = if volume.is_empty() {
            (String::new(), String::new())
        } else {
            (content.text(&["status", "capacity", "storage"]).to_owned(), access_modes(content))
        };
        let attributes = content.text(&["spec", "volumeAttributesClassName"]);
        vec![
            self.metadata.name.to_string(),
            content.text(&["status", "phase"]).to_owned(),
            volume.to_owned(),
            capacity,
            modes,
            content.text(&["spec", "storageClassName"]).to_owned(),
            if attributes.is_empty() { "<unset>" } else { attributes }.to_owned(),
            created(&self.metadata, now),
            volume_mode(content),
        ]
    }
}

fn volume_mode(content: &Content) -> String {
    let mode = content.text(&["spec", "volumeMode"]);
    if mode.is_empty() { "<unset>" } else { mode }.to_owned()
}

impl Row for PersistentVolume {
    const COLUMNS: &'static [Column] = &[
        column("NAME"),
        column("CAPACITY"),
        column("ACCESS MODES"),
        column("RECLAIM POLICY"),
        column("STATUS"),
        column("CLAIM"),
        column("STORAGECLASS"),
        column("VOLUMEATTRIBUTESCLASS"),
        column("REASON"),
        column("AGE"),
        wide("VOLUMEMODE"),
    ];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let content = &self.content;
        let claim = content.text(&["spec", "claimRef", "name"]);
        let attributes = content.text(&["spec", "volumeAttributesClassName"]);
        vec![
            self.metadata.name.to_string(),
            content.text(&["spec", "capacity", "storage"]).to_owned(),
            access_modes(content),
            content.text(&["spec", "persistentVolumeReclaimPolicy"]).to_owned(),
            content.text(&["status", "phase"]).to_owned(),
            if claim.is_empty() {
                String::new()
            } else {
                format!("{}/{claim}", content.text(&["spec", "claimRef", "namespace"]))
            },
            content.text(&["spec", "storageClassName"]).to_owned(),
            if attributes.is_empty() { "<unset>" } else { attributes }.to_owned(),
            content.text(&["status", "reason"]).to_owned(),
            created(&self.metadata, now),
            volume_mode(content),
        ]
    }
}

impl Row for StorageClass {
    const COLUMNS: &'static [Column] = &[
        column("NAME"),
        column("PROVISIONER"),
        column("RECLAIMPOLICY"),
        column("VOLUMEBINDINGMODE"),
        column("ALLOWVOLUMEEXPANSION"),
        column("AGE"),
    ];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let content = &self.content;
        let or = |field: &str, default: &str| {
            let text = content.text(&[field]);
            if text.is_empty() { default } else { text }.to_owned()
        };
        let default = "storageclass.kubernetes.io/is-default-class";
        let is_default = self.metadata.annotations.get(default).is_some_and(|value| value == "true");
        let expands = content.at(&["allowVolumeExpansion"]).and_then(Value::as_bool).unwrap_or_default();
        vec![
            format!("{}{}", self.metadata.name, if is_default { " (default)" } else { "" }),
            or("provisioner", ""),
            or("reclaimPolicy", "Delete"),
            or("volumeBindingMode", "Immediate"),
            expands.to_string(),
            created(&self.metadata, now),
        ]
    }
}

impl Row for Ingress {
    const COLUMNS: &'static [Column] = &[
        column("NAME"),
        column("CLASS"),
        column("HOSTS"),
        column("ADDRESS"),
        column("PORTS"),
        column("AGE"),
    ];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let rules = self.content.at(&["spec", "rules"]).and_then(Value::as_array);
        let host = |rule: &'_ Value| rule.get("host").and_then(Value::as_str).unwrap_or_default().to_owned();
        let hosts: Vec<String> =
            rules.into_iter().flatten().map(host).filter(|host| !host.is_empty()).collect();
        let hosts = match &hosts[..] {
            [] => "*".to_owned(),
            [first @ .., _] if first.len() >= 3 => {
                format!("{} + {} more...", hosts[..3].join(","), hosts.len() - 3)
            }
            all => all.join(","),
        };
        let secure = self.content.count(&["spec", "tls"]) > 0;
        vec![
            self.metadata.name.to_string(),
            or_none(self.content.text(&["spec", "ingressClassName"])).to_owned(),
            hosts,
            String::new(),
            if secure { "80, 443" } else { "80" }.to_owned(),
            created(&self.metadata, now),
        ]
    }
}

impl Row for IngressClass {
    const COLUMNS: &'static [Column] =
        &[column("NAME"), column("CONTROLLER"), column("PARAMETERS"), column("AGE")];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let parameters = match self.content.text(&["spec", "parameters", "name"]) {
            "" => "<none>".to_owned(),
            name => format!("{}/{name}", self.content.text(&["spec", "parameters", "kind"])),
        };
        let controller = self.content.text(&["spec", "controller"]).to_owned();
        vec![self.metadata.name.to_string(), controller, parameters, created(&self.metadata, now)]
    }
}

impl Row for NetworkPolicy {
    const COLUMNS: &'static [Column] = &[column("NAME"), column("POD-SELECTOR"), column("AGE")];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let selector = self.content.at(&["spec", "podSelector"]).cloned().unwrap_or_default();
        let selector: Option<LabelSelector> = serde_json::from_value(selector).ok();
        let selector = selector_text(selector.as_ref());
        vec![self.metadata.name.to_string(), selector, created(&self.metadata, now)]
    }
}

macro_rules! roles {
    ($($kind:ident)*) => {$(
        impl Row for $kind {
            const COLUMNS: &'static [Column] = CREATED_AT;

            fn cells(&self, _: Timestamp) -> Vec<String> {
                let at = self.metadata.creation_timestamp.map(|at| at.to_string()).unwrap_or_default();
                vec![self.metadata.name.to_string(), at]
            }
        }
    )*};
}

macro_rules! bindings {
    ($($kind:ident)*) => {$(
        impl Row for $kind {
            const COLUMNS: &'static [Column] = BINDING;

            fn cells(&self, now: Timestamp) -> Vec<String> {
                let [kind, name] = ["kind", "name"].map(|field| self.content.text(&["roleRef", field]));
                let [users, groups, accounts] = subjects(&self.content);
                let role = format!("{kind}/{name}");
                vec![self.metadata.name.to_string(), role, created(&self.metadata, now), users, groups, accounts]
            }
        }
    )*};
}

roles! { Role ClusterRole }
bindings! { RoleBinding ClusterRoleBinding }

/// Whom a binding is for: users, groups, service accounts.
fn subjects(content: &Content) -> [String; 3] {
    let subjects = content.at(&["subjects"]).and_then(Value::as_array);
    let mut lists: [Vec<String>; 3] = Default::default();
    for subject in subjects.into_iter().flatten() {
        let text = |field: &str| subject.get(field).and_then(Value::as_str).unwrap_or_default();
        match text("kind") {
            "User" => lists[0].push(text("name").to_owned()),
            "Group" => lists[1].push(text("name").to_owned()),
            "ServiceAccount" => lists[2].push(format!("{}/{}", text("namespace"), text("name"))),
            _ => {}
        }
    }
    lists.map(|list| list.join(", "))
}
