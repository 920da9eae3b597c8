//! Lease objects. They are computed when somebody looks: renewals take no number from the resourceVersion counter, so
//! that they need not be simulated one by one.

use crate::api::node::{Lease, LeaseSpec, Node};
use crate::api::{MicroTime, ObjectMeta, Uid};
use crate::base::Name;
use crate::kernel::SimTime;
use crate::sim::world::World;

use super::Elected;
use super::election::Process;
use crate::sim::event::Watcher;

const NODE_LEASES: &str = "kube-node-lease";
/// kubelet `nodeLeaseDurationSeconds`.
const NODE_LEASE_SECONDS: i32 = 40;

impl World {
    /// All leases, as they are now: those of leaders, then those of nodes.
    pub(in crate::sim) fn leases(&self) -> Vec<Lease> {
        let leaders = Elected::ALL.into_iter().map(|which| self.leader_lease(which));
        let nodes = (0..self.hosts.len() as u32).filter_map(|index| self.node_lease(index));
        leaders.chain(nodes).collect()
    }

    fn leader_lease(&self, which: Elected) -> Lease {
        let election = self.control_plane.election(which);
        let now = match self.control_plane.unwritable_since() {
            Some(since) => since,
            None => self.now(),
        };
        let lease = election.lease_at(now);
        let timing = election.timing();
        let mut object = self.lease(which.name(), "kube-system", SimTime::ZERO);
        object.spec = LeaseSpec {
            holder_identity: Some(
                lease.holder.map_or_else(Name::default, |process| self.identity(which, process)),
            ),
            lease_duration_seconds: Some(timing.lease_duration.as_secs() as i32),
            acquire_time: Some(self.micro_time(lease.acquired)),
            renew_time: Some(self.micro_time(lease.renewed)),
            lease_transitions: Some(lease.transitions as i32),
        };
        object
    }

    fn node_lease(&self, index: u32) -> Option<Lease> {
        let host = &self.hosts[index as usize];
        let name = host.shared.name.clone();
        self.api.objects().get::<Node>(&Name::default(), &name)?;
        let heartbeat = self.heartbeats[index as usize];
        let late = self.watches.extra(Watcher::Node(index));
        let renewed = match heartbeat.since {
            // The kubelet writes the time at which it sends.
            Some(since) => self.last_heartbeat(since, late).saturating_sub(late),
            None => heartbeat.last,
        };
        let mut object = self.lease(&name, NODE_LEASES, SimTime::ZERO);
        object.spec = LeaseSpec {
            holder_identity: Some(name),
            lease_duration_seconds: Some(NODE_LEASE_SECONDS),
            renew_time: Some(self.micro_time(renewed)),
            ..LeaseSpec::default()
        };
        Some(object)
    }

    fn micro_time(&self, at: SimTime) -> MicroTime {
        MicroTime(self.epoch.secs() * 1_000_000 + (at.as_nanos() / 1000) as i64)
    }

    fn lease(&self, name: &str, namespace: &str, created: SimTime) -> Lease {
        let metadata = ObjectMeta {
            name: name.into(),
            namespace: namespace.into(),
            uid: self.hashed_uid(&["Lease", namespace, name]),
            creation_timestamp: Some(self.epoch.plus_seconds(created.as_secs() as i64)),
            ..ObjectMeta::default()
        };
        Lease { metadata, spec: LeaseSpec::default() }
    }

    /// What a process calls itself: its machine and a random identity.
    pub(super) fn identity(&self, which: Elected, (replica, life): Process) -> Name {
        let uid = self.hashed_uid(&[which.name(), &replica.to_string(), &life.to_string()]);
        format!("control-plane-{}_{uid}", replica + 1).into()
    }

    fn hashed_uid(&self, words: &[&str]) -> Uid {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.streams.seed().to_le_bytes());
        for word in words {
            hasher.update(word.as_bytes()).update(&[0]);
        }
        Uid::from_hash(*hasher.finalize().as_bytes())
    }
}
