//! Which of our changes of a property is which recorded one.

use super::milestone::{Reached, Step};
use super::recording::Millis;

/// What it costs when a change has no counterpart.
const UNPAIRED: Millis = 30_000;
/// Changes further apart than this are no less alike than at this distance.
const FAR: Millis = 55_000;

/// The time between two moments.
pub(super) fn distance(a: Millis, b: Millis) -> Millis {
    (a - b).abs()
}

/// Two lists of changes side by side.
#[derive(Clone, Debug, Default)]
pub(super) struct Alignment {
    /// For each recorded change the time at which we reached the same value.
    pub(super) ours: Vec<Option<Millis>>,
    /// Indices of our changes that were not recorded.
    pub(super) extra: Vec<usize>,
    /// How unlike the lists are.
    pub(super) cost: Millis,
}

/// A change by one, or to a word.
struct Token<'a> {
    at: Millis,
    value: Value<'a>,
    /// The step that it is part of, if it is the last of it.
    ends: Option<usize>,
}

#[derive(PartialEq)]
enum Value<'a> {
    Word(&'a str),
    /// Across this border, upwards or not.
    Crossing(i64, bool),
}

/// A change of a number by several is a change by one several times at once: whether pods that become ready within the
/// same second are counted in one update or in two depends on the load of the machine.
fn tokens(steps: &[Step]) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        match &step.value {
            Reached::Word(word) => {
                tokens.push(Token { at: step.at, value: Value::Word(word), ends: Some(index) });
            }
            Reached::Number(from, to) => {
                let crossings: Vec<Value<'_>> = if to > from {
                    (from + 1..=*to).map(|border| Value::Crossing(border, true)).collect()
                } else {
                    (to + 1..=*from).rev().map(|border| Value::Crossing(border, false)).collect()
                };
                let last = crossings.len() - 1;
                tokens.extend(crossings.into_iter().enumerate().map(|(position, value)| Token {
                    at: step.at,
                    value,
                    ends: (position == last).then_some(index),
                }));
            }
        }
    }
    tokens
}

/// Pairs equal changes in order, so that the times differ as little as possible.
pub(super) fn align(recorded: &[Step], ours: &[Step]) -> Alignment {
    let (left, right) = (tokens(recorded), tokens(ours));
    let (rows, columns) = (left.len(), right.len());
    let mut costs = vec![vec![0; columns + 1]; rows + 1];
    for row in 0..=rows {
        for column in 0..=columns {
            if row == 0 || column == 0 {
                costs[row][column] = UNPAIRED * (row + column) as Millis;
                continue;
            }
            let skip = costs[row - 1][column].min(costs[row][column - 1]) + UNPAIRED;
            costs[row][column] = match pair_cost(&left[row - 1], &right[column - 1]) {
                Some(cost) => skip.min(costs[row - 1][column - 1] + cost),
                None => skip,
            };
        }
    }
    let mut result =
        Alignment { ours: vec![None; recorded.len()], extra: Vec::new(), cost: costs[rows][columns] };
    let (mut row, mut column) = (rows, columns);
    while row > 0 || column > 0 {
        let here = costs[row][column];
        let paired = row > 0
            && column > 0
            && pair_cost(&left[row - 1], &right[column - 1])
                .is_some_and(|cost| costs[row - 1][column - 1] + cost == here);
        if paired {
            if let Some(step) = left[row - 1].ends {
                result.ours[step] = Some(right[column - 1].at);
            }
            (row, column) = (row - 1, column - 1);
        } else if column > 0 && costs[row][column - 1] + UNPAIRED == here {
            result.extra.extend(right[column - 1].ends);
            column -= 1;
        } else {
            row -= 1;
        }
    }
    result.extra.reverse();
    result
}

fn pair_cost(left: &Token<'_>, right: &Token<'_>) -> Option<Millis> {
    (left.value == right.value).then(|| distance(left.at, right.at).min(FAR))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(changes: &[(Millis, i64)]) -> Vec<Step> {
        let mut before = 0;
        changes
            .iter()
            .map(|(at, to)| Step {
                at: *at,
                value: Reached::Number(std::mem::replace(&mut before, *to), *to),
            })
            .collect()
    }

    #[test]
    fn a_jump_counts_for_every_value_that_it_passes() {
        let alignment = align(&count(&[(0, 1), (100, 3), (5000, 2)]), &count(&[(50, 3), (5100, 2)]));
        assert_eq!(alignment.ours, [Some(50), Some(50), Some(5100)]);
        assert!(alignment.extra.is_empty());
    }

    #[test]
    fn what_only_we_have_is_extra() {
        let alignment = align(&count(&[(0, 2)]), &count(&[(0, 2), (9000, 1), (9500, 2)]));
        assert_eq!(alignment.ours, [Some(0)]);
        assert_eq!(alignment.extra, [1, 2]);
    }
}
