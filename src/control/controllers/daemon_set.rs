//! DaemonSets: one pod on every node that suits.
//!
//! Source: `pkg/controller/daemon/daemon_controller.go` and `update.go`, v1.34; `spec` control plane 4.4.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::core::{
    IntOrString, SelectorOperator, SelectorRequirement, TaintEffect, Toleration, TolerationOperator,
};
use crate::api::node::Node;
use crate::api::pod::{Affinity, NodeAffinity, NodeSelector, NodeSelectorTerm, Pod, PodPhase, PodSpec};
use crate::api::taints::is_tolerated;
use crate::api::workload::{ControllerRevision, DaemonSet, DaemonSetStatus, UpdateStrategyType};
use crate::api::{Commit, Kind, Object, ObjectMeta, Request, Selector};
use crate::base::Name;
use crate::component::Ctx;
use crate::component::events::EventType;
use crate::control::manager::{About, ControllerEvent, ControllerId, ControllerManager, Desktop};

use super::deployment::template_hash;
use super::replicas::{owner_reference, unavailable_for};
use super::revisions::Snapshot;
use super::stateful_set::REVISION_LABEL;

/// The field by which a pod is pinned to its node.
const NAME_FIELD: &str = "metadata.name";

/// A set and what is on each node.
struct View {
    set: Arc<DaemonSet>,
    object: Object,
    hash: String,
    /// The spec that its pods get, without the node.
    spec: PodSpec,
    nodes: Vec<Place>,
}

/// A node and the set's pods on it, the oldest first.
struct Place {
    node: Name,
    should_run: bool,
    should_continue: bool,
    pods: Vec<Arc<Pod>>,
}

/// What is to be done in one pass.
#[derive(Default)]
struct Plan {
    create: Vec<Name>,
    delete: Vec<Arc<Pod>>,
}

impl View {
    fn is_new(&self, pod: &Pod) -> bool {
        pod.metadata.labels.get(REVISION_LABEL).map(Name::as_str) == Some(self.hash.as_str())
    }

    /// How many pods may be missing and how many may be too many while the set is updated.
    fn bounds(&self) -> (i32, i32) {
        let desired = self.nodes.iter().filter(|place| place.should_run).count() as i32;
        let rolling = self.set.spec.update_strategy.rolling_update.as_ref();
        let scaled = |bound: Option<&IntOrString>, otherwise| {
            bound.map_or(otherwise, |bound| bound.scaled(desired, true).unwrap_or(otherwise))
        };
        let surge = scaled(rolling.and_then(|bounds| bounds.max_surge.as_ref()), 0);
        let missing = scaled(rolling.and_then(|bounds| bounds.max_unavailable.as_ref()), 1);
        // Upstream: when both come out as 0, one may be missing, or nothing would ever move.
        (if missing <= 0 && surge <= 0 { 1 } else { missing }, surge)
    }
}

impl Desktop<'_, '_> {
    /// One pass over one DaemonSet.
    pub(in crate::control) fn sync_daemon_set(&mut self) {
        let Some(view) = self.daemon_view() else {
            self.desk.expected.remove(&self.key);
            self.desk.recorded.remove(&self.key);
            self.desk.daemon_backoff.retain(|(key, ..), _| *key != self.key);
            return;
        };
        if !view.set.metadata.is_terminating() {
            self.keep_daemon_history(&view);
        }
        if !view.set.metadata.is_terminating() && self.expectations_met() {
            let mut plan = self.placement(&view);
            if plan.create.is_empty() && plan.delete.is_empty() {
                plan = self.rolling_step(&view);
            }
            self.carry_out(&view, &plan);
        }
        self.update_daemon_status(&view);
    }

    fn daemon_view(&self) -> Option<View> {
        let set = self.mirror.objects().at::<DaemonSet>(self.key)?.clone();
        let spec = daemon_spec(&set.spec.template.spec);
        let mut by_node: BTreeMap<Name, Vec<Arc<Pod>>> = BTreeMap::new();
        for (_, pod) in self.mirror.pods_of(set.metadata.uid) {
            if let Some(node) = target_node(pod) {
                by_node.entry(node).or_default().push(pod.clone());
            }
        }
        let mut nodes: Vec<Place> = Vec::new();
        for (_, node) in self.mirror.objects().iter::<Node>() {
            let (should_run, should_continue) = suits(&spec, node);
            let name = node.metadata.name.clone();
            let pods = by_node.remove(&name).unwrap_or_default();
            nodes.push(Place { node: name, should_run, should_continue, pods });
        }
        let hash = template_hash(&set.spec.template, set.status.collision_count);
        Some(View { object: Object::from(set.as_ref().clone()), set, hash, spec, nodes })
    }

    /// The template has a revision; of the others as many stay as the set wants, and those that pods still have.
    fn keep_daemon_history(&mut self, view: &View) {
        let known = self.revisions_of(view.set.metadata.uid);
        let name = Name::from(format!("{}-{}", view.set.metadata.name, view.hash));
        let template = &view.set.spec.template;
        let hash = (REVISION_LABEL, view.hash.as_str());
        let snapshot = Snapshot { owner: &view.object, template, name: name.clone(), hash };
        self.record_revision(&known, &snapshot);
        let is_live = |revision: &ControllerRevision| {
            let hash = revision.metadata.labels.get(REVISION_LABEL);
            let mut pods = view.nodes.iter().flat_map(|place| &place.pods);
            revision.metadata.name == name || pods.any(|pod| pod.metadata.labels.get(REVISION_LABEL) == hash)
        };
        let limit = view.set.spec.revision_history_limit.unwrap_or(10).max(0) as usize;
        let old = known.iter().filter(|revision| revision.metadata.name != name).count();
        self.forget_revisions(&known, is_live, old.saturating_sub(limit));
    }

    /// Pods where none is, and none where they do not belong.
    fn placement(&mut self, view: &View) -> Plan {
        let (_, surge) = view.bounds();
        let mut plan = Plan::default();
        for place in &view.nodes {
            let staying = place.pods.iter().filter(|pod| !pod.metadata.is_terminating());
            if !place.should_continue {
                plan.delete.extend(staying.cloned());
                continue;
            }
            let (finished, running): (Vec<_>, Vec<_>) =
                staying.cloned().partition(|pod| pod.status.phase.is_terminal());
            for pod in finished {
                if self.may_replace(view, &place.node, &pod) {
                    plan.delete.push(pod);
                }
            }
            if place.pods.is_empty() && place.should_run {
                plan.create.push(place.node.clone());
            } else if surge == 0 {
                // One is enough: the oldest stays.
                plan.delete.extend(running.into_iter().skip(1));
            }
        }
        plan
    }

    /// Whether a pod that has ended may be made anew now. One that failed waits: a kubelet that refuses every pod must
    /// not keep the controller busy.
    fn may_replace(&mut self, view: &View, node: &Name, pod: &Pod) -> bool {
        let (namespace, name) = (&pod.metadata.namespace, &pod.metadata.name);
        if pod.status.phase == PodPhase::Succeeded {
            let message = format!(
                "Found succeeded daemon pod {namespace}/{name} on node {node}, will try to delete it"
            );
            self.event(&view.object, EventType::Normal, "SucceededDaemonPod", message);
            return true;
        }
        let key = (self.key, view.set.status.observed_generation, node.clone());
        let now = self.ctx.now;
        let first = self.ctx.settings.failed_daemon_pod_backoff;
        let longest = self.ctx.settings.max_failed_daemon_pod_backoff;
        let before = self.desk.daemon_backoff.get(&key).copied();
        // Whoever was quiet for twice the longest delay starts anew (`flowcontrol.Backoff`).
        let before = before.filter(|(since, _)| now.saturating_since(*since) <= longest * 2);
        let delay = match before {
            Some((since, delay)) if now.saturating_since(since) < delay => {
                self.requeue_after(delay);
                return false;
            }
            Some((_, delay)) => (delay * 2).min(longest),
            None => first,
        };
        self.desk.daemon_backoff.insert(key, (now, delay));
        let message =
            format!("Found failed daemon pod {namespace}/{name} on node {node}, will try to kill it");
        self.event(&view.object, EventType::Warning, "FailedDaemonPod", message);
        true
    }

    fn is_available(&self, view: &View, pod: &Pod) -> bool {
        let wait = unavailable_for(pod, view.set.spec.min_ready_seconds, self.ctx.timestamp());
        wait == Some(0) && !pod.metadata.is_terminating()
    }

    /// The next pods of the old template to be replaced.
    fn rolling_step(&self, view: &View) -> Plan {
        if view.set.spec.update_strategy.kind == UpdateStrategyType::OnDelete {
            return Plan::default();
        }
        let (max_unavailable, max_surge) = view.bounds();
        if max_surge > 0 {
            self.surge_step(view, max_surge)
        } else {
            self.replace_step(view, max_unavailable)
        }
    }

    /// Old pods make room first: those that are of no use anyway, then as many as may be missing.
    fn replace_step(&self, view: &View, max_unavailable: i32) -> Plan {
        let mut unavailable = 0;
        let (mut useless, mut useful) = (Vec::new(), Vec::new());
        for place in view.nodes.iter().filter(|place| place.should_run) {
            let Some(pod) = place.pods.first() else {
                unavailable += 1;
                continue;
            };
            let available = self.is_available(view, pod);
            unavailable += i32::from(!available);
            if view.is_new(pod) || pod.metadata.is_terminating() {
                continue;
            }
            if available { useful.push(pod.clone()) } else { useless.push(pod.clone()) }
        }
        let room = usize::try_from(max_unavailable - unavailable).unwrap_or(0);
        useless.extend(useful.into_iter().take(room));
        Plan { create: Vec::new(), delete: useless }
    }

    /// New pods come up beside the old ones, which go once the new ones are available.
    fn surge_step(&self, view: &View, max_surge: i32) -> Plan {
        let mut plan = Plan::default();
        let (mut surging, mut candidates) = (0, Vec::new());
        for place in view.nodes.iter().filter(|place| place.should_run) {
            let (new, old): (Vec<_>, Vec<_>) = place.pods.iter().partition(|pod| view.is_new(pod));
            let Some(old) = old.first() else { continue };
            match new.first() {
                None if old.metadata.is_terminating() || !self.is_available(view, old) => {
                    plan.create.push(place.node.clone());
                }
                None => candidates.push(place.node.clone()),
                Some(new) if self.is_available(view, new) && !old.metadata.is_terminating() => {
                    plan.delete.push(Arc::clone(old));
                }
                Some(_) => surging += 1,
            }
        }
        let room = usize::try_from(max_surge - surging).unwrap_or(0);
        plan.create.extend(candidates.into_iter().take(room));
        plan
    }

    fn carry_out(&mut self, view: &View, plan: &Plan) {
        if plan.create.is_empty() && plan.delete.is_empty() {
            return;
        }
        let burst = self.ctx.settings.daemon_set_burst_replicas as usize;
        let nodes = plan.create.iter().take(burst);
        self.create_slowly(nodes.map(|node| daemon_pod(view, node)).collect());
        self.expect_deletions(plan.delete.len().min(burst) as i32);
        for pod in plan.delete.iter().take(burst) {
            self.delete_replica(&view.object, pod);
        }
    }

    fn update_daemon_status(&mut self, view: &View) {
        let mut status = DaemonSetStatus {
            observed_generation: view.set.metadata.generation,
            collision_count: view.set.status.collision_count,
            conditions: view.set.status.conditions.clone(),
            ..DaemonSetStatus::default()
        };
        for place in &view.nodes {
            let first = place.pods.first();
            if !place.should_run {
                status.number_misscheduled += i32::from(first.is_some());
                continue;
            }
            status.desired_number_scheduled += 1;
            let Some(pod) = first else { continue };
            status.current_number_scheduled += 1;
            status.number_ready += i32::from(pod.is_ready());
            let available = unavailable_for(pod, view.set.spec.min_ready_seconds, self.ctx.timestamp());
            status.number_available += i32::from(available == Some(0));
            if let Some(seconds) = available.filter(|seconds| *seconds > 0) {
                self.requeue_after(crate::kernel::SimDuration::from_secs(seconds.unsigned_abs()));
            }
            status.updated_number_scheduled += i32::from(view.is_new(pod));
        }
        status.number_unavailable = status.desired_number_scheduled - status.number_available;
        if status != view.set.status {
            let set = DaemonSet { status, ..view.set.as_ref().clone() };
            self.submit(Request::UpdateStatus(set.into()), About::Anything);
        }
    }
}

/// Where a pod is, or is to be.
fn target_node(pod: &Pod) -> Option<Name> {
    if pod.node_name.is_some() {
        return pod.node_name.clone();
    }
    let required = pod.spec.affinity.as_ref()?.node_affinity.as_ref()?.required.as_ref()?;
    let fields = required.node_selector_terms.iter().flat_map(|term| &term.match_fields);
    fields.filter(|field| field.key == NAME_FIELD).find_map(|field| field.values.first().cloned())
}

/// The template with the tolerations that every DaemonSet pod gets.
fn daemon_spec(template: &PodSpec) -> PodSpec {
    let mut spec = template.clone();
    let mut wanted = vec![
        ("not-ready", TaintEffect::NoExecute),
        ("unreachable", TaintEffect::NoExecute),
        ("disk-pressure", TaintEffect::NoSchedule),
        ("memory-pressure", TaintEffect::NoSchedule),
        ("pid-pressure", TaintEffect::NoSchedule),
        ("unschedulable", TaintEffect::NoSchedule),
    ];
    if spec.host_network {
        wanted.push(("network-unavailable", TaintEffect::NoSchedule));
    }
    for (key, effect) in wanted {
        let toleration = Toleration {
            key: Some(format!("node.kubernetes.io/{key}").into()),
            operator: Some(TolerationOperator::Exists),
            effect: Some(effect),
            ..Toleration::default()
        };
        if !spec.tolerations.contains(&toleration) {
            spec.tolerations.push(toleration);
        }
    }
    spec
}

/// Whether a pod should start on a node, and whether one that is there may stay.
fn suits(spec: &PodSpec, node: &Node) -> (bool, bool) {
    let name = &node.metadata.name;
    let named = spec.node_name.as_ref().is_none_or(|wanted| wanted == name);
    let selected = Selector::from_labels(&spec.node_selector).matches(&node.metadata.labels);
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let required = affinity.and_then(|affinity| affinity.required.as_ref());
    let wanted = required.is_none_or(|required| required.matches(&node.metadata.labels, name));
    if !named || !selected || !wanted {
        return (false, false);
    }
    let repelled_by = |effect: TaintEffect| {
        let mut taints = node.spec.taints.iter().filter(|taint| taint.effect == effect);
        taints.any(|taint| !is_tolerated(taint, &spec.tolerations))
    };
    let evicted = repelled_by(TaintEffect::NoExecute);
    (!evicted && !repelled_by(TaintEffect::NoSchedule), !evicted)
}

fn daemon_pod(view: &View, node: &Name) -> Pod {
    let template = &view.set.spec.template;
    let mut labels = template.metadata.labels.clone();
    labels.insert(REVISION_LABEL, view.hash.as_str());
    let mut spec = view.spec.clone();
    pin(&mut spec, node);
    Pod {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", view.set.metadata.name).into()),
            namespace: view.set.metadata.namespace.clone(),
            labels,
            annotations: template.metadata.annotations.clone(),
            finalizers: template.metadata.finalizers.clone(),
            owner_references: vec![owner_reference(&view.object)],
            ..ObjectMeta::default()
        },
        spec: Arc::new(spec),
        ..Pod::default()
    }
}

/// Requires a node by name; the scheduler does the rest. Terms of the template keep nothing but this, as upstream.
fn pin(spec: &mut PodSpec, node: &Name) {
    let field = SelectorRequirement {
        key: NAME_FIELD.into(),
        operator: SelectorOperator::In,
        values: vec![node.clone()],
    };
    let term = NodeSelectorTerm { match_fields: vec![field], ..NodeSelectorTerm::default() };
    let affinity = spec.affinity.get_or_insert_with(|| Box::new(Affinity::default()));
    let of_node = affinity.node_affinity.get_or_insert_with(NodeAffinity::default);
    of_node.required = Some(NodeSelector { node_selector_terms: vec![term] });
}

impl ControllerManager {
    /// A node came, went or changed: every DaemonSet looks whether it suits.
    pub(in crate::control) fn daemon_nodes_changed(
        &mut self,
        ctx: &mut Ctx<'_, ControllerEvent>,
        commit: &Commit,
    ) {
        let Object::Node(node) = &commit.new else { return };
        if let Some(Object::Node(old)) = &commit.old
            && commit.op == crate::api::Op::Modified
            && old.spec.taints == node.spec.taints
            && old.metadata.labels == node.metadata.labels
        {
            return;
        }
        let sets: Vec<u32> =
            self.mirror.objects().of(Kind::DaemonSet).iter().map(|(index, _)| index).collect();
        for key in sets {
            self.enqueue(ctx, ControllerId::DaemonSet, key);
        }
    }
}
