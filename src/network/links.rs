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
        if from == to {
            return Passage::default();
        }
        self.passage(|a, b| match (a, b) {
            (Side::Nodes(a), Side::Nodes(b)) => {
                (a.contains(&from) && b.contains(&to)) || (a.contains(&to) && b.contains(&from))
            }
            _ => false,
        })
    }

    /// How packets fare between a node and the machines of the control plane.
    pub fn to_control_plane(&self, node: u32) -> Passage {
        self.passage(|a, b| match (a, b) {
            (Side::ControlPlane, Side::Nodes(nodes)) | (Side::Nodes(nodes), Side::ControlPlane) => {
                nodes.contains(&node)
            }
            _ => false,
        })
    }

    /// What all disturbances of the links that are meant come to.
    fn passage(&self, is_meant: impl Fn(&Side, &Side) -> bool) -> Passage {
        let mut passage = Passage::default();
        for (_, _, how) in self.0.values().filter(|(a, b, _)| is_meant(a, b)) {
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

/// First wait for the acknowledgement of data on a known path, doubled with every retransmission; and how many there are.
const DATA_TIMEOUT: SimDuration = SimDuration::from_millis(200);
const RETRANSMISSIONS: u32 = 10;

impl Passage {
    /// Extra time of data in an open connection: the latency, and what retransmissions cost on average.
    pub fn mean_delay(&self) -> SimDuration {
        let mut delay = self.latency;
        let (mut lost, mut wait) = (u64::from(self.loss_per_million), DATA_TIMEOUT);
        for _ in 0..RETRANSMISSIONS {
            delay += SimDuration::from_nanos(wait.as_nanos() / 1_000_000 * lost);
            lost = lost * u64::from(self.loss_per_million) / 1_000_000;
            wait = wait * 2;
        }
        delay
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
        assert!(links.to_control_plane(0).cut && !links.to_control_plane(1).cut);
        links.heal(1);
        links.heal(2);
        assert_eq!(links.between(0, 2).loss_per_million, 0);
    }

    #[test]
    fn lost_packets_cost_time_on_average() {
        // A tenth is sent again after 200 ms, a hundredth once more after 400 ms: 20 + 4 + 0.8 + ... ms.
        let passage = Passage { loss_per_million: 100_000, ..Passage::default() };
        assert_eq!(passage.mean_delay().as_nanos() / 100_000, 249);
        let passage = Passage { latency: SimDuration::from_millis(7), ..Passage::default() };
        assert_eq!(passage.mean_delay(), SimDuration::from_millis(7));
    }
}
