//! Schedules of faults, drawn: the n-th is the same whoever asks, on any machine.

use serde_json::{Value, json};

use super::menu::Menu;
use crate::kernel::{SimDuration, SimTime, Stream, Streams};

/// A fault of a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct Strike {
    /// When.
    pub at: SimTime,
    /// What, as it is written in a scenario.
    pub fault: Value,
    /// For how long; `None` for what happens at one instant.
    pub lasts: Option<SimDuration>,
}

impl Strike {
    /// The step of a scenario that does this.
    pub fn to_step(&self) -> Value {
        let mut step = json!({"at": self.at.to_string(), "fault": self.fault});
        if let Some(lasts) = self.lasts {
            step["for"] = json!(lasts.to_string());
        }
        step
    }
}

/// Faults, in the order of their times.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule(pub Vec<Strike>);

impl Schedule {
    /// The steps as a `Scenario` document in JSON, which is YAML too.
    pub(super) fn to_patch(&self) -> String {
        let steps: Vec<Value> = self.0.iter().map(Strike::to_step).collect();
        let document = json!({
            "apiVersion": "shakedown.sim/v1alpha1",
            "kind": "Scenario",
            "metadata": {"name": "schedule"},
            "spec": {"steps": steps},
        });
        document.to_string()
    }
}

/// Faults last at least so long, where they last at all.
const SHORTEST: SimDuration = SimDuration::from_secs(5);

/// The n-th schedule: some faults at whole seconds of a run that ends at `end`.
pub(super) fn schedule(menu: &Menu, seed: u64, number: u64, max_faults: u64, end: SimDuration) -> Schedule {
    let mut dice =
        Dice { stream: Streams::new(seed).stream("search", &format!("schedule/{number}")), next: 0 };
    let kinds = menu.items();
    let seconds = end.as_secs().max(2);
    let count = 1 + dice.below(max_faults.max(1));
    let mut strikes = Vec::new();
    for _ in 0..count {
        let items = kinds[dice.below(kinds.len() as u64) as usize];
        let item = &items[dice.below(items.len() as u64) as usize];
        let at = SimTime::from_secs(1 + dice.below(seconds - 1));
        let lasts = item.lasts.then(|| {
            // Short and long ones are equally of interest: each doubling is as likely as the next.
            let doublings = u64::from((seconds / SHORTEST.as_secs()).max(1).ilog2());
            let shortest = SHORTEST.as_secs() << dice.below(doublings.max(1));
            SimDuration::from_secs(shortest + dice.below(shortest))
        });
        strikes.push(Strike { at, fault: item.fault.clone(), lasts });
    }
    strikes.sort_by_key(|strike| strike.at);
    Schedule(strikes)
}

/// Numbers from one stream, one after the other.
struct Dice {
    stream: Stream,
    next: u64,
}

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.next += 1;
        self.stream.below_at(self.next - 1, n)
    }
}
