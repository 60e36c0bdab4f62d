//! The same streams, valid and mutated, through tungstenite's own decoder in a server's role. The fuzz target
//! `frames` runs the same check on whatever it comes upon.

pub(crate) mod agreement;
pub(crate) mod differences;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::driver::client::{close, frame, header};
use agreement::agree;
use differences::DIFFERENCES;

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "\\PC{0,50}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => Just(Vec::new()),
    ]
}

/// A message in one to four frames, with pings between them; or a Close; or a lie about a length.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let message = (select(&[1_u8, 2][..]), prop::collection::vec(payload(), 1..4), any::<bool>());
    let message = message.prop_map(|(opcode, parts, pinged)| {
        let last = parts.len() - 1;
        let mut bytes = Vec::new();
        for (place, part) in parts.iter().enumerate() {
            let fin = if place == last { 0x80 } else { 0 };
            bytes.extend(frame(fin | if place == 0 { opcode } else { 0 }, part));
            if pinged {
                bytes.extend(frame(0x89, &[b'p'; 3]));
            }
        }
        bytes
    });
    prop_oneof![
        20 => message,
        1 => select(&[1000_u16, 1001, 1005, 1011, 999, 3000, 4999, 5000][..]).prop_map(|it| close(it, "why")),
        1 => any::<u64>().prop_map(|length| header(0x82, length)),
        1 => (any::<u8>(), payload()).prop_map(|(first, payload)| frame(first, &payload)),
    ]
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let mutation = prop::collection::vec((any::<Index>(), any::<u8>()), 0..3);
    (prop::collection::vec(piece(), 1..8), mutation).prop_map(|(pieces, mutations)| {
        let mut bytes = pieces.concat();
        for (place, value) in mutations {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn tungstenite_reads_the_same(bytes in stream(), sizes in prop::collection::vec(1_usize..700, 1..4)) {
        agree(&bytes, &sizes);
    }

    #[test]
    fn and_the_same_of_noise(
        bytes in prop::collection::vec(any::<u8>(), 0..60),
        sizes in prop::collection::vec(1_usize..70, 1..4),
    ) {
        agree(&bytes, &sizes);
    }
}

#[test]
fn every_difference_has_its_reason() {
    for difference in &DIFFERENCES {
        println!("{}: {}", difference.what, difference.rfc);
        assert!(difference.rfc.starts_with("RFC 6455 §"));
    }
}
