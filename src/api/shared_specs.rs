//! Pods of one template share one admitted spec.
//!
//! Defaults and admission add the same things to every pod of a template, so the spec that the first pod got serves all
//! others: in a cluster of 150,000 pods the specs would otherwise be most of the memory. Sharing cannot be observed.

use std::sync::Arc;

use super::match_label_keys;
use super::meta::Uid;
use super::object::{Kind, Object};
use super::pod::{Pod, PodSpec};
use super::store::{Commit, Op};
use crate::base::LookupMap;

/// What admission made of a template.
#[derive(Clone, Debug)]
struct Admitted {
    template: Arc<PodSpec>,
    spec: Arc<PodSpec>,
}

/// The specs last admitted, by the controller whose pods they are.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedSpecs(LookupMap<Uid, Admitted>);

impl SharedSpecs {
    /// The admitted spec of a new pod, if a pod of the same controller has come from the same template before.
    pub(super) fn of(&self, pod: &Pod) -> Option<Arc<PodSpec>> {
        let admitted = self.0.get(&pod.metadata.controller()?.uid)?;
        Arc::ptr_eq(&admitted.template, &pod.spec).then(|| admitted.spec.clone())
    }

    /// Notes what `template` has become in a pod that was created.
    pub(super) fn note(&mut self, template: Arc<PodSpec>, pod: &Pod) {
        // Requirements from `matchLabelKeys` depend on the labels of the pod, which are not part of the spec.
        if let Some(owner) = pod.metadata.controller()
            && !Arc::ptr_eq(&template, &pod.spec)
            && !match_label_keys::is_used(&pod.spec)
        {
            self.0.insert(owner.uid, Admitted { template, spec: pod.spec.clone() });
        }
    }

    /// Forgets what a write makes wrong: admission reads limit ranges and priority classes.
    pub(super) fn committed(&mut self, commit: &Commit) {
        match commit.new.kind() {
            Kind::LimitRange | Kind::PriorityClass => self.0.clear(),
            Kind::Pod | Kind::Event => {}
            _ if commit.op == Op::Deleted => {
                self.0.remove(&commit.new.metadata().uid);
            }
            _ => {}
        }
    }
}

/// The spec of a pod that is to be created, as its template has it; nothing for other kinds.
pub(super) fn template_of(object: &Object) -> Option<Arc<PodSpec>> {
    match object {
        Object::Pod(pod) => Some(pod.spec.clone()),
        _ => None,
    }
}
