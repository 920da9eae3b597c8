//! Trials on several threads. The result is that of trying one after the other.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// The first number below `count` for which `trial` finds something, and what. Numbers beyond the first find so far
/// are not begun any more.
pub(super) fn first<T: Send>(
    count: u64,
    jobs: usize,
    progress: &(dyn Fn() + Sync),
    trial: impl Fn(u64) -> Option<T> + Sync,
) -> Option<(u64, T)> {
    let next = AtomicU64::new(0);
    let first = AtomicU64::new(u64::MAX);
    let found = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count || number > first.load(Ordering::Relaxed) {
                        break;
                    }
                    if let Some(find) = trial(number) {
                        first.fetch_min(number, Ordering::Relaxed);
                        let mut found = found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                        found.insert(number, find);
                    }
                    progress();
                }
            });
        }
    });
    found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).pop_first()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_find_does_not_depend_on_the_number_of_threads() {
        for jobs in [1, 2, 7] {
            let trial = |number| {
                // Later ones are faster.
                std::thread::sleep(std::time::Duration::from_micros(200 / (number + 1)));
                (number % 10 == 3).then_some(number * 2)
            };
            assert_eq!(first(100, jobs, &|| {}, trial), Some((3, 6)));
            assert_eq!(first(3, jobs, &|| {}, trial), None);
        }
    }
}
