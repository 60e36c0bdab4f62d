//! DEFLATE streams, a message at a time (RFC 7692 §7.2).

use flate2::{
    Compress, CompressError, Compression as Level, Decompress, FlushCompress, FlushDecompress,
    Status,
};

use super::MAX_BITS;
use crate::shard::reason::Violation;

/// What a flush ends with, and what is not sent (§7.2.1).
pub(super) const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// A stored block without a byte, and a compressed one that is the last (RFC 1951 §3.2.3).
const EMPTY: [u8; 5] = [0, 0, 0, 0xff, 0xff];
const LAST: [u8; 2] = [3, 0];
/// The least room that is made for output.
const STEP: usize = 4096;

pub(super) fn compressor(level: u8, bits: u8) -> Compress {
    Compress::new_with_window_bits(Level::new(level.into()), false, bits)
}

/// An inflater for streams of any window: one for smaller windows takes as much memory, and is made anew
/// wherever a stream ends.
pub(super) fn inflater() -> Decompress {
    Decompress::new_with_window_bits(false, MAX_BITS)
}

/// Appends a message, compressed.
///
/// # Errors
/// The stream can't be used any more.
pub(super) fn compress(
    stream: &mut Compress,
    message: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), CompressError> {
    #[cfg(test)]
    crate::shard::work::add(message.len());
    let mut rest = message;
    loop {
        out.reserve(rest.len() / 2 + STEP);
        let before = stream.total_in();
        stream.compress_vec(rest, out, FlushCompress::Sync)?;
        rest = behind(rest, stream.total_in() - before);
        // Room left over means that the flush is complete.
        if rest.is_empty() && out.len() < out.capacity() {
            break;
        }
    }
    if out.ends_with(&TAIL) {
        out.truncate(out.len() - TAIL.len());
    }
    Ok(())
}

/// Appends a message, inflated; stops where it becomes longer than `limit`, or ends its stream more often
/// than `ends` allows. The stream `goes_on` if the next message may refer to this one.
///
/// # Errors
/// It is too long, ends too often, or is no DEFLATE data.
pub(super) fn inflate(
    stream: &mut Decompress,
    message: &[u8],
    limit: usize,
    ends: &mut u32,
    goes_on: bool,
    out: &mut Vec<u8>,
) -> Result<(), Violation> {
    inflate_part(stream, message, limit, ends, out)?;
    inflate_part(stream, &TAIL, limit, ends, out)?;
    check_end(stream, goes_on)
}

/// A message must end where a block does: one that is cut inside a block would be told without its
/// end, or with the four bytes that were left off as a part of it. (Where the stream goes on, a cut
/// inside the lengths of a block's codes is found at the next message.)
///
/// # Errors
/// It is cut.
pub(super) fn check_end(stream: &mut Decompress, goes_on: bool) -> Result<(), Violation> {
    // Between blocks, an empty one tells nothing; where the stream may end, the last one ends it.
    let probe: &[u8] = if goes_on { &EMPTY } else { &LAST };
    let (consumed, produced) = (stream.total_in(), stream.total_out());
    let status = stream
        .decompress(probe, &mut [0], FlushDecompress::Sync)
        .map_err(|_| Violation::BadDeflate)?;
    let is_read = stream.total_in() - consumed == probe.len() as u64;
    let is_silent = stream.total_out() == produced;
    if is_read && is_silent && (goes_on || status == Status::StreamEnd) {
        Ok(())
    } else {
        Err(Violation::BadDeflate)
    }
}

fn inflate_part(
    stream: &mut Decompress,
    mut rest: &[u8],
    limit: usize,
    ends: &mut u32,
    out: &mut Vec<u8>,
) -> Result<(), Violation> {
    loop {
        if out.len() == out.capacity() {
            let room = out.len().max(STEP).min(limit.saturating_sub(out.len()) + 1);
            out.reserve_exact(room);
        }
        let is_done = fill(stream, &mut rest, ends, out)?;
        if out.len() > limit {
            return Err(Violation::TooLong);
        }
        if is_done {
            return Ok(());
        }
    }
}

/// Appends what `rest` inflates to, as far as `out` has room; says whether that was all. `ends` says how often
/// the stream may end, and then, how often it may yet.
///
/// # Errors
/// It ends too often, or is no DEFLATE data.
pub(super) fn fill(
    stream: &mut Decompress,
    rest: &mut &[u8],
    ends: &mut u32,
    out: &mut Vec<u8>,
) -> Result<bool, Violation> {
    while out.len() < out.capacity() {
        let (consumed, produced) = (stream.total_in(), out.len());
        let status = stream
            .decompress_vec(rest, out, FlushDecompress::Sync)
            .map_err(|_| Violation::BadDeflate)?;
        let used = stream.total_in() - consumed;
        *rest = behind(rest, used);
        if status == Status::StreamEnd {
            // A block marked as the last (§7.2.3.4): what follows begins a stream of its own.
            *ends = ends.checked_sub(1).ok_or(Violation::TooManyFragments)?;
            stream.reset(false);
        } else if used == 0 && out.len() == produced && !rest.is_empty() {
            return Err(Violation::BadDeflate);
        }
        if rest.is_empty() && out.len() < out.capacity() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn behind(bytes: &[u8], used: u64) -> &[u8] {
    usize::try_from(used).ok().and_then(|used| bytes.get(used..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn inflated(message: &[u8], limit: usize) -> Result<Vec<u8>, Violation> {
        let mut out = Vec::new();
        inflate(&mut inflater(), message, limit, &mut 9, false, &mut out).map(|()| out)
    }

    /// The examples of RFC 7692 §7.2.3.
    #[test]
    fn the_examples_of_the_rfc_say_hello() {
        let examples: [&[u8]; 4] = [
            &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
            // No compression at all.
            &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
            // A block marked as the last.
            &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
            // Two blocks.
            &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
        ];
        for example in examples {
            assert_eq!(inflated(example, 5), Ok(b"Hello".to_vec()));
            assert_eq!(inflated(example, 4), Err(Violation::TooLong));
        }
    }

    #[test]
    fn a_message_that_is_cut_inside_a_block_is_none() {
        let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
        let compressed = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        // A stored block's first byte alone is an empty message, and one that lacks four bytes takes the tail for
        // them: both are whole, as the RFC counts.
        for (whole, as_good) in [(&stored[..], &[1, 6][..]), (&compressed, &[])] {
            for cut in (1..whole.len()).filter(|cut| !as_good.contains(cut)) {
                for goes_on in [true, false] {
                    let mut out = Vec::new();
                    let result =
                        inflate(&mut inflater(), &whole[..cut], 99, &mut 9, goes_on, &mut out);
                    assert_eq!(result, Err(Violation::BadDeflate), "{cut} bytes told {out:?}");
                }
            }
        }
    }

    #[test]
    fn a_context_is_taken_over() {
        let mut stream = inflater();
        let mut out = Vec::new();
        let (first, second) = ([0xf2, 0x48, 0xcd, 0xc9, 0xc9, 7, 0], [0xf2, 0, 0x11, 0, 0]);
        assert_eq!(inflate(&mut stream, &first, 99, &mut 9, true, &mut out), Ok(()));
        assert_eq!(inflate(&mut stream, &second, 99, &mut 9, true, &mut out), Ok(()));
        assert_eq!(out, b"HelloHello");
        assert_eq!(inflated(&second, 99), Err(Violation::BadDeflate), "without the first");
    }

    /// Who flushes by ending the stream does so once a frame, at the most.
    #[test]
    fn a_stream_ends_as_often_as_it_may() {
        let ending = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        for (count, may) in [(9, 9), (10, 9), (1, 0)] {
            let message = [&ending.repeat(count)[..], &[0]].concat();
            let (mut ends, mut out) = (may, Vec::new());
            let result = inflate(&mut inflater(), &message, 99, &mut ends, false, &mut out);
            if count <= may as usize {
                assert_eq!((result, ends), (Ok(()), 0));
                assert_eq!(out, b"Hello".repeat(count));
            } else {
                assert_eq!(result, Err(Violation::TooManyFragments));
            }
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let mut bomb = Vec::new();
        compress(&mut compressor(9, 15), &vec![0; 1 << 24], &mut bomb).unwrap();
        let mut out = Vec::new();
        let result = inflate(&mut inflater(), &bomb, 10_000, &mut 9, false, &mut out);
        assert_eq!(result, Err(Violation::TooLong));
        assert!(out.capacity() <= 2 * 10_001, "{}", out.capacity());
    }

    proptest! {
        #[test]
        fn messages_come_back(
            messages in prop::collection::vec(prop::collection::vec(0_u8..4, 1..20_000), 1..5),
            bits in 9_u8..=15,
            level in 1_u8..=9,
        ) {
            let (mut compressor, mut inflater) = (compressor(level, bits), inflater());
            for message in messages {
                let (mut small, mut back) = (Vec::new(), Vec::new());
                compress(&mut compressor, &message, &mut small).unwrap();
                let whole = inflate(&mut inflater, &small, message.len(), &mut 0, true, &mut back);
                prop_assert_eq!(whole, Ok(()));
                prop_assert_eq!(back, message);
            }
        }

        /// Any bytes end in one of three ways, within the limit.
        #[test]
        fn any_bytes_are_data_or_refused(bytes: Vec<u8>) {
            let mut out = Vec::new();
            let result = inflate(&mut inflater(), &bytes, 1_000, &mut 9, false, &mut out);
            prop_assert!(result.is_err() || out.len() <= 1_000);
        }
    }
}
