//! The control plane's own processes: API servers, etcd members, and the replicas of the controller manager and the
//! scheduler, of which one leads. What works during an outage follows from who can reach whom.

mod election;
mod history;
mod leases;
mod outages;
mod reconnect;

use std::collections::BTreeMap;

use crate::component::Settings;
use crate::fault::Component;
use crate::kernel::{SimDuration, SimTime};

use election::{Election, Timing};
pub(super) use history::WatchHistory;

/// A component of which only the leader works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Elected {
    /// kube-controller-manager.
    ControllerManager,
    /// kube-scheduler.
    Scheduler,
}

impl Elected {
    /// All of them, in the order of their looks at one instant.
    pub(super) const ALL: [Self; 2] = [Self::ControllerManager, Self::Scheduler];

    /// The name of its lease, and of the component that reports about it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
        }
    }

    /// Whether an orderly end gives the lease up (`ReleaseOnCancel`).
    fn releases(self) -> bool {
        self == Self::Scheduler
    }
}

/// What the API answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Availability {
    /// Everything.
    Full,
    /// etcd has no quorum: watches stay open and lists are served from the watch cache, all else times out.
    CachedReads,
    /// Nobody listens.
    None,
}

/// Constants that slow components stretch.
#[derive(Clone, Copy, Debug)]
struct Latencies {
    api: SimDuration,
    watch: SimDuration,
    scheduler: SimDuration,
}

/// The processes of the control plane.
#[derive(Clone, Debug)]
pub struct ControlPlane {
    /// How many faults hold each API server down.
    api_servers: Vec<u32>,
    /// Since when each has had its watch cache.
    cached_since: Vec<SimTime>,
    /// How many faults hold each etcd member down.
    members: Vec<u32>,
    etcd_leader: u32,
    /// etcd elects a leader until then, and writes wait.
    etcd_ready_at: SimTime,
    /// Since when nothing can be written.
    unwritable_since: Option<SimTime>,
    elections: [Election; 2],
    /// Whom each outage in force has hit, by its step.
    hits: BTreeMap<u32, Vec<u32>>,
    /// Slow components, by step.
    slow: BTreeMap<u32, (Component, u64)>,
    nominal: Latencies,
    /// Kubelets that wait for their first list, with the message about their reboot.
    waiting_kubelets: BTreeMap<u32, Option<String>>,
}

impl ControlPlane {
    /// A healthy control plane.
    pub(super) fn new(settings: &Settings, eager: bool) -> Self {
        let timing = Timing {
            lease_duration: settings.lease_duration,
            renew_deadline: settings.renew_deadline,
            retry_period: settings.retry_period.max(SimDuration::from_nanos(1)),
        };
        let count = |replicas: u64| replicas.clamp(1, 100) as usize;
        let election = |replicas: u64| Election::new(timing, count(replicas) as u32, eager);
        Self {
            api_servers: vec![0; count(settings.api_servers)],
            cached_since: vec![SimTime::ZERO; count(settings.api_servers)],
            members: vec![0; count(settings.etcd_members)],
            etcd_leader: 0,
            etcd_ready_at: SimTime::ZERO,
            unwritable_since: None,
            elections: [election(settings.controller_managers), election(settings.schedulers)],
            hits: BTreeMap::new(),
            slow: BTreeMap::new(),
            nominal: Latencies {
                api: settings.api_latency,
                watch: settings.watch_latency,
                scheduler: settings.scheduler_latency,
            },
            waiting_kubelets: BTreeMap::new(),
        }
    }

    /// How many times as long as usual a component takes, for all faults in force.
    pub(super) fn slowness(&self, component: Component) -> u64 {
        let slow = self.slow.values().filter(|(slow, _)| *slow == component);
        slow.fold(1, |product, (_, factor)| product.saturating_mul(*factor))
    }

    /// What the API answers now.
    pub(super) fn availability(&self) -> Availability {
        if !self.serves() {
            Availability::None
        } else if self.has_quorum() {
            Availability::Full
        } else {
            Availability::CachedReads
        }
    }

    /// Whether an API server listens, so that lists and watches work.
    pub(super) fn serves(&self) -> bool {
        self.api_servers.contains(&0)
    }

    fn has_quorum(&self) -> bool {
        let up = self.members.iter().filter(|down| **down == 0).count();
        up > self.members.len() / 2
    }

    /// Until when writes wait for etcd's election, if they do.
    pub(super) fn waits_until(&self, now: SimTime) -> Option<SimTime> {
        (self.etcd_ready_at > now).then_some(self.etcd_ready_at)
    }

    /// Since when nothing can be written, if it cannot.
    pub(super) fn unwritable_since(&self) -> Option<SimTime> {
        self.unwritable_since
    }

    /// The API server that a client is connected to: those that are up share the clients.
    fn server_for(&self, client: u64) -> Option<u32> {
        let up: Vec<u32> = (0..self.api_servers.len() as u32)
            .filter(|server| self.api_servers[*server as usize] == 0)
            .collect();
        let index = client.checked_rem(up.len() as u64)?;
        Some(up[index as usize])
    }

    fn election(&self, which: Elected) -> &Election {
        &self.elections[which as usize]
    }

    fn election_mut(&mut self, which: Elected) -> &mut Election {
        &mut self.elections[which as usize]
    }
}
