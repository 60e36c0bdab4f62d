//! However a stream is torn, it means the same: to itself in one piece, and to tungstenite.

use proptest::prelude::*;
use tungstenite::Message;
use ws_service::shard::CloseReason;

use crate::driver::Driver;
use crate::driver::client::frame;
use crate::driver::echo::Echo;

/// What a shard that echoes makes of a stream that comes in these pieces.
fn echoed(pieces: &[&[u8]]) -> (Vec<Message>, Option<CloseReason>) {
    let mut driver = Driver::of(Echo::default(), |_| {});
    let key = driver.upgrade();
    for piece in pieces {
        driver.say(key, piece);
    }
    (driver.messages(key), driver.protocol.ended())
}

fn frames() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop_oneof![
        "\\PC{0,40}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..300),
    ];
    let one =
        (prop::sample::select(&[0x81_u8, 0x01, 0x82, 0x02, 0x00, 0x80, 0x89, 0x8a][..]), payload)
            .prop_map(|(first, payload)| frame(first, &payload));
    prop::collection::vec(one, 0..12).prop_map(|frames| frames.concat())
}

proptest! {
    #[test]
    fn torn_anywhere_it_is_the_same(bytes in frames(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
        prop_assert_eq!(echoed(&pieces), echoed(&[&bytes]));
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(echoed(&single), echoed(&[&bytes]));
    }
}
