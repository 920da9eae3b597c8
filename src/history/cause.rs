//! The chain of causes of a line, back to its root, with cycles told once.

use super::History;
use crate::trace::replay::Line;

/// The longest cycle that is recognised: a crash loop has four or five lines a turn.
const CYCLE: usize = 8;

/// A link of a chain as it is told.
#[derive(Clone, Debug)]
pub enum Link<'a> {
    /// One line.
    Line(&'a Line),
    /// The lines told before happened some more times in the same way.
    Again {
        /// How many lines one turn has.
        lines: usize,
        /// How many more turns there were.
        times: usize,
        /// The first line of the first turn.
        first: &'a Line,
    },
}

/// The line, its cause, the cause of that, and so on to the root.
pub fn chain<'a>(history: &'a History, line: &'a Line) -> Vec<&'a Line> {
    let mut chain = vec![line];
    let mut at = line;
    while let Some(cause) = history.line(at.cause).filter(|cause| cause.seq < at.seq) {
        chain.push(cause);
        at = cause;
    }
    chain
}

/// A chain with every cycle told once.
pub fn links<'a>(chain: &[&'a Line]) -> Vec<Link<'a>> {
    let mut links = Vec::new();
    let mut at = 0;
    while at < chain.len() {
        let cycle =
            (2..=CYCLE).map(|length| (length, turns(&chain[at..], length))).find(|(_, turns)| *turns > 1);
        let Some((length, turns)) = cycle else {
            links.push(Link::Line(chain[at]));
            at += 1;
            continue;
        };
        links.extend(chain[at..at + length].iter().map(|line| Link::Line(line)));
        let first = chain[at + length * turns - 1];
        links.push(Link::Again { lines: length, times: turns - 1, first });
        at += length * turns;
    }
    links
}

/// How many times the first `length` lines come in a row.
fn turns(chain: &[&Line], length: usize) -> usize {
    let Some(pattern) = chain.get(..length) else { return 0 };
    let alike = |turn: &&[&Line]| turn.iter().zip(pattern).all(|(a, b)| is_alike(a, b));
    chain.chunks_exact(length).take_while(alike).count()
}

fn is_alike(a: &Line, b: &Line) -> bool {
    (&a.kind, &a.namespace, &a.name, &a.event, &a.reason)
        == (&b.kind, &b.namespace, &b.name, &b.event, &b.reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::SimTime;

    fn line(seq: u64, cause: u64, event: &str) -> Line {
        Line { seq, cause, time_ns: seq * 1_000_000_000, event: event.to_owned(), ..Line::default() }
    }

    #[test]
    fn a_crash_loop_is_told_once() {
        let mut lines = vec![line(1, 0, "ADDED"), line(2, 1, "Started")];
        for turn in 0..4 {
            let at = 3 + 2 * turn;
            lines.extend([line(at, at - 1, "Exited"), line(at + 1, at, "Started")]);
        }
        let history = History::new(lines, SimTime::ZERO);
        let all = chain(&history, history.line(10).unwrap());
        assert_eq!(all.len(), 10);
        let told: Vec<String> = links(&all)
            .iter()
            .map(|link| match link {
                Link::Line(line) => format!("{} {}", line.seq, line.event),
                Link::Again { lines, times, first } => {
                    format!("{times} more turns of {lines} since {}", first.seq)
                }
            })
            .collect();
        assert_eq!(told, ["10 Started", "9 Exited", "3 more turns of 2 since 3", "2 Started", "1 ADDED"]);
    }
}
