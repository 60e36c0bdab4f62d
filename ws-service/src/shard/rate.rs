//! How fast a peer may send: a token bucket each for frames and bytes, which holds a second's worth.
//!
//! What has been received is always taken. A peer that has overdrawn its bucket isn't read from until
//! it is filled again, so that its transport slows it down.

use std::time::Duration;

use slotmap::SecondaryMap;
use sul::Timestamp;

use super::config::Limits;
use super::deadlines::Deadline;
use super::id::ConnectionKey;
use super::link::Link;
use super::pausing::Pause;
use super::shared::Shared;

/// What a bucket holds, as the time that it takes to fill.
const BURST: Duration = Duration::from_secs(1);

/// The buckets of those that are limited; empty where nobody is.
#[derive(Debug, Default)]
pub(super) struct Meters {
    table: SecondaryMap<ConnectionKey, Meter>,
}

/// When each bucket will be full: behind now, it is; further ahead than it holds, it is overdrawn.
/// (The generic cell rate algorithm, ITU-T I.371, in its form as a virtual schedule.)
#[derive(Debug, Clone, Copy)]
struct Meter {
    frames_full_at: Timestamp,
    bytes_full_at: Timestamp,
}

impl Meters {
    pub(super) fn forget(&mut self, key: ConnectionKey) {
        self.table.remove(key);
    }

    /// Takes what has come out of the buckets; says when they are filled again, if they are overdrawn.
    fn charge(
        &mut self,
        key: ConnectionKey,
        limits: &Limits,
        (frames, bytes): (u64, u64),
        now: Timestamp,
    ) -> Option<Timestamp> {
        let meter = self.table.entry(key)?;
        let meter = meter.or_insert(Meter { frames_full_at: now, bytes_full_at: now });
        let frames_per_second = limits.messages_per_second.map(u64::from);
        take(&mut meter.frames_full_at, frames, frames_per_second, now);
        take(&mut meter.bytes_full_at, bytes, limits.bytes_per_second, now);
        let full_at = meter.frames_full_at.max(meter.bytes_full_at);
        let wait = full_at.saturating_since(now).saturating_sub(BURST);
        (!wait.is_zero()).then(|| now + wait)
    }
}

fn take(full_at: &mut Timestamp, count: u64, per_second: Option<u64>, now: Timestamp) {
    let Some(per_second) = per_second else { return };
    let micros = u128::from(count) * 1_000_000 / u128::from(per_second.max(1));
    let micros = u64::try_from(micros).unwrap_or(u64::MAX);
    *full_at = (*full_at).max(now) + Duration::from_micros(micros);
}

impl Shared {
    /// So much has come from a peer: if that is too much, it is not read from for a while.
    pub(super) fn charge(
        &mut self,
        key: ConnectionKey,
        link: &mut Link,
        used: (u64, u64),
        now: Timestamp,
    ) {
        let limits = &self.config.limits;
        if !link.is_open() {
            return;
        }
        if let Some(until) = self.meters.charge(key, limits, used, now) {
            self.counters.throttled.add(1);
            self.pause(link, Pause::Rate);
            link.set(Deadline::Rate, until, &self.counters);
        }
    }
}

#[cfg(test)]
mod tests {
    use slotmap::SlotMap;

    use super::*;

    const fn at(micros: u64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    fn limits(messages: Option<u32>, bytes: Option<u64>) -> Limits {
        Limits { messages_per_second: messages, bytes_per_second: bytes, ..Limits::default() }
    }

    #[test]
    fn a_second_s_worth_is_free_and_then_it_drips() {
        let key = SlotMap::<ConnectionKey, ()>::with_key().insert(());
        let (mut meters, limits) = (Meters::default(), limits(Some(10), None));
        let start = at(5_000_000);
        assert_eq!(meters.charge(key, &limits, (10, 1 << 40), start), None);
        assert_eq!(meters.charge(key, &limits, (3, 0), start), Some(at(5_300_000)));
        assert_eq!(meters.charge(key, &limits, (0, 0), at(5_300_000)), None);
        assert_eq!(meters.charge(key, &limits, (1, 0), at(5_300_000)), Some(at(5_400_000)));
        assert_eq!(meters.charge(key, &limits, (10, 0), at(9_000_000)), None, "full again");
    }

    #[test]
    fn bytes_have_a_bucket_of_their_own() {
        let key = SlotMap::<ConnectionKey, ()>::with_key().insert(());
        let (mut meters, limits) = (Meters::default(), limits(Some(10), Some(1_000)));
        assert_eq!(meters.charge(key, &limits, (1, 1_500), at(0)), Some(at(500_000)));
    }

    #[test]
    fn any_number_is_some_time() {
        let key = SlotMap::<ConnectionKey, ()>::with_key().insert(());
        let (mut meters, limits) = (Meters::default(), limits(Some(1), Some(1)));
        let until = meters.charge(key, &limits, (u64::MAX, u64::MAX), Timestamp::MAX);
        assert!(until.is_none_or(|until| until == Timestamp::MAX));
    }
}
