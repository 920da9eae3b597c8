//! Objects of a dump that were made by controllers.
//!
//! `kubectl get all -o yaml` prints a Deployment, its ReplicaSets and their Pods. Created anew, the Deployment makes
//! its own ReplicaSets, and the old ones point at an owner that no longer exists: the garbage collector would take
//! them. So objects whose owner is there too are left out, and the others are freed of owners that are not.

use std::collections::BTreeMap;

use crate::base::Name;
use crate::scenario::model::Manifest;
use crate::source::Diagnostic;

/// Kind, namespace and name.
type Identity = (Name, Name, Name);

/// Leaves out what controllers will make, and says so.
pub(in crate::scenario) fn settle(objects: &mut Vec<Manifest>) -> Vec<Diagnostic> {
    let present: BTreeMap<Identity, usize> =
        objects.iter().enumerate().map(|(at, manifest)| (identity(manifest), at)).collect();
    let owners: Vec<Vec<usize>> = objects.iter().map(|manifest| owners_of(manifest, &present)).collect();
    let mut problems = Vec::new();
    if let Some(at) = one_without_beginning(&owners) {
        let message = "the owners of this object form a circle: nobody would make it";
        let problem = Diagnostic::error("owner-cycle", message);
        let help = "take one of the `ownerReferences` away";
        problems.push(objects[at].place.label(problem, "").help(help));
    }
    let owned: Vec<bool> = owners.iter().map(|owners| !owners.is_empty()).collect();
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

/// The owners of an object that are there too.
fn owners_of(manifest: &Manifest, present: &BTreeMap<Identity, usize>) -> Vec<usize> {
    let metadata = manifest.object.metadata();
    let there = |owner: &crate::api::OwnerReference, namespace: &Name| {
        present.get(&(owner.kind.clone(), namespace.clone(), owner.name.clone())).copied()
    };
    let found = metadata
        .owner_references
        .iter()
        .filter_map(|owner| there(owner, &metadata.namespace).or_else(|| there(owner, &Name::default())));
    found.collect()
}

/// An object that no chain of owners leads to from one without owners.
fn one_without_beginning(owners: &[Vec<usize>]) -> Option<usize> {
    let mut owned_by = vec![Vec::new(); owners.len()];
    for (at, owners) in owners.iter().enumerate() {
        for owner in owners {
            owned_by[*owner].push(at);
        }
    }
    let mut reached: Vec<bool> = owners.iter().map(Vec::is_empty).collect();
    let mut open: Vec<usize> = (0..owners.len()).filter(|at| reached[*at]).collect();
    while let Some(at) = open.pop() {
        for owned in &owned_by[at] {
            if !std::mem::replace(&mut reached[*owned], true) {
                open.push(*owned);
            }
        }
    }
    reached.iter().position(|reached| !reached)
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
