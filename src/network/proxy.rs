//! kube-proxy of every node: which changes of the Service table its rules contain.
//!
//! A sync begins when a change has come and `minSyncPeriod` has passed since the last one began; it takes in all that has
//! been delivered by then and is in force `proxySyncTime` later. So the state of a proxy follows from the times of
//! delivery: it is computed when a connection needs it, and costs no event.
//!
//! Source: kube-proxy v1.34 `proxy/iptables/proxier.go`, `util/async/bounded_frequency_runner.go`; `spec` node 9.2.

use super::table::ServiceTable;
use crate::kernel::{SimDuration, SimTime};

/// How quick a proxy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncTiming {
    /// Shortest time between the beginnings of two syncs.
    pub period: SimDuration,
    /// From the beginning of a sync to its rules being in force.
    pub takes: SimDuration,
}

impl SyncTiming {
    /// Time from a change to its being in force at every proxy that is not cut off.
    pub fn lag(self) -> SimDuration {
        self.period + self.takes + self.takes
    }
}

#[derive(Clone, Copy, Debug)]
struct Proxy {
    /// How many changes are in force.
    applied: u32,
    last_sync: Option<SimTime>,
    /// Since when it hears of changes; `None` = it does not.
    connected: Option<SimTime>,
    /// How much later than others it hears of them.
    late: SimDuration,
}

impl Proxy {
    fn new(now: SimTime) -> Self {
        Self { applied: 0, last_sync: None, connected: Some(now), late: SimDuration::ZERO }
    }
}

/// The proxies of all nodes.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<Proxy>);

impl Proxies {
    /// One more node with a proxy that has been running for long.
    pub fn add(&mut self, now: SimTime) {
        self.0.push(Proxy::new(now));
    }

    /// How many changes of the table the proxy of a node has in force.
    pub fn version(&mut self, node: u32, now: SimTime, table: &ServiceTable, timing: SyncTiming) -> u32 {
        let proxy = &mut self.0[node as usize];
        let Some(since) = proxy.connected else { return proxy.applied };
        let delivered = table.delivered();
        while let Some(next) = delivered.get(proxy.applied as usize) {
            let earliest =
                proxy.last_sync.map_or(SimTime::ZERO, |last| last + timing.period.max(timing.takes));
            let late = proxy.late;
            let begins = (*next + late).max(since).max(earliest);
            if begins + timing.takes > now {
                break;
            }
            proxy.last_sync = Some(begins);
            let known = delivered[proxy.applied as usize..].partition_point(|at| *at + late <= begins);
            proxy.applied += known as u32;
        }
        proxy.applied
    }

    /// The node does not hear of changes any more.
    pub fn disconnect(&mut self, node: u32, now: SimTime, table: &mut ServiceTable, timing: SyncTiming) {
        let version = self.version(node, now, table, timing);
        if self.0[node as usize].connected.take().is_some() {
            table.pin(version);
        }
    }

    /// The node hears of changes again; `anew` = its proxy has just started and has no rules yet.
    pub fn connect(&mut self, node: u32, now: SimTime, table: &mut ServiceTable, anew: bool) {
        let proxy = &mut self.0[node as usize];
        if proxy.connected.is_none() {
            table.unpin(proxy.applied);
            proxy.connected = Some(now);
        }
        if anew {
            *proxy = Proxy { late: proxy.late, ..Proxy::new(now) };
        }
    }

    /// From now on a node hears of changes so much later than they are delivered, because of its link to the control plane.
    pub fn set_late(
        &mut self,
        node: u32,
        late: SimDuration,
        now: SimTime,
        table: &ServiceTable,
        timing: SyncTiming,
    ) {
        // What it has by now it keeps.
        self.version(node, now, table, timing);
        self.0[node as usize].late = late;
    }

    /// The most that any proxy hears late.
    pub fn latest(&self) -> SimDuration {
        self.0.iter().map(|proxy| proxy.late).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::service::Service;
    use crate::api::{Commit, Kind, ObjectId, Op};

    fn table(changes: &[u64]) -> ServiceTable {
        let mut table = ServiceTable::default();
        table.is_used = true;
        for at in changes {
            let at = SimTime::from_millis(*at);
            let commit = Commit {
                id: ObjectId { kind: Kind::Service, index: 0 },
                op: Op::Modified,
                old: None,
                new: Service::default().into(),
                at,
                revision: 0,
                record: 0,
            };
            table.apply(&commit, at, SimDuration::from_secs(60), &|_| None);
        }
        table
    }

    #[test]
    fn a_change_after_quiet_is_taken_at_once_and_the_next_one_waits_for_the_period() {
        let timing = SyncTiming { period: SimDuration::from_secs(1), takes: SimDuration::from_millis(100) };
        let table = table(&[5_000, 5_200, 5_900, 8_000]);
        let mut proxies = Proxies::default();
        proxies.add(SimTime::ZERO);
        let mut at = |ms| proxies.version(0, SimTime::from_millis(ms), &table, timing);
        assert_eq!([at(5_099), at(5_100), at(6_099), at(6_100)], [0, 1, 1, 3]);
        assert_eq!([at(8_099), at(8_100)], [3, 4]);
    }

    #[test]
    fn a_proxy_behind_a_slow_link_is_late() {
        let timing = SyncTiming { period: SimDuration::from_secs(1), takes: SimDuration::from_millis(100) };
        let table = table(&[1_000, 5_000, 9_000]);
        let mut proxies = Proxies::default();
        proxies.add(SimTime::ZERO);
        let at = SimTime::from_millis;
        proxies.set_late(0, SimDuration::from_millis(2_500), at(2_000), &table, timing);
        let mut version = |ms| proxies.version(0, at(ms), &table, timing);
        // The first change is in force already; the second comes at 7.5 s.
        assert_eq!([version(2_000), version(7_599), version(7_600)], [1, 1, 2]);
        proxies.set_late(0, SimDuration::ZERO, at(8_000), &table, timing);
        assert_eq!(proxies.version(0, at(9_100), &table, timing), 3);
    }

    #[test]
    fn a_proxy_that_is_cut_off_keeps_its_rules_and_catches_up_later() {
        let timing = SyncTiming { period: SimDuration::from_secs(1), takes: SimDuration::ZERO };
        let mut table = table(&[1_000, 3_000, 4_000]);
        let mut proxies = Proxies::default();
        proxies.add(SimTime::ZERO);
        proxies.disconnect(0, SimTime::from_millis(2_000), &mut table, timing);
        assert_eq!(proxies.version(0, SimTime::from_millis(9_000), &table, timing), 1);
        proxies.connect(0, SimTime::from_millis(10_000), &mut table, false);
        assert_eq!(proxies.version(0, SimTime::from_millis(10_000), &table, timing), 3);
    }
}
