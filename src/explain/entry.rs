//! One entry of the catalogue.

use std::fmt;

/// A word and all there is to say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The word as Kubernetes writes it.
    pub term: &'static str,
    /// What kind of word it is.
    pub topic: Topic,
    /// Other ways to write it.
    pub aliases: &'static [&'static str],
    /// What it means, in a sentence.
    pub meaning: &'static str,
    /// How it comes about.
    pub causes: &'static [&'static str],
    /// What to do.
    pub advice: &'static [&'static str],
    /// Terms to read on with.
    pub see_also: &'static [&'static str],
}

impl Entry {
    /// An entry with nothing but its meaning.
    pub(super) const fn new(topic: Topic, term: &'static str, meaning: &'static str) -> Self {
        Self { term, topic, aliases: &[], meaning, causes: &[], advice: &[], see_also: &[] }
    }

    pub(super) const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub(super) const fn causes(mut self, causes: &'static [&'static str]) -> Self {
        self.causes = causes;
        self
    }

    pub(super) const fn advice(mut self, advice: &'static [&'static str]) -> Self {
        self.advice = advice;
        self
    }

    pub(super) const fn see(mut self, see_also: &'static [&'static str]) -> Self {
        self.see_also = see_also;
        self
    }
}

/// Kinds of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// How a container ended, as a number.
    ExitCode,
    /// What the kernel or another process tells a process.
    Signal,
    /// `state.waiting.reason` of a container.
    WaitingReason,
    /// `state.terminated.reason` of a container.
    TerminatedReason,
    /// `status.reason` of a pod.
    PodReason,
    /// `status.phase` of a pod.
    PodPhase,
    /// A word that only kubectl's STATUS column has.
    Status,
    /// A condition of a pod.
    PodCondition,
    /// A condition of a node.
    NodeCondition,
    /// A condition of a workload.
    WorkloadCondition,
    /// The reason in a condition.
    ConditionReason,
    /// A quality of service class.
    QosClass,
    /// A probe, or a field of one.
    Probe,
    /// `reason` of an event.
    EventReason,
    /// A taint, or the effect of one.
    Taint,
    /// Something that a scenario lets go wrong.
    FaultKind,
    /// A field of a scenario or an AppModel.
    ScenarioField,
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ExitCode => "exit code",
            Self::Signal => "signal",
            Self::WaitingReason => "reason of a waiting container",
            Self::TerminatedReason => "reason of a terminated container",
            Self::PodReason => "reason of a pod",
            Self::PodPhase => "phase of a pod",
            Self::Status => "status that kubectl shows",
            Self::PodCondition => "condition of a pod",
            Self::NodeCondition => "condition of a node",
            Self::WorkloadCondition => "condition of a workload",
            Self::ConditionReason => "reason of a condition",
            Self::QosClass => "QoS class",
            Self::Probe => "probe",
            Self::EventReason => "reason of an event",
            Self::Taint => "taint",
            Self::FaultKind => "fault in a scenario",
            Self::ScenarioField => "field of a scenario",
        })
    }
}
