//! Pools of machines: how many there were, for how long, and what they cost.

use std::collections::BTreeMap;

use super::node::NodeState;
use super::recorded::Recorded;
use crate::kernel::SimTime;

const NANOS_PER_HOUR: f64 = 3_600e9;

/// Which machines belong together, and what an hour of one costs.
#[derive(Clone, Debug, Default)]
pub struct Pools {
    pool_of: BTreeMap<String, String>,
    prices: BTreeMap<String, f64>,
}

impl Pools {
    /// The pool of a node. Machines that an autoscaler adds are called `pool-N`.
    pub fn of<'a>(&'a self, node: &'a str) -> &'a str {
        let prefix = || node.rsplit_once('-').map(|(pool, _)| pool);
        let same = |pool: &&str| self.pool_of.values().any(|known| known == pool);
        self.pool_of.get(node).map_or_else(|| prefix().filter(same).unwrap_or(node), String::as_str)
    }

    /// Price of an hour of a machine of a pool.
    pub fn price(&self, pool: &str) -> Option<f64> {
        self.prices.get(pool).copied()
    }
}

/// From nodes with their pools and the price of an hour; a node without a pool is one of its own.
impl<'a> FromIterator<(&'a str, Option<&'a str>, Option<f64>)> for Pools {
    fn from_iter<T: IntoIterator<Item = (&'a str, Option<&'a str>, Option<f64>)>>(nodes: T) -> Self {
        let mut pools = Self::default();
        for (node, pool, price) in nodes {
            let pool = pool.unwrap_or(node).to_owned();
            pools.prices.extend(price.map(|price| (pool.clone(), price)));
            pools.pool_of.insert(node.to_owned(), pool);
        }
        pools
    }
}

/// The machines of a pool over time.
#[derive(Clone, Debug)]
pub struct PoolSeries {
    /// The pool.
    pub name: String,
    /// Price of an hour of one machine.
    pub price: Option<f64>,
    /// From when there were how many, and the nanoseconds of all machines up to then.
    changes: Vec<(SimTime, i64, u128)>,
}

impl PoolSeries {
    fn new(name: String, price: Option<f64>, deltas: BTreeMap<SimTime, i64>) -> Self {
        let mut changes: Vec<(SimTime, i64, u128)> = Vec::with_capacity(deltas.len());
        for (at, delta) in deltas {
            let (before, count, sum) = changes.last().copied().unwrap_or((at, 0, 0));
            changes.push((at, count + delta, sum + grown(before, at, count)));
        }
        Self { name, price, changes }
    }

    fn state(&self, at: SimTime) -> Option<&(SimTime, i64, u128)> {
        let after = self.changes.partition_point(|(from, ..)| *from <= at);
        after.checked_sub(1).map(|index| &self.changes[index])
    }

    /// How many machines there are at a time; `None` before the first.
    pub fn nodes(&self, at: SimTime) -> Option<i64> {
        self.state(at).map(|(_, count, _)| *count)
    }

    /// The most machines at one time.
    pub fn most(&self) -> i64 {
        self.changes.iter().map(|(_, count, _)| *count).max().unwrap_or(0)
    }

    /// Hours that machines have been there up to a time, all together.
    pub fn node_hours(&self, at: SimTime) -> f64 {
        let Some((from, count, sum)) = self.state(at) else { return 0.0 };
        (sum + grown(*from, at, *count)) as f64 / NANOS_PER_HOUR
    }

    /// What they have cost up to a time.
    pub fn cost(&self, at: SimTime) -> Option<f64> {
        self.price.map(|price| price * self.node_hours(at))
    }
}

fn grown(from: SimTime, until: SimTime, count: i64) -> u128 {
    u128::from(until.saturating_since(from).as_nanos()) * count.max(0).unsigned_abs() as u128
}

impl Recorded {
    /// The machines by pool, in the order of names.
    pub fn by_pool(&self, pools: &Pools) -> Vec<PoolSeries> {
        let mut deltas: BTreeMap<&str, BTreeMap<SimTime, i64>> = BTreeMap::new();
        for node in &self.nodes {
            let of_pool = deltas.entry(pools.of(&node.name)).or_default();
            let there = node.states.spans(self.end).filter(|(.., state)| **state != NodeState::Gone);
            for (from, until, _) in there {
                *of_pool.entry(from).or_default() += 1;
                *of_pool.entry(until).or_default() -= i64::from(until < self.end);
            }
        }
        let series = |(name, deltas): (&str, BTreeMap<SimTime, i64>)| {
            PoolSeries::new(name.to_owned(), pools.price(name), deltas)
        };
        deltas.into_iter().map(series).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_cost_while_they_are_there() {
        let hour = |hours: u64| SimTime::from_secs(3600 * hours);
        let deltas = BTreeMap::from([(hour(0), 2), (hour(1), 1), (hour(3), -2)]);
        let pool = PoolSeries::new("small".to_owned(), Some(0.5), deltas);
        assert_eq!([0, 1, 3].map(|at| pool.nodes(hour(at))), [Some(2), Some(3), Some(1)]);
        // 2 for an hour, 3 for two hours, 1 for one hour.
        assert_eq!(pool.node_hours(hour(4)).to_bits(), 9.0_f64.to_bits());
        assert_eq!((pool.most(), pool.cost(hour(2))), (3, Some(2.5)));
    }

    #[test]
    fn machines_that_are_added_belong_to_the_pool_they_are_named_after() {
        let pools: Pools =
            [("small-1", Some("small"), Some(0.2)), ("gateway", None, Some(1.0))].into_iter().collect();
        assert_eq!(
            ["small-1", "small-7", "gateway", "other-3"].map(|node| pools.of(node)),
            ["small", "small", "gateway", "other-3"]
        );
        assert_eq!(
            [pools.price("small"), pools.price("gateway"), pools.price("other-3")],
            [Some(0.2), Some(1.0), None]
        );
    }
}
