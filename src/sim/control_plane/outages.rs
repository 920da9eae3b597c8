//! What outages of the control plane do, and how leaders change.

use crate::api::core::ObjectReference;
use crate::api::policy::{EventObject, EventSource};
use crate::api::{Kind, Object, ObjectMeta, Request};
use crate::component::Class;
use crate::fault::{Component, Outage};
use crate::kernel::{EventKey, SimDuration, SimTime};
use crate::sim::event::{Event, Watcher};
use crate::sim::world::World;
use crate::trace::{Detail, Subject};

use super::election::Outcome;
use super::{Availability, Elected};

/// A process that ended is started again by the kubelet of its machine (a static pod).
const RESTART: SimDuration = SimDuration::from_secs(1);

impl World {
    /// A component of the control plane gets into trouble because of a step. `replicas`: how many, `None` = all.
    pub(in crate::sim) fn control_plane_fails(
        &mut self,
        step: u32,
        component: Component,
        outage: Outage,
        replicas: Option<u32>,
    ) {
        match (component, outage) {
            (_, Outage::Slow(factor)) => {
                self.control_plane.slow.insert(step, (component, factor));
                self.apply_slowness();
            }
            (Component::ApiServer, _) => self.stop_api_servers(step, replicas),
            (Component::Etcd, Outage::LeaderChange) => self.etcd_elects(),
            (Component::Etcd, Outage::Down) => self.stop_etcd_members(step, replicas),
            (Component::ControllerManager, Outage::Down) => {
                self.stop_replicas(step, Elected::ControllerManager, replicas);
            }
            (Component::Scheduler, Outage::Down) => self.stop_replicas(step, Elected::Scheduler, replicas),
            (Component::ControllerManager, Outage::LeaderChange) => {
                self.end_leader(Elected::ControllerManager);
            }
            (Component::Scheduler, Outage::LeaderChange) => self.end_leader(Elected::Scheduler),
        }
        self.note_writability();
    }

    /// The trouble that a step began is over.
    pub(in crate::sim) fn control_plane_recovers(&mut self, step: u32, component: Component) {
        if self.control_plane.slow.remove(&step).is_some() {
            self.apply_slowness();
            self.note_writability();
            return;
        }
        let hit = self.control_plane.hits.remove(&step).unwrap_or_default();
        match component {
            Component::ApiServer => {
                let served = self.control_plane.serves();
                for server in hit {
                    let server = server as usize;
                    self.control_plane.api_servers[server] -= 1;
                    if self.control_plane.api_servers[server] == 0 {
                        self.control_plane.cached_since[server] = self.now();
                    }
                }
                if !served && self.control_plane.serves() {
                    self.plan_reconnections();
                }
            }
            Component::Etcd => {
                let had_quorum = self.control_plane.has_quorum();
                for member in hit {
                    self.control_plane.members[member as usize] -= 1;
                }
                if !had_quorum && self.control_plane.has_quorum() {
                    self.etcd_elects();
                }
            }
            Component::ControllerManager => self.start_replicas(Elected::ControllerManager, &hit),
            Component::Scheduler => self.start_replicas(Elected::Scheduler, &hit),
        }
        self.note_writability();
    }

    fn apply_slowness(&mut self) {
        let plane = &self.control_plane;
        let nominal = plane.nominal;
        let server = plane.slowness(Component::ApiServer);
        let write = server.saturating_mul(plane.slowness(Component::Etcd));
        self.settings.api_latency = nominal.api.saturating_mul(write);
        self.settings.watch_latency = nominal.watch.saturating_mul(server);
        self.settings.scheduler_latency =
            nominal.scheduler.saturating_mul(plane.slowness(Component::Scheduler));
        // A controller manager has no latency of its own: it is later with all that it reads and writes.
        let controllers = plane.slowness(Component::ControllerManager);
        self.watches.set_controllers_extra(self.settings.watch_latency.saturating_mul(controllers - 1));
        if let Some(manager) = &mut self.controllers {
            manager.slow_down(controllers);
        }
    }

    fn stop_api_servers(&mut self, step: u32, replicas: Option<u32>) {
        let servers = &mut self.control_plane.api_servers;
        let mut hit: Vec<u32> = (0..servers.len() as u32).collect();
        // Those that are up go first.
        hit.sort_by_key(|server| servers[*server as usize] > 0);
        hit.truncate(replicas.map_or(usize::MAX, |count| count as usize));
        for server in &hit {
            servers[*server as usize] += 1;
        }
        for server in &hit {
            self.break_watches(*server);
        }
        self.control_plane.hits.insert(step, hit);
    }

    fn stop_etcd_members(&mut self, step: u32, replicas: Option<u32>) {
        let plane = &mut self.control_plane;
        let mut hit: Vec<u32> = (0..plane.members.len() as u32).collect();
        let (members, leader) = (&plane.members, plane.etcd_leader);
        hit.sort_by_key(|member| (members[*member as usize] > 0, *member != leader));
        hit.truncate(replicas.map_or(usize::MAX, |count| count as usize));
        for member in &hit {
            plane.members[*member as usize] += 1;
        }
        let lost_leader = hit.contains(&plane.etcd_leader);
        plane.hits.insert(step, hit);
        if lost_leader && self.control_plane.has_quorum() {
            self.etcd_elects();
        }
    }

    /// etcd's members elect another leader, and writes wait for it.
    fn etcd_elects(&mut self) {
        let now = self.now();
        let plane = &mut self.control_plane;
        let count = plane.members.len() as u32;
        let next = (1..=count).map(|step| (plane.etcd_leader + step) % count);
        if let Some(leader) = next.into_iter().find(|member| plane.members[*member as usize] == 0) {
            plane.etcd_leader = leader;
        }
        plane.etcd_ready_at = now + self.settings.etcd_election_timeout;
    }

    /// Whether a leader can renew its lease: its client waits half of the renew deadline for an answer.
    fn can_renew(&self) -> bool {
        self.control_plane.availability() == Availability::Full
            && self.settings.api_latency <= self.settings.renew_deadline / 2
    }

    /// Begins or ends the time in which nothing can be written.
    fn note_writability(&mut self) {
        let now = self.now();
        let writable = self.can_renew();
        if writable {
            self.control_plane.unwritable_since = None;
        } else if self.control_plane.unwritable_since.is_none() {
            self.control_plane.unwritable_since = Some(now);
            for which in Elected::ALL {
                self.disturb(which);
            }
        }
    }

    fn disturb(&mut self, which: Elected) {
        let now = self.now();
        let cause = self.recorder.cause();
        self.control_plane.election_mut(which).disturb(now, cause);
        self.plan_looks(which);
    }

    /// Plans the looks at the lease that are to be simulated.
    pub(in crate::sim) fn plan_looks(&mut self, which: Elected) {
        for (candidate, at) in self.control_plane.election(which).due(self.now()) {
            self.plan_look(which, candidate, at);
        }
    }

    fn plan_look(&mut self, which: Elected, candidate: u32, at: SimTime) {
        let target = u64::MAX - 3 + which as u64;
        let key = EventKey { at, class: Class::Controller as u8, target, seq: candidate };
        let handle = self.push(key, 0, Event::Election(which, candidate));
        self.control_plane.election_mut(which).planned(candidate, handle);
    }

    /// A candidate looks at the lease, or the leader renews it.
    pub(in crate::sim) fn look_at_lease(&mut self, which: Elected, candidate: u32) {
        let (now, reachable) = (self.now(), self.can_renew());
        self.recorder.set_cause(self.control_plane.election(which).cause());
        let (outcome, next) = self.control_plane.election_mut(which).look(candidate, now, reachable);
        match outcome {
            Outcome::Unchanged => {}
            Outcome::Lost => {
                let name =
                    self.identity(which, (candidate, self.control_plane.election(which).life(candidate)));
                let message =
                    format!("{name} stopped leading: failed to renew lease kube-system/{}", which.name());
                self.record_election(which, "LeaderLost", message);
                self.component_ends(which);
                self.restart_process(which, candidate, false);
            }
            Outcome::Acquired => self.lead(which, candidate),
        }
        if let Some(at) = next {
            self.plan_look(which, candidate, at);
        }
        self.plan_looks(which);
    }

    fn lead(&mut self, which: Elected, candidate: u32) {
        let life = self.control_plane.election(which).life(candidate);
        let message = format!("{} became leader", self.identity(which, (candidate, life)));
        let event = self.election_event(which, &message);
        let _recorded = self.serve(which.name(), Request::Create(event));
        match which {
            Elected::ControllerManager => self.start_controllers(),
            Elected::Scheduler => self.start_scheduler(),
        }
    }

    fn election_event(&self, which: Elected, message: &str) -> Object {
        let lease = which.name();
        let now = self.timestamp();
        let event = EventObject {
            metadata: ObjectMeta {
                name: format!("{lease}.{:x}", self.now().as_nanos()).into(),
                namespace: "kube-system".into(),
                ..ObjectMeta::default()
            },
            involved_object: ObjectReference {
                api_version: Some("coordination.k8s.io/v1".into()),
                kind: Kind::Lease.as_str().into(),
                namespace: "kube-system".into(),
                name: lease.into(),
                ..ObjectReference::default()
            },
            reason: "LeaderElection".into(),
            message: message.into(),
            kind: "Normal".into(),
            count: 1,
            first_timestamp: Some(now),
            last_timestamp: Some(now),
            source: EventSource { component: lease.into(), host: None },
            ..EventObject::default()
        };
        event.into()
    }

    fn record_election(&mut self, which: Elected, reason: &'static str, message: String) {
        let now = self.now();
        let subject = Subject::cluster();
        self.recorder.record_aside(
            now,
            which.name(),
            subject,
            "LeaderElection",
            reason,
            message,
            Detail::None,
        );
    }

    fn stop_replicas(&mut self, step: u32, which: Elected, replicas: Option<u32>) {
        self.disturb(which);
        let hit = self.control_plane.election(which).victims(replicas);
        for candidate in &hit {
            if self.control_plane.election_mut(which).hold_down(*candidate) {
                self.process_ends(which, *candidate, false);
            }
        }
        self.control_plane.hits.insert(step, hit);
    }

    fn start_replicas(&mut self, which: Elected, replicas: &[u32]) {
        let now = self.now();
        self.disturb(which);
        for candidate in replicas {
            let election = self.control_plane.election_mut(which);
            if election.let_up(*candidate) {
                election.start(*candidate, now);
            }
        }
        self.plan_looks(which);
    }

    /// The leader's process ends in an orderly way, and starts anew.
    fn end_leader(&mut self, which: Elected) {
        self.disturb(which);
        if let Some(leader) = self.control_plane.election(which).leader() {
            self.restart_process(which, leader, which.releases());
        }
    }

    fn restart_process(&mut self, which: Elected, candidate: u32, release: bool) {
        let at = self.now() + RESTART;
        self.process_ends(which, candidate, release);
        self.control_plane.election_mut(which).start(candidate, at);
        self.plan_looks(which);
    }

    fn process_ends(&mut self, which: Elected, candidate: u32, release: bool) {
        let (led, look) = self.control_plane.election_mut(which).stop(candidate, release);
        if let Some(look) = look {
            self.queue.cancel(look);
        }
        if led {
            self.component_ends(which);
        }
    }

    /// Nobody does the component's work any more.
    fn component_ends(&mut self, which: Elected) {
        let watcher = match which {
            Elected::ControllerManager => {
                self.controllers = None;
                Watcher::ControllerManager
            }
            Elected::Scheduler => {
                self.scheduler = None;
                Watcher::Scheduler
            }
        };
        self.close_watch(watcher);
    }
}
