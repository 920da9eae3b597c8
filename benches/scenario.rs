//! Whole runs of shipped scenarios: what one virtual minute of a small cluster costs.

use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use shakedown::kernel::SimTime;
use shakedown::scenario::{any_line, load};
use shakedown::sim::{RunOptions, Simulation};

fn scenarios(criterion: &mut Criterion) {
    for name in ["node-failure", "rolling-update", "crash-loop"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
        let scenario =
            load(&[folder], &any_line).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut simulation = Simulation::new(&scenario, &RunOptions::default());
                let mut records = 0u64;
                simulation.run_until(SimTime::MAX, &mut |_| records += 1).expect("shipped scenarios run");
                records
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(std::time::Duration::from_secs(2));
    targets = scenarios
}
criterion_main!(benches);
