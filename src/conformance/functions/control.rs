//! Tables about controllers (1.20): deletion order, rollouts, cron, autoscaling.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Answer, read};
use crate::api::autoscaling::{HpaBehavior, ScalingRules};
use crate::api::core::IntOrString;
use crate::api::pod::PodPhase;
use crate::api::{Timestamp, Uid};
use crate::control::cron::{Dialect, Schedule};
use crate::control::hpa::Rules;
use crate::control::hpa::behavior::{Behavior, Direction, Recommendation, ScaleEvent, Situation};
use crate::control::hpa::replicas::{Calculator, PodView, Proposal, Sample};
use crate::control::ranking::{Candidate, Order, deletion_order};
use crate::control::rollout::{Fenceposts, Rollout, SetView, Sizes};
use crate::kernel::{SimDuration, SimTime};

/// Times that the tables about cron list.
const TIMES_LISTED: usize = 5;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RankedPod {
    name: String,
    node: String,
    phase: PodPhase,
    ready: bool,
    ready_at: i64,
    restarts: i32,
    created_at: i64,
    rank: usize,
}

pub(super) fn active_pods_ranking(input: &Value) -> Answer {
    let pods = Vec::<RankedPod>::deserialize(input).map_err(|error| error.to_string())?;
    let candidates: Vec<Candidate> = pods.iter().map(RankedPod::candidate).collect();
    let names = |order| -> Vec<&str> {
        deletion_order(&candidates, order).into_iter().map(|at| pods[at].name.as_str()).collect()
    };
    Ok(
        json!({ "deleteFirstActivePods": names(Order::Plain), "deleteFirstWithRanks": names(Order::Crowding) }),
    )
}

impl RankedPod {
    fn candidate(&self) -> Candidate {
        Candidate {
            assigned: !self.node.is_empty(),
            phase: self.phase,
            ready: self.ready,
            ready_since: self.ready.then_some(Timestamp::from_secs(self.ready_at)),
            restarts: (self.restarts, 0),
            created: Some(Timestamp::from_secs(self.created_at)),
            deletion_cost: 0,
            crowd: self.rank,
            uid: Uid::default(),
        }
    }
}

pub(super) fn cron_next(input: &Value) -> Answer {
    let text: String = read(input, "schedule")?;
    let schedule = Schedule::parse(&text, Dialect::V1).map_err(|error| error.message)?;
    let mut times = Vec::new();
    let mut last = Some(read::<Timestamp>(input, "after")?);
    for _ in 0..TIMES_LISTED {
        last = last.and_then(|time| schedule.next(time));
        times.push(last);
        if last.is_none() {
            break;
        }
    }
    Ok(json!({ "next": times }))
}

fn fenceposts(input: &Value) -> Result<Rollout, String> {
    let bound = |key| read::<String>(input, key).map(|text| IntOrString::parse(&text));
    let (surge, unavailable) = (bound("maxSurge")?, bound("maxUnavailable")?);
    let replicas = read(input, "replicas")?;
    let bounds =
        Fenceposts::resolve(Some(&surge), Some(&unavailable), replicas).map_err(|e| e.to_string())?;
    let status_replicas = read::<Option<i32>>(input, "statusReplicas")?.unwrap_or(0);
    Ok(Rollout { replicas, status_replicas, bounds: Some(bounds) })
}

pub(super) fn deployment_fenceposts(input: &Value) -> Answer {
    let rollout = fenceposts(input)?;
    Ok(json!({
        "maxSurge": rollout.max_surge(),
        "maxUnavailable": rollout.bounds.map_or(0, |bounds| bounds.unavailable),
        "maxUnavailableClamped": rollout.max_unavailable(),
        "minAvailable": rollout.min_available(),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReplicaSetRow {
    name: String,
    replicas: i32,
    available: i32,
    max_replicas_annotation: Option<i32>,
    desired_replicas_annotation: Option<i32>,
    created_at: i64,
}

impl From<ReplicaSetRow> for SetView {
    fn from(row: ReplicaSetRow) -> Self {
        Self {
            name: row.name.into(),
            replicas: row.replicas,
            available: row.available,
            max_replicas: row.max_replicas_annotation,
            desired_replicas: row.desired_replicas_annotation,
            created: Timestamp::from_secs(row.created_at),
        }
    }
}

/// Reads a step's input and writes its result.
fn deployment_step(input: &Value, step: impl Fn(&Rollout, Option<&SetView>, &[SetView]) -> Sizes) -> Answer {
    let rollout = fenceposts(input)?;
    let new = read::<Option<ReplicaSetRow>>(input, "newRS")?.map(SetView::from);
    let old = read::<Option<Vec<ReplicaSetRow>>>(input, "oldRSs")?.unwrap_or_default();
    let old: Vec<SetView> = old.into_iter().map(SetView::from).collect();
    let sizes = step(&rollout, new.as_ref(), &old);
    let mut result = Map::new();
    if let (Some(new), Some(size)) = (new, sizes.new) {
        result.insert(new.name.to_string(), size.into());
    }
    result.extend(old.iter().zip(sizes.old).map(|(set, size)| (set.name.to_string(), size.into())));
    Ok(result.into())
}

pub(super) fn deployment_proportional_scale(input: &Value) -> Answer {
    deployment_step(input, Rollout::sizes_in_proportion)
}

pub(super) fn deployment_reconcile_new_rs(input: &Value) -> Answer {
    deployment_step(input, |rollout, new, old| Sizes {
        new: new.map(|new| rollout.size_of_new(new, old)),
        old: old.iter().map(|set| set.replicas).collect(),
    })
}

pub(super) fn deployment_reconcile_old_rs(input: &Value) -> Answer {
    deployment_step(input, |rollout, new, old| Sizes {
        new: new.map(|set| set.replicas),
        old: new.map_or_else(Vec::new, |new| rollout.sizes_of_old(new, old)),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MeasuredPod {
    phase: PodPhase,
    deleting: bool,
    ready: bool,
    started_seconds_ago: i64,
    ready_transition_seconds_ago: i64,
    request_milli: i64,
    usage_milli: i64,
    metric_seconds_ago: i64,
}

/// The present of the tables about autoscaling: late enough for every age.
const NOW_SECONDS: i64 = 1_000_000_000;

impl MeasuredPod {
    fn view(&self, window_seconds: i64) -> PodView {
        let ago = |seconds: i64| Timestamp::from_secs(NOW_SECONDS - seconds);
        let sample = Sample { milli: self.usage_milli, taken: ago(self.metric_seconds_ago), window_seconds };
        PodView {
            phase: self.phase,
            terminating: self.deleting,
            ready: Some((self.ready, ago(self.ready_transition_seconds_ago))),
            started: Some(ago(self.started_seconds_ago)),
            request_milli: Some(self.request_milli),
            sample: (self.usage_milli >= 0).then_some(sample),
        }
    }
}

pub(super) fn hpa_replicas(input: &Value) -> Answer {
    let window = read(input, "metricWindowSeconds")?;
    let pods: Vec<PodView> =
        read::<Vec<MeasuredPod>>(input, "pods")?.iter().map(|pod| pod.view(window)).collect();
    let tolerance = read(input, "tolerance")?;
    let calculator = Calculator {
        rules: Rules::V1_20,
        tolerance_up: tolerance,
        tolerance_down: tolerance,
        cpu_initialization_seconds: read(input, "cpuInitializationSeconds")?,
        initial_readiness_delay_seconds: read(input, "initialReadinessDelaySeconds")?,
    };
    let (current, target): (i32, i64) = (read(input, "currentReplicas")?, read(input, "target")?);
    let total = read::<Option<i64>>(input, "objectOrExternalValue")?.unwrap_or(0);
    let now = Timestamp::from_secs(NOW_SECONDS);
    let proposal = match read::<String>(input, "metric")?.as_str() {
        "resourceUtilization" => calculator.for_utilization(current, target as i32, true, now, &pods),
        "resourceAverageValue" => calculator.for_average_value(current, target, true, now, &pods),
        "podsMetric" => calculator.for_average_value(current, target, false, now, &pods),
        "objectMetric" | "externalMetric" => calculator.for_total_value(current, target, total, &pods),
        "externalPerPod" => Ok(calculator.for_value_per_pod(current, target, total)),
        other => return Err(format!("unknown metric {other}")),
    };
    let Proposal { replicas, usage } = proposal.map_err(|error| error.to_string())?;
    Ok(json!({ "replicas": replicas, "utilization": usage }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Aged {
    replicas: i32,
    age_seconds: u64,
}

impl Aged {
    /// Half a second is added to every age, so that none lies on a boundary.
    fn at(&self) -> SimTime {
        let now = SimTime::from_secs(NOW_SECONDS.unsigned_abs());
        now.saturating_sub(SimDuration::from_millis(self.age_seconds * 1000 + 500))
    }
}

pub(super) fn hpa_behavior(input: &Value) -> Answer {
    let aged = |key| read::<Option<Vec<Aged>>>(input, key).map(Option::unwrap_or_default);
    let events = |key| -> Result<Vec<ScaleEvent>, String> {
        Ok(aged(key)?.iter().map(|event| ScaleEvent { change: event.replicas, at: event.at() }).collect())
    };
    let past = aged("pastRecommendations")?;
    let recommendations: Vec<Recommendation> =
        past.iter().map(|past| Recommendation { replicas: past.replicas, at: past.at() }).collect();
    let (ups, downs) = (events("scaleUpEvents")?, events("scaleDownEvents")?);
    let situation = Situation {
        rules: Rules::V1_20,
        now: SimTime::from_secs(NOW_SECONDS.unsigned_abs()),
        current: read(input, "currentReplicas")?,
        proposed: read(input, "metricProposal")?,
        min: read(input, "minReplicas")?,
        max: read(input, "maxReplicas")?,
        recommendations: &recommendations,
        ups: &ups,
        downs: &downs,
    };
    let window = SimDuration::from_secs(read(input, "downscaleStabilizationSeconds")?);
    let decision = match read::<Option<HpaBehavior>>(input, "behavior")? {
        None => situation.decide_without_behavior(window),
        Some(behavior) => {
            let (up, down): (Option<ScalingRules>, Option<ScalingRules>) =
                (behavior.scale_up, behavior.scale_down);
            let down = Direction::down(down.as_ref(), window);
            situation.decide(&Behavior { up: Direction::up(up.as_ref()), down })
        }
    };
    let limited = if decision.limited { "True" } else { "False" };
    Ok(json!({
        "replicas": decision.replicas,
        "ableToScaleReason": decision.able_to_scale.as_str(),
        "scalingLimited": format!("{limited} {}", decision.scaling_limited.as_str()),
    }))
}
