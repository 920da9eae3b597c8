//! What the program is made of: licences, sources and versions of all dependencies, and what none may bring in.
//!
//! `cargo deny check` says the same and more where it is installed; this needs nothing but cargo.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

fn packages() -> Vec<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let version = Command::new("rustc").arg("-vV").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let args = ["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host];
    let output = Command::new(cargo).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn text<'a>(package: &'a Value, field: &str) -> &'a str {
    package[field].as_str().unwrap_or_default()
}

/// The words in quotes of a list in `deny.toml`.
fn denied(list: &str) -> BTreeSet<String> {
    let toml = include_str!("../../deny.toml");
    let start = toml.find(&format!("\n{list} = [")).unwrap_or_else(|| panic!("deny.toml has no {list}"));
    let list = toml[start..].split(']').next().unwrap();
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether an SPDX expression of `AND`, `OR` and parentheses around `OR` can be met with what is allowed.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.replace('/', " OR ");
    expression.split(" AND ").all(|part| {
        let part = part.trim().trim_start_matches('(').trim_end_matches(')');
        part.split(" OR ")
            .any(|licence| allowed.contains(licence.trim().split(" WITH ").next().unwrap().trim()))
    })
}

#[test]
fn every_licence_is_allowed_and_every_source_is_crates_io() {
    let allowed = denied("allow");
    for package in packages() {
        let name = text(&package, "name");
        let licence = text(&package, "license");
        assert!(is_allowed(licence, &allowed), "{name}: {licence:?} is not in deny.toml");
        let source = text(&package, "source");
        let ours = source.is_empty() && name == "shakedown";
        assert!(
            ours || source == "registry+https://github.com/rust-lang/crates.io-index",
            "{name}: {source}"
        );
    }
}

#[test]
fn no_dependency_needs_a_newer_compiler_than_we_say() {
    let number =
        |version: &str| -> Vec<u64> { version.split('.').map(|part| part.parse().unwrap()).collect() };
    let ours = number(env!("CARGO_PKG_RUST_VERSION"));
    for package in packages() {
        if let Some(theirs) = package["rust_version"].as_str() {
            assert!(
                number(theirs) <= [ours.clone(), vec![0]].concat(),
                "{} needs {theirs}",
                text(&package, "name")
            );
        }
    }
}

/// Inputs are data: nothing in the program can reach the network or run what they say.
#[test]
fn nothing_reaches_the_network_or_starts_programs() {
    let banned = denied("deny");
    for package in packages() {
        let name = text(&package, "name");
        assert!(!banned.contains(name), "{name} is banned in deny.toml");
    }
    let mut open = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        for word in
            ["std::net", "TcpStream", "UdpSocket", "std::process::Command", "process::Command", "UnixStream"]
        {
            assert!(!source.contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn licence_expressions_are_understood() {
    let allowed: BTreeSet<String> = ["MIT", "Apache-2.0", "Unicode-3.0"].map(str::to_owned).into();
    for good in [
        "MIT",
        "MIT OR GPL-3.0",
        "MIT/Apache-2.0",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR X",
    ] {
        assert!(is_allowed(good, &allowed), "{good}");
    }
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR X) AND (Y OR Z)"] {
        assert!(!is_allowed(bad, &allowed), "{bad}");
    }
}
