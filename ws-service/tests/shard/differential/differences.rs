//! Where tungstenite's decoder and the shard differ on purpose, and why the shard's way is the RFC's.

use ws_service::shard::{CloseReason, Violation};

use super::agreement::Reading;

/// One way in which two readings of a stream may differ.
pub(crate) struct Difference {
    pub(crate) what: &'static str,
    /// What says so.
    pub(crate) rfc: &'static str,
    /// Whether it explains what the shard and tungstenite have made of a stream.
    pub(crate) explains: fn(&Reading, &Reading, &[u8]) -> bool,
}

/// All of them.
pub(crate) const DIFFERENCES: [Difference; 4] = [
    Difference {
        what: "tungstenite takes a length in a longer form than needed, and reads on",
        rfc: "RFC 6455 §5.2: the minimal number of bytes MUST be used to encode the length",
        explains: |ours, theirs, _| {
            is(ours, Violation::BadLength) && theirs.messages.starts_with(&ours.messages)
        },
    },
    Difference {
        what: "the same in a control frame, for whose length one byte is always enough",
        rfc: "RFC 6455 §5.5: all control frames MUST have a payload length of 125 bytes or less",
        explains: |ours, theirs, stream| {
            let is_long = |bytes: &[u8]| bytes[0] & 0x88 == 0x88 && bytes[1] & 0x7f >= 0x7e;
            is(ours, Violation::BadControl)
                && theirs.messages.starts_with(&ours.messages)
                && stream.windows(2).any(is_long)
        },
    },
    Difference {
        what: "of two faults of a frame, tungstenite names the size before mask, bits, and sequence",
        rfc: "RFC 6455 §7.1.7: either fails the connection; §7.4.1 gives each its code, and no order. The first \
              byte comes first: what it gives away needs no wait for a length",
        explains: |ours, theirs, _| {
            let is_early = [
                Violation::Unmasked,
                Violation::ReservedBit,
                Violation::BadControl,
                Violation::OutOfSequence,
                Violation::BadLength,
            ];
            ours.messages == theirs.messages
                && theirs.code == Some(1009)
                && is_early.into_iter().any(|violation| is(ours, violation))
        },
    },
    Difference {
        what: "of a Close with a forbidden code and a reason that is no text, tungstenite names the text",
        rfc: "RFC 6455 §7.4: the code MUST NOT be sent (1002); §8.1: the text is invalid (1007); no order is given",
        explains: |ours, theirs, _| {
            ours.messages == theirs.messages
                && theirs.code == Some(1007)
                && is(ours, Violation::BadClose)
        },
    },
];

fn is(ours: &Reading, violation: Violation) -> bool {
    ours.reason == Some(CloseReason::Violation(violation))
}
