//! All state of a run. Plain data: cloning it forks the run.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use crate::api::{ApiServer, Timestamp};
use crate::base::Name;
use crate::component::Settings;
use crate::control::manager::ControllerManager;
use crate::control::scheduler::Options;
use crate::control::scheduling::SchedulerComponent;
use crate::control::scheduling::{Explain, Explained};
use crate::kernel::{EventHandle, EventKey, EventQueue, SimTime, Streams};
use crate::network::{Network, Reach};
use crate::node::Host;
use crate::trace::Recorder;
use crate::traffic::Traffic;
use crate::workload::Apps;

use super::autoscaler::ClusterAutoscaler;
use super::control_plane::ControlPlane;
use super::event::Scheduled;
use super::expect::Watchlist;
use super::faults::ActiveFaults;
use super::kubectl::{Drains, Typed, Waits};
use super::metrics::MetricsServer;
use super::steps::Script;
use super::watch::Watches;

/// Heartbeats of a node: at multiples of the interval, as long as they get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Since when they get through; `None` = they do not.
    pub since: Option<SimTime>,
    /// The last one that got through, once they do not any more.
    pub last: SimTime,
}

/// How often components were started anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Incarnations {
    /// The controller manager.
    pub controllers: u32,
    /// The scheduler.
    pub scheduler: u32,
}

/// The cluster and everything around it.
#[derive(Clone, Debug)]
pub struct World {
    /// Constants.
    pub settings: Settings,
    /// How schedulers are set up.
    pub scheduling: Options,
    /// Which decisions of schedulers are explained, for whoever asks after the run.
    pub explain: Explain,
    /// Those that were.
    pub explained: Vec<Explained>,
    /// Random streams.
    pub streams: Streams,
    /// Calendar time of virtual time zero.
    pub epoch: Timestamp,
    /// Whether every periodic tick is simulated.
    pub eager: bool,
    /// Pending events.
    pub queue: EventQueue<Scheduled>,
    /// The greatest key that has happened at the present instant.
    pub passed: EventKey,
    /// The trace.
    pub recorder: Recorder,
    /// The API server with the store.
    pub api: ApiServer,
    /// The processes of the control plane.
    pub control_plane: ControlPlane,
    /// Watches.
    pub watches: Watches,
    /// The controller manager, unless it is down.
    pub controllers: Option<ControllerManager>,
    /// The scheduler, unless it is down.
    pub scheduler: Option<SchedulerComponent>,
    /// Which controller manager and scheduler these are.
    pub incarnations: Incarnations,
    /// Machines.
    pub hosts: Vec<Host>,
    /// Heartbeats of the machines.
    pub heartbeats: Vec<Heartbeat>,
    /// Services, proxies and links between nodes.
    pub network: Network,
    /// Requests, if the scenario has any.
    pub traffic: Option<Traffic>,
    /// When something happens to requests next, as it is planned.
    pub(super) traffic_wake: Option<(SimTime, EventHandle)>,
    /// The cluster autoscaler.
    pub cluster_autoscaler: ClusterAutoscaler,
    /// Minor number and name of the version of all kubelets.
    pub(super) kubelet_version: (u32, Name),
    /// metrics-server.
    pub metrics: MetricsServer,
    /// Links to the control plane.
    pub reach: Reach,
    /// Programs.
    pub apps: Apps,
    /// Faults in force.
    pub faults: ActiveFaults,
    /// What the scenario does.
    pub script: Script,
    /// `kubectl drain` commands and how far they are.
    pub(super) drains: Drains,
    /// `kubectl` commands that wait for objects.
    pub(super) waits: Waits,
    /// The command that somebody typed in from outside the scenario.
    pub(super) typed: Typed,
    /// What the scenario expects.
    pub watchlist: Watchlist,
    /// Services for which the cloud makes a load balancer.
    pub(super) balancers_planned: BTreeSet<u32>,
    /// End of the run.
    pub end: SimTime,
    /// Number of the next request of a user.
    pub(super) user_seq: u32,
}

impl World {
    /// Virtual time.
    pub fn now(&self) -> SimTime {
        self.queue.now()
    }

    /// Calendar time now, in whole seconds.
    pub fn timestamp(&self) -> Timestamp {
        self.epoch.plus_seconds(self.now().as_secs() as i64)
    }

    /// BLAKE3 hash of the whole state, in hexadecimal: of its debug form, which holds every field, shows no address and
    /// never iterates a hash map. Equal for equal histories, in the same build of the program.
    pub fn digest(&self) -> String {
        let mut hashing = Hashing::default();
        write!(hashing, "{self:?}").expect("hashing does not fail");
        hashing.hasher.update(hashing.buffer.as_bytes());
        hashing.hasher.finalize().to_hex().to_string()
    }
}

/// Hashes text without keeping it.
#[derive(Default)]
struct Hashing {
    hasher: blake3::Hasher,
    buffer: String,
}

impl fmt::Write for Hashing {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        /// The hash is fast only on long stretches, and the debug form comes in tiny ones.
        const STRETCH: usize = 1 << 16;
        self.buffer.push_str(text);
        if self.buffer.len() >= STRETCH {
            self.hasher.update(self.buffer.as_bytes());
            self.buffer.clear();
        }
        Ok(())
    }
}
