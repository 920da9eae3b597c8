//! Watches that break because an API server goes away, and how their clients come back: client-go's reflector tries
//! again after a growing delay, resumes where it was, or lists anew when the server's history does not reach back.

use crate::api::Kind;
use crate::component::Class;
use crate::kernel::{EventKey, SimDuration, SimTime};
use crate::sim::event::{Event, Watcher};
use crate::sim::world::World;
use crate::trace::{Detail, Subject};

use super::Elected;

/// The first attempt at or after `from` of a client whose watch broke at `broken`. Delays double from `first` up to
/// `longest`.
fn attempt_from(broken: SimTime, from: SimTime, first: SimDuration, longest: SimDuration) -> SimTime {
    if first == SimDuration::ZERO {
        return from;
    }
    let mut at = broken + first;
    let mut delay = first;
    while at < from {
        delay = (delay * 2).min(longest).max(SimDuration::from_nanos(1));
        at += delay;
    }
    at
}

impl World {
    /// Everybody who watches. The order is that of their deliveries at one instant.
    fn watchers(&self) -> Vec<Watcher> {
        let nodes = (0..self.hosts.len() as u32).map(Watcher::Node);
        [Watcher::ControllerManager, Watcher::Scheduler, Watcher::Network].into_iter().chain(nodes).collect()
    }

    /// Which API server a watcher turns to.
    pub(in crate::sim) fn server_for(&self, watcher: Watcher) -> Option<u32> {
        self.control_plane.server_for(self.watch_target(watcher))
    }

    /// A watch is over: nothing more is delivered.
    pub(in crate::sim) fn close_watch(&mut self, watcher: Watcher) {
        for handle in self.watches.disconnect(watcher).into_iter().flatten() {
            self.queue.cancel(handle);
        }
    }

    /// A watch begins anew, after a list.
    pub(in crate::sim) fn open_watch(&mut self, watcher: Watcher) {
        self.close_watch(watcher);
        let (now, server) = (self.now(), self.server_for(watcher));
        self.watches.connect(watcher, server.unwrap_or_default(), now);
    }

    /// The connections to an API server break.
    pub(super) fn break_watches(&mut self, server: u32) {
        let now = self.now();
        for watcher in self.watchers() {
            if self.watches.server_of(watcher) != Some(server) {
                continue;
            }
            self.interrupt_watch(watcher);
            if self.control_plane.serves() {
                self.plan_reconnection(watcher, now, now);
            }
        }
    }

    /// The connection of a watcher breaks; what it misses is kept for it.
    pub(in crate::sim) fn interrupt_watch(&mut self, watcher: Watcher) {
        let now = self.now();
        for handle in self.watches.interrupt(watcher, now).into_iter().flatten() {
            self.queue.cancel(handle);
        }
    }

    /// An API server answers again: whoever lost its connection will find it at its next attempt.
    pub(super) fn plan_reconnections(&mut self) {
        let now = self.now();
        for watcher in self.watchers() {
            if let Some(broken) = self.watches.broken_since(watcher) {
                self.plan_reconnection(watcher, broken, now);
            }
        }
        let waiting: Vec<u32> = self.control_plane.waiting_kubelets.keys().copied().collect();
        for node in waiting {
            self.plan_reconnection(Watcher::Node(node), now, now);
        }
    }

    fn plan_reconnection(&mut self, watcher: Watcher, broken: SimTime, from: SimTime) {
        let settings = &self.settings;
        let (first, longest) = (settings.watch_reconnect_backoff, settings.watch_reconnect_backoff_max);
        let at = attempt_from(broken, from, first, longest);
        let key = EventKey { at, class: Class::Watch as u8, target: self.watch_target(watcher), seq: 1 };
        let cause = self.recorder.cause();
        if let Some(before) = self.watches.take_attempt(watcher) {
            self.queue.cancel(before);
        }
        let handle = self.push(key, cause, Event::Reconnect(watcher));
        self.watches.note_attempt(watcher, handle);
    }

    /// A client whose watch broke tries again.
    pub(in crate::sim) fn try_reconnect(&mut self, watcher: Watcher) {
        let _this_attempt = self.watches.take_attempt(watcher);
        if !self.control_plane.serves() {
            return;
        }
        match watcher {
            Watcher::Node(node) => {
                if self.reach.reaches_api(node) {
                    self.rejoin(node);
                }
            }
            Watcher::ControllerManager | Watcher::Scheduler | Watcher::Network => {
                if self.watches.broken_since(watcher).is_some() {
                    self.resume_or_relist(watcher);
                }
            }
        }
    }

    /// A watcher other than a kubelet resumes where it was; of kinds whose history does not reach back it lists all
    /// objects, so that of what it has missed it learns the outcome only.
    fn resume_or_relist(&mut self, watcher: Watcher) {
        let Some(server) = self.server_for(watcher) else { return };
        let cached_since = self.control_plane.cached_since[server as usize];
        let stale = self.watches.stale_kinds(watcher, cached_since, self.now());
        if !stale.is_empty() {
            self.watches.relist(watcher, &stale);
            self.record_relist(watcher, &stale);
        }
        self.resume_watch(watcher);
    }

    /// Delivers what a watcher has missed.
    pub(in crate::sim) fn resume_watch(&mut self, watcher: Watcher) {
        let server = self.server_for(watcher).unwrap_or_default();
        if self.watches.resume(watcher, server) {
            self.deliver(watcher);
        }
    }

    /// A kubelet that has started waits for its first list.
    pub(in crate::sim) fn await_list(&mut self, node: u32, rebooted: Option<String>) {
        self.control_plane.waiting_kubelets.insert(node, rebooted);
    }

    /// A kubelet that waits for its first list gets it: the message about its reboot.
    #[expect(clippy::option_option, reason = "whether it waits, and whether its machine has booted")]
    pub(in crate::sim) fn listed_at_last(&mut self, node: u32) -> Option<Option<String>> {
        self.control_plane.waiting_kubelets.remove(&node)
    }

    /// Whether a kubelet's watch can go on where it was, or has to begin with a list (410 Gone).
    pub(in crate::sim) fn can_resume(&self, node: u32) -> bool {
        let watcher = Watcher::Node(node);
        let Some(server) = self.server_for(watcher) else { return false };
        let cached_since = self.control_plane.cached_since[server as usize];
        !self.watches.stale_kinds(watcher, cached_since, self.now()).contains(&Kind::Pod)
    }

    /// Notes that watches begin anew.
    pub(in crate::sim) fn record_relist(&mut self, watcher: Watcher, kinds: &[Kind]) {
        let (component, subject) = match watcher {
            Watcher::Node(node) => ("kubelet", Subject::node(&self.hosts[node as usize].shared.name)),
            Watcher::ControllerManager => (Elected::ControllerManager.name(), Subject::cluster()),
            Watcher::Scheduler => (Elected::Scheduler.name(), Subject::cluster()),
            Watcher::Network => ("kube-proxy", Subject::cluster()),
        };
        let kinds = match kinds {
            [kind] => kind.names().plural.to_owned(),
            kinds => format!("{} kinds", kinds.len()),
        };
        let message = format!("too old resource version: the watch of {kinds} begins anew with a list");
        self.recorder.record_aside(
            self.now(),
            component,
            subject,
            "Relist",
            "Expired",
            message,
            Detail::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_come_after_doubling_delays_up_to_half_a_minute() {
        let first = SimDuration::from_millis(800);
        let longest = SimDuration::from_secs(30);
        let attempt = |from: u64| attempt_from(SimTime::ZERO, SimTime::from_millis(from), first, longest);
        assert_eq!(attempt(0), SimTime::from_millis(800));
        assert_eq!(attempt(801), SimTime::from_millis(2400));
        assert_eq!(attempt(20_000), SimTime::from_millis(24_800));
        assert_eq!(attempt(60_000), SimTime::from_millis(80_400));
        assert_eq!(attempt(100_000), SimTime::from_millis(110_400));
    }
}
