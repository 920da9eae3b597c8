//! How the scheduler of a scenario is set up: its configuration file, or a policy by name.

use std::collections::BTreeMap;

use super::model::{Manifest, Scenario};
use crate::api::object::Object;
use crate::api::pod::PodSpec;
use crate::api::{Labels, ObjectMeta};
use crate::base::Name;
use crate::control::scheduler::config::{DEFAULT_SCHEDULER_NAME, KubeSchedulerConfiguration};
use crate::control::scheduler::gpu::GpuDemand;
use crate::control::scheduler::policies::Policy;
use crate::control::scheduler::policies::target_workload::{TargetPod, typical};
use crate::control::scheduler::resources::Requests;
use crate::control::scheduler::{ConfigError, Options, Scheduler, TieBreak};

/// What a scenario says about its scheduler.
#[derive(Clone, Debug, Default)]
pub struct SchedulerPlan {
    /// Its configuration file.
    pub configuration: KubeSchedulerConfiguration,
    /// Profiles that rank nodes by a policy, by scheduler name; they take the place of profiles of the file.
    pub policies: BTreeMap<Name, Policy>,
    /// Which of several equally good nodes is taken.
    pub tie_break: TieBreak,
}

impl SchedulerPlan {
    /// Lets a policy rank nodes for pods that name no scheduler.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policies.insert(DEFAULT_SCHEDULER_NAME.into(), policy);
    }

    /// The options of the scheduler. Policies that compare with expected pods expect those of `objects`.
    ///
    /// # Errors
    /// When the configuration is not valid.
    pub fn options(&self, objects: &[Manifest]) -> Result<Options, ConfigError> {
        let mut config = self.configuration.clone();
        for (name, policy) in &self.policies {
            let target = if policy.needs_target() { target_of(objects) } else { Vec::new() };
            let profile = ProfileOf { name, policy: *policy, target: &target }.build();
            match config.profiles.iter_mut().find(|known| known.scheduler_name == *name) {
                Some(known) => *known = profile,
                None => config.profiles.push(profile),
            }
        }
        let options = Options { config, tie_break: self.tie_break, ..Options::default() };
        Scheduler::new(&options).map(|_| options)
    }
}

struct ProfileOf<'a> {
    name: &'a Name,
    policy: Policy,
    target: &'a [TargetPod],
}

impl ProfileOf<'_> {
    fn build(&self) -> crate::control::scheduler::config::ProfileSpec {
        let mut profile = self.policy.profile(self.target);
        profile.scheduler_name = self.name.clone();
        profile
    }
}

impl Scenario {
    /// The options of its scheduler.
    ///
    /// # Errors
    /// When they were changed after loading, and are not valid any more.
    pub fn scheduler_options(&self) -> Result<Options, ConfigError> {
        self.scheduler.options(&self.objects)
    }

    /// The typical pods of its manifests.
    pub fn target_workload(&self) -> Vec<TargetPod> {
        target_of(&self.objects)
    }
}

/// Pods that an object asks for: how many, their annotations and spec. Daemons count once.
fn pods_of(object: &Object) -> Option<(usize, &Labels, &PodSpec)> {
    fn replicas(number: Option<i32>) -> usize {
        usize::try_from(number.unwrap_or(1)).unwrap_or(0)
    }
    fn template(metadata: &ObjectMeta) -> &Labels {
        &metadata.annotations
    }
    match object {
        Object::Pod(pod) => Some((1, &pod.metadata.annotations, &pod.spec)),
        Object::Deployment(it) => {
            let pods = &it.spec.template;
            Some((replicas(it.spec.replicas), template(&pods.metadata), &pods.spec))
        }
        Object::ReplicaSet(it) => {
            let pods = &it.spec.template;
            Some((replicas(it.spec.replicas), template(&pods.metadata), &pods.spec))
        }
        Object::StatefulSet(it) => {
            let pods = &it.spec.template;
            Some((replicas(it.spec.replicas), template(&pods.metadata), &pods.spec))
        }
        Object::DaemonSet(it) => Some((1, template(&it.spec.template.metadata), &it.spec.template.spec)),
        Object::Job(it) => {
            let pods = &it.spec.template;
            Some((replicas(it.spec.parallelism), template(&pods.metadata), &pods.spec))
        }
        _ => None,
    }
}

fn target_of(objects: &[Manifest]) -> Vec<TargetPod> {
    let kinds = objects.iter().filter_map(|manifest| pods_of(&manifest.object));
    let kinds: Vec<(usize, i64, GpuDemand)> = kinds
        .map(|(count, annotations, spec)| {
            let requests = Requests::of(spec);
            let scalars = requests.actual.scalars.iter().map(|(name, amount)| (name, *amount));
            let demand =
                GpuDemand::annotated(annotations).unwrap_or_else(|| GpuDemand::of_resources(scalars));
            (count, requests.actual.milli_cpu, demand)
        })
        .collect();
    typical(kinds.iter().flat_map(|(count, cpu, demand)| std::iter::repeat_n((*cpu, demand), *count)))
}
