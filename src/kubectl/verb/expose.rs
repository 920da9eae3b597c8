//! `expose`.

use crate::api::Kind;
use crate::api::core::IntOrString;
use crate::base::Name;

use super::super::error::UsageError;
use super::super::flags::{CHANGES, Flag, Parsed};
use super::super::resource::{Bare, FILES, Targets, name_with_group};
use super::Verb;
use super::run::pairs;

/// `expose`: a Service in front of something that has pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expose {
    /// What to expose: pods, Services or workloads.
    pub targets: Targets,
    /// `--name` of the Service; `None` = the name of what is exposed.
    pub name: Option<Name>,
    /// `--port`; none = those of the pods.
    pub ports: Vec<i32>,
    /// `--target-port`; `None` = the same as the port.
    pub target_port: Option<IntOrString>,
    /// `--protocol`.
    pub protocol: Option<Name>,
    /// `--type`.
    pub kind: Option<Name>,
    /// `--selector`; empty = what the exposed object selects, or the labels of the pod.
    pub selector: Vec<(Name, Name)>,
    /// `--labels`; empty = those of the exposed object.
    pub labels: Vec<(Name, Name)>,
    /// `--cluster-ip`.
    pub cluster_ip: Option<Name>,
    /// `--external-ip`.
    pub external_ip: Option<Name>,
    /// `--load-balancer-ip`.
    pub load_balancer_ip: Option<Name>,
    /// `--session-affinity`.
    pub session_affinity: Option<Name>,
}

const EXPOSE: &[Flag] = &[
    Flag::value("name"),
    Flag::value("port"),
    Flag::value("target-port"),
    Flag::value("protocol"),
    Flag::value("type"),
    Flag::value("selector"),
    Flag::value("labels").short('l'),
    Flag::value("cluster-ip"),
    Flag::value("external-ip"),
    Flag::value("load-balancer-ip"),
    Flag::value("session-affinity"),
];

pub(in crate::kubectl) fn parse(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let flags = Parsed::parse(words, &[CHANGES, EXPOSE, FILES])?;
    // Here `--selector` is part of the Service; it does not choose what to expose.
    let targets = Targets::parse(&flags.args, &flags.without("selector"), Bare::Refused)?;
    let can = |kind: &Kind| {
        let exposable =
            [Kind::Pod, Kind::Service, Kind::ReplicationController, Kind::Deployment, Kind::ReplicaSet];
        exposable.contains(kind)
    };
    if let Some(kind) = targets.kinds().iter().find(|kind| !can(kind)) {
        return Err(UsageError::new(format!("cannot expose a {}", name_with_group(*kind))));
    }
    let name = |flag: &str| flags.text(flag).filter(|text| !text.is_empty()).map(Name::from);
    let affinity =
        flags.text("session-affinity").filter(|text| !["", "None", "ClientIP"].contains(&text.as_str()));
    if let Some(affinity) = affinity {
        return Err(UsageError::new(format!("unknown session affinity: {affinity}")));
    }
    let expose = Expose {
        targets,
        name: name("name"),
        ports: flags.list("port").iter().map(|text| port(text)).collect::<Result<_, _>>()?,
        target_port: name("target-port")
            .map(|text| text.parse().map_or_else(|_| IntOrString::Text(text.clone()), IntOrString::Int)),
        protocol: name("protocol"),
        kind: name("type"),
        selector: pairs(&flags.list("selector"), "unexpected label spec")?,
        labels: pairs(&flags.list("labels"), "unexpected label spec")?,
        cluster_ip: name("cluster-ip"),
        external_ip: name("external-ip"),
        load_balancer_ip: name("load-balancer-ip"),
        session_affinity: name("session-affinity"),
    };
    Ok((flags, Verb::Expose(expose)))
}

fn port(text: &str) -> Result<i32, UsageError> {
    text.parse().map_err(|_| UsageError::new(format!("strconv.Atoi: parsing {text:?}: invalid syntax")))
}
