//! Heap bytes per armed timer: `cargo bench -p benches --bench timers_bytes`.
//!
//! What the allocator holds after 100,000 timers with a 4-byte token are armed, less what their
//! owners hold: the 16-byte handle of `sul`, the key or the link of the others.

use allocation_counter::measure;
use benches::timers::random::Random;
use benches::timers::workloads::filled;
use benches::timers::{
    HashWheel, LazyBinaryHeap, PointerHeap, SulLocal, SulSync, Timers, TokioDelayQueue, Tree,
};

const TIMERS: usize = 100_000;

fn main() {
    println!("| {TIMERS} timers | bytes per timer | the owner's share |\n|---|---|---|");
    report::<SulLocal>(16);
    report::<SulSync>(16);
    report::<TokioDelayQueue>(size_of::<Option<tokio_util::time::delay_queue::Key>>());
    report::<HashWheel>(1);
    report::<LazyBinaryHeap>(8);
    report::<Tree>(size_of::<Option<(u64, u32)>>());
    report::<PointerHeap>(8);
}

#[expect(clippy::cast_precision_loss, reason = "a table of small numbers")]
fn report<S: Timers>(owner: usize) {
    let mut kept = None;
    let info = measure(|| kept = Some(filled::<S>(TIMERS, &mut Random::new())));
    let bytes = info.bytes_current as f64 / TIMERS as f64 - owner as f64;
    println!("| {} | {bytes:.1} | {owner} |", S::NAME);
}
