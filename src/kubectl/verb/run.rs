//! `run`.

use crate::api::pod::{ImagePullPolicy, RestartPolicy};
use crate::base::Name;

use super::super::error::UsageError;
use super::super::flags::{CHANGES, Flag, Parsed};
use super::{Verb, required};

/// `run`: one pod with one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Name of the pod and of its container.
    pub name: Name,
    /// `--image`.
    pub image: Name,
    /// `--port` that the container listens on.
    pub port: Option<i32>,
    /// `--labels`; none given = `run=NAME`.
    pub labels: Vec<(Name, Name)>,
    /// `--annotations`.
    pub annotations: Vec<(Name, Name)>,
    /// `--env`.
    pub env: Vec<(Name, Name)>,
    /// `--restart`.
    pub restart: RestartPolicy,
    /// `--image-pull-policy`.
    pub image_pull_policy: Option<ImagePullPolicy>,
    /// What the container runs, if not what its image says.
    pub words: Vec<Name>,
    /// `--command`: the words are the command, not its arguments.
    pub command: bool,
    /// `--expose`: create a Service for the port, too.
    pub expose: bool,
}

const RUN: &[Flag] = &[
    Flag::value("image"),
    Flag::value("port"),
    Flag::value("labels").short('l'),
    Flag::value("annotations"),
    Flag::value("env"),
    Flag::value("restart"),
    Flag::value("image-pull-policy"),
    Flag::switch("command"),
    Flag::switch("expose"),
    Flag::switch("quiet").short('q').ignored(),
    Flag::switch("stdin").short('i').ignored(),
    Flag::switch("tty").short('t').ignored(),
];

pub(in crate::kubectl) fn parse(words: &[String]) -> Result<(Parsed, Verb), UsageError> {
    let flags = Parsed::parse(words, &[CHANGES, RUN])?;
    let image = flags.text("image").ok_or_else(|| required("image"))?;
    let [name, words @ ..] = &flags.args[..] else {
        return Err(UsageError::arguments("NAME is required for run"));
    };
    let run = Run {
        name: name.as_str().into(),
        image: image_name(&image)?,
        port: port(&flags)?,
        labels: pairs(&flags.list("labels"), "unexpected label spec")?,
        annotations: pairs(&flags.texts("annotations"), "unexpected annotation spec")?,
        env: pairs(&flags.texts("env"), "invalid env")?,
        restart: restart(&flags)?,
        image_pull_policy: pull_policy(&flags)?,
        words: words.iter().map(|word| word.as_str().into()).collect(),
        command: flags.switch("command")?,
        expose: flags.switch("expose")?,
    };
    if run.expose && run.port.is_none() {
        return Err(UsageError::arguments("--port must be set when exposing a service"));
    }
    Ok((flags, Verb::Run(run)))
}

fn image_name(text: &str) -> Result<Name, UsageError> {
    if text.is_empty() {
        return Err(UsageError::new("--image is required"));
    }
    if text.contains(char::is_whitespace) {
        return Err(UsageError::new(format!("Invalid image name {text:?}: invalid reference format")));
    }
    Ok(text.into())
}

fn port(flags: &Parsed) -> Result<Option<i32>, UsageError> {
    let Some(text) = flags.text("port").filter(|text| !text.is_empty()) else { return Ok(None) };
    let wrong = |_| UsageError::new(format!("strconv.Atoi: parsing {text:?}: invalid syntax"));
    text.parse().map(Some).map_err(wrong)
}

/// `KEY=VALUE` pairs.
pub(super) fn pairs(texts: &[String], what: &str) -> Result<Vec<(Name, Name)>, UsageError> {
    let pair = |text: &String| match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.into(), value.into())),
        _ => Err(UsageError::new(format!("{what}: {text}"))),
    };
    texts.iter().filter(|text| !text.is_empty()).map(pair).collect()
}

fn restart(flags: &Parsed) -> Result<RestartPolicy, UsageError> {
    match flags.text("restart").as_deref() {
        None | Some("" | "Always") => Ok(RestartPolicy::Always),
        Some("OnFailure") => Ok(RestartPolicy::OnFailure),
        Some("Never") => Ok(RestartPolicy::Never),
        Some(other) => Err(UsageError::arguments(format!("invalid restart policy: {other}")).suggesting(
            other,
            ["Always", "OnFailure", "Never"],
            "--restart=",
        )),
    }
}

fn pull_policy(flags: &Parsed) -> Result<Option<ImagePullPolicy>, UsageError> {
    match flags.text("image-pull-policy").as_deref() {
        None | Some("") => Ok(None),
        Some("Always") => Ok(Some(ImagePullPolicy::Always)),
        Some("IfNotPresent") => Ok(Some(ImagePullPolicy::IfNotPresent)),
        Some("Never") => Ok(Some(ImagePullPolicy::Never)),
        Some(other) => Err(UsageError::arguments(format!("invalid image pull policy: {other}")).suggesting(
            other,
            ["Always", "IfNotPresent", "Never"],
            "--image-pull-policy=",
        )),
    }
}
