//! What every broken rule has in common.

use ws_service::shard::{CloseKind, CloseReason, Violation};

use crate::driver::Driver;
use crate::driver::echo::Echo;
use crate::driver::peer::close_frame;

/// Bytes of a message, in these tests.
pub(super) const LIMIT: usize = 70_000;
/// Frames of a message, in these tests.
pub(super) const FRAGMENTS: u32 = 5;

/// `good` is taken without complaint; `bad` right behind it, whole or torn, is answered with `code`, and is the
/// last thing that is heard. Refusing it takes up next to nothing, and nothing is kept of either.
pub(super) fn violates(good: &[u8], bad: &[u8], violation: Violation, code: u16) {
    for size in [bad.len(), 1] {
        let mut driver = Driver::of(Echo::default(), |config| {
            config.limits.message_size = LIMIT;
            config.limits.fragments = FRAGMENTS;
        });
        // The first one makes the tables that the shard keeps.
        for place in 0..2 {
            let key = driver.upgrade();
            let mut refusing = None;
            let all = driver.bill(|driver| {
                driver.say(key, good);
                let early = driver.messages(key);
                let is_taken = early.iter().all(|message| !message.is_close());
                assert!(is_taken, "{violation:?}: too early");
                refusing = Some(driver.bill(|driver| {
                    bad.chunks(size).for_each(|piece| driver.say(key, piece));
                }));
            });
            assert_eq!(driver.messages(key), [close_frame(code.into(), "")], "{violation:?}");
            assert!(driver.is_shut(key) && !driver.is_closed(key), "the answer must arrive");
            if place == 1 {
                assert!(all.kept <= 0, "{violation:?}: {all:?}");
                let refusing = refusing.expect("a bill");
                assert!(refusing.peak < 512, "{violation:?}: {refusing:?}");
            }
        }
        assert_eq!(driver.protocol.ended(), Some(CloseReason::Violation(violation)));
        assert_eq!(driver.stats().closes(CloseKind::Violation), 2);
    }
}
