//! The HorizontalPodAutoscaler: every 15 s, how many replicas the metrics ask for, and one step towards that.
//!
//! Source: `pkg/controller/podautoscaler/horizontal.go`, v1.34; `spec` control plane 5. Metrics come from the metrics APIs
//! as of their last scrape. Without `spec.behavior` its defaults apply.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::autoscaling::{
    HorizontalPodAutoscaler, HpaBehavior, MetricSpec, NamedMetricSource, ResourceMetricSource, ScalingRules,
};
use crate::api::core::{Condition, ConditionStatus, LabelSelector, set_condition};
use crate::api::pod::Pod;
use crate::api::{Kind, Object, ObjectRef, Patch, Request, Selector};
use crate::base::{Name, Quantity};
use crate::component::events::EventType;
use crate::component::metrics::{ContainerUsage, PodMetrics, REQUEST_RATE};
use crate::control::hpa::Rules;
use crate::control::hpa::behavior::{Behavior, Direction, Recommendation, ScaleEvent, Situation};
use crate::control::hpa::replicas::{Calculator, MetricError, PodView, Proposal, Sample};
use crate::control::manager::{About, Desktop};
use crate::kernel::SimDuration;

/// Longer than any window: what is older is forgotten.
const MEMORY: SimDuration = SimDuration::from_secs(3_600);

/// What the controller remembers of an autoscaler.
#[derive(Clone, Debug, Default)]
pub(in crate::control) struct Past {
    recommendations: Vec<Recommendation>,
    ups: Vec<ScaleEvent>,
    downs: Vec<ScaleEvent>,
}

/// What is to be scaled.
struct Scale {
    reference: ObjectRef,
    wanted: i32,
    existing: i32,
    selector: Selector,
}

/// A proposal with the words about it.
struct Proposed {
    proposal: Proposal,
    /// Such as `cpu resource utilization (percentage of request)`.
    metric: String,
    /// The entry of `status.currentMetrics`.
    status: Value,
}

/// Why there is no proposal: the reason of the condition, and the message.
struct Failed(&'static str, String);

impl Desktop<'_, '_> {
    /// One sync of one autoscaler; the next one comes a period later.
    pub(in crate::control) fn sync_autoscaler(&mut self) {
        let Some(autoscaler) = self.mirror.objects().at::<HorizontalPodAutoscaler>(self.key).cloned() else {
            self.desk.autoscalers.remove(&self.key);
            return;
        };
        let period = self.ctx.settings.horizontal_pod_autoscaler_sync_period;
        self.requeue_after(period);
        let mut new = autoscaler.as_ref().clone();
        match self.scale_of(&autoscaler) {
            Ok(scale) => self.scale(&autoscaler, &scale, &mut new),
            Err(message) => {
                self.event(&object(&autoscaler), EventType::Warning, "FailedGetScale", message.clone());
                self.condition(&mut new, "AbleToScale", ConditionStatus::False, "FailedGetScale", &message);
            }
        }
        if new.status != autoscaler.status {
            self.submit(Request::UpdateStatus(new.into()), About::Anything);
        }
    }

    fn scale_of(&self, autoscaler: &HorizontalPodAutoscaler) -> Result<Scale, String> {
        let target = &autoscaler.spec.scale_target_ref;
        let missing = || format!("{}.apps \"{}\" not found", target.kind.to_lowercase(), target.name);
        let kind = Kind::from_manifest(&target.kind).ok_or_else(missing)?;
        let namespace = autoscaler.metadata.namespace.clone();
        let objects = self.mirror.objects();
        let reference = ObjectRef { kind, namespace: namespace.clone(), name: target.name.clone() };
        let scale = |wanted: Option<i32>, existing, selector| Scale {
            reference: reference.clone(),
            wanted: wanted.unwrap_or(1),
            existing,
            selector,
        };
        match objects.find(kind, &namespace, &target.name).map(|(_, object)| object) {
            Some(Object::Deployment(it)) => {
                Ok(scale(it.spec.replicas, it.status.replicas, compiled(it.spec.selector.as_ref())))
            }
            Some(Object::ReplicaSet(it)) => {
                Ok(scale(it.spec.replicas, it.status.replicas, compiled(it.spec.selector.as_ref())))
            }
            Some(Object::StatefulSet(it)) => {
                Ok(scale(it.spec.replicas, it.status.replicas, compiled(it.spec.selector.as_ref())))
            }
            Some(Object::ReplicationController(it)) => {
                Ok(scale(it.spec.replicas, it.status.replicas, Selector::from_labels(&it.spec.selector)))
            }
            _ => Err(missing()),
        }
    }

    fn scale(
        &mut self,
        autoscaler: &HorizontalPodAutoscaler,
        scale: &Scale,
        new: &mut HorizontalPodAutoscaler,
    ) {
        let about = object(autoscaler);
        let (min, max) = (autoscaler.spec.min_replicas.unwrap_or(1), autoscaler.spec.max_replicas);
        let current = scale.wanted;
        let now = self.ctx.now;
        self.past().remember_beginning(current, now);
        self.condition(
            new,
            "AbleToScale",
            ConditionStatus::True,
            "SucceededGetScale",
            "the HPA controller was able to get the target's current scale",
        );
        new.status.current_replicas = scale.existing;
        let (desired, reason) = if current == 0 && min != 0 {
            let message = "scaling is disabled since the replica count of the target is zero";
            self.condition(new, "ScalingActive", ConditionStatus::False, "ScalingDisabled", message);
            (0, String::new())
        } else if current > max {
            (max, "Current number of replicas above Spec.MaxReplicas".to_owned())
        } else if current < min {
            (min, "Current number of replicas below Spec.MinReplicas".to_owned())
        } else {
            match self.proposal(autoscaler, scale, new) {
                Ok((proposed, metric)) => {
                    let reason = if proposed > current {
                        format!("{metric} above target")
                    } else {
                        "All metrics below target".to_owned()
                    };
                    (self.decide(autoscaler, current, proposed, new), reason)
                }
                Err(Failed(reason, message)) => {
                    self.event(&about, EventType::Warning, reason, message.clone());
                    self.event(&about, EventType::Warning, "FailedComputeMetricsReplicas", message);
                    new.status.desired_replicas = current;
                    return;
                }
            }
        };
        new.status.desired_replicas = desired;
        if desired == current {
            return;
        }
        let target = scale.reference.clone();
        self.submit(Request::Patch { target, uid: None, patch: Patch::Replicas(desired) }, About::Anything);
        let message = format!("New size: {desired}; reason: {reason}");
        self.event(&about, EventType::Normal, "SuccessfulRescale", message);
        let message = format!("the HPA controller was able to update the target scale to {desired}");
        self.condition(new, "AbleToScale", ConditionStatus::True, "SucceededRescale", &message);
        new.status.last_scale_time = Some(self.ctx.timestamp());
        let change = ScaleEvent { change: (desired - current).abs(), at: now };
        let past = self.past();
        if desired > current { past.ups.push(change) } else { past.downs.push(change) }
    }

    fn past(&mut self) -> &mut Past {
        self.desk.autoscalers.entry(self.key).or_default()
    }

    /// How many replicas the metrics ask for, and which metric asks for most.
    fn proposal(
        &mut self,
        autoscaler: &HorizontalPodAutoscaler,
        scale: &Scale,
        new: &mut HorizontalPodAutoscaler,
    ) -> Result<(i32, String), Failed> {
        let pods: Vec<Arc<Pod>> = self
            .mirror
            .pods_in_namespace(&autoscaler.metadata.namespace)
            .map(|(_, pod)| pod.clone())
            .filter(|pod| scale.selector.matches(&pod.metadata.labels))
            .collect();
        let calculator = self.calculator(autoscaler.spec.behavior.as_ref());
        let mut best: Option<(i32, String)> = None;
        let mut failures = Vec::new();
        let mut statuses = Vec::new();
        for metric in &autoscaler.spec.metrics {
            match self.one_metric(metric, scale, &pods, &calculator) {
                Ok(Proposed { proposal, metric, status }) => {
                    statuses.push(status);
                    if best.as_ref().is_none_or(|(replicas, _)| proposal.replicas > *replicas) {
                        best = Some((proposal.replicas, metric));
                    }
                }
                Err(failed) => {
                    statuses.push(json!({"type": metric.kind.as_str()}));
                    failures.push(failed);
                }
            }
        }
        new.status.current_metrics = Some(Box::new(Value::Array(statuses)));
        let (bad, all) = (failures.len(), autoscaler.spec.metrics.len());
        let shrinks = best.as_ref().is_some_and(|(replicas, _)| *replicas < scale.wanted);
        if let Some(Failed(reason, message)) = failures.into_iter().next()
            && (bad == all || shrinks)
        {
            let text = format!(
                "the HPA was unable to compute the replica count: invalid metrics ({bad} invalid out of {all}), first \
                 error is: {message}"
            );
            self.condition(new, "ScalingActive", ConditionStatus::False, reason, &text);
            return Err(Failed(reason, message));
        }
        let Some((replicas, metric)) = best else { return Ok((scale.wanted, String::new())) };
        let message = format!("the HPA was able to successfully calculate a replica count from {metric}");
        self.condition(new, "ScalingActive", ConditionStatus::True, "ValidMetricFound", &message);
        Ok((replicas, metric))
    }

    fn one_metric(
        &self,
        metric: &MetricSpec,
        scale: &Scale,
        pods: &[Arc<Pod>],
        calculator: &Calculator,
    ) -> Result<Proposed, Failed> {
        if let Some(source) = metric.resource.as_ref().or(metric.container_resource.as_ref()) {
            return self.resource(source, metric.resource.is_none(), scale, pods, calculator);
        }
        if let Some(source) = &metric.pods {
            return self.pods_metric(source, scale, pods, calculator);
        }
        if let Some(source) = metric.object.as_ref().or(metric.external.as_ref()) {
            return self.total_metric(source, metric.external.is_some(), scale, pods, calculator);
        }
        Err(Failed("InvalidMetricSourceType", format!("unknown metric source type \"{}\"", metric.kind)))
    }

    fn calculator(&self, behavior: Option<&HpaBehavior>) -> Calculator {
        let settings = self.ctx.settings;
        let behavior = behavior.filter(|_| settings.hpa_configurable_tolerance);
        let tolerance = |rules: Option<&ScalingRules>| {
            let own = rules.and_then(|rules| rules.tolerance.as_ref());
            own.map_or(settings.horizontal_pod_autoscaler_tolerance, |own| own.milli_value() as f64 / 1000.0)
        };
        Calculator {
            rules: Rules::of_minor(settings.hpa_rules_of_minor),
            tolerance_up: tolerance(behavior.and_then(|behavior| behavior.scale_up.as_ref())),
            tolerance_down: tolerance(behavior.and_then(|behavior| behavior.scale_down.as_ref())),
            cpu_initialization_seconds: settings.horizontal_pod_autoscaler_cpu_initialization_period.as_secs()
                as i64,
            initial_readiness_delay_seconds: settings
                .horizontal_pod_autoscaler_initial_readiness_delay
                .as_secs() as i64,
        }
    }

    /// The pods as the calculation takes them.
    fn views(
        &self,
        pods: &[Arc<Pod>],
        request: impl Fn(&Pod) -> Option<i64>,
        value: impl Fn(&PodMetrics) -> Option<i64>,
    ) -> Vec<PodView> {
        let view = |pod: &Arc<Pod>| {
            let metrics = self.metrics.pods.get(&pod.metadata.uid);
            let sample = metrics.and_then(|metrics| {
                Some(Sample {
                    milli: value(metrics)?,
                    taken: self.ctx.timestamp_at(metrics.taken),
                    window_seconds: metrics.window.as_secs() as i64,
                })
            });
            let ready = pod.status.conditions.iter().find(|condition| condition.kind == "Ready");
            PodView {
                phase: pod.status.phase,
                terminating: pod.metadata.is_terminating(),
                ready: ready.map(|condition| {
                    (
                        condition.status == ConditionStatus::True,
                        condition.last_transition_time.unwrap_or_default(),
                    )
                }),
                started: pod.status.start_time,
                request_milli: request(pod),
                sample,
            }
        };
        pods.iter().map(view).collect()
    }

    fn resource(
        &self,
        source: &ResourceMetricSource,
        of_container: bool,
        scale: &Scale,
        pods: &[Arc<Pod>],
        calculator: &Calculator,
    ) -> Result<Proposed, Failed> {
        let (resource, target) = (&source.name, &source.target);
        let container = source.container.as_ref().filter(|_| of_container);
        let is_cpu = resource == "cpu";
        let meant = |name: &Name| container.is_none_or(|only| only == name);
        let request = |pod: &Pod| {
            let containers = pod.spec.containers.iter().filter(|it| meant(&it.name));
            containers.map(|it| Some(it.resources.requests.get(resource)?.milli_value())).sum::<Option<i64>>()
        };
        let value = |metrics: &PodMetrics| {
            let containers = metrics.containers.iter().filter(|it| meant(&it.name));
            let usage =
                |it: &ContainerUsage| if is_cpu { it.cpu_milli as i64 } else { it.memory as i64 * 1000 };
            Some(containers.map(usage).sum())
        };
        let views = self.views(pods, request, value);
        let failed = |error: MetricError| {
            Failed("FailedGetResourceMetric", format!("failed to get {resource} utilization: {error}"))
        };
        let samples: Vec<i64> = views.iter().filter_map(|view| Some(view.sample?.milli)).collect();
        let average = samples.iter().sum::<i64>().checked_div(samples.len() as i64).unwrap_or(0);
        let (key, kind) = if container.is_some() {
            ("containerResource", "ContainerResource")
        } else {
            ("resource", "Resource")
        };
        let (proposal, metric, mut shown) = match (target.average_utilization, &target.average_value) {
            (Some(percent), _) => {
                let proposal = calculator
                    .for_utilization(scale.wanted, percent, is_cpu, self.ctx.timestamp(), &views)
                    .map_err(failed)?;
                let metric = format!("{resource} resource utilization (percentage of request)");
                (proposal, metric, json!({"averageUtilization": proposal.usage}))
            }
            (None, Some(value)) => {
                let proposal = calculator
                    .for_average_value(
                        scale.wanted,
                        value.milli_value(),
                        is_cpu,
                        self.ctx.timestamp(),
                        &views,
                    )
                    .map_err(failed)?;
                (proposal, format!("{resource} resource"), json!({}))
            }
            (None, None) => {
                return Err(Failed("FailedGetResourceMetric", "the metric has no target".to_owned()));
            }
        };
        shown["averageValue"] = json!(quantity(average, is_cpu));
        let mut status = json!({"name": resource.as_str(), "current": shown});
        if let Some(container) = container {
            status["container"] = json!(container.as_str());
        }
        Ok(Proposed { proposal, metric, status: json!({"type": kind, key: status}) })
    }

    fn pods_metric(
        &self,
        source: &NamedMetricSource,
        scale: &Scale,
        pods: &[Arc<Pod>],
        calculator: &Calculator,
    ) -> Result<Proposed, Failed> {
        let name = &source.metric.name;
        let views = self.views(pods, |_| Some(0), |metrics| metrics.custom(name));
        let failed = |error: MetricError| {
            Failed("FailedGetPodsMetric", format!("unable to get metric {name}: {error}"))
        };
        let target = source.target.average_value.as_ref().map_or(0, Quantity::milli_value);
        let proposal = calculator
            .for_average_value(scale.wanted, target, false, self.ctx.timestamp(), &views)
            .map_err(failed)?;
        let current = json!({"averageValue": quantity(proposal.usage, true)});
        let status = json!({"type": "Pods", "pods": {"metric": {"name": name.as_str()}, "current": current}});
        Ok(Proposed { proposal, metric: format!("pods metric {name}"), status })
    }

    /// A metric for all replicas together: of a Service, or an external one, which is one of a Service, too: that which
    /// `selector.matchLabels.service` names, or of all Services of the namespace together.
    fn total_metric(
        &self,
        source: &NamedMetricSource,
        external: bool,
        scale: &Scale,
        pods: &[Arc<Pod>],
        calculator: &Calculator,
    ) -> Result<Proposed, Failed> {
        let name = &source.metric.name;
        let reason = if external { "FailedGetExternalMetric" } else { "FailedGetObjectMetric" };
        let service = if external {
            let selector = source.metric.selector.as_ref();
            selector.and_then(|selector| selector.match_labels.get("service").cloned())
        } else {
            source
                .described_object
                .as_ref()
                .filter(|object| object.kind == "Service")
                .map(|object| object.name.clone())
        };
        if !REQUEST_RATE.contains(&&**name) || (!external && service.is_none()) {
            return Err(Failed(reason, format!("unable to get metric {name}: no metrics returned")));
        }
        let namespace = &scale.reference.namespace;
        let meant = self.metrics.services.iter().filter(|((space, own), _)| {
            space == namespace && service.as_ref().is_none_or(|service| service == own)
        });
        let value = meant.map(|(_, milli)| *milli as i64).sum();
        let views = self.views(pods, |_| Some(0), |metrics| metrics.custom(name));
        let (proposal, field) = if let Some(target) = &source.target.average_value {
            (calculator.for_value_per_pod(scale.existing, target.milli_value(), value), "averageValue")
        } else {
            let target = source.target.value.as_ref().map_or(0, Quantity::milli_value);
            let proposal = calculator
                .for_total_value(scale.wanted, target, value, &views)
                .map_err(|error| Failed(reason, format!("unable to get metric {name}: {error}")))?;
            (proposal, "value")
        };
        let (kind, key) = if external { ("External", "external") } else { ("Object", "object") };
        let current = json!({field: quantity(proposal.usage, true)});
        let status = json!({"type": kind, key: {"metric": {"name": name.as_str()}, "current": current}});
        let metric =
            if external { format!("external metric {name}") } else { format!("Service metric {name}") };
        Ok(Proposed { proposal, metric, status })
    }

    /// How far to go now.
    fn decide(
        &mut self,
        autoscaler: &HorizontalPodAutoscaler,
        current: i32,
        proposed: i32,
        new: &mut HorizontalPodAutoscaler,
    ) -> i32 {
        let now = self.ctx.now;
        let window = self.ctx.settings.horizontal_pod_autoscaler_downscale_stabilization;
        let own = autoscaler.spec.behavior.as_ref();
        let behavior = Behavior {
            up: Direction::up(own.and_then(|own| own.scale_up.as_ref())),
            down: Direction::down(own.and_then(|own| own.scale_down.as_ref()), window),
        };
        let rules = Rules::of_minor(self.ctx.settings.hpa_rules_of_minor);
        let past = self.past();
        past.forget_before(now);
        let decision = Situation {
            rules,
            now,
            current,
            proposed,
            min: autoscaler.spec.min_replicas.unwrap_or(1),
            max: autoscaler.spec.max_replicas,
            recommendations: &past.recommendations,
            ups: &past.ups,
            downs: &past.downs,
        }
        .decide(&behavior);
        past.recommendations.push(Recommendation { replicas: proposed, at: now });
        let (able, limit) = (decision.able_to_scale, decision.scaling_limited);
        self.condition(new, "AbleToScale", ConditionStatus::True, able.as_str(), able.message());
        let limited = if decision.limited { ConditionStatus::True } else { ConditionStatus::False };
        self.condition(new, "ScalingLimited", limited, limit.as_str(), limit.message());
        decision.replicas
    }

    fn condition(
        &self,
        autoscaler: &mut HorizontalPodAutoscaler,
        kind: &str,
        status: ConditionStatus,
        reason: &str,
        message: &str,
    ) {
        let condition = Condition {
            kind: kind.into(),
            status,
            reason: Some(reason.into()),
            message: Some(message.into()),
            last_transition_time: Some(self.ctx.timestamp()),
            ..Condition::default()
        };
        set_condition(&mut autoscaler.status.conditions, condition);
    }
}

impl Past {
    /// The size that the controller finds counts as its first recommendation.
    fn remember_beginning(&mut self, replicas: i32, at: crate::kernel::SimTime) {
        if self.recommendations.is_empty() {
            self.recommendations.push(Recommendation { replicas, at });
        }
    }

    fn forget_before(&mut self, now: crate::kernel::SimTime) {
        self.recommendations.retain(|past| now.saturating_since(past.at) <= MEMORY);
        self.ups.retain(|past| now.saturating_since(past.at) <= MEMORY);
        self.downs.retain(|past| now.saturating_since(past.at) <= MEMORY);
    }
}

fn object(autoscaler: &HorizontalPodAutoscaler) -> Object {
    Object::from(autoscaler.clone())
}

/// Thousandths as Kubernetes prints them: `250m`, `3`; memory in bytes.
fn quantity(milli: i64, in_milli: bool) -> String {
    if !in_milli {
        return (milli / 1000).to_string();
    }
    if milli % 1000 == 0 { (milli / 1000).to_string() } else { format!("{milli}m") }
}

fn compiled(selector: Option<&LabelSelector>) -> Selector {
    selector.and_then(|selector| selector.compile().ok()).unwrap_or_else(Selector::nothing)
}
