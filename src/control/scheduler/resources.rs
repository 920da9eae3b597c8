//! Resource amounts as the scheduler counts them, and what a pod requests.
//!
//! Follows `framework.Resource` of kube-scheduler v1.34 and `PodRequests` of `k8s.io/component-helpers/resource`: CPU
//! in thousandths, all else in whole units, both rounded up; names that are neither native nor extended resources are
//! ignored.

use std::collections::BTreeMap;

use crate::api::core::ResourceList;
use crate::api::pod::{Container, PodSpec};
use crate::base::{Name, Quantity};

/// Resource name of CPU time.
pub const CPU: &str = "cpu";
/// Resource name of memory.
pub const MEMORY: &str = "memory";
/// Resource name of local scratch space.
pub const EPHEMERAL_STORAGE: &str = "ephemeral-storage";
/// Resource name of the number of pods.
pub const PODS: &str = "pods";

/// What a container without a CPU request counts as where only scores are concerned: 0.1 core.
pub const DEFAULT_MILLI_CPU: i64 = 100;
/// What a container without a memory request counts as where only scores are concerned: 200 MiB.
pub const DEFAULT_MEMORY: i64 = 200 * 1024 * 1024;

/// Amounts of the resources that scheduling looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// CPU in thousandths of a core.
    pub milli_cpu: i64,
    /// Memory in bytes.
    pub memory: i64,
    /// Local scratch space in bytes.
    pub ephemeral_storage: i64,
    /// Extended resources, huge pages and the like, in name order.
    pub scalars: Vec<(Name, i64)>,
}

impl Resources {
    /// The amounts of a list; names that scheduling does not know are left out.
    pub fn from_list(list: &ResourceList) -> Self {
        let mut resources = Self::default();
        for (name, quantity) in list {
            match name.as_str() {
                CPU => resources.milli_cpu = quantity.milli_value(),
                MEMORY => resources.memory = quantity.value(),
                EPHEMERAL_STORAGE => resources.ephemeral_storage = quantity.value(),
                other if is_scalar(other) => resources.scalars.push((name.clone(), quantity.value())),
                _ => {}
            }
        }
        resources
    }

    /// Adds `other`, resource by resource.
    pub fn add(&mut self, other: &Self) {
        self.accumulate(other, 1);
    }

    /// Takes `other` away, resource by resource.
    pub fn subtract(&mut self, other: &Self) {
        self.accumulate(other, -1);
    }

    fn accumulate(&mut self, other: &Self, sign: i64) {
        self.milli_cpu += sign * other.milli_cpu;
        self.memory += sign * other.memory;
        self.ephemeral_storage += sign * other.ephemeral_storage;
        for (name, amount) in &other.scalars {
            match self.scalars.binary_search_by(|(have, _)| have.cmp(name)) {
                Ok(at) => self.scalars[at].1 += sign * amount,
                Err(at) => self.scalars.insert(at, (name.clone(), sign * amount)),
            }
        }
    }

    /// The amount of an extended resource or the like; `None` when it is not listed.
    pub fn scalar(&self, name: &str) -> Option<i64> {
        self.scalars.iter().find(|(have, _)| *have == name).map(|(_, amount)| *amount)
    }

    /// Whether nothing is asked for, not even an amount of 0 of an extended resource.
    pub fn is_empty(&self) -> bool {
        self.milli_cpu == 0 && self.memory == 0 && self.ephemeral_storage == 0 && self.scalars.is_empty()
    }
}

/// Whether a resource is counted although it is not CPU, memory, ephemeral storage or pods
/// (`schedutil.IsScalarResourceName`).
pub fn is_scalar(name: &str) -> bool {
    is_extended(name)
        || name.starts_with("hugepages-")
        || name.starts_with("attachable-volumes-")
        || name.contains("kubernetes.io/")
}

/// Whether a resource is one of a device plugin's (`v1helper.IsExtendedResourceName`).
pub fn is_extended(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/") && !name.starts_with("requests.")
}

/// Which parts of a pod's requests to take.
#[derive(Clone, Copy)]
struct Parts {
    /// `spec.resources` of the pod replaces what its containers add up to.
    pod_level: bool,
    /// A container without a CPU request counts as [`DEFAULT_MILLI_CPU`].
    default_cpu: bool,
    /// A container without a memory request counts as [`DEFAULT_MEMORY`].
    default_memory: bool,
}

impl Parts {
    /// What is written.
    const PLAIN: Self = Self { pod_level: true, default_cpu: false, default_memory: false };
}

/// What a pod requests, in the three ways that scheduling counts it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// What is set aside on the node: the filter and the balance of a node count this.
    pub actual: Resources,
    /// The same by resource name (CPU in thousandths), with those that [`Resources`] leaves out.
    pub listed: BTreeMap<Name, i64>,
    /// CPU and memory of a pod that runs on a node, for scores: every container asks for something.
    pub non_zero: NonZero,
    /// What the score of `NodeResourcesFit` takes a pod to ask for that is to be placed. Pod-level requests do not
    /// count here: upstream leaves them out, which looks like an oversight but decides scores.
    pub scored: BTreeMap<Name, i64>,
}

/// CPU and memory with defaults in place of absent requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NonZero {
    /// CPU in thousandths of a core.
    pub milli_cpu: i64,
    /// Memory in bytes.
    pub memory: i64,
}

impl Requests {
    /// What is set aside for a pod of this spec.
    pub fn actual(spec: &PodSpec) -> Resources {
        Resources::from_list(&requests(spec, Parts::PLAIN))
    }

    /// What a pod of this spec requests.
    pub fn of(spec: &PodSpec) -> Self {
        let list = requests(spec, Parts::PLAIN);
        // With pod-level requests the defaults stand in only for what is requested at no level.
        let pod_level = has_pod_level_requests(spec);
        let non_zero = requests(
            spec,
            Parts {
                pod_level: true,
                default_cpu: !(pod_level && list.contains_key(CPU)),
                default_memory: !(pod_level && list.contains_key(MEMORY)),
            },
        );
        let scored = requests(spec, Parts { pod_level: false, default_cpu: true, default_memory: true });
        let amount = |list: &ResourceList, name: &str| list.get(name).map_or(0, |have| units(name, *have));
        Self {
            actual: Resources::from_list(&list),
            listed: list.iter().map(|(name, have)| (name.clone(), units(name, *have))).collect(),
            non_zero: NonZero { milli_cpu: amount(&non_zero, CPU), memory: amount(&non_zero, MEMORY) },
            scored: scored.iter().map(|(name, have)| (name.clone(), units(name, *have))).collect(),
        }
    }
}

/// Thousandths of CPU, whole units of all else.
fn units(name: &str, quantity: Quantity) -> i64 {
    if name == CPU { quantity.milli_value() } else { quantity.value() }
}

/// `PodRequests`: containers together, or what the largest init step needs if that is more; then pod-level requests;
/// then overhead.
fn requests(spec: &PodSpec, parts: Parts) -> ResourceList {
    let mut together = ResourceList::new();
    for container in &spec.containers {
        add(&mut together, &container_requests(container, parts));
    }
    let (mut sidecars, mut largest_step) = (ResourceList::new(), ResourceList::new());
    for container in &spec.init_containers {
        let mut step = container_requests(container, parts);
        if container.is_sidecar() {
            add(&mut together, &step);
            add(&mut sidecars, &step);
            step.clone_from(&sidecars);
        } else {
            add(&mut step, &sidecars);
        }
        raise(&mut largest_step, &step);
    }
    raise(&mut together, &largest_step);
    if parts.pod_level && has_pod_level_requests(spec) {
        for (name, quantity) in spec.resources.iter().flat_map(|resources| &resources.requests) {
            if is_pod_level(name) {
                together.insert(name.clone(), *quantity);
            }
        }
    }
    add(&mut together, &spec.overhead);
    together
}

fn container_requests(container: &Container, parts: Parts) -> ResourceList {
    let mut requests = container.resources.requests.clone();
    if parts.default_cpu {
        requests.entry(CPU.into()).or_insert(Quantity::from_milli(DEFAULT_MILLI_CPU));
    }
    if parts.default_memory {
        requests.entry(MEMORY.into()).or_insert(Quantity::from_bytes(DEFAULT_MEMORY));
    }
    requests
}

fn has_pod_level_requests(spec: &PodSpec) -> bool {
    spec.resources.as_ref().is_some_and(|resources| resources.requests.keys().any(|name| is_pod_level(name)))
}

fn is_pod_level(name: &str) -> bool {
    matches!(name, CPU | MEMORY) || name.starts_with("hugepages-")
}

fn add(sum: &mut ResourceList, more: &ResourceList) {
    for (name, quantity) in more {
        sum.entry(name.clone()).and_modify(|have| *have += *quantity).or_insert(*quantity);
    }
}

fn raise(least: &mut ResourceList, other: &ResourceList) {
    for (name, quantity) in other {
        least.entry(name.clone()).and_modify(|have| *have = (*have).max(*quantity)).or_insert(*quantity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::pod::{Resources as ContainerResources, RestartPolicy};

    fn container(requests: &[(&str, &str)]) -> Container {
        let requests =
            requests.iter().map(|(name, amount)| ((*name).into(), amount.parse().unwrap())).collect();
        Container { resources: ContainerResources { requests, ..Default::default() }, ..Default::default() }
    }

    #[test]
    fn who_requests_nothing_counts_as_a_tenth_of_a_core_and_200_mebibytes() {
        let spec = PodSpec { containers: vec![container(&[])], ..PodSpec::default() };
        assert_eq!(Requests::of(&spec).non_zero, NonZero { milli_cpu: 100, memory: 209_715_200 });
    }

    fn sidecar(requests: &[(&str, &str)]) -> Container {
        Container { restart_policy: Some(RestartPolicy::Always), ..container(requests) }
    }

    #[test]
    fn init_steps_count_with_the_sidecars_before_them() {
        let spec = PodSpec {
            containers: vec![container(&[("cpu", "300m")])],
            init_containers: vec![
                container(&[("cpu", "450m")]),
                sidecar(&[("cpu", "200m")]),
                container(&[("cpu", "350m")]),
            ],
            ..PodSpec::default()
        };
        // Steps need 450, 200 and 350 + 200; the containers with the sidecar need 500.
        assert_eq!(Requests::of(&spec).actual.milli_cpu, 550);
    }

    #[test]
    fn absent_requests_count_for_scores_only_and_zero_stays_zero() {
        let spec = PodSpec {
            containers: vec![container(&[("cpu", "0")]), container(&[("memory", "1Gi")])],
            ..PodSpec::default()
        };
        let requests = Requests::of(&spec);
        assert_eq!(requests.actual.milli_cpu, 0);
        assert_eq!(requests.non_zero.milli_cpu, 100);
        assert_eq!(requests.non_zero.memory, (1 << 30) + DEFAULT_MEMORY);
    }

    #[test]
    fn pod_level_requests_replace_the_sum_except_in_the_fit_score() {
        let spec = PodSpec {
            containers: vec![container(&[("cpu", "200m")])],
            resources: Some(container(&[("cpu", "1")]).resources),
            overhead: [("cpu".into(), Quantity::from_milli(50))].into_iter().collect(),
            ..PodSpec::default()
        };
        let requests = Requests::of(&spec);
        assert_eq!(requests.actual.milli_cpu, 1050);
        assert_eq!(requests.non_zero, NonZero { milli_cpu: 1050, memory: DEFAULT_MEMORY });
        assert_eq!(requests.scored["cpu"], 250);
    }

    #[test]
    fn only_known_names_are_counted() {
        for (name, expected) in [
            ("nvidia.com/gpu", true),
            ("hugepages-2Mi", true),
            ("storage", false),
            ("requests.example.com/x", false),
            ("batch.kubernetes.io/x", true),
        ] {
            assert_eq!(is_scalar(name), expected, "{name}");
        }
    }
}
