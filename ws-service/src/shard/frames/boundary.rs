//! Where one of the server's frames ends and the next begins.

/// The end of the frame that byte `sent` is in; `sent` itself between two frames.
pub(in crate::shard) fn boundary(frames: &[u8], sent: usize) -> usize {
    let mut at = 0;
    while at < sent {
        at += frame_size(&frames[at..]);
    }
    at.min(frames.len())
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
    }
}
