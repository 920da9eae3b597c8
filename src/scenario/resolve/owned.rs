//! Objects of a dump that were made by controllers.
//!
//! `kubectl get all -o yaml` prints a Deployment, its ReplicaSets and their Pods. Created anew, the Deployment makes
//! its own ReplicaSets, and the old ones point at an owner that no longer exists: the garbage collector would take
//! them. So objects whose owner is there too are left out, and the others are freed of owners that are not.

use std::collections::BTreeSet;

use crate::base::Name;
use crate::scenario::model::Manifest;
use crate::source::Diagnostic;

/// Kind, namespace and name.
type Identity = (Name, Name, Name);

/// Leaves out what controllers will make, and says so.
pub(in crate::scenario) fn settle(objects: &mut Vec<Manifest>) -> Vec<Diagnostic> {
    let present: BTreeSet<Identity> = objects.iter().map(identity).collect();
    let has_owner = |manifest: &Manifest| {
        let metadata = manifest.object.metadata();
        let owner_is_there = |owner: &crate::api::OwnerReference| {
            let there = |namespace: &Name| {
                present.contains(&(owner.kind.clone(), namespace.clone(), owner.name.clone()))
            };
            there(&metadata.namespace) || there(&Name::default())
        };
        metadata.owner_references.iter().any(owner_is_there)
    };
    let mut problems = Vec::new();
    let owned: Vec<bool> = objects.iter().map(has_owner).collect();
    if let Some(first) = owned.iter().position(|owned| *owned) {
        let number = owned.iter().filter(|owned| **owned).count();
        let message = match number {
            1 => "an object whose owner is there too is left out: its owner makes it anew".to_owned(),
            _ => format!(
                "{number} objects whose owners are there too are left out: their owners make them anew"
            ),
        };
        let remark = if number == 1 { "" } else { "first here" };
        problems.push(objects[first].place.label(Diagnostic::warning("owned-object", message), remark));
    }
    let mut owned = owned.into_iter();
    objects.retain(|_| !owned.next().unwrap_or(false));
    problems.extend(free(objects));
    problems
}

/// Takes away owners that are not there.
fn free(objects: &mut [Manifest]) -> Option<Diagnostic> {
    let mut first = None;
    let mut number = 0;
    for manifest in
        objects.iter_mut().filter(|manifest| !manifest.object.metadata().owner_references.is_empty())
    {
        manifest.object.metadata_mut().owner_references.clear();
        number += 1;
        first.get_or_insert_with(|| manifest.place.clone());
    }
    let (message, remark) = match number {
        1 => ("the owner of an object is in no manifest: the object is on its own".to_owned(), ""),
        _ => (
            format!("the owners of {number} objects are in no manifest: the objects are on their own"),
            "first here",
        ),
    };
    first.map(|place| place.label(Diagnostic::warning("owned-object", message), remark))
}

fn identity(manifest: &Manifest) -> Identity {
    let metadata = manifest.object.metadata();
    (manifest.kind(), metadata.namespace.clone(), metadata.name.clone())
}
