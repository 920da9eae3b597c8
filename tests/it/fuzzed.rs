//! The fuzz targets over their corpus and over mutations of it: the same ones in every run of the tests. With
//! `FUZZ_SECONDS` in the environment, for so long instead: `FUZZ_SECONDS=3600 cargo test --release fuzzed -- --ignored`.
#![allow(clippy::disallowed_types, reason = "how long to fuzz is about the clock on the wall")]

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;
use std::time::{Duration, Instant};

#[path = "../../fuzz/targets.rs"]
mod targets;

use targets::{TARGETS, Target};

/// Mutations of the corpus in one run of the tests, for each target.
const MUTATIONS: u64 = 150;
/// No input grows beyond this.
const LONGEST: usize = 20_000;

/// A small generator of its own: what the simulator draws with is under test here.
struct Dice(u64);

impl Dice {
    /// Less than `n`.
    fn below(&mut self, n: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n.max(1)
    }
}

/// Things that parsers stumble over.
const TOKENS: &[&str] = &[
    "-1",
    "0",
    "9223372036854775807",
    "-9223372036854775808",
    "1e309",
    "NaN",
    ".inf",
    "null",
    "~",
    "true",
    "\"\"",
    "[]",
    "{}",
    "{",
    "[",
    "- ",
    "\n---\n",
    "&a ",
    "*a",
    "<<: *a",
    "!!binary ",
    "|2\n",
    "\t",
    "\u{0}",
    "\u{feff}",
    "ünïcode",
    "0s",
    "-5s",
    "100000000h",
    "1Ei",
    "1n",
    "0.0001",
    "999999999999999999999999",
    "..",
    "/",
    "../../etc/passwd",
    "%s",
    "=",
    "!=",
    " in (a,b)",
    ",",
    "'",
    "\\",
    "$.items[*]",
    "{range .items[*]}",
    "{end}",
    "*/0 * * * *",
    "31 2 *",
    "apiVersion: v1",
    "kind: Pod",
    "spec:",
    "metadata: {name: a}",
    "replicas: 2147483647",
    "periodSeconds: 0",
    "count: 1000000000",
];

fn mutate(dice: &mut Dice, input: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=dice.below(4) {
        let (a, b) = (dice.below(bytes.len() + 1), dice.below(bytes.len() + 1));
        let (start, end) = (a.min(b), a.max(b).min(a.min(b) + 64));
        match dice.below(6) {
            0 if start < bytes.len() => bytes[start] ^= 1 << dice.below(8),
            1 => drop(bytes.drain(start..end)),
            2 => {
                let piece = bytes[start..end].to_vec();
                bytes.splice(a..a, piece);
            }
            3 => {
                let token = TOKENS[dice.below(TOKENS.len())].bytes();
                bytes.splice(start..end, token);
            }
            4 => {
                let token = TOKENS[dice.below(TOKENS.len())].bytes();
                bytes.splice(a..a, token);
            }
            _ if !other.is_empty() => {
                let from = dice.below(other.len());
                let to = (from + dice.below(200)).min(other.len());
                bytes.splice(start..end, other[from..to].iter().copied());
            }
            _ => {}
        }
        bytes.truncate(LONGEST);
    }
    bytes
}

fn collect(dir: &Path, inputs: &mut Vec<Vec<u8>>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, inputs);
        } else if path.extension().is_none_or(|ending| ending != "md") {
            inputs.push(fs::read(&path).unwrap());
        }
    }
}

/// The corpus of a target; manifests come from the shipped scenarios as well.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut inputs = Vec::new();
    collect(&root.join("fuzz/corpus").join(name), &mut inputs);
    if ["manifest", "run"].contains(&name) {
        collect(&root.join("fuzz/corpus/manifest"), &mut inputs);
        collect(&root.join("scenarios"), &mut inputs);
    }
    assert!(!inputs.is_empty(), "{name} has no corpus");
    inputs
}

/// Runs one input; what breaks is kept to be looked at.
fn try_input(name: &str, target: Target, input: &[u8]) {
    if catch_unwind(|| target(input)).is_err() {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("broke-{name}"));
        fs::write(&path, input).unwrap();
        panic!("{name} breaks with the input in {}", path.display());
    }
}

/// Mutations until `enough`; returns how many.
fn fuzz(name: &str, target: Target, seed: u64, enough: &dyn Fn(u64) -> bool) -> u64 {
    let inputs = corpus(name);
    let mut dice = Dice(seed);
    let mut done = 0;
    while !enough(done) {
        let (input, other) = (&inputs[dice.below(inputs.len())], &inputs[dice.below(inputs.len())]);
        try_input(name, target, &mutate(&mut dice, input, other));
        done += 1;
    }
    done
}

#[test]
fn nothing_in_the_corpus_breaks_anything() {
    for (name, target) in TARGETS {
        corpus(name).iter().for_each(|input| try_input(name, *target, input));
    }
}

#[test]
fn no_mutation_of_the_corpus_breaks_anything() {
    for (name, target) in TARGETS {
        fuzz(name, *target, 0x5eed, &|done| done >= MUTATIONS);
    }
}

#[test]
#[ignore = "takes as long as FUZZ_SECONDS says"]
fn mutations_for_a_while() {
    let seconds: u64 =
        std::env::var_os("FUZZ_SECONDS").map_or(10, |text| text.to_str().unwrap().parse().unwrap());
    let each = Duration::from_secs(seconds) / TARGETS.len() as u32;
    for (name, target) in TARGETS {
        let began = Instant::now();
        let done = fuzz(name, *target, seconds, &|_| began.elapsed() >= each);
        eprintln!("{name}: {done} inputs in {} s", began.elapsed().as_secs());
    }
}
