//! Checkpoints: how far a run has come, and proof of it.
//!
//! A checkpoint does not hold the state of the world but what the state follows from, the run's `inputs.json`, and
//! digests of the state and of all that was written. To go on, the run is done again in silence up to the position,
//! everything is compared, and only then do the files grow. ARCHITECTURE.md says why.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::inputs::Inputs;
use super::part::PartFile;
use crate::kernel::SimTime;
use crate::sim::Simulation;

/// The first word of the file, and the number of its form.
const MAGIC: &str = "shakedown-checkpoint";
const FORMAT: u32 = 1;
/// Where checkpoints are, in the directory of a run.
const FOLDER: &str = "checkpoints";
const ENDING: &str = "checkpoint";

/// How far a run had come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Checkpoint {
    /// Version of the program.
    pub(super) shakedown: String,
    /// BLAKE3 hash of `inputs.json`.
    pub(super) inputs: String,
    /// Virtual time; everything up to it and at it has happened.
    pub(super) at_ns: u64,
    /// Position of the run.
    pub(super) position: Position,
    /// The files that grow during the run, and how long they were.
    pub(super) written: Vec<(String, u64)>,
}

/// What must be the same again at the same time of the same run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Position {
    /// Events that have happened.
    pub(super) events: u64,
    /// Records so far.
    pub(super) records: u64,
    /// BLAKE3 hash of `trace.csv` so far.
    pub(super) trace: String,
    /// BLAKE3 hash of the state of the world.
    pub(super) world: String,
}

impl Position {
    /// Where a run is, of which `trace` was written.
    pub(super) fn of(simulation: &Simulation, trace: String) -> Self {
        Self {
            events: simulation.events(),
            records: simulation.world.recorder.last(),
            trace,
            world: simulation.world.digest(),
        }
    }

    /// What is not as it was.
    pub(super) fn differs_from(&self, there: &Self) -> Option<String> {
        let pairs = [
            ("number of events", self.events.to_string(), there.events.to_string()),
            ("number of records", self.records.to_string(), there.records.to_string()),
            ("digest of the trace", self.trace.clone(), there.trace.clone()),
            ("digest of the world", self.world.clone(), there.world.clone()),
        ];
        let (what, then, now) = pairs.into_iter().find(|(_, then, now)| then != now)?;
        Some(format!("the {what} was {then} and is {now}"))
    }
}

impl Checkpoint {
    /// The virtual time.
    pub(super) fn at(&self) -> SimTime {
        SimTime::from_nanos(self.at_ns)
    }

    /// Writes the checkpoint into the directory of its run; returns where.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, dir: &Path) -> Result<PathBuf, String> {
        let folder = dir.join(FOLDER);
        fs::create_dir_all(&folder).map_err(super::part::about(&folder))?;
        let path = folder.join(format!("{}.{ENDING}", self.at()));
        PartFile::write_whole(&path, self.to_text().as_bytes())?;
        Ok(path)
    }

    /// Three lines: what it is, what it says, and the hash of the first two.
    fn to_text(&self) -> String {
        let body = serde_json::to_string(self).expect("a checkpoint is plain data");
        let sealed = format!("{MAGIC} {FORMAT}\n{body}\n");
        let hash = blake3::hash(sealed.as_bytes()).to_hex();
        format!("{sealed}{hash}\n")
    }

    /// Reads what [`Self::to_text`] wrote, or says what is wrong with it.
    pub(super) fn from_text(text: &str) -> Result<Self, String> {
        let (head, rest) = text.split_once('\n').ok_or("this is not a checkpoint")?;
        let format = head.strip_prefix(MAGIC).and_then(|rest| rest.strip_prefix(' '));
        let format = format.ok_or("this is not a checkpoint")?;
        if format.parse() != Ok(FORMAT) {
            return Err(format!("a checkpoint of format {format}; this program reads format {FORMAT}"));
        }
        let torn = "the checkpoint is not whole";
        let (body, hash) = rest.split_once('\n').ok_or(torn)?;
        let hash = hash.strip_suffix('\n').ok_or(torn)?;
        let sealed = format!("{head}\n{body}\n");
        if hash != blake3::hash(sealed.as_bytes()).to_hex().as_str() {
            return Err("the checkpoint was changed since it was written".to_owned());
        }
        let checkpoint: Self = serde_json::from_str(body).map_err(|error| error.to_string())?;
        let ours = env!("CARGO_PKG_VERSION");
        if checkpoint.shakedown != ours {
            return Err(format!(
                "a checkpoint of shakedown {}; this is shakedown {ours}, and only the same version repeats a run exactly",
                checkpoint.shakedown
            ));
        }
        Ok(checkpoint)
    }

    /// Whether a file says that it is a checkpoint.
    pub(super) fn is_one(path: &Path) -> bool {
        path.extension().is_some_and(|ending| ending == ENDING)
    }

    /// Reads a checkpoint, or the last one of a run's directory. Returns also the directory and what its run was made
    /// of.
    ///
    /// # Errors
    /// When anything is not as it was written.
    pub(super) fn read(path: &Path) -> Result<(Self, PathBuf, Inputs), String> {
        let file = if path.is_dir() { last_in(&path.join(FOLDER))? } else { path.to_owned() };
        let text = fs::read_to_string(&file);
        let text = text.map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let checkpoint =
            Self::from_text(&text).map_err(|problem| format!("{}: {problem}", file.display()))?;
        let dir = file.parent().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
        let dir = if dir.as_os_str().is_empty() { PathBuf::from(".") } else { dir };
        let inputs = Inputs::read(&dir)?;
        if inputs.digest() != checkpoint.inputs {
            let path = dir.join(super::inputs::FILE);
            return Err(format!("{} is not what {} was made from", path.display(), file.display()));
        }
        Ok((checkpoint, dir, inputs))
    }
}

/// The checkpoint of the latest time in a folder.
fn last_in(folder: &Path) -> Result<PathBuf, String> {
    let entries = fs::read_dir(folder);
    let entries = entries.map_err(|error| format!("no checkpoints in {}: {error}", folder.display()))?;
    let time = |path: &PathBuf| {
        let stem = path.file_stem().filter(|_| Checkpoint::is_one(path))?.to_str()?;
        stem.parse::<crate::kernel::SimDuration>().ok()
    };
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let latest = paths.filter_map(|path| Some((time(&path)?, path))).max();
    latest.map(|(_, path)| path).ok_or_else(|| format!("no checkpoints in {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        Checkpoint {
            shakedown: env!("CARGO_PKG_VERSION").to_owned(),
            inputs: "i".into(),
            at_ns: 60_000_000_000,
            position: Position { events: 5, records: 7, trace: "t".into(), world: "w".into() },
            written: vec![("trace.csv".into(), 100)],
        }
    }

    #[test]
    fn only_the_whole_and_unchanged_text_is_read() {
        let text = checkpoint().to_text();
        assert_eq!(Checkpoint::from_text(&text), Ok(checkpoint()));
        for length in 0..text.len() {
            assert!(Checkpoint::from_text(&text[..length]).is_err(), "{length} bytes");
        }
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(tampered) = String::from_utf8(bytes) else { continue };
            assert!(Checkpoint::from_text(&tampered).is_err(), "byte {at}");
        }
    }

    #[test]
    fn other_versions_are_named() {
        let text = checkpoint().to_text().replacen(" 1\n", " 2\n", 1);
        let problem = Checkpoint::from_text(&text).unwrap_err();
        assert_eq!(problem, "a checkpoint of format 2; this program reads format 1");
        let text = Checkpoint { shakedown: "9.9.9".into(), ..checkpoint() }.to_text();
        assert!(Checkpoint::from_text(&text).unwrap_err().contains("a checkpoint of shakedown 9.9.9"));
    }
}
