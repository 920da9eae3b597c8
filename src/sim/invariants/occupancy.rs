//! What the scheduler has put on each node, counted from its bindings alone.

use std::collections::BTreeMap;

use super::{Checked, ensure};
use crate::api::node::Node;
use crate::api::pod::Pod;
use crate::base::Name;
use crate::control::scheduler::resources::{Requests, Resources};
use crate::kernel::{SimDuration, SimTime};

/// A scheduler does not know of bindings that its predecessor had under way when it was lost, neither here nor in a
/// real cluster; what is bound in the first moments after a change is not held against it.
const AFTER_A_CHANGE: SimDuration = SimDuration::from_secs(60);

/// Nodes and what was bound to them. Pods that were placed by hand do not count: nobody checks whether they fit.
#[derive(Clone, Debug, Default)]
pub(super) struct Occupancy {
    nodes: BTreeMap<Name, Room>,
    /// Pods that count, by object index.
    placed: BTreeMap<u32, (Name, Resources)>,
    /// Which scheduler bound last, and since when it does.
    scheduler: (u32, SimTime),
}

#[derive(Clone, Debug, Default)]
struct Room {
    /// The most that the node has ever offered: a scheduler may act on what it was told last.
    offered: Resources,
    pods_offered: i64,
    taken: Resources,
    pods: i64,
}

impl Occupancy {
    /// A node has come or has a new version.
    pub(super) fn node_changed(&mut self, node: &Node) {
        let room = self.nodes.entry(node.metadata.name.clone()).or_default();
        let offers = Resources::from_list(&node.status.allocatable);
        let mut scalars: BTreeMap<Name, i64> = room.offered.scalars.drain(..).collect();
        for (name, amount) in offers.scalars {
            let most = scalars.entry(name).or_default();
            *most = amount.max(*most);
        }
        room.offered = Resources {
            milli_cpu: offers.milli_cpu.max(room.offered.milli_cpu),
            memory: offers.memory.max(room.offered.memory),
            ephemeral_storage: offers.ephemeral_storage.max(room.offered.ephemeral_storage),
            scalars: scalars.into_iter().collect(),
        };
        let pods = node.status.allocatable.get("pods").map_or(0, |pods| pods.value());
        room.pods_offered = room.pods_offered.max(pods);
    }

    /// Whether there has ever been a node of this name.
    pub(super) fn knows(&self, node: &Name) -> bool {
        self.nodes.contains_key(node)
    }

    /// The scheduler of this incarnation binds a pod.
    pub(super) fn enters(
        &mut self,
        index: u32,
        node: &Name,
        pod: &Pod,
        at: SimTime,
        scheduler: u32,
    ) -> Checked {
        if self.scheduler.0 != scheduler {
            self.scheduler = (scheduler, at);
        }
        if scheduler > 0 && at < self.scheduler.1 + AFTER_A_CHANGE {
            return Ok(());
        }
        let Some(room) = self.nodes.get_mut(node) else { return Ok(()) };
        let asked = Requests::actual(&pod.spec);
        room.taken.add(&asked);
        room.pods += 1;
        let over = room.first_excess(&asked);
        self.placed.insert(index, (node.clone(), asked));
        ensure(over.is_none(), "the scheduler never over-commits a node", || {
            let (resource, taken, offered) = over.unwrap_or_default();
            format!("{} puts {taken} of {resource} on {node}, which offers {offered}", pod.metadata.name)
        })
    }

    /// A pod is over or gone.
    pub(super) fn leaves(&mut self, index: u32) {
        let Some((node, asked)) = self.placed.remove(&index) else { return };
        if let Some(room) = self.nodes.get_mut(&node) {
            room.taken.subtract(&asked);
            room.pods -= 1;
        }
    }
}

impl Room {
    /// The first resource of which there is more than fits: name, taken, offered. What the newcomer does not ask for
    /// cannot be its fault.
    fn first_excess(&self, asked: &Resources) -> Option<(String, i64, i64)> {
        let native = [
            ("cpu in thousandths", asked.milli_cpu, self.taken.milli_cpu, self.offered.milli_cpu),
            ("memory", asked.memory, self.taken.memory, self.offered.memory),
            (
                "ephemeral storage",
                asked.ephemeral_storage,
                self.taken.ephemeral_storage,
                self.offered.ephemeral_storage,
            ),
            ("pods", 1, self.pods, self.pods_offered),
        ];
        let scalars = asked.scalars.iter().map(|(name, asked)| {
            let taken = self.taken.scalar(name).unwrap_or(0);
            (name.as_str(), *asked, taken, self.offered.scalar(name).unwrap_or(0))
        });
        let mut all = native.into_iter().chain(scalars);
        all.find(|(_, asked, taken, offered)| *asked > 0 && taken > offered)
            .map(|(name, _, taken, offered)| (name.to_owned(), taken, offered))
    }
}
