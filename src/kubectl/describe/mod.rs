//! The pages of `describe`, kind by kind.
//!
//! Follows `k8s.io/kubectl/pkg/describe` of Kubernetes 1.34, with its headings, indents and order. What the object
//! model does not hold (image IDs, security contexts beyond the seccomp profile) is left empty or out.

mod autoscaling;
mod batch;
mod container;
mod events;
mod generic;
mod kept;
mod node;
mod page;
mod pod;
mod policy;
mod service;
mod template;
mod volume;
mod workload;

use crate::api::pod::PodTemplate;
use crate::api::{ApiError, Object};

use super::get::nothing_found;
use super::parse::Scope;
use super::resource::{Selected, Target, Targets};
use super::select::{Group, select};
use super::source::{Answer, ObjectSource};
use super::verb::Describe;
use page::Page;

impl Describe {
    /// Shows the objects as they are now.
    pub fn answer<S: ObjectSource + ?Sized>(
        &self,
        scope: &Scope,
        default_namespace: &str,
        source: &S,
    ) -> Answer {
        let mut answer = Answer::default();
        let groups = select(&self.targets, scope, default_namespace, source, &mut answer);
        if let Targets::Named(targets) = &self.targets
            && let [target] = &targets[..]
            && groups.is_empty()
        {
            return self.beginning_with(target, scope, default_namespace, source);
        }
        let pages: Vec<String> =
            objects(&groups).map(|object| page(object, source, self.show_events)).collect();
        if pages.is_empty() && !answer.failed {
            answer.notes.push(nothing_found(&self.targets, scope, default_namespace));
        }
        answer.out = pages.join("\n\n");
        answer
    }

    /// Shows everything whose name begins with a name that does not exist.
    fn beginning_with<S: ObjectSource + ?Sized>(
        &self,
        target: &Target,
        scope: &Scope,
        default_namespace: &str,
        source: &S,
    ) -> Answer {
        let mut answer = Answer::default();
        let all = Targets::Selected(Selected { kinds: vec![target.kind], ..Selected::default() });
        let groups = select(&all, scope, default_namespace, source, &mut answer);
        for object in objects(&groups).filter(|object| object.metadata().name.starts_with(&*target.name)) {
            answer.out.push_str(&page(object, source, self.show_events));
            answer.out.push('\n');
        }
        if answer.out.is_empty() {
            answer.fail(ApiError::not_found(target.kind, &target.name).to_string());
        }
        answer
    }
}

/// A pod template as `rollout history --revision` shows it: kubectl leaves its columns unaligned.
pub fn pod_template(template: &PodTemplate) -> String {
    let mut page = Page::default();
    template::template(&mut page, template);
    page.unaligned()
}

fn objects(groups: &[Group]) -> impl Iterator<Item = &Object> {
    groups.iter().flat_map(|group| &group.objects)
}

/// The page of one object.
pub fn page<S: ObjectSource + ?Sized>(object: &Object, source: &S, show_events: bool) -> String {
    let mut page = Page::default();
    match object {
        Object::Pod(pod) => pod::describe(&mut page, pod, source.now()),
        Object::ReplicationController(controller) => {
            workload::replication_controller(&mut page, controller, source);
        }
        Object::Service(service) => service::service(&mut page, service, source),
        Object::DaemonSet(set) => workload::daemon_set(&mut page, set, source),
        Object::Deployment(deployment) => workload::deployment(&mut page, deployment, source),
        Object::ReplicaSet(set) => workload::replica_set(&mut page, set, source),
        Object::StatefulSet(set) => workload::stateful_set(&mut page, set, source),
        Object::HorizontalPodAutoscaler(autoscaler) => autoscaling::describe(&mut page, autoscaler),
        Object::CronJob(cron) => batch::cron_job(&mut page, cron),
        Object::Job(job) => batch::job(&mut page, job),
        Object::Node(node) => node::describe(&mut page, node, source),
        Object::Namespace(namespace) => policy::namespace(&mut page, namespace, source),
        Object::Endpoints(endpoints) => service::endpoints(&mut page, endpoints),
        Object::EndpointSlice(slice) => service::endpoint_slice(&mut page, slice),
        Object::PodDisruptionBudget(budget) => policy::disruption_budget(&mut page, budget),
        Object::PriorityClass(class) => policy::priority_class(&mut page, class),
        Object::ResourceQuota(quota) => policy::quota(&mut page, quota),
        Object::LimitRange(range) => policy::limit_range(&mut page, range),
        Object::ConfigMap(map) => kept::config_map(&mut page, map),
        Object::Secret(secret) => kept::secret(&mut page, secret),
        _ => generic::describe(&mut page, object),
    }
    let has_no_events = matches!(
        object,
        Object::Namespace(_) | Object::ResourceQuota(_) | Object::LimitRange(_) | Object::Secret(_)
    );
    if show_events && !has_no_events {
        events::describe(&mut page, object, source);
    }
    page.finish()
}

#[cfg(test)]
mod tests;
