//! The operations that touch every armed timer. None allocates.

use super::Engine;
use super::heap::Heap;

impl<T: Copy, const LIMIT: u64> Engine<T, LIMIT> {
    /// Gives the armed timers the sequences 0, 1, 2, … in the order of the ones they have, and the
    /// open pass the barrier that lies between the same two of them.
    ///
    /// By sequence, not by deadline: the barrier divides timers by when they were scheduled.
    #[cold]
    #[inline(never)]
    pub(super) fn renumber(&mut self) {
        let barrier = self.pass.barrier;
        let before = self.heaps.iter().flat_map(Heap::keys).filter(|key| key.sequence() < barrier);
        self.pass.barrier = before.count() as u64;
        self.next_sequence = self.len() as u64;

        let [a, b] = &mut self.heaps;
        rank(a, b);
        a.restore(self.nodes.places());
        b.restore(self.nodes.places());
    }

    /// Replaces each deadline, and the open pass's time, by `change` of it, which must keep their
    /// order or make them equal: what the pass would have delivered it still will.
    pub(crate) fn shift(&mut self, change: impl Fn(u64) -> u64) {
        for heap in &mut self.heaps {
            for place in heap.range() {
                let key = heap.at(place);
                heap.overwrite(place, key.with_deadline(change(key.deadline())));
            }
            // Deadlines that became equal are in the order of their sequences from here on.
            heap.restore(self.nodes.places());
        }
        self.pass.shift(change);
    }
}

/// Numbers the keys of both heaps by the order of their sequences. Leaves the heaps out of order.
fn rank(a: &mut Heap, b: &mut Heap) {
    a.sort_by_sequence();
    b.sort_by_sequence();
    let (mut rest_a, mut rest_b) = (a.range(), b.range());
    for rank in 0..(a.len() + b.len()) as u64 {
        let from_a = match (rest_a.is_empty(), rest_b.is_empty()) {
            (false, false) => a.at(rest_a.start).sequence() < b.at(rest_b.start).sequence(),
            (a_is_done, _) => !a_is_done,
        };
        let (heap, rest) = if from_a { (&mut *a, &mut rest_a) } else { (&mut *b, &mut rest_b) };
        heap.overwrite(rest.start, heap.at(rest.start).with_sequence(rank));
        rest.start += 1;
    }
}
