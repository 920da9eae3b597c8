//! Marks on the time axis: faults, steps, missed expectations.

use super::fact::MarkKind;
use crate::kernel::SimTime;

/// Something to point at on the time axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When it happened.
    pub at: SimTime,
    /// When it was over, if it has an end.
    pub until: Option<SimTime>,
    /// What it is.
    pub kind: MarkKind,
    /// What to write beside it.
    pub label: String,
}

/// The marks of a run, bounded in number.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    marks: Vec<Mark>,
    limit: usize,
}

impl Marks {
    pub(super) fn with_limit(limit: usize) -> Self {
        Self { marks: Vec::new(), limit }
    }

    pub(super) fn add(&mut self, at: SimTime, until: Option<SimTime>, kind: MarkKind, label: &str) {
        if kind == MarkKind::FaultEnd
            && let Some(fault) = self.open_fault(at, label)
        {
            fault.until = Some(at);
            return;
        }
        if self.marks.len() < self.limit {
            self.marks.push(Mark { at, until, kind, label: label.to_owned() });
        }
    }

    /// All marks in the order of time.
    pub(super) fn into_sorted(mut self) -> Vec<Mark> {
        self.marks.sort_by(|a, b| (a.at, a.kind, &a.label).cmp(&(b.at, b.kind, &b.label)));
        self.marks
    }

    fn open_fault(&mut self, at: SimTime, label: &str) -> Option<&mut Mark> {
        self.marks.iter_mut().rev().find(|mark| {
            mark.kind == MarkKind::Fault && mark.label == label && mark.until.is_none_or(|end| end >= at)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_fault_closes_it() {
        let secs = SimTime::from_secs;
        let mut marks = Marks::with_limit(10);
        marks.add(secs(5), None, MarkKind::Fault, "db down");
        marks.add(secs(6), None, MarkKind::Step, "scale");
        marks.add(secs(9), None, MarkKind::FaultEnd, "db down");
        marks.add(secs(9), None, MarkKind::FaultEnd, "unheard of");
        let marks = marks.into_sorted();
        assert_eq!(marks.len(), 3);
        assert_eq!((marks[0].at, marks[0].until), (secs(5), Some(secs(9))));
        assert_eq!(marks[2].kind, MarkKind::FaultEnd);
    }
}
