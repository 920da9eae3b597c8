//! The CPU of a machine: which container gets how much of it.
//!
//! Source: kubelet v1.32 `cm/qos_container_manager_linux.go`, `cm/helpers_linux.go`; `spec` node 5.1. CPU is divided level by
//! level, by shares: Guaranteed pods, `burstable` and `besteffort`; the pods in these; the containers of a pod. Shares matter
//! only while the containers want more than the machine has.

use super::env::NodeEnv;
use super::host::{Host, NodeEvent};
use super::pod_cx::PodCx;
use crate::api::core::ResourceList;
use crate::api::pod::{Container, QosClass};
use crate::api::qos::pod_requests;
use crate::component::{Class, Ctx};
use crate::kernel::SimTime;
use crate::workload::cpu::{Claim, divide, shares};
use crate::workload::{CpuShare, Quota, Surroundings};

const SEQ_CPU: u32 = 4;
/// `cpu.shares` of the parent of all BestEffort pods.
const BEST_EFFORT_SHARES: u64 = 2;

fn milli(list: &ResourceList) -> Option<u64> {
    list.get("cpu").map(|quantity| quantity.milli_value().max(0) as u64)
}

fn container_shares(container: &Container) -> u64 {
    shares(milli(&container.resources.requests), milli(&container.resources.limits))
}

impl PodCx<'_, '_> {
    /// What a program meets that starts in this container now.
    pub(super) fn surroundings(&self, container: &Container) -> Surroundings {
        let limits = &container.resources.limits;
        let period = self.ctx.settings.cpu_cfs_quota_period;
        Surroundings {
            memory_limit: limits.get("memory").map(|limit| limit.value().max(0) as u64),
            cpu: CpuShare {
                quota: milli(limits).filter(|limit| *limit > 0).map(|limit| Quota::of_limit(limit, period)),
                busy_milli: 0,
                ceiling_milli: self.host.cpu_capacity_milli(),
            },
            slow_start: self.env.faults.slow_start(&self.pod.pod, &container.name),
            shares_processes: self.pod.pod.spec.share_process_namespace == Some(true)
                || self.pod.pod.spec.host_pid,
        }
    }
}

/// A container that competes for CPU.
struct Contender {
    pod: u32,
    container: usize,
    /// Where it hangs in the tree of cgroups.
    class: QosClass,
    pod_shares: u64,
    shares: u64,
    demand_milli: u64,
    burst_demand_milli: u64,
}

impl Host {
    /// What the containers want has changed: divides the CPU anew.
    pub(super) fn divide_cpu(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) {
        let capacity = self.shared.cpu_capacity_milli();
        let contenders = self.contenders(ctx.now);
        let total: u64 = contenders.iter().map(|one| one.demand_milli).sum();
        let mut next: Option<SimTime> = None;
        for (at, one) in contenders.iter().enumerate() {
            let alone = total - one.demand_milli + one.burst_demand_milli <= capacity;
            let ceiling = if alone { capacity } else { ceiling(capacity, &contenders, at) };
            self.with(one.pod, ctx, env, |cx| cx.set_cpu_ceiling(one.container, ceiling));
        }
        for pod in self.pods.values() {
            let ends =
                pod.containers.iter().filter_map(|truth| truth.running.as_ref()?.app.startup_ends(ctx.now));
            next = ends.chain(next).min();
        }
        ctx.cancel(&mut self.shared.cpu_shift);
        if let Some(at) = next.filter(|at| *at < SimTime::MAX) {
            let handle =
                ctx.schedule(at, Class::Application, self.shared.target, SEQ_CPU, NodeEvent::CpuShift);
            self.shared.cpu_shift = Some(handle);
        }
    }

    fn contenders(&self, now: SimTime) -> Vec<Contender> {
        let mut contenders = Vec::new();
        for (id, pod) in &self.pods {
            for (container, truth) in pod.containers.iter().enumerate() {
                let Some(instance) = truth.running.as_ref().filter(|one| one.app.model().uses_cpu()) else {
                    continue;
                };
                let requested = milli(&pod_requests(&pod.pod.spec));
                contenders.push(Contender {
                    pod: *id,
                    container,
                    class: pod.pod.status.qos_class.unwrap_or(QosClass::BestEffort),
                    pod_shares: shares(requested, None),
                    shares: container_shares(pod.spec(container)),
                    demand_milli: instance.app.cpu_demand_milli(now),
                    burst_demand_milli: instance.app.cpu_burst_demand_milli(),
                });
            }
        }
        contenders
    }
}

/// What one contender gets if it works on a burst while the others do what they do now.
fn ceiling(capacity: u64, contenders: &[Contender], wanted: usize) -> u64 {
    let demand = |at: usize| {
        let one = &contenders[at];
        if at == wanted { one.burst_demand_milli } else { one.demand_milli }
    };
    let me = &contenders[wanted];
    let is_root = |at: &usize| contenders[*at].class == QosClass::Guaranteed;
    let all: Vec<usize> = (0..contenders.len()).collect();
    let within = |at: &usize| match me.class {
        QosClass::Guaranteed => contenders[*at].pod == me.pod,
        class => contenders[*at].class == class,
    };
    // The children of the root: each Guaranteed pod, and the two other classes.
    let groups =
        grouped(
            &all,
            |at| if is_root(&at) { (0, contenders[at].pod) } else { (contenders[at].class as u32, 0) },
        );
    let given = share_of(
        capacity,
        &groups,
        &within,
        &|group| {
            let burstable = group.iter().map(|at| contenders[*at].pod_shares);
            match contenders[group[0]].class {
                QosClass::Guaranteed => contenders[group[0]].pod_shares,
                QosClass::Burstable => sum_by_pod(contenders, group, burstable),
                QosClass::BestEffort => BEST_EFFORT_SHARES,
            }
        },
        &demand,
    );
    let mine: Vec<usize> = all.iter().copied().filter(|at| within(at)).collect();
    let pods = grouped(&mine, |at| contenders[at].pod);
    let same_pod = |at: &usize| contenders[*at].pod == me.pod;
    let given = share_of(given, &pods, &same_pod, &|group| contenders[group[0]].pod_shares, &demand);
    let siblings: Vec<Vec<usize>> = all.iter().filter(|at| same_pod(at)).map(|at| vec![*at]).collect();
    share_of(given, &siblings, &|at| *at == wanted, &|group| contenders[group[0]].shares, &demand)
}

/// Each pod counts once, however many of its containers compete.
fn sum_by_pod(contenders: &[Contender], group: &[usize], shares: impl Iterator<Item = u64>) -> u64 {
    let mut last = None;
    let mut sum = 0;
    for (at, shares) in group.iter().zip(shares) {
        if last.replace(contenders[*at].pod) != Some(contenders[*at].pod) {
            sum += shares;
        }
    }
    sum
}

fn grouped<K: Ord>(members: &[usize], key: impl Fn(usize) -> K) -> Vec<Vec<usize>> {
    let mut groups: std::collections::BTreeMap<K, Vec<usize>> = std::collections::BTreeMap::new();
    for at in members {
        groups.entry(key(*at)).or_default().push(*at);
    }
    groups.into_values().collect()
}

/// What the group gets that holds the wanted contender.
fn share_of(
    capacity: u64,
    groups: &[Vec<usize>],
    is_wanted: &dyn Fn(&usize) -> bool,
    weight: &dyn Fn(&[usize]) -> u64,
    demand: &dyn Fn(usize) -> u64,
) -> u64 {
    let claims: Vec<Claim> = groups
        .iter()
        .map(|group| Claim { weight: weight(group), demand_milli: group.iter().map(|at| demand(*at)).sum() })
        .collect();
    let given = divide(capacity, &claims);
    let mine = groups.iter().position(|group| group.iter().any(is_wanted));
    mine.map_or(capacity, |at| given[at])
}

impl PodCx<'_, '_> {
    fn set_cpu_ceiling(&mut self, index: usize, ceiling_milli: u64) {
        let now = self.ctx.now;
        let Some(instance) = &mut self.pod.containers[index].running else { return };
        if instance.app.set_cpu_ceiling(ceiling_milli, now) {
            self.bind_ports(index);
            self.wake_probes();
        }
    }
}
