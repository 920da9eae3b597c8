//! Disturbed links between machines: partitions, latency and loss, as faults put them there.

use std::collections::{BTreeMap, BTreeSet};

use crate::kernel::SimDuration;

/// One side of a disturbed link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// The machines of the control plane.
    ControlPlane,
    /// These nodes.
    Nodes(BTreeSet<u32>),
}

/// What is wrong with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    /// Nothing gets through.
    Cut,
    /// Every packet takes so much longer.
    Latency(SimDuration),
    /// So many packets of a million get lost.
    Loss(u32),
}

/// How packets fare between two places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    /// Nothing gets through.
    pub cut: bool,
    /// Extra time of every packet.
    pub latency: SimDuration,
    /// Lost packets of a million.
    pub loss_per_million: u32,
}

/// Links that are disturbed, by the number of the step whose fault it is.
#[derive(Clone, Debug, Default)]
pub struct Links(BTreeMap<u32, (Side, Side, Disturbance)>);

impl Links {
    /// A fault disturbs the links between two sides.
    pub fn disturb(&mut self, step: u32, a: Side, b: Side, how: Disturbance) {
        self.0.insert(step, (a, b, how));
    }

    /// The fault is over.
    pub fn heal(&mut self, step: u32) {
        self.0.remove(&step);
    }

    /// How packets fare between two nodes. A node always reaches itself.
    pub fn between(&self, from: u32, to: u32) -> Passage {
        let mut passage = Passage::default();
        if from == to {
            return passage;
        }
        for (a, b, how) in self.0.values() {
            let (Side::Nodes(a), Side::Nodes(b)) = (a, b) else { continue };
            let concerned = (a.contains(&from) && b.contains(&to)) || (a.contains(&to) && b.contains(&from));
            if !concerned {
                continue;
            }
            match how {
                Disturbance::Cut => passage.cut = true,
                Disturbance::Latency(more) => passage.latency += *more,
                Disturbance::Loss(per_million) => {
                    // Independent losses: what gets through both.
                    let through = u64::from(1_000_000 - passage.loss_per_million)
                        * u64::from(1_000_000 - (*per_million).min(1_000_000));
                    passage.loss_per_million = 1_000_000 - (through / 1_000_000) as u32;
                }
            }
        }
        passage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(list: &[u32]) -> Side {
        Side::Nodes(list.iter().copied().collect())
    }

    #[test]
    fn disturbances_add_up_and_end_with_their_fault() {
        let mut links = Links::default();
        let ms = SimDuration::from_millis;
        links.disturb(0, nodes(&[0]), nodes(&[1, 2]), Disturbance::Latency(ms(20)));
        links.disturb(1, nodes(&[2]), nodes(&[0]), Disturbance::Loss(500_000));
        links.disturb(2, nodes(&[2]), nodes(&[0]), Disturbance::Loss(500_000));
        links.disturb(3, Side::ControlPlane, nodes(&[0]), Disturbance::Cut);
        let expected = Passage { cut: false, latency: ms(20), loss_per_million: 750_000 };
        assert_eq!(links.between(0, 2), expected);
        assert_eq!(links.between(2, 0), expected);
        assert_eq!(links.between(1, 2), Passage::default());
        links.heal(1);
        links.heal(2);
        assert_eq!(links.between(0, 2).loss_per_million, 0);
    }
}
