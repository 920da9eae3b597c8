//! What local plugins have said of each node for pods of each template, valid until the node changes.
//!
//! Between two pods of one template a cluster differs by the one node that took the first. So filters and scores that
//! look at nothing but spec and node ([`Locality::Node`](super::framework::Locality)) are asked again for that node
//! only. What is kept is what the plugins said, so decisions are the same with and without.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::framework::{PluginId, Status};
use super::ids::NodeId;
use super::template::{Template, TemplateId};
use crate::base::LookupMap;

/// What was said against a node. Statuses are few, so each is kept once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RejectionId(u32);

/// A refusal with the plugin that said it; none for nodes that were not even looked at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rejection {
    /// The plugin.
    pub plugin: Option<PluginId>,
    /// What it said.
    pub status: Status,
}

/// All refusals so far.
#[derive(Clone, Debug, Default)]
pub struct Rejections {
    list: Vec<Rejection>,
    ids: LookupMap<Rejection, RejectionId>,
    /// The one asked for last: most nodes are refused like the node before.
    last: RejectionId,
}

impl Rejections {
    /// The id of a refusal.
    pub fn intern(&mut self, plugin: Option<PluginId>, status: Status) -> RejectionId {
        let rejection = Rejection { plugin, status };
        if self.list.get(self.last.0 as usize) == Some(&rejection) {
            return self.last;
        }
        let known = self.ids.get(&rejection).copied();
        self.last = known.unwrap_or_else(|| {
            let id = RejectionId(self.list.len() as u32);
            self.list.push(rejection.clone());
            self.ids.insert(rejection, id);
            id
        });
        self.last
    }

    /// How often each refusal is among these.
    pub fn counts(&self, refusals: impl Iterator<Item = RejectionId>) -> Vec<(RejectionId, usize)> {
        let mut counts = vec![0; self.list.len()];
        refusals.for_each(|id| counts[id.0 as usize] += 1);
        let given = counts.into_iter().enumerate().filter(|(_, count)| *count > 0);
        given.map(|(at, count)| (RejectionId(at as u32), count)).collect()
    }

    /// A refusal by its id.
    pub fn get(&self, id: RejectionId) -> &Rejection {
        &self.list[id.0 as usize]
    }
}

/// Numbers that memos may hold together before those not used for longest are dropped (8 bytes each).
const SIZE_MAX: usize = 8 << 20;

/// Memos by profile and template.
#[derive(Clone, Debug, Default)]
pub struct Memos {
    by_template: BTreeMap<(u16, TemplateId), Slot>,
    clock: u64,
    size: usize,
}

#[derive(Clone, Debug)]
struct Slot {
    template: Arc<Template>,
    last_used: u64,
    memo: Option<Memo>,
}

/// What was said about nodes for pods of one template.
#[derive(Clone, Debug, Default)]
pub struct Memo {
    cells: Vec<Cell>,
    /// The filters whose verdicts are kept, in order.
    filters: Vec<PluginId>,
    /// The plugins whose scores are kept, in order.
    scorers: Vec<PluginId>,
    scores: Vec<i64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    /// The generation of the node that this is about; 0 = nothing is known.
    generation: u64,
    /// The refusal, in the form of [`Cell::verdict`], and whether there are scores.
    said: u32,
}

/// Set in [`Cell::said`] when the scores are of this generation, too.
const SCORED: u32 = 1 << 31;

impl Cell {
    fn new(generation: u64, rejection: Option<RejectionId>) -> Self {
        Self { generation, said: rejection.map_or(0, |id| id.0 + 1) }
    }

    /// 0 stands for none, so numbers are one higher.
    fn verdict(self) -> Option<RejectionId> {
        (self.said & !SCORED).checked_sub(1).map(RejectionId)
    }
}

impl Memos {
    /// The memo of a template for another cycle; none when it is seen for the first time, because most specs that come
    /// alone stay alone.
    pub fn begin(&mut self, profile: u16, template: &Arc<Template>) -> Option<&mut Memo> {
        self.clock += 1;
        let key = (profile, template.id);
        let fresh = || Slot { template: template.clone(), last_used: 0, memo: None };
        let slot = self.by_template.entry(key).or_insert_with(fresh);
        if !Arc::ptr_eq(&slot.template, template) {
            // The number was given to another template.
            self.size -= slot.memo.as_ref().map_or(0, Memo::size);
            *slot = fresh();
        }
        let seen_before = slot.last_used > 0;
        slot.last_used = self.clock;
        if !seen_before {
            return None;
        }
        if slot.memo.is_none() {
            slot.memo = Some(Memo::default());
        }
        if self.size > SIZE_MAX {
            self.drop_oldest_half();
        }
        self.by_template.get_mut(&key)?.memo.as_mut()
    }

    /// The memo of a template that has one.
    pub fn current(&mut self, profile: u16, template: &Arc<Template>) -> Option<&mut Memo> {
        let slot = self.by_template.get_mut(&(profile, template.id))?;
        slot.memo.as_mut().filter(|_| Arc::ptr_eq(&slot.template, template))
    }

    /// Notes how much a memo has grown.
    pub fn note_growth(&mut self, numbers: usize) {
        self.size += numbers;
    }

    fn drop_oldest_half(&mut self) {
        let mut uses: Vec<u64> = self.by_template.values().map(|slot| slot.last_used).collect();
        uses.sort_unstable();
        let median = uses[uses.len() / 2];
        self.by_template.retain(|_, slot| slot.last_used >= median);
        self.size = self.by_template.values().filter_map(|slot| slot.memo.as_ref()).map(Memo::size).sum();
    }
}

impl Memo {
    fn size(&self) -> usize {
        self.cells.len() * 2 + self.scores.len()
    }

    /// Makes room for nodes up to `nodes`. Returns by how much it grew.
    pub fn reach(&mut self, nodes: usize) -> usize {
        let before = self.size();
        if self.cells.len() < nodes {
            self.cells.resize(nodes, Cell::default());
            self.scores.resize(nodes * self.scorers.len(), 0);
        }
        self.size() - before
    }

    /// Says whose verdicts are to be kept: those of all these filters together.
    pub fn keep_verdicts_of(&mut self, filters: &[PluginId]) {
        if self.filters != filters {
            self.filters = filters.to_vec();
            self.cells.fill(Cell::default());
        }
    }

    /// Says whose scores are to be kept. Returns by how much it grew.
    pub fn keep_scores_of(&mut self, scorers: &[PluginId]) -> usize {
        if self.scorers == scorers {
            return 0;
        }
        let before = self.size();
        self.scorers = scorers.to_vec();
        self.cells.iter_mut().for_each(|cell| cell.said &= !SCORED);
        self.scores.resize(self.cells.len() * scorers.len(), 0);
        self.size().saturating_sub(before)
    }

    /// What the filters said of a node at this generation.
    pub fn verdict(&self, node: NodeId, generation: u64) -> Option<Option<RejectionId>> {
        let cell = self.cells[node.index()];
        (cell.generation == generation).then(|| cell.verdict())
    }

    /// Keeps what the filters said.
    pub fn set_verdict(&mut self, node: NodeId, generation: u64, rejection: Option<RejectionId>) {
        self.cells[node.index()] = Cell::new(generation, rejection);
    }

    /// The scores of a node at this generation, in the order of the scorers.
    pub fn scores(&mut self, node: NodeId, generation: u64, score: impl FnOnce(&mut [i64])) -> &[i64] {
        let width = self.scorers.len();
        let scores = &mut self.scores[node.index() * width..][..width];
        let cell = &mut self.cells[node.index()];
        let is_current = cell.generation == generation;
        if !(is_current && cell.said & SCORED != 0) {
            score(scores);
            // Without a verdict of this generation nothing says until when the scores hold.
            cell.said = if is_current { cell.said | SCORED } else { cell.said & !SCORED };
        }
        scores
    }
}
