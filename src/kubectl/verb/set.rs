//! `set image`, `set resources` and `patch`.

use crate::api::core::ResourceList;
use crate::base::Name;

use super::super::error::UsageError;
use super::super::flags::{CHANGES, Flag, Parsed};
use super::super::parse::split_subcommand;
use super::super::resource::{ALL, Bare, FILES, SELECTOR, Targets};
use super::{Verb, split_changes};

/// `set image`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetImage {
    /// Which objects with a pod template, or pods.
    pub targets: Targets,
    /// Container (`*` = all) and its new image.
    pub images: Vec<(Name, Name)>,
}

/// `set resources`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetResources {
    /// Which objects with a pod template.
    pub targets: Targets,
    /// `-c`: which containers; `*` = all.
    pub containers: Name,
    /// `--limits`.
    pub limits: ResourceList,
    /// `--requests`.
    pub requests: ResourceList,
}

/// `patch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Which objects.
    pub targets: Targets,
    /// `--type`.
    pub kind: PatchType,
    /// `-p`: JSON or YAML.
    pub patch: String,
}

/// Languages of patches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PatchType {
    /// Lists of named things are merged by name.
    #[default]
    Strategic,
    /// RFC 7386: what is there replaces, `null` removes.
    Merge,
    /// RFC 6902: a list of operations.
    Json,
}

const RESOURCES: &[Flag] =
    &[Flag::value("containers").short('c'), Flag::value("limits"), Flag::value("requests")];

pub(in crate::kubectl) fn parse(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    match split_subcommand(words) {
        Some((word, rest)) if word == "image" => image(&rest),
        Some((word, rest)) if word == "resources" => resources(&rest),
        Some((word, _))
            if ["env", "selector", "serviceaccount", "sa", "subject"].contains(&word.as_str()) =>
        {
            Err(UsageError::new(format!("`kubectl set {word}` is not simulated")))
        }
        Some((word, _)) => Err(UsageError::arguments(format!("unknown command {word:?}")).suggesting(
            &word,
            ["image", "resources"],
            "set ",
        )),
        None => Err(UsageError::new("set needs one of image, resources")),
    }
}

fn image(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let flags = Parsed::parse(words, &[CHANGES, SELECTOR, ALL, FILES])?;
    let is_change = |arg: &str| arg.contains('=') && !arg.starts_with('=');
    let (objects, given) = split_changes(&flags.args, "image", is_change)?;
    let targets = Targets::parse(objects, &flags, Bare::Refused)?;
    if given.is_empty() {
        return Err(UsageError::new("at least one image update is required"));
    }
    let pair = |text: &String| text.split_once('=').map(|(name, image)| (name.into(), image.into()));
    let images = given.iter().filter_map(pair).collect();
    Ok((flags, Verb::SetImage(SetImage { targets, images })))
}

fn resources(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let flags = Parsed::parse(words, &[CHANGES, RESOURCES, SELECTOR, ALL, FILES])?;
    let targets = Targets::parse(&flags.args, &flags, Bare::Refused)?;
    if !flags.has("limits") && !flags.has("requests") {
        return Err(UsageError::new(
            "you must specify an update to requests or limits (in the form of --requests/--limits)",
        ));
    }
    let set = SetResources {
        targets,
        containers: flags.text("containers").map_or_else(|| "*".into(), Name::from),
        limits: quantities(&flags.list("limits"))?,
        requests: quantities(&flags.list("requests"))?,
    };
    Ok((flags, Verb::SetResources(set)))
}

/// `cpu=200m,memory=512Mi`
fn quantities(texts: &[String]) -> Result<ResourceList, UsageError> {
    let mut list = ResourceList::new();
    for text in texts {
        let Some((name, quantity)) = text.split_once('=') else {
            return Err(UsageError::new(format!(
                "Invalid argument syntax {text}, expected <resource>=<value>"
            )));
        };
        let quantity = quantity.parse().map_err(|_| {
            UsageError::new(
                "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            )
        })?;
        list.insert(name.into(), quantity);
    }
    Ok(list)
}

const PATCH: &[Flag] = &[Flag::value("patch").short('p'), Flag::value("type")];

pub(in crate::kubectl) fn parse_patch(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let flags = Parsed::parse(words, &[CHANGES, PATCH, FILES])?;
    let patch = flags.text("patch").filter(|text| !text.is_empty()).ok_or_else(|| {
        UsageError::new("must specify --patch or --patch-file containing the contents of the patch")
    })?;
    let kind = match flags.text("type").unwrap_or_default().to_lowercase().as_str() {
        "" | "strategic" => PatchType::Strategic,
        "merge" => PatchType::Merge,
        "json" => PatchType::Json,
        other => {
            return Err(UsageError::new(format!(
                "--type must be one of [json merge strategic], not {other:?}"
            ))
            .suggesting(other, ["json", "merge", "strategic"], "--type="));
        }
    };
    let targets = Targets::parse(&flags.args, &flags, Bare::Refused)?;
    Ok((flags, Verb::Patch(Patch { targets, kind, patch })))
}
