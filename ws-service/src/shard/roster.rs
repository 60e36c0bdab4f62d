//! Who is here, in an order in which a listing can go on where it left off; and what only a listing
//! asks about a connection.

use std::time::Duration;

use slotmap::{Key, KeyData, SecondaryMap};
use sul::Timestamp;

use super::id::ConnectionKey;

/// Longer paths are kept by their first bytes.
const PATH_BYTES: usize = 256;
/// The unit of `Entry::opened`: `u32` lasts for 13 years.
const TICK: Duration = Duration::from_millis(100);

/// By the place of a connection in the slot map: 8 bytes for each place that was ever taken.
#[derive(Debug, Default)]
pub(super) struct Roster {
    entries: Vec<Entry>,
    /// Only where the configuration asks for them.
    paths: SecondaryMap<ConnectionKey, Box<str>>,
}

/// Who was last at a place, and since when.
#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    generation: u32,
    opened: u32,
}

impl Roster {
    pub(super) fn enter(&mut self, key: ConnectionKey, now: Timestamp) {
        let (place, generation) = split(key);
        if place >= self.entries.len() {
            self.entries.resize(place + 1, Entry::default());
        }
        self.entries[place] = Entry { generation, opened: ticks(now) };
    }

    pub(super) fn leave(&mut self, key: ConnectionKey) {
        self.paths.remove(key);
    }

    pub(super) fn keep_path(&mut self, key: ConnectionKey, path: &str) {
        self.paths.insert(key, path[..path.floor_char_boundary(PATH_BYTES)].into());
    }

    pub(super) fn path(&self, key: ConnectionKey) -> Option<&str> {
        self.paths.get(key).map(AsRef::as_ref)
    }

    /// How long it has been open, to a tenth of a second.
    pub(super) fn age(&self, key: ConnectionKey, now: Timestamp) -> Duration {
        let opened = self.entries.get(split(key).0).map_or(0, |entry| entry.opened);
        TICK * ticks(now).saturating_sub(opened)
    }

    /// Who was last at each place, from one on: some have left.
    pub(super) fn from(&self, place: usize) -> impl Iterator<Item = ConnectionKey> {
        let entries = self.entries.get(place..).unwrap_or_default();
        entries.iter().zip(place..).map(|(entry, place)| join(place, entry.generation))
    }

    /// How many places there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

fn ticks(now: Timestamp) -> u32 {
    let ticks = u128::from(now.as_micros()) / TICK.as_micros();
    u32::try_from(ticks).unwrap_or(u32::MAX)
}

/// A key's place, and the generation there.
fn split(key: ConnectionKey) -> (usize, u32) {
    // Halves of 64 bits: both fit.
    let (high, low) = (key.data().as_ffi() >> 32, key.data().as_ffi() & u64::from(u32::MAX));
    (usize::try_from(low).unwrap_or(usize::MAX), u32::try_from(high).unwrap_or(u32::MAX))
}

fn join(place: usize, generation: u32) -> ConnectionKey {
    KeyData::from_ffi(u64::from(generation) << 32 | place as u64).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use slotmap::SlotMap;

    /// Not promised by `slotmap`: a version that lays its keys out in another way fails here.
    #[test]
    fn places_are_dense_and_keys_come_back() {
        let mut map = SlotMap::<ConnectionKey, ()>::with_key();
        let mut roster = Roster::default();
        let mut keys: Vec<_> = (0..100).map(|_| map.insert(())).collect();
        for &key in &keys[..50] {
            map.remove(key);
        }
        keys.splice(..50, (0..50).map(|_| map.insert(())));
        for &key in &keys {
            roster.enter(key, Timestamp::ZERO);
        }
        assert!(roster.len() <= 101, "at most one more than connections");
        let mut seen: Vec<_> = roster.from(0).filter(|&key| map.contains_key(key)).collect();
        keys.sort_unstable();
        seen.sort_unstable();
        assert_eq!(seen, keys);
    }

    #[test]
    fn a_listing_goes_on_from_any_place() {
        let mut map = SlotMap::<ConnectionKey, ()>::with_key();
        let mut roster = Roster::default();
        for _ in 0..10 {
            roster.enter(map.insert(()), Timestamp::ZERO);
        }
        let all: Vec<_> = roster.from(0).collect();
        assert_eq!(roster.from(4).collect::<Vec<_>>(), all[4..]);
        assert_eq!(roster.from(1_000).count(), 0);
    }

    #[test]
    fn ages_are_exact_to_a_tenth_of_a_second_and_paths_have_an_end() {
        let mut map = SlotMap::<ConnectionKey, ()>::with_key();
        let (key, mut roster) = (map.insert(()), Roster::default());
        roster.enter(key, Timestamp::from_micros(1_250_000));
        let age = roster.age(key, Timestamp::from_micros(61_300_000));
        assert!(age.abs_diff(Duration::from_millis(60_050)) <= TICK, "{age:?}");
        roster.keep_path(key, &format!("/{}", "é".repeat(1_000)));
        assert_eq!(roster.path(key).map(str::len), Some(255), "no half of a character");
        roster.leave(key);
        assert_eq!(roster.path(key), None);
    }

    #[test]
    fn an_entry_is_small() {
        assert_eq!(size_of::<Entry>(), 8);
    }
}
