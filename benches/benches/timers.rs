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

struct Structure {
    name: &'static str,
    largest: usize,
    workloads: Vec<(&'static str, Workload)>,
}

fn structure<S: Timers>() -> Structure {
    Structure { name: S::NAME, largest: S::LARGEST, workloads: workloads::all::<S>() }
}

/// What is compared is measured in one go, whatever the machine does meanwhile.
fn all(criterion: &mut Criterion) {
    let structures = [
        structure::<SulLocal>(),
        structure::<SulSync>(),
        structure::<BareEngine>(),
        structure::<TokioDelayQueue>(),
        structure::<HashWheel>(),
        structure::<LazyBinaryHeap>(),
        structure::<Tree>(),
        structure::<PointerHeap>(),
        structure::<SortedList>(),
    ];
    for &(name, _) in &structures[0].workloads {
        for size in sizes() {
            let mut group = criterion.benchmark_group(format!("timers/{name}"));
            for structure in structures.iter().filter(|structure| size <= structure.largest) {
                let workload = structure.workloads.iter().find(|workload| workload.0 == name);
                if let Some(&(_, workload)) = workload {
                    group.bench_function(BenchmarkId::new(structure.name, size), |bencher| {
                        bencher.iter_custom(|iterations| time(workload, size, iterations));
                    });
                }
            }
            group.finish();
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500));
    targets = all
}
criterion_main!(benches);
