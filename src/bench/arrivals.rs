//! In which order the pods of a workload arrive, and how many: shuffled, then filled up or thinned out to a load.
//!
//! The procedure of the published comparison. Its random numbers are Go's and cannot be had again, so results agree in
//! distribution, not run by run.

use super::openb::Workload;
use crate::kernel::Streams;

/// By how much the GPU that is asked for exceeds what there is at the end, in tenths: 1.3.
const TUNING_TENTHS: i64 = 13;

/// The pods of `workload` in order of arrival, by their place in it, until they ask for 1.3 times `capacity`
/// (thousandths of a device).
pub fn arrivals(workload: &Workload, capacity: i64, streams: Streams) -> Vec<usize> {
    let mut order: Vec<usize> = (0..workload.pods.len()).collect();
    order.sort_by(|a, b| workload.pods[*a].0.cmp(&workload.pods[*b].0));
    shuffle(&mut order, streams, "arrival order");
    let target = capacity * TUNING_TENTHS / 10;
    let demand = |pod: &usize| &workload.shapes[workload.pods[*pod].1].demand;
    let mut asked: i64 = order.iter().map(|pod| demand(pod).total()).sum();
    if asked == 0 {
        // Nothing asks for a GPU: no number of such pods makes a load.
        return order;
    }
    let draws = streams.stream("arrivals", &workload.name);
    let mut index = 0;
    let mut draw = |below: usize| {
        index += 1;
        draws.below_at(index - 1, below as u64) as usize
    };
    if asked > target {
        while asked > target {
            let gone = order.remove(draw(order.len()));
            asked -= demand(&gone).total();
        }
        return order;
    }
    let original = order.len();
    loop {
        let next = order[draw(original)];
        // As published: compared by what the pod asks of one device, counted with all of them.
        if asked + demand(&next).milli > target {
            return order;
        }
        asked += demand(&next).total();
        order.push(next);
    }
}

/// A random order of `items`, each alike likely (Fisher and Yates).
pub fn shuffle<T>(items: &mut [T], streams: Streams, purpose: &str) {
    let draws = streams.stream(purpose, "");
    for last in (1..items.len()).rev() {
        items.swap(last, draws.below_at(last as u64, last as u64 + 1) as usize);
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::bench::openb::workload;

    fn small() -> Workload {
        let mut text = "name,cpu_milli,memory_mib,num_gpu,gpu_milli".to_owned();
        for at in 0..20 {
            let _ = write!(text, "\np{at:02},1000,1,1,{}", 100 + at % 3 * 450);
        }
        workload("small", "", &text).unwrap()
    }

    #[test]
    fn a_list_is_filled_up_or_thinned_out_to_the_load() {
        let workload = small();
        let asked = |order: &[usize]| -> i64 {
            order.iter().map(|pod| workload.shapes[workload.pods[*pod].1].demand.total()).sum()
        };
        let filled = arrivals(&workload, 20_000, Streams::new(1));
        assert!(filled.len() > 20 && (25_000..=26_000).contains(&asked(&filled)), "{}", asked(&filled));
        let mut first = filled[..20].to_vec();
        first.sort_unstable();
        assert_eq!(first, (0..20).collect::<Vec<_>>(), "each pod comes once before any comes again");
        let thinned = arrivals(&workload, 4_000, Streams::new(1));
        assert!(thinned.len() < 20 && asked(&thinned) <= 5_200);
        assert_ne!(arrivals(&workload, 4_000, Streams::new(2)), thinned);
    }
}
