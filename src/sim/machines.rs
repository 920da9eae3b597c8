//! Power, links and kubelets of machines: what faults do to them, and what the cluster hears of it.

use std::sync::Arc;

use crate::api::core::{Condition, Conditions};
use crate::api::node::Node;
use crate::api::pod::Pod;
use crate::api::{Kind, ObjectRef, Patch, Request};
use crate::base::Name;
use crate::component::Class;
use crate::component::events::EventType;
use crate::control::manager::ControllerManager;
use crate::control::scheduling::SchedulerComponent;
use crate::fault::Component;
use crate::kernel::{EventKey, SimDuration, SimTime};

use crate::trace::{Detail, Subject};

use super::build::node_conditions;
use super::event::{Event, Watcher};
use super::world::World;

impl World {
    /// The machine loses power.
    pub(super) fn power_off(&mut self, index: u32) {
        let _no_start = self.listed_at_last(index);
        if !self.hosts[index as usize].shared.powered {
            return;
        }
        self.record_power(index, false);
        self.heartbeat_stops(index);
        self.close_watch(Watcher::Node(index));
        self.with_host(index, |host, ctx, _| host.power_off(ctx));
        self.machine_lost(index);
    }

    /// The machine restarts: its kubelet may stop the pods first.
    pub(super) fn reboot(&mut self, index: u32, down_for: SimDuration) {
        self.hosts[index as usize].reboot_takes = down_for;
        if !self.with_host(index, |host, ctx, env| host.shut_down(ctx, env)) {
            self.shut_down_is_over(index);
        }
    }

    /// Nothing keeps the power of a machine that restarts any longer.
    pub(super) fn shut_down_is_over(&mut self, index: u32) {
        let down_for = self.hosts[index as usize].reboot_takes;
        self.power_off(index);
        self.power_on(index, down_for);
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

    /// The kubelet starts. One that gets no list of its pods runs its static pods until it does; containers run on meanwhile.
    pub(super) fn start_kubelet(&mut self, index: u32, rebooted: Option<String>) {
        if !self.reach.reaches_api(index) || !self.control_plane.serves() {
            self.await_list(index, rebooted);
            self.with_host(index, |host, ctx, env| host.start_kubelet_alone(ctx, env));
            return;
        }
        let pods = self.pods_of(index);
        let shared = &mut self.hosts[index as usize].shared;
        if let Some(node) = self.api.objects().get::<Node>(&Name::default(), &shared.name) {
            shared.labels = node.metadata.labels.clone();
            shared.taints.clone_from(&node.spec.taints);
            shared.node_uid = node.metadata.uid;
        }
        self.with_host(index, |host, ctx, env| {
            host.start_kubelet(ctx, env, &pods);
            host.shared.node_event(ctx, EventType::Normal, "Starting", "Starting kubelet.".to_owned());
            if let Some(message) = rebooted {
                host.shared.node_event(ctx, EventType::Warning, "Rebooted", message);
            }
        });
        self.open_watch(Watcher::Node(index));
        self.report_ready(index);
        self.heartbeat_resumes(index);
    }

    /// The kubelet stops; containers run on.
    pub(super) fn stop_kubelet(&mut self, index: u32) {
        let _no_start = self.listed_at_last(index);
        self.heartbeat_stops(index);
        self.close_watch(Watcher::Node(index));
        self.with_host(index, |host, ctx, _| host.stop_kubelet(ctx));
    }

    /// The node and the API server do not reach each other any more.
    pub(super) fn cut_off(&mut self, index: u32) {
        if self.reach.cut(index) {
            self.heartbeat_stops(index);
            self.interrupt_watch(Watcher::Node(index));
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
        if self.control_plane.serves() {
            self.rejoin(index);
        }
    }

    /// A kubelet reaches the API server again: it goes on with its watch, or lists its pods anew when the server does
    /// not remember back to where the watch broke.
    pub(super) fn rejoin(&mut self, index: u32) {
        if let Some(rebooted) = self.listed_at_last(index) {
            self.start_kubelet(index, rebooted);
            return;
        }
        let watcher = Watcher::Node(index);
        if self.watches.broken_since(watcher).is_none() {
            return;
        }
        let was_silent = self.heartbeats[index as usize].since.is_none();
        if was_silent {
            self.report_ready(index);
            self.heartbeat_resumes(index);
        }
        if self.can_resume(index) {
            self.resume_watch(watcher);
        } else {
            self.record_relist(watcher, &[Kind::Pod]);
            let pods = self.pods_of(index);
            self.open_watch(watcher);
            self.with_host(index, |host, ctx, env| host.relisted(ctx, env, &pods));
        }
        if was_silent {
            self.with_host(index, |host, ctx, env| host.reconcile_statuses(ctx, env));
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

    /// A kubelet lists the ConfigMaps and Secrets that a new pod names, and watches them from now on.
    pub(super) fn list_named_objects(&mut self, index: u32) {
        for target in self.hosts[index as usize].shared.take_wanted_objects() {
            let found = self.api.objects().find(target.kind, &target.namespace, &target.name);
            let object = found.map(|(_, object)| object.clone());
            self.watches.follow(index, target.clone());
            self.hosts[index as usize].shared.object_listed(target, object);
        }
    }

    /// The kubelet reports a healthy node, if the API server thinks otherwise; one without a runtime repeats that it is not.
    pub(super) fn report_ready(&mut self, index: u32) {
        if self.hosts[index as usize].shared.says_not_ready() {
            self.with_host(index, |host, ctx, _| host.send_verdict(ctx));
            return;
        }
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
            host.shared.node_event(
                ctx,
                EventType::Normal,
                "NodeReady",
                format!("Node {name} status is now: NodeReady"),
            );
        });
    }

    fn heartbeat_stops(&mut self, index: u32) {
        let Some(since) = self.heartbeats[index as usize].since.take() else { return };
        // Renewals that are still on their way when the node falls silent are lost with its link.
        let late = self.watches.extra(Watcher::Node(index));
        let last = self.last_heartbeat(since, late);
        self.heartbeats[index as usize].last = last;
        let name = self.hosts[index as usize].shared.name.clone();
        self.with_controllers(|controllers, ctx| controllers.heartbeats_stopped(ctx, &name, last));
    }

    /// The last renewal before now. The phase of a kubelet's renewals is arbitrary; here it is such that they reach the
    /// controllers at multiples of the interval, and at the moment of a (re)start; over a slow link `late` after that.
    pub(super) fn last_heartbeat(&self, since: SimTime, late: SimDuration) -> SimTime {
        let interval = self.settings.node_lease_renew_interval.as_nanos();
        let now = self.control_plane.unwritable_since().unwrap_or(self.now());
        let before = now.saturating_sub(late).as_nanos().saturating_sub(1);
        since.max(SimTime::from_nanos(before - before % interval) + late)
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

    /// A new scheduler becomes leader, lists the cluster and goes to work.
    pub(super) fn start_scheduler(&mut self) {
        self.incarnations.scheduler += 1;
        let incarnation = self.incarnations.scheduler;
        self.scheduler = Some(SchedulerComponent::new(
            &self.settings,
            (&self.scheduling, &self.explain),
            self.api.objects(),
            incarnation,
        ));
        self.open_watch(Watcher::Scheduler);
        self.with_scheduler(|scheduler, ctx| scheduler.start(ctx));
    }

    /// A new controller manager becomes leader, lists the cluster and goes to work.
    pub(super) fn start_controllers(&mut self) {
        self.incarnations.controllers += 1;
        let incarnation = self.incarnations.controllers;
        let mut controllers = ControllerManager::new(&self.settings, self.api.objects(), incarnation);
        controllers.metrics = self.metrics.newest.clone();
        controllers.slow_down(self.control_plane.slowness(Component::ControllerManager));
        self.controllers = Some(controllers);
        self.open_watch(Watcher::ControllerManager);
        self.with_controllers(|controllers, ctx| controllers.start(ctx));
        self.tell_silent_nodes();
    }
}
