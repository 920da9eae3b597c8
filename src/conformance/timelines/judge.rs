//! Which milestones agree: the same value, at the same time after what caused it.

use super::align::{Alignment, align, distance};
use super::milestone::{Life, Reached, Step, What};
use super::recording::Millis;

/// Watches of different kinds are this far apart, so an effect can show before its cause.
const WATCH_SKEW: Millis = 1_500;

/// One recorded milestone and what came of it here.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) subject: String,
    pub(super) what: String,
    pub(super) value: String,
    pub(super) recorded: Millis,
    /// When it happened here, if it did.
    pub(super) ours: Option<Millis>,
    /// How far off it is, measured from its cause.
    pub(super) error: Millis,
    pub(super) tolerance: Millis,
}

impl Judged {
    pub(super) fn agrees(&self) -> bool {
        self.ours.is_some() && self.error <= self.tolerance
    }
}

/// A milestone that only we have.
#[derive(Clone, Debug)]
pub(super) struct Extra {
    pub(super) subject: String,
    pub(super) what: String,
    pub(super) value: String,
    pub(super) at: Millis,
}

/// What came of a comparison.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict {
    pub(super) judged: Vec<Judged>,
    pub(super) extra: Vec<Extra>,
}

/// A milestone that both sides have.
struct Common<'a> {
    life: usize,
    what: &'a What,
    recorded: Millis,
    ours: Millis,
}

/// Compares the recorded objects with ours, `pairs` of them, up to the end of the recording.
pub(super) fn judge(recorded: &[Life], ours: &[Life], pairs: &[Option<usize>], end: Millis) -> Verdict {
    let mut verdict = Verdict::default();
    let mut common = Vec::new();
    let mut open = Vec::new();
    let none = Vec::new();
    for (index, life) in recorded.iter().enumerate() {
        for (what, steps) in &life.tracks {
            let our_steps = pairs[index].and_then(|ours_index| ours[ours_index].tracks.get(what));
            let our_steps = our_steps.unwrap_or(&none);
            let alignment = align(steps, our_steps);
            extras(&alignment, our_steps, life, what, end, &mut verdict);
            for (number, (step, at)) in steps.iter().zip(&alignment.ours).enumerate() {
                if let Some(at) = at {
                    common.push(Common { life: index, what, recorded: step.at, ours: *at });
                }
                open.push((index, what, step, number, *at));
            }
        }
        if let Some(ours_index) = pairs[index] {
            for (what, steps) in &ours[ours_index].tracks {
                if !life.tracks.contains_key(what) {
                    extras(&align(&[], steps), steps, life, what, end, &mut verdict);
                }
            }
        }
    }
    for (_, life) in ours.iter().enumerate().filter(|(index, _)| !pairs.contains(&Some(*index))) {
        for (what, steps) in &life.tracks {
            extras(&align(&[], steps), steps, life, what, end, &mut verdict);
        }
    }
    for (index, what, step, number, at) in open {
        verdict.judged.push(judged(recorded, &common, index, what, step, number, at));
    }
    verdict.judged.sort_by_key(|judged| judged.recorded);
    verdict.extra.sort_by_key(|extra| extra.at);
    verdict
}

fn extras(
    alignment: &Alignment,
    steps: &[Step],
    life: &Life,
    what: &What,
    end: Millis,
    verdict: &mut Verdict,
) {
    for index in &alignment.extra {
        let step = &steps[*index];
        // Near the end the recording may just have missed it.
        if step.at + tolerance(life, what, 0, &step.value) <= end {
            verdict.extra.push(Extra {
                subject: subject(life),
                what: what.to_string(),
                value: step.value.to_string(),
                at: step.at,
            });
        }
    }
}

fn subject(life: &Life) -> String {
    if life.name.is_empty() { String::new() } else { format!("{}/{}", life.kind, life.name) }
}

fn judged(
    recorded: &[Life],
    common: &[Common<'_>],
    index: usize,
    what: &What,
    step: &Step,
    number: usize,
    at: Option<Millis>,
) -> Judged {
    let life = &recorded[index];
    let error = at.map_or(0, |at| error(recorded, common, index, what, step, at));
    Judged {
        subject: subject(life),
        what: what.to_string(),
        value: step.value.to_string(),
        recorded: step.at,
        ours: at,
        error,
        tolerance: tolerance(life, what, number, &step.value),
    }
}

/// How far off a milestone is, measured from what caused it: the last possible cause before it. Watches of different kinds
/// are not in step, so possible causes shortly before that one count as well; and what is at the right time in itself
/// needs no cause.
fn error(
    recorded: &[Life],
    common: &[Common<'_>],
    index: usize,
    what: &What,
    step: &Step,
    at: Millis,
) -> Millis {
    let causes = || {
        common.iter().filter(|cause| {
            let gap = step.at - cause.recorded;
            gap > -WATCH_SKEW
                && (cause.life != index || gap > 0 || (gap == 0 && cause.what != what))
                && may_cause(recorded, cause, index, what)
        })
    };
    let last = causes().map(|cause| cause.recorded.min(step.at)).max().unwrap_or(0);
    let drifts =
        causes().filter(|cause| cause.recorded >= last - WATCH_SKEW).map(|cause| cause.ours - cause.recorded);
    drifts.chain([0]).map(|drift| distance(at - step.at, drift)).min().unwrap_or(0)
}

/// Whether a milestone can bring about `what` of `recorded[effect]`.
fn may_cause(recorded: &[Life], cause: &Common<'_>, effect: usize, what: &What) -> bool {
    let (causing, affected) = (&recorded[cause.life], &recorded[effect]);
    let own = cause.life == effect;
    let family = related(recorded, cause.life, effect);
    let of_node = causing.kind == "Node" && affected.node.as_ref() == Some(&causing.name);
    let wanted = *cause.what == What::Count("wanted");
    match what {
        What::Created => {
            family && !own && matches!(cause.what, What::Deleting | What::Gone | What::Finished | What::Ready)
                || family && wanted
        }
        What::Scheduled | What::Nominated => {
            own && *cause.what == What::Created || !own && *cause.what == What::Gone && causing.kind == "Pod"
        }
        What::Running => own && matches!(cause.what, What::Scheduled | What::Created),
        What::Started => own && matches!(cause.what, What::Scheduled | What::Exited) || of_node,
        What::Exited => own && matches!(cause.what, What::Started | What::Deleting) || of_node,
        What::Ready if affected.kind == "Node" => false,
        What::Ready => own && matches!(cause.what, What::Started | What::Exited | What::Deleting) || of_node,
        What::Finished => own && *cause.what == What::Exited,
        What::Gone => own && matches!(cause.what, What::Exited | What::Deleting | What::Scheduled) || of_node,
        What::Deleting => {
            of_node && matches!(cause.what, What::Taint(_))
                || family
                    && !own
                    && matches!(cause.what, What::Ready | What::Gone | What::Count(_) | What::Condition(_))
                || !own && *cause.what == What::Nominated
        }
        What::Taint(_) => causing.kind == "Node",
        What::Unschedulable => false,
        What::Count("wanted") => family && matches!(cause.what, What::Ready | What::Count(_)),
        What::Count(_) if affected.kind == "Endpoints" => {
            causing.kind == "Pod"
                && causing.namespace == affected.namespace
                && matches!(cause.what, What::Ready | What::Deleting | What::Gone)
        }
        What::Count(_) | What::Condition(_) => family && !(own && cause.what == what),
        What::Event(_) => !matches!(cause.what, What::Event(_)),
    }
}

/// Whether two objects belong to one workload: the same chain of owners leads up from both.
fn related(recorded: &[Life], a: usize, b: usize) -> bool {
    recorded[a].namespace == recorded[b].namespace && root(recorded, a) == root(recorded, b)
}

fn root(recorded: &[Life], index: usize) -> (&str, &str) {
    let life = &recorded[index];
    let Some((kind, name)) = life.owner.as_deref().and_then(|owner| owner.split_once('/')) else {
        return (&life.kind, &life.name);
    };
    let owner = recorded
        .iter()
        .position(|other| other.namespace == life.namespace && other.kind == kind && other.name == name);
    match owner {
        Some(owner) if owner != index => root(recorded, owner),
        _ => (kind, name),
    }
}

/// How far off a milestone may be, by its class.
fn tolerance(life: &Life, what: &What, number: usize, value: &Reached) -> Millis {
    /// Reactions of the API server, the controllers and the scheduler.
    const REACTION: Millis = 2_000;
    const IMAGE_PULL: Millis = 2_500;
    /// What a kubelet does: starts, stops, first restarts, probes.
    const KUBELET: Millis = 4_000;
    /// The detection of node failures, rate-limited evictions, and CronJobs that are looked at every 10 s.
    const SLOW_LOOP: Millis = 11_000;
    /// From the end of the last container of a deleted pod to the end of its object.
    const REMOVAL: Millis = 13_000;
    /// Restarts and pulls that waited in back-off.
    const BACK_OFF: Millis = 16_000;
    let of_cron = life.owner.as_deref().is_some_and(|owner| owner.starts_with("CronJob/"));
    match what {
        What::Count(_) if of_cron => SLOW_LOOP,
        What::Ready if life.kind == "Node" && *value != Reached::Word("True".into()) => SLOW_LOOP,
        What::Taint(taint) if taint.ends_with("NoExecute") => SLOW_LOOP,
        What::Created
        | What::Scheduled
        | What::Deleting
        | What::Nominated
        | What::Unschedulable
        | What::Count(_)
        | What::Condition(_)
        | What::Taint(_) => REACTION,
        What::Started if life.images.contains("slow") => IMAGE_PULL,
        What::Started | What::Exited if number > 1 => BACK_OFF,
        What::Started | What::Exited | What::Running | What::Finished | What::Ready => KUBELET,
        What::Gone => REMOVAL,
        What::Event(event) => match event.split(' ').next().unwrap_or_default() {
            "BackOff" | "Failed" => BACK_OFF,
            "NodeNotReady" => SLOW_LOOP,
            _ if event.ends_with("CronJob") => SLOW_LOOP,
            "Pulling" | "Pulled" | "Created" | "Started" | "Killing" | "Unhealthy" | "MissingClusterDNS"
            | "NodeNotSchedulable" | "NodeSchedulable" => KUBELET,
            _ => REACTION,
        },
    }
}
