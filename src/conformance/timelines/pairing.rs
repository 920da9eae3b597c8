//! Which of our objects is which recorded one: by name where names are given, inside the owner where they are generated.

use std::collections::BTreeMap;

use super::align::{align, distance};
use super::milestone::Life;
use super::recording::Millis;

/// A second between two creations weighs as much as this many seconds between other milestones: pods go in order of
/// creation, and what else they did decides between those created together.
const CREATION_WEIGHT: Millis = 20;

/// For each recorded object the index of ours.
pub(super) fn pair(recorded: &[Life], ours: &[Life]) -> Vec<Option<usize>> {
    let mut pairs = vec![None; recorded.len()];
    let mut taken = vec![false; ours.len()];
    by_name(recorded, ours, &mut pairs, &mut taken);
    // Owners before what they own: Deployments and CronJobs have names, their ReplicaSets and Jobs generated ones.
    for kind in ["ReplicaSet", "Job", "Pod"] {
        inside_owners(kind, recorded, ours, &mut pairs, &mut taken);
    }
    pairs
}

/// Objects of the same name, in order of appearance where the name was used again.
fn by_name(recorded: &[Life], ours: &[Life], pairs: &mut [Option<usize>], taken: &mut [bool]) {
    let mut named: BTreeMap<(&str, &str, &str), Vec<usize>> = BTreeMap::new();
    for (index, life) in ours.iter().enumerate() {
        named.entry((&life.kind, &life.namespace, &life.name)).or_default().push(index);
    }
    for (index, life) in recorded.iter().enumerate() {
        let Some(list) = named.get_mut(&(life.kind.as_str(), life.namespace.as_str(), life.name.as_str()))
        else {
            continue;
        };
        if !list.is_empty() {
            let ours = list.remove(0);
            pairs[index] = Some(ours);
            taken[ours] = true;
        }
    }
}

/// Namespace and owner of an object.
type Family = (String, Option<String>);

fn inside_owners(
    kind: &str,
    recorded: &[Life],
    ours: &[Life],
    pairs: &mut [Option<usize>],
    taken: &mut [bool],
) {
    let mut families: BTreeMap<Family, Vec<usize>> = BTreeMap::new();
    for (index, life) in recorded.iter().enumerate() {
        if life.kind == kind && pairs[index].is_none() {
            let owner = life.owner.as_ref().map(|owner| translated(owner, life, recorded, ours, pairs));
            families.entry((life.namespace.clone(), owner)).or_default().push(index);
        }
    }
    for ((namespace, owner), members) in families {
        let candidates: Vec<usize> = (0..ours.len())
            .filter(|index| {
                let life = &ours[*index];
                !taken[*index] && life.kind == kind && life.namespace == namespace && life.owner == owner
            })
            .collect();
        let chosen = if kind == "Pod" {
            let cost = |a: usize, b: usize| cost(&recorded[members[a]], &ours[candidates[b]]);
            assign(members.len(), candidates.len(), cost)
        } else {
            (0..members.len()).map(|rank| (rank < candidates.len()).then_some(rank)).collect()
        };
        for (member, candidate) in members.iter().zip(chosen) {
            let ours = candidate.map(|candidate| candidates[candidate]);
            pairs[*member] = ours;
            if let Some(ours) = ours {
                taken[ours] = true;
            }
        }
    }
}

/// A recorded owner by the name that it has here.
fn translated(owner: &str, life: &Life, recorded: &[Life], ours: &[Life], pairs: &[Option<usize>]) -> String {
    let found = recorded.iter().position(|other| {
        other.namespace == life.namespace && owner.split_once('/') == Some((&other.kind, &other.name))
    });
    match found.and_then(|index| pairs[index]) {
        Some(index) => format!("{}/{}", ours[index].kind, ours[index].name),
        None => owner.to_owned(),
    }
}

/// How unlike two pods are.
fn cost(recorded: &Life, ours: &Life) -> Millis {
    let created = CREATION_WEIGHT * distance(recorded.created, ours.created);
    let whats = recorded.tracks.keys().chain(ours.tracks.keys());
    let mut whats: Vec<_> = whats.collect();
    whats.sort();
    whats.dedup();
    let rest = whats.into_iter().map(|what| {
        let empty = Vec::new();
        let a = recorded.tracks.get(what).unwrap_or(&empty);
        let b = ours.tracks.get(what).unwrap_or(&empty);
        align(a, b).cost
    });
    created + rest.sum::<Millis>()
}

/// The assignment of rows to columns with the smallest sum of costs (Kuhn and Munkres with potentials); rows that get
/// none are those that cost the most.
fn assign(rows: usize, columns: usize, cost: impl Fn(usize, usize) -> Millis) -> Vec<Option<usize>> {
    const NEVER: Millis = Millis::MAX / 4;
    let size = rows.max(columns);
    let at = |row: usize, column: usize| if row < rows && column < columns { cost(row, column) } else { 0 };
    let costs: Vec<Vec<Millis>> =
        (0..size).map(|row| (0..size).map(|column| at(row, column)).collect()).collect();
    // One-based: row and column 0 stand for "none".
    let mut row_potential = vec![0; size + 1];
    let mut column_potential = vec![0; size + 1];
    let mut row_of = vec![0; size + 1];
    for row in 1..=size {
        row_of[0] = row;
        let mut way = vec![0; size + 1];
        let mut least = vec![NEVER; size + 1];
        let mut used = vec![false; size + 1];
        let mut column = 0;
        loop {
            used[column] = true;
            let here = row_of[column];
            let (mut delta, mut next) = (NEVER, 0);
            for other in 1..=size {
                if used[other] {
                    continue;
                }
                let reduced = costs[here - 1][other - 1] - row_potential[here] - column_potential[other];
                if reduced < least[other] {
                    least[other] = reduced;
                    way[other] = column;
                }
                if least[other] < delta {
                    delta = least[other];
                    next = other;
                }
            }
            for other in 0..=size {
                if used[other] {
                    row_potential[row_of[other]] += delta;
                    column_potential[other] -= delta;
                } else {
                    least[other] -= delta;
                }
            }
            column = next;
            if row_of[column] == 0 {
                break;
            }
        }
        while column != 0 {
            row_of[column] = row_of[way[column]];
            column = way[column];
        }
    }
    let mut chosen = vec![None; rows];
    for column in 1..=columns {
        if row_of[column] >= 1 && row_of[column] <= rows {
            chosen[row_of[column] - 1] = Some(column - 1);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::assign;

    #[test]
    fn the_cheapest_assignment_is_found() {
        let costs = [[4, 1, 3], [2, 0, 5], [3, 2, 2]];
        assert_eq!(assign(3, 3, |row, column| costs[row][column]), [Some(1), Some(0), Some(2)]);
        let costs = [[9, 1], [8, 2], [1, 9]];
        assert_eq!(assign(3, 2, |row, column| costs[row][column]), [Some(1), None, Some(0)]);
    }
}
