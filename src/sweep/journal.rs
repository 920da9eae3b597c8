//! Rows on disk as they come, in any order. A sweep that is started again finds them and does only what is missing.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::engine::SweepError;
use super::plan::{Plan, Point};
use super::run::Row;
use super::table;

/// What the sweep is: see [`Plan`].
pub const PLAN_FILE: &str = "sweep.json";
/// All rows in their order, once the sweep is complete.
pub const RUNS_FILE: &str = "runs.csv";
/// Rows as they come.
const JOURNAL_FILE: &str = "runs.journal.csv";

/// Rows by seed and point: the order of the files.
pub type Rows = BTreeMap<(u64, usize), Row>;

/// The directory of a sweep.
pub struct Journal {
    dir: PathBuf,
    points: Vec<Point>,
    file: File,
}

impl Journal {
    /// Opens the directory of a sweep, new or begun, and reads the rows that are there.
    ///
    /// # Errors
    /// When it holds another sweep, or cannot be read or written.
    pub fn open(dir: &Path, plan: &Plan) -> Result<(Self, Rows), SweepError> {
        fs::create_dir_all(dir).map_err(|error| SweepError::file(dir, &error))?;
        if let Some(before) = read_plan(dir)?
            && let Err(why) = goes_on(plan, &before)
        {
            return Err(SweepError::OtherSweep { dir: dir.to_owned(), why });
        }
        let mut rows = read_rows(&dir.join(RUNS_FILE), plan)?;
        let path = dir.join(JOURNAL_FILE);
        rows.append(&mut read_rows(&path, plan)?);
        write_whole(dir, PLAN_FILE, plan_json(plan).as_bytes())?;
        // Anew, without a line that an interruption tore and with what has been a complete sweep of fewer seeds.
        let points = plan.points();
        let text = rows.values().fold(table::header(plan), |text, row| text + &table::row_line(row, &points));
        write_whole(dir, JOURNAL_FILE, text.as_bytes())?;
        let file =
            OpenOptions::new().append(true).open(&path).map_err(|error| SweepError::file(&path, &error))?;
        Ok((Self { dir: dir.to_owned(), points, file }, rows))
    }

    /// Writes down a row.
    ///
    /// # Errors
    /// When that is not possible.
    pub fn append(&mut self, row: &Row) -> Result<(), SweepError> {
        let written = self.file.write_all(table::row_line(row, &self.points).as_bytes());
        written.map_err(|error| SweepError::file(&self.dir, &error))
    }

    /// Ends the sweep: all its rows are in the files of results from now on.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn close(self) -> Result<(), SweepError> {
        let path = self.dir.join(JOURNAL_FILE);
        fs::remove_file(&path).map_err(|error| SweepError::file(&path, &error))
    }
}

/// The text of `sweep.json`.
pub fn plan_json(plan: &Plan) -> String {
    let mut text = serde_json::to_string_pretty(plan).expect("a plan is plain data with text keys");
    text.push('\n');
    text
}

/// The plan in a directory, if there is one.
///
/// # Errors
/// When it cannot be read.
pub fn read_plan(dir: &Path) -> Result<Option<Plan>, SweepError> {
    let path = dir.join(PLAN_FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(SweepError::file(&path, &error)),
    };
    let plan = serde_json::from_str(&text);
    plan.map(Some).map_err(|error| SweepError::File { path, problem: format!("not a sweep: {error}") })
}

/// The rows of a plan in a file; none when there is no file.
///
/// # Errors
/// When it cannot be read.
pub fn read_rows(path: &Path, plan: &Plan) -> Result<Rows, SweepError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Rows::new()),
        Err(error) => return Err(SweepError::file(path, &error)),
    };
    // What comes after the last line break was torn by an interruption.
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let points = plan.points();
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(whole.as_bytes());
    let rows = reader.records().filter_map(|record| table::read_row(&record.ok()?, plan, &points));
    let mine = rows.filter(|row| plan.seeds.contains(&row.seed));
    Ok(mine.map(|row| ((row.seed, row.point), row)).collect())
}

/// Whether a sweep can go on where one of the plan `before` stopped; if not, why.
fn goes_on(plan: &Plan, before: &Plan) -> Result<(), &'static str> {
    if before.version != plan.version {
        return Err("another version of Shakedown made it");
    }
    if before.sources != plan.sources {
        return Err("the files of the scenario have changed since");
    }
    if !plan.computes_the_same_as(before) {
        return Err("it varies other fields or runs otherwise");
    }
    if before.shard != plan.shard {
        return Err("it is another shard");
    }
    let keeps = plan.seeds.contains(before.seeds.start()) && plan.seeds.contains(before.seeds.end());
    if keeps { Ok(()) } else { Err("it has seeds that this one has not") }
}

/// Writes a file beside its name and renames it when it is whole.
///
/// # Errors
/// When that is not possible.
pub fn write_whole(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), SweepError> {
    let (part, path) = (dir.join(format!("{name}.part")), dir.join(name));
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, &path));
    written.map_err(|error| SweepError::file(&path, &error))
}
