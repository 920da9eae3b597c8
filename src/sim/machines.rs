//! Power, links and kubelets of machines: what faults do to them, and what the cluster hears of it.

use std::sync::Arc;

use crate::api::core::{Condition, ConditionStatus, Conditions};
use crate::api::node::Node;
use crate::api::pod::Pod;
use crate::api::{Kind, ObjectRef, Patch, Request};
use crate::base::Name;
use crate::component::Class;
use crate::component::events::EventType;
use crate::control::manager::ControllerManager;
use crate::control::scheduling::SchedulerComponent;
use crate::kernel::{EventKey, SimDuration, SimTime};

use crate::trace::{Detail, Subject};

use super::build::node_conditions;
use super::event::{Event, Watcher};
use super::world::World;

impl World {
    /// The machine loses power.
    pub(super) fn power_off(&mut self, index: u32) {
        if !self.hosts[index as usize].shared.powered {
            return;
        }
        self.record_power(index, false);
        self.heartbeat_stops(index);
        self.disconnect_kubelet(index);
        self.with_host(index, |host, ctx, _| host.power_off(ctx));
        self.machine_lost(index);
    }

    fn record_power(&mut self, index: u32, up: bool) {
        let name = self.hosts[index as usize].shared.name.clone();
        let (event, what) = if up { ("PowerOn", "has booted") } else { ("PowerOff", "lost power") };
        let message = format!("machine {name} {what}");
        let now = self.now();
        self.recorder.record(now, "node", Subject::node(&name), event, event, message, Detail::Power { up });
    }

    /// The machine gets power; its kubelet runs after a while.
    pub(super) fn power_on(&mut self, index: u32, after: SimDuration) {
        let at = self.now() + after;
        let target = self.hosts[index as usize].shared.target;
        let key = EventKey { at, class: Class::Hardware as u8, target, seq: 0 };
        let cause = self.recorder.cause();
        self.push(key, cause, Event::Booted(index));
    }

    /// The machine has booted: its kubelet starts, registers, and gets its pods.
    pub(super) fn machine_booted(&mut self, index: u32) {
        if self.hosts[index as usize].shared.powered {
            return;
        }
        let name = self.hosts[index as usize].shared.name.clone();
        self.record_power(index, true);
        let now = self.now();
        if self.reach.reaches_api(index) {
            self.network.proxies.connect(index, now, &mut self.network.services, true);
        }
        let boot = format!("Node {name} has been rebooted, boot id: {:016x}", self.now().as_nanos());
        self.start_kubelet(index, Some(boot));
    }

    /// The kubelet starts.
    pub(super) fn start_kubelet(&mut self, index: u32, rebooted: Option<String>) {
        let pods = self.pods_of(index);
        self.with_host(index, |host, ctx, env| {
            host.start_kubelet(ctx, env, &pods);
            host.node_event(ctx, EventType::Normal, "Starting", "Starting kubelet.".to_owned());
            if let Some(message) = rebooted {
                host.node_event(ctx, EventType::Warning, "Rebooted", message);
            }
        });
        if self.reach.reaches_api(index) {
            self.watches.connect(Watcher::Node(index));
            self.report_ready(index);
            self.heartbeat_resumes(index);
        }
    }

    /// The kubelet stops; containers run on.
    pub(super) fn stop_kubelet(&mut self, index: u32) {
        self.heartbeat_stops(index);
        self.disconnect_kubelet(index);
        self.with_host(index, |host, ctx, _| host.stop_kubelet(ctx));
    }

    /// The node and the API server do not reach each other any more.
    pub(super) fn cut_off(&mut self, index: u32) {
        if self.reach.cut(index) {
            self.heartbeat_stops(index);
            self.disconnect_kubelet(index);
            self.disconnect_proxy(index);
        }
    }

    /// The link is back.
    pub(super) fn reconnect(&mut self, index: u32) {
        if !self.reach.heal(index) {
            return;
        }
        let now = self.now();
        self.network.proxies.connect(index, now, &mut self.network.services, false);
        let shared = &self.hosts[index as usize].shared;
        if !shared.powered || !shared.kubelet_runs {
            return;
        }
        self.watches.connect(Watcher::Node(index));
        let pods = self.pods_of(index);
        self.report_ready(index);
        self.heartbeat_resumes(index);
        self.with_host(index, |host, ctx, env| host.relisted(ctx, env, &pods));
    }

    fn disconnect_kubelet(&mut self, index: u32) {
        if let Some(handle) = self.watches.disconnect(Watcher::Node(index)) {
            self.queue.cancel(handle);
        }
    }

    /// The pods that the store has for a node, in order of creation.
    fn pods_of(&self, index: u32) -> Vec<(u32, Arc<Pod>)> {
        let name = &self.hosts[index as usize].shared.name;
        self.api
            .objects()
            .iter::<Pod>()
            .filter(|(_, pod)| pod.node_name.as_ref() == Some(name))
            .map(|(id, pod)| (id, pod.clone()))
            .collect()
    }

    /// The kubelet reports a healthy node, if the API server thinks otherwise.
    fn report_ready(&mut self, index: u32) {
        let name = self.hosts[index as usize].shared.name.clone();
        let Some(node) = self.api.objects().get::<Node>(&Name::default(), &name).cloned() else { return };
        let healthy = node_conditions(self.timestamp());
        let same = |condition: &Condition| {
            node.status.conditions.status_of(&condition.kind) == Some(condition.status)
        };
        if healthy.iter().all(same) {
            return;
        }
        let mut status = node.status.clone();
        status.conditions = healthy;
        let target = ObjectRef { kind: Kind::Node, namespace: Name::default(), name: name.clone() };
        let request = Request::Patch { target, uid: None, patch: Patch::NodeStatus(Box::new(status)) };
        self.with_host(index, |host, ctx, _| {
            host.shared.client.submit(ctx, request, None);
            host.node_event(
                ctx,
                EventType::Normal,
                "NodeReady",
                format!("Node {name} status is now: NodeReady"),
            );
        });
    }

    fn heartbeat_stops(&mut self, index: u32) {
        let Some(since) = self.heartbeats[index as usize].since.take() else { return };
        let last = self.last_heartbeat(since);
        self.heartbeats[index as usize].last = last;
        let name = self.hosts[index as usize].shared.name.clone();
        self.with_controllers(|controllers, ctx| controllers.heartbeats_stopped(ctx, &name, last));
    }

    /// The last renewal before now. The phase of a kubelet's renewals is arbitrary; here it is such that they reach the
    /// controllers at multiples of the interval, and at the moment of a (re)start.
    fn last_heartbeat(&self, since: SimTime) -> SimTime {
        let interval = self.settings.node_lease_renew_interval.as_nanos();
        let before = self.now().as_nanos().saturating_sub(1);
        since.max(SimTime::from_nanos(before - before % interval))
    }

    fn heartbeat_resumes(&mut self, index: u32) {
        let now = self.now();
        self.heartbeats[index as usize].since = Some(now);
        let name = self.hosts[index as usize].shared.name.clone();
        self.with_controllers(|controllers, ctx| controllers.heartbeats_resumed(ctx, &name));
    }

    /// Tells a controller manager that has just started which nodes are silent.
    pub(super) fn tell_silent_nodes(&mut self) {
        let now = self.now();
        for index in 0..self.heartbeats.len() {
            if self.heartbeats[index].since.is_none() {
                let name = self.hosts[index].shared.name.clone();
                self.with_controllers(|controllers, ctx| controllers.heartbeats_stopped(ctx, &name, now));
            }
        }
    }

    /// The kubelet of a node reports one condition.
    pub(super) fn report_condition(
        &mut self,
        index: u32,
        kind: &'static str,
        status: ConditionStatus,
        reason: &'static str,
    ) {
        let name = self.hosts[index as usize].shared.name.clone();
        let condition = Condition {
            kind: kind.into(),
            status,
            reason: Some(reason.into()),
            last_heartbeat_time: Some(self.timestamp()),
            ..Condition::default()
        };
        let target = ObjectRef { kind: Kind::Node, namespace: Name::default(), name };
        let request = Request::Patch { target, uid: None, patch: Patch::Condition(condition) };
        self.with_host(index, |host, ctx, _| {
            host.shared.client.submit(ctx, request, None);
            let text = format!("Node {} status is now: {reason}", host.shared.name);
            host.node_event(ctx, EventType::Normal, reason, text);
        });
    }

    /// A new scheduler becomes leader, lists the cluster and goes to work.
    pub(super) fn start_scheduler(&mut self) {
        self.incarnations.scheduler += 1;
        let incarnation = self.incarnations.scheduler;
        self.scheduler = Some(SchedulerComponent::new(&self.settings, self.api.objects(), incarnation));
        self.watches.connect(Watcher::Scheduler);
        self.with_scheduler(|scheduler, ctx| scheduler.start(ctx));
    }

    /// A new controller manager becomes leader, lists the cluster and goes to work.
    pub(super) fn start_controllers(&mut self) {
        self.incarnations.controllers += 1;
        let incarnation = self.incarnations.controllers;
        self.controllers = Some(ControllerManager::new(&self.settings, self.api.objects(), incarnation));
        self.watches.connect(Watcher::ControllerManager);
        self.with_controllers(|controllers, ctx| controllers.start(ctx));
        self.tell_silent_nodes();
    }
}
