//! Real manifests, where the shared data folder is present.

use std::path::{Path, PathBuf};

use crate::api::Kind;
use crate::scenario::{any_line, from_files, load};
use crate::source::{self, Diagnostic};

/// The folder beside this package, or beside one of its parents: a work tree can lie deeper.
#[expect(clippy::print_stderr, reason = "a test that checks nothing should say so")]
fn folder() -> Option<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = package.ancestors().map(|folder| folder.join("shared/data/manifests"));
    let found = folders.find(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("skipped: no folder shared/data/manifests beside the package or its parents");
    }
    found
}

#[test]
fn online_boutique() {
    let Some(folder) = folder() else { return };
    let path = folder.join("online-boutique/kubernetes-manifests.yaml");
    let scenario = load(&[path], &any_line).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let count = |kind| scenario.objects.iter().filter(|manifest| manifest.object.kind() == kind).count();
    assert_eq!((count(Kind::Deployment), count(Kind::Service), count(Kind::ServiceAccount)), (12, 12, 11));
    assert_eq!((scenario.nodes.len(), &*scenario.name), (3, "kubernetes-manifests"));
    let told: Vec<_> = scenario.warnings.iter().map(|problem| &*problem.message).collect();
    assert_eq!(
        told,
        [
            "objects of kind `ServiceAccount` are kept but not simulated (11 times)",
            "`env` is kept but has no effect (12 times)",
            "`httpHeaders` is kept but has no effect (2 times)",
            "`securityContext` is kept but has no effect (13 times)",
        ]
    );
}

/// Each file by itself: together they define the same object several times. The only errors are those of a file that
/// has nothing but comments, and the only fields that are unknown are slips of their authors.
#[test]
fn every_real_manifest() {
    let Some(folder) = folder() else { return };
    let (files, problems) = source::load(&[folder]);
    assert!(problems.is_empty(), "{}", problems.render(false));
    let mut told = Vec::new();
    for file in &files {
        let problems = match from_files(std::slice::from_ref(file), &any_line) {
            Ok(scenario) => scenario.warnings,
            Err(problems) => problems,
        };
        told.extend(problems.into_iter().filter(|problem| !EXPECTED.contains(&problem.code)));
    }
    let told: Vec<_> = told.iter().map(Diagnostic::one_line).collect();
    assert!(files.len() > 50 && told.len() == 1 && told[0].contains("is empty"), "{told:#?}");
}

/// What there is to say about old examples.
const EXPECTED: [&str; 4] = ["duplicate-key", "missing-namespace", "no-effect", "not-simulated"];
