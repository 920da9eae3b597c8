//! The layers of the crate, checked: who may import whom. A single package has no walls but this one.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms it may import.
const LAYERS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("kernel", &["base"]),
    ("source", &["base"]),
    ("api", &["base", "kernel"]),
    ("trace", &["api", "base", "kernel"]),
    ("fault", &["api", "base", "kernel"]),
    ("component", &["api", "base", "kernel", "trace"]),
    ("workload", &["api", "base", "kernel"]),
    ("traffic", &["api", "base", "component", "kernel", "network", "trace", "workload"]),
    ("network", &["api", "base", "kernel"]),
    ("node", &["api", "base", "component", "fault", "kernel", "trace", "workload"]),
    ("control", &["api", "base", "component", "kernel", "trace"]),
    ("bench", &["api", "base", "control", "kernel"]),
    (
        "scenario",
        &["api", "base", "component", "control", "fault", "kernel", "source", "traffic", "workload"],
    ),
    ("kubectl", &["api", "base", "kernel"]),
    ("explain", &["api", "base", "kernel"]),
    ("report", &["api", "base", "kernel", "trace"]),
    ("history", &["api", "base", "kernel", "report", "trace"]),
    (
        "sim",
        &[
            "api",
            "base",
            "bench",
            "component",
            "control",
            "fault",
            "kernel",
            "kubectl",
            "network",
            "node",
            "scenario",
            "source",
            "trace",
            "traffic",
            "workload",
        ],
    ),
    ("sweep", &["api", "base", "kernel", "report", "scenario", "sim", "source", "trace"]),
    ("lesson", &["api", "base", "kernel", "kubectl", "scenario", "sim", "source", "trace", "workload"]),
    ("lint", &["api", "base", "kernel", "scenario", "sim", "source", "trace", "workload"]),
    ("search", &["api", "base", "kernel", "kubectl", "scenario", "sim", "source"]),
    (
        "conformance",
        &[
            "api",
            "base",
            "bench",
            "component",
            "control",
            "fault",
            "kernel",
            "node",
            "scenario",
            "sim",
            "source",
            "trace",
            "traffic",
            "workload",
        ],
    ),
];

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The rooms that a file names in `crate::room` paths, outside of comments.
fn imports(text: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut rooms = Vec::new();
    for line in code {
        for (at, _) in line.match_indices("crate::") {
            let room: String =
                line[at + 7..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            rooms.push(room);
        }
    }
    rooms
}

#[test]
fn imports_go_down_only() {
    let mut violations = Vec::new();
    for (room, allowed) in LAYERS {
        let mut files = Vec::new();
        rust_files(&source_root().join(room), &mut files);
        assert!(!files.is_empty(), "there is no room {room}");
        for file in files {
            for import in imports(&fs::read_to_string(&file).unwrap()) {
                if import != *room && !allowed.contains(&import.as_str()) {
                    violations.push(format!("{}: {room} imports {import}", file.display()));
                }
            }
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn every_room_is_in_the_table() {
    for entry in fs::read_dir(source_root()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let known = ["lib", "main", "cli"].contains(&name.as_str());
        assert!(known || LAYERS.iter().any(|(room, _)| *room == name), "{name} has no place in the table");
    }
}

#[test]
fn every_module_begins_with_what_it_is() {
    let mut files = Vec::new();
    rust_files(&source_root(), &mut files);
    let without: Vec<String> = files
        .iter()
        .filter(|file| !fs::read_to_string(file).unwrap().starts_with("//!"))
        .map(|file| file.display().to_string())
        .collect();
    assert!(without.is_empty(), "{}", without.join("\n"));
}

#[test]
fn files_can_be_read_in_one_sitting() {
    const LIMIT: usize = 700;
    let mut files = Vec::new();
    rust_files(&source_root(), &mut files);
    let long: Vec<String> = files
        .iter()
        .map(|file| (file, fs::read_to_string(file).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > LIMIT)
        .map(|(file, lines)| format!("{}: {lines} lines", file.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}
