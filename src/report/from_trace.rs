//! From the records of a run to facts: the only file here that knows the trace.

use super::collect::Collector;
use super::fact::{ChangeOp, ContainerFact as Did, Fact, MarkKind};
use crate::api::Op;
use crate::trace::{ContainerFact, Detail, Record};

impl Collector {
    /// Takes what a record says; records come in their order.
    pub fn take(&mut self, record: &Record) {
        let at = record.at;
        match &record.detail {
            Detail::None | Detail::Expectation { held: true } => {}
            Detail::Commit(commit) => {
                let op = match commit.op {
                    Op::Added => ChangeOp::Added,
                    Op::Modified => ChangeOp::Modified,
                    Op::Deleted => ChangeOp::Deleted,
                };
                self.observe(&Fact::Change { at, op, old: commit.old.as_ref(), new: &commit.new });
            }
            Detail::Container { container, node, fact } => {
                let what = match fact {
                    ContainerFact::Pulling => Did::Pulling,
                    ContainerFact::Pulled => Did::Pulled,
                    ContainerFact::Started { restart } => Did::Started { restart: *restart },
                    ContainerFact::Exited { code, reason } => {
                        let signal = (*code > 128 && *code < 160).then(|| *code - 128);
                        Did::Exited { code: *code, signal, reason }
                    }
                };
                let (namespace, pod) = (record.subject.namespace.as_str(), record.subject.name.as_str());
                self.observe(&Fact::Container { at, namespace, pod, container, what, node });
            }
            Detail::Power { up } => self.observe(&Fact::Power { at, node: &record.subject.name, up: *up }),
            Detail::Fault { ended, until } => {
                let kind = if *ended { MarkKind::FaultEnd } else { MarkKind::Fault };
                self.observe(&Fact::Mark { at, until: *until, kind, label: &record.message });
            }
            Detail::Traffic(sample) => {
                let (namespace, service) = (&record.subject.namespace, &record.subject.name);
                self.observe(&Fact::Traffic { at, namespace, service, sample });
            }
            Detail::Usage(sample) => self.observe(&Fact::Usage { at, sample: *sample }),
            Detail::Step => {
                self.observe(&Fact::Mark { at, until: None, kind: MarkKind::Step, label: &record.message });
            }
            Detail::Expectation { held: false } => {
                self.observe(&Fact::Mark {
                    at,
                    until: None,
                    kind: MarkKind::Expectation,
                    label: &record.message,
                });
            }
        }
    }
}
