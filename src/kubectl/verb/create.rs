//! `create`.

use crate::api::core::IntOrString;
use crate::api::names::port_name;
use crate::base::Name;

use super::super::error::UsageError;
use super::super::flags::{CHANGES, Flag, Parsed};
use super::super::parse::split_subcommand;
use super::super::resource::{FILES, Files};
use super::apply::files;
use super::{Verb, exactly_one_name, required};

/// `create`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Create {
    /// What files describe; unlike with `apply` it must not exist.
    Files(Files),
    /// `create namespace`.
    Namespace(Name),
    /// `create deployment`.
    Deployment(NewDeployment),
    /// `create service`.
    Service(NewService),
    /// `create configmap`, with its entries.
    ConfigMap(Name, Vec<Literal>),
    /// `create secret generic`, with its entries.
    Secret(NewSecret),
    /// `create serviceaccount`.
    ServiceAccount(Name),
}

/// `--from-literal=KEY=VALUE`.
pub type Literal = (Name, Name);

/// `create secret generic`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSecret {
    /// Its name.
    pub name: Name,
    /// `--type`; empty for the default.
    pub kind: Name,
    /// Its entries.
    pub literals: Vec<Literal>,
}

/// `create deployment`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDeployment {
    /// Its name; also the value of its label `app`.
    pub name: Name,
    /// `--image`: one container each.
    pub images: Vec<Name>,
    /// `--port` that the containers listen on.
    pub port: Option<i32>,
    /// `--replicas`.
    pub replicas: i32,
    /// What the container runs, if not what its image says.
    pub command: Vec<Name>,
}

/// `create service`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewService {
    /// Its name; it selects the pods labelled `app=NAME`.
    pub name: Name,
    /// Its type.
    pub kind: ServiceKind,
    /// `--tcp`.
    pub ports: Vec<ServicePortSpec>,
}

/// Types of Services, with what only they take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceKind {
    /// `clusterip`.
    ClusterIp {
        /// `--clusterip`: this address, or `None` for a headless one.
        address: Option<Name>,
    },
    /// `nodeport`.
    NodePort {
        /// `--node-port`.
        node_port: Option<i32>,
    },
    /// `loadbalancer`.
    LoadBalancer,
    /// `externalname`.
    ExternalName {
        /// `--external-name`.
        name: Name,
    },
}

/// `PORT:TARGET`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePortSpec {
    /// The port of the Service.
    pub port: i32,
    /// The port of the pods.
    pub target: IntOrString,
}

/// What can be created, with the other words for it.
const THINGS: &[&str] = &[
    "namespace",
    "ns",
    "deployment",
    "deploy",
    "service",
    "svc",
    "configmap",
    "cm",
    "secret",
    "serviceaccount",
    "sa",
];

/// What kubectl can create in addition.
const NOT_SIMULATED: &[&str] = &[
    "clusterrole",
    "clusterrolebinding",
    "cronjob",
    "cj",
    "ingress",
    "ing",
    "job",
    "poddisruptionbudget",
    "pdb",
    "priorityclass",
    "pc",
    "quota",
    "resourcequota",
    "role",
    "rolebinding",
    "token",
];

pub(in crate::kubectl) fn parse(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let (flags, create) = match split_subcommand(words) {
        Some((word, rest)) if matches!(word.as_str(), "namespace" | "ns") => namespace(&rest)?,
        Some((word, rest)) if matches!(word.as_str(), "deployment" | "deploy") => deployment(&rest)?,
        Some((word, rest)) if matches!(word.as_str(), "service" | "svc") => service(&rest)?,
        Some((word, rest)) if matches!(word.as_str(), "configmap" | "cm") => config_map(&rest)?,
        Some((word, rest)) if word == "secret" => secret(&rest)?,
        Some((word, rest)) if matches!(word.as_str(), "serviceaccount" | "sa") => service_account(&rest)?,
        Some((word, _)) if NOT_SIMULATED.contains(&word.as_str()) => {
            let hint = "; write a manifest and use `create -f`";
            return Err(UsageError::new(format!("`kubectl create {word}` is not simulated{hint}")));
        }
        _ => from_files(words)?,
    };
    Ok((flags, Verb::Create(create)))
}

fn from_files(words: &[String]) -> Result<(Parsed, Create), UsageError> {
    let flags = Parsed::parse(words, &[CHANGES, FILES])?;
    if let [stray, ..] = &flags.args[..] {
        let message = format!("Unexpected args: [{}]", flags.args.join(" "));
        return Err(UsageError::arguments(message).suggesting(stray, THINGS.iter().copied(), "create "));
    }
    let files = files(&flags)?.ok_or_else(|| UsageError::new("must specify one of -f and -k"))?;
    Ok((flags, Create::Files(files)))
}

fn namespace(words: &[String]) -> Result<(Parsed, Create), UsageError> {
    let flags = Parsed::parse(words, &[CHANGES])?;
    let name = exactly_one_name(&flags.args)?;
    Ok((flags, Create::Namespace(name)))
}

fn service_account(words: &[String]) -> Result<(Parsed, Create), UsageError> {
    let flags = Parsed::parse(words, &[CHANGES])?;
    let name = exactly_one_name(&flags.args)?;
    Ok((flags, Create::ServiceAccount(name)))
}

const FROM_LITERAL: &[Flag] = &[Flag::value("from-literal")];
const SECRET: &[Flag] = &[Flag::value("type")];

fn config_map(words: &[String]) -> Result<(Parsed, Create), UsageError> {
    let flags = Parsed::parse(words, &[CHANGES, FROM_LITERAL])?;
    let create = Create::ConfigMap(exactly_one_name(&flags.args)?, literals(&flags)?);
    Ok((flags, create))
}

fn secret(words: &[String]) -> Result<(Parsed, Create), UsageError> {
    match split_subcommand(words) {
        Some((word, rest)) if word == "generic" => {
            let flags = Parsed::parse(&rest, &[CHANGES, FROM_LITERAL, SECRET])?;
            let secret = NewSecret {
                name: exactly_one_name(&flags.args)?,
                kind: flags.text("type").unwrap_or_default().into(),
                literals: literals(&flags)?,
            };
            Ok((flags, Create::Secret(secret)))
        }
        Some((word, _)) if matches!(word.as_str(), "docker-registry" | "tls") => Err(UsageError::new(
            format!("`kubectl create secret {word}` is not simulated; write a manifest and use `create -f`"),
        )),
        _ => Err(UsageError::new("create secret needs one of docker-registry, generic, tls")),
    }
}

/// `--from-literal=KEY=VALUE`, each.
fn literals(flags: &Parsed) -> Result<Vec<Literal>, UsageError> {
    let mut literals: Vec<Literal> = Vec::new();
    for text in flags.list("from-literal") {
        let Some((key, value)) = text.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            let message = format!("invalid literal source {text}, expected key=value");
            return Err(UsageError::new(message));
        };
        if literals.iter().any(|(known, _)| known == key) {
            let message = format!("cannot add key {key:?}, another key by that name already exists in Data");
            return Err(UsageError::new(message));
        }
        literals.push((key.into(), value.trim_matches(['\'', '"']).into()));
    }
    Ok(literals)
}

const DEPLOYMENT: &[Flag] = &[Flag::value("image"), Flag::value("port"), Flag::value("replicas").short('r')];

fn deployment(words: &[String]) -> Result<(Parsed, Create), UsageError> {
    let flags = Parsed::parse(words, &[CHANGES, DEPLOYMENT])?;
    let images = flags.list("image");
    if images.is_empty() {
        return Err(required("image"));
    }
    let (names, command) = flags.args.split_at(flags.before_dashes.unwrap_or(flags.args.len()));
    if images.len() > 1 && !command.is_empty() {
        return Err(UsageError::new("cannot specify multiple --image options and command"));
    }
    let deployment = NewDeployment {
        name: exactly_one_name(names)?,
        images: images.into_iter().map(Name::from).collect(),
        port: flags.number("port")?.filter(|port| *port > 0),
        replicas: flags.number("replicas")?.unwrap_or(1),
        command: command.iter().map(|word| word.as_str().into()).collect(),
    };
    Ok((flags, Create::Deployment(deployment)))
}

const SERVICE: &[Flag] = &[Flag::value("tcp")];
const CLUSTER_IP: &[Flag] = &[Flag::value("clusterip")];
const NODE_PORT: &[Flag] = &[Flag::value("node-port")];
const LOAD_BALANCER: &[Flag] = &[];
const EXTERNAL_NAME: &[Flag] = &[Flag::value("external-name")];

/// The types of Services, with their flags.
const SERVICES: &[(&str, &[Flag])] = &[
    ("clusterip", CLUSTER_IP),
    ("nodeport", NODE_PORT),
    ("loadbalancer", LOAD_BALANCER),
    ("externalname", EXTERNAL_NAME),
];

fn service(words: &[String]) -> Result<(Parsed, Create), UsageError> {
    let Some((word, rest)) = split_subcommand(words) else {
        return Err(UsageError::new(
            "create service needs one of clusterip, nodeport, loadbalancer, externalname",
        ));
    };
    let Some((kind, own)) = SERVICES.iter().find(|(name, _)| *name == word) else {
        let names = SERVICES.iter().map(|(name, _)| *name);
        return Err(UsageError::arguments(format!("unknown command {word:?}")).suggesting(
            &word,
            names,
            "create service ",
        ));
    };
    let flags = Parsed::parse(&rest, &[CHANGES, own, SERVICE])?;
    let service = NewService {
        name: exactly_one_name(&flags.args)?,
        kind: match *kind {
            "clusterip" => ServiceKind::ClusterIp { address: flags.text("clusterip").map(Name::from) },
            "nodeport" => {
                ServiceKind::NodePort { node_port: flags.number("node-port")?.filter(|port| *port > 0) }
            }
            "loadbalancer" => ServiceKind::LoadBalancer,
            _ => ServiceKind::ExternalName {
                name: flags.text("external-name").ok_or_else(|| required("external-name"))?.into(),
            },
        },
        ports: flags.list("tcp").iter().map(|text| service_port(text)).collect::<Result<_, _>>()?,
    };
    let headless =
        matches!(&service.kind, ServiceKind::ClusterIp { address: Some(address) } if address == "None");
    let external = matches!(service.kind, ServiceKind::ExternalName { .. });
    if service.ports.is_empty() && !headless && !external {
        return Err(UsageError::new("at least one tcp port specifier must be provided"));
    }
    Ok((flags, Create::Service(service)))
}

/// `80`, `80:8080` or `80:http`.
fn service_port(text: &str) -> Result<ServicePortSpec, UsageError> {
    let (port, target) = text.split_once(':').unwrap_or((text, text));
    let number: i32 = port
        .parse()
        .map_err(|_| UsageError::new(format!("strconv.ParseUint: parsing {port:?}: invalid syntax")))?;
    let target = if let Ok(target) = target.parse::<i32>() {
        IntOrString::Int(in_range(target)?)
    } else {
        let problems = port_name(target);
        if !problems.is_empty() {
            return Err(UsageError::new(problems.join("; ")));
        }
        IntOrString::Text(target.into())
    };
    Ok(ServicePortSpec { port: in_range(number)?, target })
}

fn in_range(port: i32) -> Result<i32, UsageError> {
    match port {
        1..=65535 => Ok(port),
        _ => Err(UsageError::new("must be between 1 and 65535, inclusive")),
    }
}
