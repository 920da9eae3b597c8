//! Decisions recorded from kube-scheduler v1.34.1, replayed against ours.
//!
//! A directory holds a folder per group and in it, per case, the objects (`NAME.input.json`), what the scheduler did
//! (`NAME.expected.json`) and possibly its configuration (`NAME.config.json`). Every step of a case is compared in
//! everything that was recorded: feasible nodes, who refused the others and why, each score, the totals, the choice,
//! messages, who was preempted.

mod input;
mod recorded;
mod replay;

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

/// Differences that are shown of a case.
const DIFFERENCES_SHOWN: usize = 3;

/// What came of all cases of a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The groups, by name.
    pub groups: Vec<GroupReport>,
}

/// What came of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupReport {
    /// Its name.
    pub name: String,
    /// Its cases, by name.
    pub cases: Vec<CaseReport>,
}

/// What came of one case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaseReport {
    /// Its name.
    pub name: String,
    /// How many steps were recorded.
    pub steps: usize,
    /// How many of them agree in everything.
    pub agreeing: usize,
    /// The first differences.
    pub differences: Vec<Difference>,
}

/// One thing in which a step differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which step, from 0.
    pub step: usize,
    /// Its pod.
    pub pod: String,
    /// Which field of the recording.
    pub field: &'static str,
    /// What was recorded.
    pub expected: String,
    /// What we have.
    pub got: String,
}

impl CaseReport {
    /// Whether every step agrees.
    pub fn agrees(&self) -> bool {
        self.agreeing == self.steps && self.differences.is_empty()
    }
}

impl GroupReport {
    /// Steps that agree, all steps, cases that agree, all cases.
    pub fn counts(&self) -> [usize; 4] {
        let agreeing = self.cases.iter().filter(|case| case.agrees()).count();
        [
            self.cases.iter().map(|case| case.agreeing).sum(),
            self.cases.iter().map(|case| case.steps).sum(),
            agreeing,
            self.cases.len(),
        ]
    }
}

impl Report {
    /// The same over all groups.
    pub fn counts(&self) -> [usize; 4] {
        self.groups
            .iter()
            .map(GroupReport::counts)
            .fold([0; 4], |sum, group| std::array::from_fn(|at| sum[at] + group[at]))
    }

    /// Whether every step of every case agrees, and there is one.
    pub fn is_success(&self) -> bool {
        let [agreeing, steps, cases_agreeing, cases] = self.counts();
        cases > 0 && agreeing == steps && cases_agreeing == cases
    }
}

/// Replays every case in `directory`.
///
/// # Errors
/// When the directory or a file cannot be read.
pub fn run(directory: &Path) -> io::Result<Report> {
    let mut report = Report::default();
    for group in names(directory, "")? {
        let folder = directory.join(&group);
        if !folder.is_dir() {
            continue;
        }
        let mut cases = Vec::new();
        for name in names(&folder, ".input.json")? {
            cases.push(run_case(&folder, &name)?);
        }
        if !cases.is_empty() {
            report.groups.push(GroupReport { name: group, cases });
        }
    }
    Ok(report)
}

/// Names of the entries with this ending, without it, in order.
fn names(directory: &Path, ending: &str) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        names.extend(name.to_str().and_then(|name| name.strip_suffix(ending)).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

fn run_case(folder: &Path, name: &str) -> io::Result<CaseReport> {
    let read = |ending: &str| fs::read_to_string(folder.join(format!("{name}.{ending}.json")));
    let config = match read("config") {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let mut report = CaseReport { name: name.to_owned(), ..CaseReport::default() };
    match replay::replay(&read("input")?, config.as_deref(), &read("expected")?, &mut report) {
        Ok(()) => {}
        // A file that is not as described is a difference too.
        Err(problem) => report.differences.push(Difference {
            step: 0,
            pod: String::new(),
            field: "file",
            expected: "a case as described".to_owned(),
            got: problem,
        }),
    }
    Ok(report)
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, pod, field, expected, got } = self;
        write!(f, "step {step} ({pod}): {field}\n    recorded {expected}\n    here     {got}")
    }
}

impl fmt::Display for Report {
    /// A row a group, the first differences, and the sums in the last line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.groups.iter().map(|group| group.name.len()).max().unwrap_or(0);
        for group in &self.groups {
            let [agreeing, steps, cases_agreeing, cases] = group.counts();
            writeln!(
                f,
                "{:width$}  {agreeing:>5} of {steps:>5} steps  {cases_agreeing:>3} of {cases:>3} cases",
                group.name
            )?;
        }
        for case in self.groups.iter().flat_map(|group| &group.cases) {
            for difference in &case.differences {
                writeln!(f, "{}: {difference}", case.name)?;
            }
        }
        let [agreeing, steps, cases_agreeing, cases] = self.counts();
        write!(f, "scheduler: {agreeing} of {steps} steps agree, {cases_agreeing} of {cases} cases")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the recordings are, seen from the package.
    const RECORDINGS: &str = "../shared/golden/scheduler";

    #[test]
    #[expect(clippy::print_stderr, reason = "a test without its recordings must say so")]
    fn every_recorded_decision_is_ours() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(RECORDINGS);
        if !directory.is_dir() {
            eprintln!("skipped: no recordings at {RECORDINGS}");
            return;
        }
        let report = run(&directory).unwrap();
        assert!(report.is_success(), "\n{report}");
    }
}
