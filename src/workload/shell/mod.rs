//! Understands the commands that people write into manifests: `sleep 30`, `sh -c "touch /tmp/healthy; sleep 30; exit 1"`,
//! `while true; do ...; done`, `trap 'exit 0' TERM`. What such a container does, when it ends, with which code, and which
//! files it has then, follows from the manifest; no AppModel is needed.
//!
//! The rules are those of the POSIX shell and of busybox; commands take no time but for those that wait. A script that asks
//! for anything that is not known (a program of the image, a file of a volume, the output of a command) is not understood
//! as a whole, and its container is what it would be without this. Nothing here knows of pods.

mod commands;
mod machine;
mod parse;
mod run;
mod words;

use std::collections::BTreeMap;

use crate::kernel::SimDuration;
use parse::Node;

pub use run::Walk;

#[cfg(test)]
mod tests;

/// Names of shells.
const SHELLS: [&str; 4] = ["sh", "bash", "ash", "dash"];
/// Images that run a shell when no command is given; it ends at once if nothing is on its input.
const SHELL_IMAGES: [&str; 12] = [
    "busybox",
    "alpine",
    "bash",
    "ubuntu",
    "debian",
    "fedora",
    "centos",
    "rockylinux",
    "almalinux",
    "amazonlinux",
    "archlinux",
    "opensuse/leap",
];

/// What a script may know of its container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Knowledge {
    /// Environment variables; `None` = it is set to something that is not known.
    pub variables: BTreeMap<String, Option<String>>,
    /// Folders that volumes are mounted at: other containers may write there too.
    pub mounts: Vec<String>,
    /// Whether its `cat` says `can't open`, as busybox does.
    pub busybox: bool,
    /// Whether temporary files exist only if the script has made them; else nothing is known of them.
    pub own_files: bool,
    /// Whether there may be variables that are not listed.
    pub more_variables: bool,
}

/// A command that is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    root: Node,
    knowledge: Knowledge,
    exit_on_error: bool,
    /// Whether programs that are not known are taken to succeed at once.
    lenient: bool,
}

impl Script {
    /// What a container runs, from the command and arguments in its manifest. `None` = its grammar is not understood; whether
    /// what it does is, [`run`](Self::run) tells.
    pub fn of_container(words: &[&str], knowledge: Knowledge) -> Option<Self> {
        Self::new(words, Knowledge { own_files: true, ..knowledge }, false)
    }

    /// What it knows of its container.
    pub fn knowledge(&self) -> &Knowledge {
        &self.knowledge
    }

    /// What a probe, a hook or `kubectl exec` runs: programs that are not known succeed at once.
    pub fn of_exec(words: &[&str], knowledge: Knowledge) -> Option<Self> {
        Self::new(words, knowledge, true)
    }

    fn new(words: &[&str], knowledge: Knowledge, lenient: bool) -> Option<Self> {
        let (name, mut arguments) = words.split_first()?;
        if !SHELLS.contains(&commands::base_name(name)) {
            return Some(Self { root: literal(words), knowledge, exit_on_error: false, lenient });
        }
        let mut exit_on_error = false;
        while let Some((option, rest)) = arguments.split_first() {
            let letters = option.strip_prefix('-')?;
            arguments = rest;
            exit_on_error |= letters.contains('e');
            if letters.ends_with('o') {
                arguments = arguments.split_first()?.1;
            } else if letters.contains('c') {
                let root = parse::parse(arguments.first()?)?;
                return Some(Self { root, knowledge, exit_on_error, lenient });
            }
        }
        // A shell with nothing to read ends at once.
        Some(Self { root: Node::List(Vec::new()), knowledge, exit_on_error, lenient })
    }

    /// What an image that is nothing but a system does without a command.
    pub fn of_bare_image(image: &str) -> Option<Self> {
        let path = image.split('@').next().unwrap_or_default();
        let path = path.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(path, |(path, _)| path);
        let path = path.trim_start_matches("docker.io/").trim_start_matches("library/");
        SHELL_IMAGES.contains(&path).then(|| Self::new(&["sh"], Knowledge::default(), false))?
    }

    /// What happens, from its start on. `stopped_at` = the age at which SIGTERM comes; `is_pid_1` = signals that it does not
    /// handle do nothing. `None` = it is not understood.
    pub fn run(&self, stopped_at: Option<SimDuration>, is_pid_1: bool) -> Option<Walk> {
        run::walk(self, stopped_at, is_pid_1, &BTreeMap::new())
    }

    /// What a command does in a container that has these files.
    pub fn run_among(&self, files: &BTreeMap<String, bool>) -> Option<Walk> {
        run::walk(self, None, false, files)
    }
}

/// One command as it is, without a shell.
fn literal(words: &[&str]) -> Node {
    let word = |text: &&str| words::Word { parts: vec![words::Part::Text((*text).to_owned())], quoted: true };
    Node::Command { sets: Vec::new(), words: words.iter().map(word).collect(), writes: Vec::new() }
}
