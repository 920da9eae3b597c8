//! How fast records become text: the writers alone, on one core, into nothing.
//!
//! The records are those of a run of `scenarios/node-failure`. `cargo bench --bench trace` prints records a second, best of
//! ten passes: all records as CSV (with the digest), the columns of JSON lines alone, and JSON lines with the changed fields of
//! every object.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and ends when its input is missing"
)]

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use cpu_time::ThreadTime;
use shakedown::kernel::SimTime;
use shakedown::scenario;
use shakedown::sim::{RunOptions, Simulation};
use shakedown::trace::export::{CsvWriter, JsonlWriter};
use shakedown::trace::{Detail, Record};

const RECORDS: usize = 200_000;

fn records() -> Vec<Record> {
    let path = PathBuf::from("scenarios/node-failure");
    let scenario = scenario::load(&[path], &scenario::any_line).expect("a shipped scenario is right");
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    let mut records = Vec::new();
    simulation
        .run_until(SimTime::MAX, &mut |record| records.push(record.clone()))
        .expect("shipped scenarios run");
    records
}

/// Prints records a second, best of ten passes.
fn measure(name: &str, records: &[Record], mut pass: impl FnMut(&mut dyn Iterator<Item = &Record>)) {
    let best = (0..10).map(|_| {
        let start = ThreadTime::now();
        pass(&mut records.iter().cycle().take(RECORDS));
        start.elapsed()
    });
    let best = best.min().unwrap_or(Duration::MAX);
    println!("{name} {:.0}", RECORDS as f64 / best.as_secs_f64());
}

fn main() {
    let all = records();
    let plain: Vec<Record> =
        all.iter().map(|record| Record { detail: Detail::None, ..record.clone() }).collect();
    measure("csv", &all, |records| {
        let mut writer = CsvWriter::new(io::sink());
        records.for_each(|record| writer.write(record).expect("nothing refuses nothing"));
        writer.finish().expect("nothing refuses nothing");
    });
    let jsonl = |records: &mut dyn Iterator<Item = &Record>| {
        let mut writer = JsonlWriter::new(io::sink());
        records.for_each(|record| writer.write(record).expect("nothing refuses nothing"));
        writer.finish().expect("nothing refuses nothing");
    };
    measure("jsonl-columns", &plain, jsonl);
    measure("jsonl", &all, jsonl);
}
