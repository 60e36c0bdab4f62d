//! Time per operation of `sul` and its peers: `cargo bench -p benches --bench timers`.
//!
//! `TIMERS_SIZES=1000,100000` limits the sizes.

use std::time::Duration;

use benches::timers::workloads::{self, Workload};
use benches::timers::{
    BareEngine, HashWheel, LazyBinaryHeap, PointerHeap, SortedList, SulLocal, SulSync, Timers,
    TokioDelayQueue, Tree,
};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

const SIZES: [usize; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];

fn sizes() -> Vec<usize> {
    if !std::env::args().any(|argument| argument == "--bench") {
        return vec![100]; // `cargo test --benches`: that it runs is all there is to see
    }
    match std::env::var("TIMERS_SIZES") {
        Ok(list) => list.split(',').filter_map(|size| size.parse().ok()).collect(),
        Err(_) => SIZES.to_vec(),
    }
}

/// Runs the workload as often as it takes for `iterations` operations.
fn time(workload: Workload, size: usize, iterations: u64) -> Duration {
    let (mut elapsed, mut operations) = (Duration::ZERO, 0);
    while operations < u128::from(iterations) {
        let (time, count) = workload(size);
        elapsed += time;
        operations += count as u128;
    }
    let nanos = elapsed.as_nanos() * u128::from(iterations) / operations;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

fn measure<S: Timers>(criterion: &mut Criterion) {
    for (name, workload) in workloads::all::<S>() {
        let mut group = criterion.benchmark_group(format!("timers/{name}"));
        for size in sizes().into_iter().filter(|&size| size <= S::LARGEST) {
            group.bench_function(BenchmarkId::new(S::NAME, size), |bencher| {
                bencher.iter_custom(|iterations| time(workload, size, iterations));
            });
        }
        group.finish();
    }
}

fn all(criterion: &mut Criterion) {
    measure::<SulLocal>(criterion);
    measure::<SulSync>(criterion);
    measure::<BareEngine>(criterion);
    measure::<TokioDelayQueue>(criterion);
    measure::<HashWheel>(criterion);
    measure::<LazyBinaryHeap>(criterion);
    measure::<Tree>(criterion);
    measure::<PointerHeap>(criterion);
    measure::<SortedList>(criterion);
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = all
}
criterion_main!(benches);
