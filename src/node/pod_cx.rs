//! One pod with all that a step of its life touches, and what every step may do with it.

use super::env::NodeEnv;
use super::host::{HostShared, NodeEvent, SEQ_RELIST};
use super::pod::HostPod;
use crate::api::core::ObjectReference;
use crate::base::Name;
use crate::component::events::{EventType, Reason};
use crate::component::{Class, Ctx};

/// One pod with all that a step of its life touches.
pub(super) struct PodCx<'a, 'c> {
    /// Index of the pod object.
    pub(super) id: u32,
    pub(super) pod: &'a mut HostPod,
    pub(super) host: &'a mut HostShared,
    pub(super) ctx: &'a mut Ctx<'c, NodeEvent>,
    pub(super) env: NodeEnv<'a>,
}

impl PodCx<'_, '_> {
    /// The runtime's truth has changed: the next relist will see it.
    pub(super) fn changed(&mut self) {
        self.pod.dirty = true;
        self.host.dirty.insert(self.id);
        if self.host.relist.is_some() || !self.host.kubelet_works() {
            return;
        }
        let (period, phase) = (self.ctx.settings.pleg_relist_period, self.host.relist_phase);
        let at = self.ctx.next_tick(period, phase, Class::Relist, self.host.target, SEQ_RELIST);
        let handle = self.ctx.schedule(at, Class::Relist, self.host.target, SEQ_RELIST, NodeEvent::Relist);
        self.host.relist = Some(handle);
    }

    /// Reports an event about the pod.
    pub(super) fn pod_event(&mut self, kind: EventType, reason: impl Into<Reason>, message: &str) {
        let about = self.reference(None);
        self.host.events.emit(self.ctx, &mut self.host.client, about, kind, reason, message);
    }

    /// Reports an event about a container.
    pub(super) fn container_event(
        &mut self,
        index: usize,
        kind: EventType,
        reason: &'static str,
        message: String,
    ) {
        let list = if index < self.pod.init_count() { "initContainers" } else { "containers" };
        let path = format!("spec.{list}{{{}}}", self.pod.spec(index).name);
        let about = self.reference(Some(path.into()));
        self.host.events.emit(self.ctx, &mut self.host.client, about, kind, reason, message);
    }

    fn reference(&self, field_path: Option<Name>) -> ObjectReference {
        let metadata = &self.pod.pod.metadata;
        ObjectReference {
            api_version: Some(Name::word("v1")),
            kind: Name::word("Pod"),
            namespace: metadata.namespace.clone(),
            name: metadata.name.clone(),
            uid: metadata.uid,
            field_path,
        }
    }
}
