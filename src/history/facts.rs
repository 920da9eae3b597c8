//! What a history tells the collector of pictures and numbers: the same facts as the run told it.

use super::History;
use crate::kernel::SimTime;
use crate::report::{ChangeOp, Collector, ContainerFact, Fact, Limits, MarkKind, Recorded};
use crate::trace::replay::{Line, Replay};

impl History {
    /// What the run left behind for pictures and numbers.
    pub fn recorded(&self) -> Recorded {
        let mut collector = Collector::new(Limits::default());
        let mut replay = Replay::default();
        for line in &self.lines {
            observe(&mut collector, &mut replay, line);
        }
        collector.finish(self.end)
    }
}

fn observe(collector: &mut Collector, replay: &mut Replay, line: &Line) {
    let at = line.time();
    if let Some(op) = line.op.as_deref() {
        let op = match op {
            "ADDED" => ChangeOp::Added,
            "DELETED" => ChangeOp::Deleted,
            _ => ChangeOp::Modified,
        };
        let before = replay.object_of(line);
        replay.apply(line);
        let Some(new) = replay.object_of(line).or_else(|| before.clone()) else { return };
        collector.observe(&Fact::Change { at, op, old: before.as_ref(), new: &new });
        return;
    }
    if let Some(traffic) = &line.traffic {
        let (namespace, service) = (&line.namespace.as_str().into(), &line.name.as_str().into());
        collector.observe(&Fact::Traffic { at, namespace, service, sample: &traffic.sample() });
        return;
    }
    if let Some(sample) = line.usage {
        collector.observe(&Fact::Usage { at, sample });
        return;
    }
    if let Some(fact) = other(line, at) {
        collector.observe(&fact);
    }
}

/// What a line tells that is no change of an object.
fn other(line: &Line, at: SimTime) -> Option<Fact<'_>> {
    let mark =
        |kind| Fact::Mark { at, until: line.until_ns.map(SimTime::from_nanos), kind, label: &line.message };
    if let Some(container) = &line.container {
        let what = match line.event.as_str() {
            "ImagePulling" => ContainerFact::Pulling,
            "ImagePulled" => ContainerFact::Pulled,
            "ContainerStarted" => ContainerFact::Started { restart: container.restart? },
            _ => {
                let code = container.exit_code?;
                let signal = (code > 128 && code < 160).then(|| code - 128);
                ContainerFact::Exited { code, signal, reason: &line.reason }
            }
        };
        let (namespace, pod) = (line.namespace.as_str(), line.name.as_str());
        return Some(Fact::Container {
            at,
            namespace,
            pod,
            container: &container.name,
            what,
            node: &container.node,
        });
    }
    match line.event.as_str() {
        "Fault" => Some(mark(MarkKind::Fault)),
        "FaultEnd" => Some(mark(MarkKind::FaultEnd)),
        "Step" => Some(mark(MarkKind::Step)),
        "Expectation" if line.reason == "Missed" => Some(mark(MarkKind::Expectation)),
        "PowerOff" | "PowerOn" => Some(Fact::Power { at, node: &line.name, up: line.event == "PowerOn" }),
        _ => None,
    }
}
