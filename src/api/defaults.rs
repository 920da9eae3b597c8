//! What the API server fills in where a manifest says nothing.
//!
//! Follows `SetDefaults_*` of `pkg/apis/{core,apps,batch,autoscaling,scheduling}` (1.34). What admission plug-ins add
//! (priority, tolerations, the service account) is in `admission`; allocated addresses are in `services`.
//!
//! An object that is already complete is left untouched, down to its allocation: pods share their spec with the template
//! they come from, and every update passes through here.

mod kept;
mod pod;
mod service;
mod workload;

use std::sync::Arc;

use super::core::ResourceList;
use super::object::Object;
use crate::base::Quantity;

pub use pod::pull_policy;

/// A part of an object that has defaults.
trait Defaults: Clone {
    /// Whether [`Defaults::fill`] would change nothing.
    fn is_complete(&self) -> bool;

    /// Sets what is missing.
    fn fill(&mut self);

    /// Sets what is missing in a shared part, without unsharing it in vain.
    fn fill_shared(shared: &mut Arc<Self>) {
        if !shared.is_complete() {
            Arc::make_mut(shared).fill();
        }
    }
}

/// Implements the two methods for `Option` fields of a type, each with its default; more can be added to both.
macro_rules! option_defaults {
    ($this:ident, $more_complete:expr, $more_fill:block, $($field:ident: $default:expr),* $(,)?) => {
        fn is_complete(&self) -> bool {
            let $this = self;
            $($this.$field.is_some() &&)* $more_complete
        }
        fn fill(&mut self) {
            let $this = self;
            $(if $this.$field.is_none() {
                $this.$field = Some($default);
            })*
            $more_fill
        }
    };
}
use option_defaults;

/// Fills in the defaults of an object of any kind.
pub fn apply_defaults(object: &mut Object) {
    match object {
        Object::Pod(pod) => Defaults::fill_shared(pod),
        Object::ReplicationController(controller) => Defaults::fill_shared(controller),
        Object::Service(service) => Defaults::fill_shared(service),
        Object::DaemonSet(set) => Defaults::fill_shared(set),
        Object::Deployment(deployment) => Defaults::fill_shared(deployment),
        Object::ReplicaSet(set) => Defaults::fill_shared(set),
        Object::StatefulSet(set) => Defaults::fill_shared(set),
        Object::HorizontalPodAutoscaler(autoscaler) => Defaults::fill_shared(autoscaler),
        Object::CronJob(job) => Defaults::fill_shared(job),
        Object::Job(job) => Defaults::fill_shared(job),
        Object::Node(node) => Defaults::fill_shared(node),
        Object::Endpoints(endpoints) => Defaults::fill_shared(endpoints),
        Object::EndpointSlice(slice) => Defaults::fill_shared(slice),
        Object::PriorityClass(class) => Defaults::fill_shared(class),
        Object::ResourceQuota(quota) => Defaults::fill_shared(quota),
        Object::LimitRange(range) => Defaults::fill_shared(range),
        Object::Secret(secret) => Defaults::fill_shared(secret),
        // The others have none, or are only kept.
        _ => {}
    }
}

/// Amounts finer than a thousandth are rounded up to one.
impl Defaults for ResourceList {
    fn is_complete(&self) -> bool {
        self.values().all(Quantity::is_whole_milli)
    }

    fn fill(&mut self) {
        for quantity in self.values_mut() {
            *quantity = quantity.rounded_up_to_milli();
        }
    }
}

impl<T: Defaults> Defaults for Vec<T> {
    fn is_complete(&self) -> bool {
        self.iter().all(Defaults::is_complete)
    }

    fn fill(&mut self) {
        self.iter_mut().for_each(Defaults::fill);
    }
}

/// An absent part stays absent.
impl<T: Defaults> Defaults for Option<Box<T>> {
    fn is_complete(&self) -> bool {
        self.as_ref().is_none_or(|part| part.is_complete())
    }

    fn fill(&mut self) {
        if let Some(part) = self {
            part.fill();
        }
    }
}

#[cfg(test)]
mod tests;
