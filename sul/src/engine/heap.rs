//! An indexed 4-ary heap: every key knows its place, so any key can be moved or taken out.
//!
//! Deliberately absent: allocation anywhere but in [`Heap::reserve`], which runs when a timer is
//! made, and any search.

use alloc::vec::Vec;
use core::ops::Range;

use super::key::Key;

/// Where a heap keeps its first key. The children of `p` are at `4 × (p - 2)` and the three places
/// after it, so that four siblings share one cache line.
const ROOT: usize = 3;

/// The place of a node that is in no heap.
pub(crate) const NOWHERE: u32 = 0;

/// One cache line: four siblings.
#[derive(Clone)]
#[repr(align(64))]
struct Line([Key; 4]);

/// The place of each node in its heap, [`NOWHERE`] if it is in none.
pub(crate) type Places = [u32];

pub(crate) struct Heap {
    /// Filled to its length at all times; places outside `ROOT..end` hold [`Key::VACANT`].
    lines: Vec<Line>,
    end: usize,
    #[cfg(test)]
    pub(crate) moves: u64,
}

impl Heap {
    pub(crate) const fn new() -> Self {
        Self {
            lines: Vec::new(),
            end: ROOT,
            #[cfg(test)]
            moves: 0,
        }
    }

    /// Makes room for `keys` keys in all, doubling so that growing one by one stays cheap.
    pub(crate) fn reserve(&mut self, keys: usize) {
        let lines = (ROOT + keys).div_ceil(4);
        if lines > self.lines.len() {
            let lines = if self.lines.is_empty() { lines } else { lines.max(2 * self.lines.len()) };
            self.lines.reserve_exact(lines - self.lines.len());
            self.lines.resize(lines, Line([Key::VACANT; 4]));
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.end - ROOT
    }

    /// The least key, or [`Key::VACANT`].
    #[inline]
    pub(crate) fn first(&self) -> Key {
        self.lines.first().map_or(Key::VACANT, |line| line.0[ROOT])
    }

    #[inline]
    pub(crate) fn at(&self, place: usize) -> Key {
        self.lines[place / 4].0[place % 4]
    }

    /// All keys, in no useful order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.range().map(|place| self.at(place))
    }

    /// The places that hold keys.
    pub(crate) fn range(&self) -> Range<usize> {
        ROOT..self.end
    }

    /// Puts `key` in, or moves its node's old key if there is one. There must be room.
    #[inline]
    pub(crate) fn put(&mut self, key: Key, places: &mut Places) {
        let place = places[key.node() as usize] as usize;
        if place == NOWHERE as usize {
            self.end += 1;
            self.sift_up(self.end - 1, key, places);
        } else {
            self.settle(place, self.at(place), key, places);
        }
    }

    /// Takes the key of `node` out; false if it has none.
    #[inline]
    pub(crate) fn take(&mut self, node: u32, places: &mut Places) -> bool {
        let place = places[node as usize] as usize;
        if place == NOWHERE as usize {
            return false;
        }
        places[node as usize] = NOWHERE;
        let last = self.pop_last();
        if place != self.end {
            self.settle(place, self.at(place), last, places);
        }
        true
    }

    /// Takes the least key out. There must be one.
    #[inline]
    pub(crate) fn take_first(&mut self, places: &mut Places) {
        places[self.first().node() as usize] = NOWHERE;
        let last = self.pop_last();
        if self.end != ROOT {
            self.sift_down(ROOT, last, places);
        }
    }

    /// [`put`](Self::put), out of line. The seldom class is branched to: choosing the heap by an index
    /// would make everything behind it wait for the handle to be loaded.
    #[inline(never)]
    pub(crate) fn put_aside(&mut self, key: Key, places: &mut Places) {
        self.put(key, places);
    }

    /// [`take`](Self::take), out of line.
    #[inline(never)]
    pub(crate) fn take_aside(&mut self, node: u32, places: &mut Places) -> bool {
        self.take(node, places)
    }

    /// Overwrites the key at `place`. Order and places are wrong until [`Heap::restore`].
    pub(crate) fn overwrite(&mut self, place: usize, key: Key) {
        self.lines[place / 4].0[place % 4] = key;
    }

    /// Puts the keys in order, whatever was done to them, and their places right.
    pub(crate) fn restore(&mut self, places: &mut Places) {
        for place in self.range() {
            places[self.at(place).node() as usize] = narrow(place);
        }
        for place in self.range().rev() {
            self.sift_down(place, self.at(place), places);
        }
    }

    /// Sorts the keys by sequence, in place. Order and places are wrong until [`Heap::restore`].
    pub(crate) fn sort_by_sequence(&mut self) {
        let len = self.len();
        for start in (0..len / 2).rev() {
            self.sink_by_sequence(start, len);
        }
        for last in (1..len).rev() {
            self.swap(0, last);
            self.sink_by_sequence(0, last);
        }
    }

    /// Fills the hole at `place`, which `old` left, with `key`: up if it is earlier, else down.
    #[inline]
    fn settle(&mut self, place: usize, old: Key, key: Key, places: &mut Places) {
        if key < old {
            self.sift_up(place, key, places);
        } else {
            self.sift_down(place, key, places);
        }
    }

    #[inline]
    fn sift_up(&mut self, mut hole: usize, key: Key, places: &mut Places) {
        while hole > ROOT {
            let parent = hole / 4 + 2;
            let above = self.at(parent);
            if above < key {
                break;
            }
            self.write(hole, above, places);
            hole = parent;
        }
        self.write(hole, key, places);
    }

    #[inline]
    fn sift_down(&mut self, mut hole: usize, key: Key, places: &mut Places) {
        loop {
            let children = 4 * (hole - 2);
            if children >= self.end {
                break;
            }
            let (least, offset) = self.lines[hole - 2].least();
            if key < least {
                break;
            }
            self.write(hole, least, places);
            hole = children + offset;
        }
        self.write(hole, key, places);
    }

    #[inline]
    fn write(&mut self, place: usize, key: Key, places: &mut Places) {
        #[cfg(test)]
        {
            self.moves += 1;
        }
        self.lines[place / 4].0[place % 4] = key;
        places[key.node() as usize] = narrow(place);
    }

    /// Takes the key in the last place; whose place it was is the caller's to say.
    #[inline]
    fn pop_last(&mut self) -> Key {
        self.end -= 1;
        let last = self.end;
        core::mem::replace(&mut self.lines[last / 4].0[last % 4], Key::VACANT)
    }

    /// A step of the heap sort: a binary heap over the keys, the latest sequence first.
    fn sink_by_sequence(&mut self, mut index: usize, len: usize) {
        let sequence = |heap: &Self, index: usize| heap.at(ROOT + index).sequence();
        loop {
            let left = 2 * index + 1;
            if left >= len {
                return;
            }
            let right = left + 1;
            let later = right < len && sequence(self, right) > sequence(self, left);
            let child = if later { right } else { left };
            if sequence(self, child) <= sequence(self, index) {
                return;
            }
            self.swap(index, child);
            index = child;
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        let (a, b) = (ROOT + a, ROOT + b);
        let (key_a, key_b) = (self.at(a), self.at(b));
        self.overwrite(a, key_b);
        self.overwrite(b, key_a);
    }
}

impl Line {
    /// The least of four siblings and which it is, without a branch; a vacant place is never it
    /// unless all are.
    #[inline]
    fn least(&self) -> (Key, usize) {
        let [first, second, third, fourth] = self.0;
        let left = if second < first { (second, 1) } else { (first, 0) };
        let right = if fourth < third { (fourth, 3) } else { (third, 2) };
        if right.0 < left.0 { right } else { left }
    }
}

/// A place as the side table keeps it: there are fewer than 2^28 nodes and four places more.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "places are below 2^29")]
fn narrow(place: usize) -> u32 {
    place as u32
}
