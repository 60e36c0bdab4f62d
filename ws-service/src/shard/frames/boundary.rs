//! Where one of the server's frames ends and the next begins.

/// The end of the frame that byte `sent` is in; `sent` itself between two frames.
pub(in crate::shard) fn boundary(frames: &[u8], sent: usize) -> usize {
    let mut at = 0;
    while at < sent {
        at = at.saturating_add(frame_size(&frames[at..])).min(frames.len());
    }
    at
}

/// Each of the server's frames that lie back to back.
pub(in crate::shard) fn each(frames: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = frames;
    std::iter::from_fn(move || {
        let (frame, behind) = rest.split_at(frame_size(rest).min(rest.len()));
        rest = behind;
        Some(frame).filter(|frame| !frame.is_empty())
    })
}

/// The size of the server's (unmasked) frame that `bytes` begin with.
fn frame_size(bytes: &[u8]) -> usize {
    match bytes {
        [_, 126, rest @ ..] => rest
            .first_chunk()
            .map_or(bytes.len(), |&length| 4 + usize::from(u16::from_be_bytes(length))),
        [_, 127, rest @ ..] => rest.first_chunk().map_or(bytes.len(), |&length| {
            usize::try_from(u64::from_be_bytes(length)).unwrap_or(usize::MAX).saturating_add(10)
        }),
        [_, length, ..] => 2 + usize::from(*length),
        _ => bytes.len().max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::frames::message_frame;
    use crate::shard::protocol::Message;

    #[test]
    fn large_frames_are_found_by_their_length() {
        let mut frames = Vec::new();
        message_frame(&mut frames, Message::Binary(&[0; 200]));
        message_frame(&mut frames, Message::Binary(&vec![0; 70_000]));
        assert_eq!(boundary(&frames, 1), 204);
        assert_eq!(boundary(&frames, 204), 204);
        assert_eq!(boundary(&frames, 205), 204 + 70_010);
        let sizes: Vec<_> = each(&frames).map(<[u8]>::len).collect();
        assert_eq!(sizes, [204, 70_010]);
    }

    /// There is none: but no end is missed.
    #[test]
    fn a_frame_that_is_cut_ends_where_the_bytes_do() {
        for cut in [&[0x82][..], &[0x82, 5, 1], &[0x82, 126, 1], &[0x82, 127, 1, 2, 3]] {
            assert_eq!(boundary(cut, 1), cut.len());
            assert_eq!(each(cut).collect::<Vec<_>>(), [cut]);
        }
    }
}
