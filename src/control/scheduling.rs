//! stub scheduler component
use crate::api::node::Node;
use crate::api::pod::Pod;
use crate::api::*;
use crate::base::Name;
use crate::component::{ApiClient, Class, Ctx, Mirror, Origin, Settings};
use std::collections::BTreeSet;
/// stub
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchedulerEvent {
    /// cycle
    Cycle,
}
/// stub
#[derive(Clone, Debug)]
pub struct SchedulerComponent {
    mirror: Mirror,
    client: ApiClient,
    pending: BTreeSet<u32>,
    assumed: std::collections::BTreeMap<u32, Name>,
    scheduled: bool,
    recorder: crate::component::EventRecorder,
}
#[expect(missing_docs, reason = "stub")]
impl SchedulerComponent {
    pub fn new(settings: &Settings, objects: &Objects, _incarnation: u32) -> Self {
        let client = ApiClient::new(
            Origin::Scheduler,
            "default-scheduler",
            100,
            settings.scheduler_qps,
            settings.scheduler_burst,
        );
        let pending = objects.iter::<Pod>().filter(|(_, p)| p.node_name.is_none()).map(|(i, _)| i).collect();
        Self {
            mirror: Mirror::of(objects),
            client,
            pending,
            assumed: Default::default(),
            scheduled: false,
            recorder: crate::component::EventRecorder::new("default-scheduler", None),
        }
    }
    pub fn start(&mut self, ctx: &mut Ctx<'_, SchedulerEvent>) {
        self.wake(ctx);
    }
    fn wake(&mut self, ctx: &mut Ctx<'_, SchedulerEvent>) {
        if !self.scheduled && !self.pending.is_empty() {
            self.scheduled = true;
            ctx.schedule(ctx.now, Class::Scheduler, 0, 0, SchedulerEvent::Cycle);
        }
    }
    pub fn deliver(&mut self, ctx: &mut Ctx<'_, SchedulerEvent>, commit: &Commit) {
        ctx.trace.set_cause(commit.record);
        self.mirror.apply(commit);
        if let Object::Pod(pod) = &commit.new {
            if commit.op == Op::Deleted || pod.node_name.is_some() {
                self.pending.remove(&commit.id.index);
                self.assumed.remove(&commit.id.index);
            } else if !pod.metadata.is_terminating() && !self.assumed.contains_key(&commit.id.index) {
                self.pending.insert(commit.id.index);
            }
        }
        self.wake(ctx);
    }
    pub fn handle(&mut self, ctx: &mut Ctx<'_, SchedulerEvent>, _event: SchedulerEvent) {
        self.scheduled = false;
        for id in std::mem::take(&mut self.pending) {
            let Some(pod) = self.mirror.objects().at::<Pod>(id).cloned() else { continue };
            let mut best: Option<(usize, Name)> = None;
            for (_, node) in self.mirror.objects().iter::<Node>() {
                let bad =
                    node.spec.taints.iter().any(|t| !pod.spec.tolerations.iter().any(|x| x.tolerates(t)));
                if bad || node.spec.unschedulable {
                    continue;
                }
                let name = node.metadata.name.clone();
                let n = self.mirror.pods_on(&name).count()
                    + self.assumed.values().filter(|a| **a == name).count();
                if best.as_ref().is_none_or(|(b, _)| n < *b) {
                    best = Some((n, name));
                }
            }
            if let Some((_, node)) = best {
                self.assumed.insert(id, node.clone());
                let request = Request::Bind {
                    namespace: pod.metadata.namespace.clone(),
                    name: pod.metadata.name.clone(),
                    uid: pod.metadata.uid,
                    node: node.clone(),
                };
                self.client.submit(ctx, request, Some(u64::from(id)));
                let about = crate::control::manager::reference_to(&Object::Pod(pod.clone()));
                let m = format!(
                    "Successfully assigned {}/{} to {node}",
                    pod.metadata.namespace, pod.metadata.name
                );
                self.recorder.emit(
                    ctx,
                    &mut self.client,
                    about,
                    crate::component::events::EventType::Normal,
                    "Scheduled",
                    m,
                );
            } else {
                self.pending.insert(id);
            }
        }
    }
    pub fn reply(&mut self, _ctx: &mut Ctx<'_, SchedulerEvent>, _token: u64, _result: &ApiResult) {}
}
