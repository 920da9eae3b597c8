//! The objects that a command is about: `TYPE`, `TYPE NAME...`, `TYPE/NAME...`, `TYPE,TYPE`, `all`, or files.
//!
//! Follows the resource builder of cli-runtime, with its messages.

use crate::api::{FieldSelector, Kind, Selector};
use crate::base::Name;

use super::error::UsageError;
use super::flags::{Flag, Parsed};

/// One object by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// Kind.
    pub kind: Kind,
    /// Name.
    pub name: Name,
}

/// What a command is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Targets {
    /// Objects by name, in the order given.
    Named(Vec<Target>),
    /// All objects of some kinds that the selectors let through.
    Selected(Selected),
    /// What the files describe.
    Files(Files),
}

/// All objects of some kinds that the selectors let through.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Selected {
    /// The kinds, each once.
    pub kinds: Vec<Kind>,
    /// `-l`: a label selector.
    pub labels: Option<String>,
    /// `--field-selector`.
    pub fields: Option<String>,
}

/// `-f`: manifests.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Files {
    /// Files or directories.
    pub paths: Vec<String>,
    /// `-R`: directories with all that is below.
    pub recursive: bool,
}

/// `-l`.
pub(super) const SELECTOR: &[Flag] = &[Flag::value("selector").short('l')];
/// `--field-selector`.
pub(super) const FIELD_SELECTOR: &[Flag] = &[Flag::value("field-selector")];
/// `--all`.
pub(super) const ALL: &[Flag] = &[Flag::switch("all")];
/// `-A`.
pub(super) const ALL_NAMESPACES: &[Flag] = &[Flag::switch("all-namespaces").short('A')];
/// `-f`, `-R`.
pub(super) const FILES: &[Flag] = &[Flag::value("filename").short('f'), Flag::switch("recursive").short('R')];

/// What kubectl says when there is nothing to work on.
const NOTHING_GIVEN: &str = "You must provide one or more resources by argument or filename.\n\
    Example resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   \
    '<resource> <name>'\n   '<resource>'";

/// Whether `TYPE` alone means all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bare {
    /// It does, as for `get`.
    Everything,
    /// It does only together with `--all` or a selector, as for `delete`.
    Refused,
}

impl Targets {
    /// Reads the arguments `args` with the selectors and files among `flags`.
    pub(super) fn parse(args: &[String], flags: &Parsed, bare: Bare) -> Result<Self, UsageError> {
        let files = flags.list("filename");
        if !files.is_empty() {
            if !args.is_empty() {
                return Err(UsageError::new(
                    "when paths, URLs, or stdin is provided as resource input, you may not specify resource \
                     arguments as well",
                ));
            }
            return Ok(Self::Files(Files { paths: files, recursive: flags.switch("recursive")? }));
        }
        let given = |flag: &str| flags.text(flag).filter(|text| !text.is_empty());
        let (labels, fields) = (given("selector"), given("field-selector"));
        let selecting = labels.is_some() || fields.is_some() || flags.switch("all")?;
        let all_namespaces = flags.switch("all-namespaces")?;
        let named = named(args)?;
        if named.is_empty() {
            let [kinds] = args else { return Err(UsageError::new(NOTHING_GIVEN)) };
            let kinds = kinds_of(kinds)?;
            if bare == Bare::Refused && !selecting {
                return Err(UsageError::new("resource(s) were provided, but no name was specified"));
            }
            let selected = Selected { kinds, labels, fields };
            selected.check()?;
            return Ok(Self::Selected(selected));
        }
        if selecting {
            return Err(UsageError::new("name cannot be provided when a selector is specified"));
        }
        if all_namespaces && named.iter().any(|target| target.kind.names().namespaced) {
            return Err(UsageError::new("a resource cannot be retrieved by name across all namespaces"));
        }
        Ok(Self::Named(named))
    }

    /// The kinds that can occur, each once; none for files.
    pub fn kinds(&self) -> Vec<Kind> {
        let mut kinds: Vec<Kind> = match self {
            Self::Named(targets) => targets.iter().map(|target| target.kind).collect(),
            Self::Selected(selected) => selected.kinds.clone(),
            Self::Files(_) => Vec::new(),
        };
        let mut seen = Vec::new();
        kinds.retain(|kind| {
            let new = !seen.contains(kind);
            seen.push(*kind);
            new
        });
        kinds
    }
}

impl Selected {
    /// Whether the selectors can be read. Finding that out is left to the server, so its refusal is told.
    fn check(&self) -> Result<(), UsageError> {
        let labels = Selector::parse(self.labels.as_deref().unwrap_or_default()).map(|_| ());
        let fields = FieldSelector::parse(self.fields.as_deref().unwrap_or_default()).map(|_| ());
        let Err(why) = labels.and(fields) else { return Ok(()) };
        let kind = self.kinds.first().copied().unwrap_or(Kind::Pod);
        let message = self.cannot_find(kind, &why.to_string());
        Err(UsageError { prefix: "Error from server (BadRequest): ", ..UsageError::new(message) })
    }

    /// What kubectl makes of a refusal of the selectors.
    pub(super) fn cannot_find(&self, kind: Kind, why: &str) -> String {
        let (labels, fields) = (self.labels.as_deref(), self.fields.as_deref());
        format!(
            "Unable to find {:?} that match label selector {:?}, field selector {:?}: {why}",
            kind_with_version(kind),
            labels.unwrap_or_default(),
            fields.unwrap_or_default()
        )
    }
}

/// The objects in `TYPE NAME...` or `TYPE/NAME...`; none for `TYPE` alone.
fn named(args: &[String]) -> Result<Vec<Target>, UsageError> {
    let with_slash = args.iter().filter(|arg| arg.contains('/')).count();
    if with_slash > 0 {
        if with_slash < args.len() {
            return Err(UsageError::new(
                "there is no need to specify a resource type as a separate argument when passing arguments in \
                 resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource \
                 resource/<resource_name>'",
            ));
        }
        return args.iter().map(|arg| target(arg)).collect();
    }
    let [kinds, names @ ..] = args else { return Ok(Vec::new()) };
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let kinds = kinds_of(kinds)?;
    let of_kind = |kind: Kind| names.iter().map(move |name| Target { kind, name: name.as_str().into() });
    Ok(kinds.into_iter().flat_map(of_kind).collect())
}

/// `TYPE/NAME`.
pub(super) fn target(text: &str) -> Result<Target, UsageError> {
    match text.split('/').collect::<Vec<_>>()[..] {
        [kind, name] if !kind.is_empty() && !name.is_empty() => {
            Ok(Target { kind: kind_of(kind)?, name: name.into() })
        }
        [_, _] => {
            Err(UsageError::new("arguments in resource/name form must have a single resource and name"))
        }
        _ => Err(UsageError::new("arguments in resource/name form may not have more than one slash")),
    }
}

/// `TYPE[,TYPE...]`, where `all` stands for several; each kind once.
pub(super) fn kinds_of(text: &str) -> Result<Vec<Kind>, UsageError> {
    let mut kinds = Vec::new();
    for word in text.split(',') {
        let some = if word == "all" { EVERYDAY_KINDS.to_vec() } else { vec![kind_of(word)?] };
        for kind in some {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
    }
    Ok(kinds)
}

/// What `all` stands for, in the order in which kubectl lists it.
const EVERYDAY_KINDS: &[Kind] = &[
    Kind::Pod,
    Kind::ReplicationController,
    Kind::Service,
    Kind::DaemonSet,
    Kind::Deployment,
    Kind::ReplicaSet,
    Kind::StatefulSet,
    Kind::HorizontalPodAutoscaler,
    Kind::CronJob,
    Kind::Job,
];

/// One `TYPE`: plural, singular or short name in any case, alone or as `TYPE.GROUP` or `TYPE.VERSION.GROUP`.
pub(super) fn kind_of(word: &str) -> Result<Kind, UsageError> {
    let (name, group) = word.split_once('.').unwrap_or((word, ""));
    let found = Kind::from_word(name).filter(|kind| group.is_empty() || is_group_of(group, *kind));
    found.ok_or_else(|| {
        let names = Kind::ALL.iter().filter(|kind| **kind != Kind::Unsimulated).map(|kind| kind.names());
        // Short names are too short to be mistaken for one another.
        let words = names.flat_map(|names| [names.plural, names.singular]);
        UsageError::new(format!("the server doesn't have a resource type {name:?}"))
            .suggesting(name, words, "")
    })
}

/// Whether `text` is the group of a kind, with or without the version in front.
fn is_group_of(text: &str, kind: Kind) -> bool {
    let Some((group, version)) = kind.names().api_version.split_once('/') else { return false };
    text == group || text.strip_prefix(version).is_some_and(|rest| rest.strip_prefix('.') == Some(group))
}

/// The kind as Go prints a resource with its group and version: `apps/v1, Resource=deployments`.
pub fn kind_with_version(kind: Kind) -> String {
    let names = kind.names();
    let group = if names.api_version.contains('/') { "" } else { "/" };
    format!("{group}{}, Resource={}", names.api_version, names.plural)
}

/// The plural with its group: `pods`, `deployments.apps`.
pub fn plural_with_group(kind: Kind) -> String {
    let names = kind.names();
    match names.api_version.split_once('/') {
        Some((group, _)) => format!("{}.{group}", names.plural),
        None => names.plural.to_owned(),
    }
}

/// The kind with its group: `Pod`, `Deployment.apps`.
pub(super) fn name_with_group(kind: Kind) -> String {
    let names = kind.names();
    match names.api_version.split_once('/') {
        Some((group, _)) => format!("{}.{group}", names.name),
        None => names.name.to_owned(),
    }
}

/// `TYPE` in front of a name, as kubectl prints it: `pod`, `deployment.apps`.
pub fn kind_with_group(kind: Kind) -> String {
    let names = kind.names();
    match names.api_version.split_once('/') {
        Some((group, _)) => format!("{}.{group}", names.singular),
        None => names.singular.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str, bare: Bare) -> Result<Targets, UsageError> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let flags = Parsed::parse(&words, &[SELECTOR, FIELD_SELECTOR, ALL, ALL_NAMESPACES, FILES])?;
        Targets::parse(&flags.args, &flags, bare)
    }

    fn names(line: &str) -> Vec<String> {
        match parse(line, Bare::Everything).unwrap() {
            Targets::Named(targets) => {
                targets.iter().map(|target| format!("{}/{}", target.kind, target.name)).collect()
            }
            Targets::Selected(selected) => selected.kinds.iter().map(ToString::to_string).collect(),
            Targets::Files(files) => files.paths,
        }
    }

    #[test]
    fn every_form_of_kubectl() {
        for (line, expected) in [
            ("pods", &["Pod"][..]),
            ("PO", &["Pod"]),
            ("deploy,rs,deployments", &["Deployment", "ReplicaSet"]),
            ("pods web-1 web-2", &["Pod/web-1", "Pod/web-2"]),
            ("pod/web svc/web", &["Pod/web", "Service/web"]),
            ("pods,svc web", &["Pod/web", "Service/web"]),
            ("deployments.apps", &["Deployment"]),
            ("deployments.v1.apps/web", &["Deployment/web"]),
            ("endpointslices.discovery.k8s.io", &["EndpointSlice"]),
            ("-f a.yaml,b -f c", &["a.yaml", "b", "c"]),
        ] {
            assert_eq!(names(line), expected, "{line}");
        }
        assert_eq!(names("all,nodes").len(), 11);
        assert_eq!(kind_with_group(Kind::Deployment), "deployment.apps");
        assert_eq!(kind_with_group(Kind::Pod), "pod");
    }

    #[test]
    fn refusals_are_those_of_kubectl() {
        for (line, expected) in [
            ("foo", "the server doesn't have a resource type \"foo\""),
            ("pdos", "the server doesn't have a resource type \"pdos\"; did you mean `pods`?"),
            ("pods.apps", "the server doesn't have a resource type \"pods\"; did you mean `pods`?"),
            ("pods,", "the server doesn't have a resource type \"\""),
            ("pod/", "arguments in resource/name form must have a single resource and name"),
            ("a/b/c", "arguments in resource/name form may not have more than one slash"),
            ("pods web -l app=web", "name cannot be provided when a selector is specified"),
            ("pods web --all", "name cannot be provided when a selector is specified"),
            ("pods web -A", "a resource cannot be retrieved by name across all namespaces"),
        ] {
            assert_eq!(parse(line, Bare::Everything).unwrap_err().to_string(), expected, "{line}");
        }
        let message = |line: &str| parse(line, Bare::Refused).unwrap_err().to_string();
        assert_eq!(message("pods"), "resource(s) were provided, but no name was specified");
        assert!(
            message("").starts_with("You must provide one or more resources by argument or filename.\nEx")
        );
        assert!(message("pods/a deploy").starts_with("there is no need to specify a resource type"));
        assert!(message("pods -f x").starts_with("when paths, URLs, or stdin is provided"));
        assert!(parse("pods --all", Bare::Refused).is_ok());
    }
}
