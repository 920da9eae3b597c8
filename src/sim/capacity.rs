//! Questions of capacity: which pods fit, how many more would, how many nodes are missing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::run::{RunError, RunOptions, Simulation};
use super::settle::{settle, turned_down};
use crate::api::pod::Pod;
use crate::api::{Kind, Object, ObjectMeta};
use crate::base::Name;
use crate::bench::usage::Usage;
use crate::control::scheduler::{Decision, PodId, Scheduler};
use crate::kernel::{SimDuration, SimTime};
use crate::scenario::{NodePlan, Scenario};

/// More replicas than this are not counted.
const MORE_MAX: usize = 1000;

/// A pod that has no node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Its namespace.
    pub namespace: Name,
    /// Its name.
    pub name: Name,
    /// Why, in the scheduler's words; empty when no scheduler has looked at it.
    pub message: String,
}

/// How many more pods of a workload would fit, if nothing else changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headroom {
    /// `deployment/web`, with its namespace.
    pub namespace: Name,
    /// What it is called.
    pub workload: String,
    /// Its pods that have a node.
    pub placed: usize,
    /// How many more; at most `MORE_MAX`.
    pub more: usize,
}

impl Headroom {
    /// The number as people read it.
    pub fn more_text(&self) -> String {
        if self.more == MORE_MAX { format!("{MORE_MAX} or more") } else { self.more.to_string() }
    }
}

/// What came of the pods of some manifests.
#[derive(Clone, Debug, Default)]
pub struct Capacity {
    /// Pods.
    pub pods: usize,
    /// Those without a node, by namespace and name.
    pub misfits: Vec<Misfit>,
    /// The nodes afterwards.
    pub usage: Usage,
    /// Room for more, by namespace and workload.
    pub headroom: Vec<Headroom>,
    /// Virtual time from creation to binding, of the pods that have a node, ascending.
    pub latencies: Vec<SimDuration>,
}

/// Where the pods of a scenario go, without its steps.
///
/// # Errors
/// When time stands still.
pub fn capacity(scenario: &Scenario, options: &RunOptions) -> Result<(Capacity, Simulation), RunError> {
    let simulation = settle(scenario, options)?;
    let mut capacity = Capacity::default();
    for pod in pods(&simulation) {
        capacity.pods += 1;
        if pod.node_name.is_none() {
            capacity.misfits.push(Misfit {
                namespace: pod.metadata.namespace.clone(),
                name: pod.metadata.name.clone(),
                message: turned_down(pod).unwrap_or_default().to_owned(),
            });
        }
    }
    capacity.misfits.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    if let Some(scheduler) = &simulation.world.scheduler {
        capacity.usage = Usage::of(scheduler.engine(), &scenario.target_workload());
        capacity.headroom = headroom(&simulation, scheduler.engine());
        capacity.latencies = scheduler.latencies();
        capacity.latencies.sort_unstable();
    }
    Ok((capacity, simulation))
}

fn pods(simulation: &Simulation) -> impl Iterator<Item = &Arc<Pod>> {
    let all = simulation.world.api.objects().of(Kind::Pod).iter();
    all.filter_map(|(_, object)| if let Object::Pod(pod) = object { Some(pod) } else { None })
}

/// What controls a pod in the end: of a Deployment's pods the Deployment, not its ReplicaSet.
fn workload_of(simulation: &Simulation, of: &ObjectMeta) -> Option<(Kind, Name)> {
    let owner = of.controller()?;
    let kind = Kind::from_word(&owner.kind)?;
    let found = simulation.world.api.objects().find(kind, &of.namespace, &owner.name);
    let above = found.and_then(|(_, object)| workload_of(simulation, object.metadata()));
    above.or_else(|| Some((kind, owner.name.clone())))
}

/// Tries one pod after the other of every workload whose number of replicas is free.
fn headroom(simulation: &Simulation, scheduler: &Scheduler) -> Vec<Headroom> {
    let mut workloads: BTreeMap<(Name, String), (Arc<Pod>, usize)> = BTreeMap::new();
    let mut fresh = PodId(0);
    for (index, object) in simulation.world.api.objects().of(Kind::Pod).iter() {
        let Object::Pod(pod) = object else { continue };
        fresh = fresh.max(PodId(index + 1));
        let Some((kind, name)) = workload_of(simulation, &pod.metadata) else { continue };
        if matches!(kind, Kind::DaemonSet | Kind::Job | Kind::CronJob) {
            continue;
        }
        let label = format!("{}/{name}", kind.names().singular);
        let entry = workloads.entry((pod.metadata.namespace.clone(), label));
        entry.or_insert_with(|| (pod.clone(), 0)).1 += usize::from(pod.node_name.is_some());
    }
    let workloads = workloads.into_iter();
    let headroom = workloads.map(|((namespace, workload), (pod, placed))| Headroom {
        namespace,
        workload,
        placed,
        more: more_like(&pod, scheduler.clone(), fresh, simulation.world.now()),
    });
    headroom.collect()
}

/// How many more pods like this one find a node without preempting any: none, if no profile has their scheduler's name.
fn more_like(pod: &Pod, mut scheduler: Scheduler, fresh: PodId, now: SimTime) -> usize {
    let mut pod = pod.clone();
    pod.node_name = None;
    pod.status = Arc::default();
    let pod = Arc::new(pod);
    if !scheduler.is_responsible_for(&pod) {
        return 0;
    }
    (0..MORE_MAX)
        .take_while(|more| {
            let id = PodId(fresh.0 + *more as u32);
            scheduler.on_pod_added(id, &pod, now);
            match scheduler.schedule(id, 0) {
                Decision::Bind { node } => {
                    scheduler.assume(id, node);
                    true
                }
                Decision::Unschedulable(_) | Decision::Error { .. } => false,
            }
        })
        .count()
}

/// How many nodes of a pool have to be added until every pod has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// So many.
    Nodes(usize),
    /// No number of them helps: with so many, these pods still have none.
    Never(usize, Vec<Misfit>),
}

/// Tries more and more nodes of `pool`.
///
/// # Errors
/// When there is no such pool, or time stands still.
pub fn nodes_missing(scenario: &Scenario, options: &RunOptions, pool: &str) -> Result<Missing, String> {
    let models: Vec<NodePlan> = scenario
        .nodes
        .iter()
        .filter(|plan| plan.pool.as_ref().is_some_and(|name| name == pool))
        .cloned()
        .collect();
    if models.is_empty() {
        return Err(no_pool(scenario, pool));
    }
    let misfits = |more: usize| -> Result<Vec<Misfit>, String> {
        let mut larger = scenario.clone();
        larger.nodes.extend((0..more).map(|at| another(&models, at)));
        let simulation = settle(&larger, options).map_err(|error| error.to_string())?;
        let without = pods(&simulation).filter(|pod| pod.node_name.is_none());
        let misfit = |pod: &Arc<Pod>| Misfit {
            namespace: pod.metadata.namespace.clone(),
            name: pod.metadata.name.clone(),
            message: turned_down(pod).unwrap_or_default().to_owned(),
        };
        Ok(without.map(misfit).collect())
    };
    let unfit = misfits(0)?;
    if unfit.is_empty() {
        return Ok(Missing::Nodes(0));
    }
    // A node for each pod is enough, if any number is; with zones, the right one may be the last.
    let most = unfit.len() * models.len();
    let (mut too_few, mut enough) = (0, 1);
    loop {
        let left = misfits(enough)?;
        if left.is_empty() {
            break;
        }
        if enough >= most {
            return Ok(Missing::Never(enough, left));
        }
        too_few = enough;
        enough = (enough * 2).min(most);
    }
    while enough - too_few > 1 {
        let middle = usize::midpoint(too_few, enough);
        if misfits(middle)?.is_empty() {
            enough = middle;
        } else {
            too_few = middle;
        }
    }
    Ok(Missing::Nodes(enough))
}

/// The n-th further node of a pool: like its nodes, zones taking turns.
fn another(models: &[NodePlan], at: usize) -> NodePlan {
    let mut plan = models[at % models.len()].clone();
    plan.node.metadata.name =
        format!("{}-more-{}", plan.pool.as_ref().map_or("", Name::as_str), at + 1).into();
    plan
}

fn no_pool(scenario: &Scenario, pool: &str) -> String {
    let mut pools: Vec<&str> =
        scenario.nodes.iter().filter_map(|plan| plan.pool.as_ref()).map(Name::as_str).collect();
    pools.dedup();
    if pools.is_empty() {
        return format!("there is no pool `{pool}`: the scenario has no node pools");
    }
    let near = crate::base::suggest::nearest(pool, pools.iter().copied());
    let hint = near.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    format!("there is no pool `{pool}`{hint} (pools: {})", pools.join(", "))
}
