//! Requests in the world: what they see of machines and programs, and what they hear of them.

use crate::api::service::{LoadBalancerIngress, Service};
use crate::api::{Commit, Request};
use crate::base::Name;
use crate::component::Class;
use crate::kernel::{EventKey, Histogram, SimTime};
use crate::network::{SyncTiming, Target};
use crate::node::{Dependencies, Host};
use crate::scenario::expect::TrafficCondition;
use crate::trace::RecordId;
use crate::traffic::{Cause, Cluster, Door, Process, Told, Traffic, TrafficCtx};
use crate::workload::{CpuRoom, ProcessId};

use super::dispatch::NetworkView;
use super::event::Event;
use super::expect::check;
use super::faults::ActiveFaults;
use super::watch::Watches;
use super::world::World;
use crate::fault::Fault;
use crate::network::ServiceTable;

/// Requests to a Service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Requests that began.
    pub sent: u64,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that failed.
    pub failed: u64,
}

/// The cluster as requests see it.
struct ClusterView<'a> {
    now: SimTime,
    hosts: &'a [Host],
    watches: &'a Watches,
    faults: &'a ActiveFaults,
    services: &'a ServiceTable,
}

impl ClusterView<'_> {
    /// The program that listens on a port of a pod.
    fn program(&self, target: &Target, port: i32) -> Option<(Process, bool)> {
        let host = &self.hosts[target.node as usize];
        let (index, pod) = host.pods().iter().find(|(_, pod)| pod.uid_in_api() == Some(target.pod))?;
        if !pod.sandbox.as_ref().is_some_and(|sandbox| sandbox.ready) {
            return None;
        }
        pod.containers.iter().enumerate().find_map(|(at, truth)| {
            let app = &truth.running.as_ref()?.app;
            if !app.is_listening(port, self.now) {
                return None;
            }
            // A port that is declared elsewhere in the pod is not this one's.
            let declares = |at: usize| pod.spec(at).ports.iter().any(|own| own.container_port == port);
            if app.model().ports.is_none() && !declares(at) && (0..pod.containers.len()).any(declares) {
                return None;
            }
            let id = ProcessId { pod: *index, container: at as u16, start: app.start_number() };
            let process = Process {
                id,
                model: app.model().clone(),
                cpu: app.cpu_for_requests(),
                room: app.room_for_requests(self.now),
            };
            Some((process, app.is_hung()))
        })
    }
}

impl Cluster for ClusterView<'_> {
    fn door(&self, target: &Target, port: i32) -> Door {
        if !self.has_power(target.node) {
            return Door::Silent;
        }
        match self.program(target, port) {
            None => Door::Refused,
            Some((process, true)) => Door::Hung(process),
            Some((process, false)) => Door::Open(process),
        }
    }

    fn listener(&self, target: &Target, port: i32) -> Option<(u16, u64)> {
        self.program(target, port).map(|(process, _)| (process.id.container, process.id.start))
    }

    fn cpu(&self, node: u32, process: ProcessId) -> Option<CpuRoom> {
        let pod = self.hosts[node as usize].pods().get(&process.pod)?;
        let running = pod.containers[usize::from(process.container)].running.as_ref()?;
        Some(running.app.cpu_for_requests())
    }

    fn nodes(&self) -> u32 {
        self.hosts.len() as u32
    }

    fn has_power(&self, node: u32) -> bool {
        self.hosts[node as usize].shared.powered
    }

    fn node(&self, name: &str) -> Option<u32> {
        self.watches.node(name)
    }

    fn zone(&self, node: u32) -> Option<Name> {
        self.hosts[node as usize].shared.labels.get(crate::scenario::model::ZONE_LABEL).cloned()
    }

    fn is_down(&self, namespace: &str, service: &str) -> bool {
        self.faults.iter().any(|fault| {
            matches!(fault, Fault::DependencyDown { namespace: ns, service: name }
                if ns == namespace && name == service)
        })
    }

    fn is_available(&self, namespace: &str, service: &str) -> bool {
        NetworkView { services: self.services, faults: self.faults, traffic: None }
            .is_available(namespace, service)
    }
}

impl World {
    pub(super) fn proxy_timing(&self) -> SyncTiming {
        SyncTiming { period: self.settings.min_sync_period, takes: self.settings.proxy_sync_time }
    }

    /// Works on requests, if there are any.
    fn with_traffic(&mut self, work: impl FnOnce(&mut Traffic, &mut TrafficCtx<'_>)) {
        let now = self.now();
        let Some(traffic) = &mut self.traffic else { return };
        let cluster = ClusterView {
            now,
            hosts: &self.hosts,
            watches: &self.watches,
            faults: &self.faults,
            services: &self.network.services,
        };
        let mut ctx = TrafficCtx {
            now,
            end: self.end,
            settings: &self.settings,
            trace: &mut self.recorder,
            services: &self.network.services,
            proxies: &mut self.network.proxies,
            dns: &mut self.network.dns,
            links: &self.network.links,
            cluster: &cluster,
        };
        work(traffic, &mut ctx);
        self.plan_traffic();
        self.tell_hosts();
    }

    /// Machines hear what requests do to their programs.
    fn tell_hosts(&mut self) {
        while let Some((node, process, told)) = self.traffic.as_mut().and_then(Traffic::told) {
            self.with_host(node, |host, ctx, env| match told {
                Told::Load(load) => host.set_requests(ctx, env, process, load),
                Told::MemoryFull => host.requests_fill_memory(ctx, env, process),
            });
        }
    }

    /// Something happens to requests.
    pub(super) fn run_traffic(&mut self) {
        self.traffic_wake = None;
        self.with_traffic(|traffic, ctx| traffic.run(ctx));
    }

    /// How many events of requests there have been since the last time that somebody asked.
    pub(super) fn take_traffic_events(&mut self) -> u64 {
        self.traffic.as_mut().map_or(0, Traffic::take_handled)
    }

    /// Plans when the next thing happens to requests.
    pub(super) fn plan_traffic(&mut self) {
        let end = self.end;
        let next = self.traffic.as_mut().and_then(Traffic::next_at).filter(|at| *at <= end);
        if self.traffic_wake.map(|(at, _)| at) == next {
            return;
        }
        if let Some((_, handle)) = self.traffic_wake.take() {
            self.queue.cancel(handle);
        }
        let Some(at) = next else { return };
        let key = EventKey { at, class: Class::Network as u8, target: 0, seq: 0 };
        let handle = self.push(key, 0, Event::Traffic);
        self.traffic_wake = Some((at, handle));
    }

    /// The processes of a node that have ended since the last look reset their connections.
    pub(super) fn processes_ended(&mut self, index: u32) {
        let ended = &mut self.hosts[index as usize].shared.ended;
        if ended.is_empty() {
            return;
        }
        let ended = std::mem::take(ended);
        let record = self.recorder.last();
        self.with_traffic(|traffic, ctx| {
            traffic.disturbed(record);
            for (pod, container) in ended {
                traffic.process_ended(ctx, pod, container);
            }
        });
    }

    /// A machine is gone with everything on it.
    pub(super) fn machine_lost(&mut self, index: u32) {
        let now = self.now();
        let timing = self.proxy_timing();
        self.network.proxies.disconnect(index, now, &mut self.network.services, timing);
        let record = self.recorder.cause();
        self.with_traffic(|traffic, ctx| {
            traffic.disturbed(record);
            traffic.machine_lost(ctx, index);
        });
    }

    /// The proxy of a node hears of no more changes.
    pub(super) fn disconnect_proxy(&mut self, index: u32) {
        let now = self.now();
        let timing = self.proxy_timing();
        self.network.proxies.disconnect(index, now, &mut self.network.services, timing);
    }

    /// The watches deliver a change that may concern a Service.
    pub(super) fn service_changed(&mut self, commit: &Commit) {
        let (now, lag) = (self.now(), self.proxy_timing().lag() + self.network.proxies.latest());
        let watches = &self.watches;
        self.network.services.apply(commit, now, lag, &|node| watches.node(node));
    }

    /// The cloud begins to make a load balancer for a Service that wants one and has none.
    pub(super) fn plan_load_balancer(&mut self, index: u32, service: &Service, cause: RecordId) {
        let wants = service.spec.kind.as_deref() == Some("LoadBalancer");
        if !wants || !service.status.load_balancer.ingress.is_empty() || !self.balancers_planned.insert(index)
        {
            return;
        }
        let at = self.now() + self.settings.load_balancer_provisioning;
        let key = EventKey { at, class: Class::Api as u8, target: u64::MAX - 2, seq: index };
        self.push(key, cause, Event::LoadBalancer(index));
    }

    /// The load balancer of a Service is there: its address goes into the status.
    pub(super) fn load_balancer_made(&mut self, index: u32) {
        self.balancers_planned.remove(&index);
        let Some(service) = self.api.objects().at::<Service>(index) else { return };
        let mut service = service.as_ref().clone();
        let number = index % 250 + 1;
        let ip = Some(format!("203.0.113.{number}").into());
        service.status.load_balancer.ingress =
            vec![LoadBalancerIngress { ip, hostname: None, ip_mode: Some("VIP".into()) }];
        let _refused = self.serve("cloud-controller-manager", Request::UpdateStatus(service.into()));
    }

    /// Errors of requests that begin from now on are put down to this record.
    pub(super) fn traffic_disturbed(&mut self, record: RecordId) {
        if let Some(traffic) = &mut self.traffic {
            traffic.disturbed(record);
        }
    }
}

/// Requests of all flows that a condition means.
#[derive(Default)]
struct Sum {
    flows: usize,
    sent: u64,
    answered: u64,
    failed: [u64; Cause::ALL.len()],
    retries: u64,
    latency: Histogram,
}

impl World {
    fn requests_to(&self, namespace: &str, service: &str, client: Option<&Name>) -> Sum {
        let mut sum = Sum::default();
        let totals = self.traffic.as_ref().map(Traffic::totals).unwrap_or_default();
        for (flow, window) in totals {
            let is_meant = **flow.namespace == *namespace
                && **flow.service == *service
                && client.map_or(flow.is_source, |client| client == flow.client);
            if !is_meant {
                continue;
            }
            sum.flows += 1;
            for counts in [flow.counts, window] {
                sum.sent += counts.sent;
                sum.answered += counts.answered;
                sum.retries += counts.retries;
                for (sum, count) in sum.failed.iter_mut().zip(counts.failed) {
                    *sum += count;
                }
                sum.latency.merge(&counts.latency);
            }
        }
        sum
    }

    /// How the requests of a scenario's sources to a Service have fared so far.
    pub fn requests(&self, namespace: &str, service: &str) -> Requests {
        let sum = self.requests_to(namespace, service, None);
        Requests { sent: sum.sent, answered: sum.answered, failed: sum.failed.iter().sum() }
    }

    /// Whether requests have fared as they should so far.
    pub(super) fn evaluate_traffic(&self, condition: &TrafficCondition) -> Result<(), String> {
        let sum = self.requests_to(&condition.namespace, &condition.service, condition.client.as_ref());
        if sum.flows == 0 {
            return Err(format!("nobody has sent requests to {}/{}", condition.namespace, condition.service));
        }
        let failures: u64 = sum.failed.iter().sum();
        check("requests sent", condition.sent, sum.sent as i64)?;
        check("requests answered", condition.answered, sum.answered as i64)?;
        let causes = Cause::ALL.iter().filter(|cause| sum.failed[**cause as usize] > 0);
        let causes: Vec<String> =
            causes.map(|cause| format!("{} {}", cause.word(), sum.failed[*cause as usize])).collect();
        check(&format!("requests failed ({})", causes.join(", ")), condition.failed, failures as i64)?;
        check("retries", condition.retries, sum.retries as i64)?;
        for (name, wanted) in &condition.causes {
            let cause = Cause::ALL.iter().find(|cause| cause.word() == &**name);
            let found = cause.map_or(0, |cause| sum.failed[*cause as usize]);
            check(&format!("requests failed by {name}"), Some(*wanted), found as i64)?;
        }
        let ended = sum.answered + failures;
        if let Some(wanted) = condition.availability
            && !(sum.answered * 1_000_000).checked_div(ended).is_some_and(|found| wanted.allows(found))
        {
            let percent = |millionths: u64| millionths as f64 / 10_000.0;
            let found = (sum.answered * 1_000_000).checked_div(ended).map_or(0.0, percent);
            let (min, max) = (percent(wanted.min), percent(wanted.max));
            return Err(format!("availability: expected {min} % to {max} %, found {found} %"));
        }
        for (per_mille, most) in &condition.latency {
            let found = sum.latency.quantile(*per_mille).unwrap_or_default();
            if found > *most {
                let rank = *per_mille as f64 / 10.0;
                return Err(format!("latency p{rank}: expected at most {most}, found {found}"));
            }
        }
        Ok(())
    }
}
