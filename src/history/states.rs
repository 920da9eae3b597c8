//! The cluster after any number of lines, forward and back.

use super::History;
use crate::trace::replay::Replay;

/// Lines between two states that are kept.
const EVERY: usize = 1_000;

/// A history with states kept on the way, so that going back is quick.
#[derive(Clone, Debug)]
pub struct States {
    history: History,
    /// The states after 0, [`EVERY`], 2 * [`EVERY`], ... lines, as far as somebody has been.
    kept: Vec<Replay>,
    /// The state after so many lines.
    current: (usize, Replay),
}

impl States {
    /// The states of a history, at its beginning.
    pub fn new(history: History) -> Self {
        Self { history, kept: vec![Replay::default()], current: (0, Replay::default()) }
    }

    /// The history.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The state after the first `count` lines.
    pub fn after(&mut self, count: usize) -> &Replay {
        let count = count.min(self.history.lines().len());
        let kept = (count / EVERY).min(self.kept.len() - 1);
        if count < self.current.0 || kept * EVERY > self.current.0 {
            self.current = (kept * EVERY, self.kept[kept].clone());
        }
        while self.current.0 < count {
            self.current.1.apply(&self.history.lines()[self.current.0]);
            self.current.0 += 1;
            if self.current.0 == self.kept.len() * EVERY {
                self.kept.push(self.current.1.clone());
            }
        }
        &self.current.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Kind;
    use crate::kernel::SimTime;
    use crate::trace::replay::Line;

    #[test]
    fn going_back_and_forth_gives_the_same_states() {
        let line = |seq: u64| Line {
            seq,
            kind: "Namespace".to_owned(),
            name: format!("n{seq}"),
            op: Some("ADDED".to_owned()),
            changed: Some(serde_json::json!({"metadata": {"name": format!("n{seq}")}})),
            ..Line::default()
        };
        let mut states = States::new(History::new((1..=2_500).map(line).collect(), SimTime::ZERO));
        for count in [0, 2_500, 10, 1_000, 999, 2_001, 3_000] {
            let found = states.after(count).of_kind(Kind::Namespace).count();
            assert_eq!(found, count.min(2_500), "after {count} lines");
        }
    }
}
