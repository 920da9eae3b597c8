//! Independent pieces of work on several threads, with results in the order of the pieces.
//!
//! Which thread did what leaves no mark: the results are the same with any number of threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// How many threads the machine runs at once.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// `work(0)`, `work(1)`, ... `work(count - 1)`, done by `jobs` threads. `done` is told after each piece, from any thread.
///
/// ```
/// let squares = shakedown::base::parallel::map(4, 10, |piece| piece * piece, || {});
/// assert_eq!(squares[9], 81);
/// ```
///
/// # Panics
/// When a piece of work panics.
pub fn map<R: Send>(
    jobs: usize,
    count: usize,
    work: impl Fn(usize) -> R + Sync,
    done: impl Fn() + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut finished = Vec::new();
        loop {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            if piece >= count {
                return finished;
            }
            finished.push((piece, work(piece)));
            done();
        }
    };
    let mut results = thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs.clamp(1, count.max(1))).map(|_| scope.spawn(worker)).collect();
        let finished = threads.into_iter().map(|thread| thread.join().expect("no piece of work panics"));
        finished.flatten().collect::<Vec<_>>()
    });
    results.sort_unstable_by_key(|(piece, _)| *piece);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_in_order_whatever_the_number_of_threads() {
        let slow_first = |piece: usize| {
            (0..(20 - piece) * 1000).fold(piece as u64, |sum, n| sum.wrapping_mul(31).wrapping_add(n as u64))
        };
        let alone = map(1, 20, slow_first, || {});
        for jobs in [2, 3, 64] {
            assert_eq!(map(jobs, 20, slow_first, || {}), alone);
        }
        assert_eq!(map(4, 0, |piece| piece, || {}), Vec::<usize>::new());
    }
}
