//! What leaves a queue, and in what order.

use super::*;
use crate::shard::protocol::Message;

fn text(outbox: &mut Outbox, pool: &mut Pool, text: &str) {
    outbox.push(pool, text.len(), |out| frames::message_frame(out, Message::Text(text)));
}

/// Writes at most `step` bytes at a time until nothing is left.
fn drain(outbox: &mut Outbox, pool: &mut Pool, step: usize) -> Vec<u8> {
    let mut written = Vec::new();
    while !outbox.is_empty() {
        let mut slices = [IoSlice::new(&[]); 3];
        let count = outbox.slices(&mut slices);
        let all: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
        let taken = &all[..step.min(all.len())];
        written.extend_from_slice(taken);
        outbox.wrote(pool, taken.len());
    }
    written
}

#[test]
fn frames_leave_in_order_whatever_the_pieces() {
    for step in 1..40 {
        let (mut outbox, mut pool) = (Outbox::default(), Pool::default());
        text(&mut outbox, &mut pool, "one");
        outbox.push_chunk(&mut pool, Chunk::Whole(Bytes::from_static(b"\x81\x03two")));
        text(&mut outbox, &mut pool, "three");
        assert_eq!(outbox.len(), 5 + 5 + 7);
        let written = drain(&mut outbox, &mut pool, step);
        assert_eq!(written, b"\x81\x03one\x81\x03two\x81\x05three");
    }
}

#[test]
fn a_control_frame_overtakes_messages_but_not_the_inside_of_one() {
    let one_two = b"\x81\x03one\x81\x03two";
    for sent in 0..=10 {
        let (mut outbox, mut pool) = (Outbox::default(), Pool::default());
        text(&mut outbox, &mut pool, "one");
        text(&mut outbox, &mut pool, "two");
        text(&mut outbox, &mut pool, "three");
        outbox.slices(&mut [IoSlice::new(&[]); 3]);
        outbox.wrote(&mut pool, sent);
        outbox.pong(&mut pool, b"old");
        outbox.pong(&mut pool, b"new");
        outbox.ping(&mut pool, b"!");
        let rest = drain(&mut outbox, &mut pool, 4);
        let boundary = sent.div_ceil(5) * 5;
        let mut expected = one_two[sent..boundary].to_vec();
        expected.extend_from_slice(b"\x8a\x03new\x89\x01!");
        expected.extend_from_slice(&one_two[boundary..]);
        expected.extend_from_slice(b"\x81\x05three");
        assert_eq!(rest, expected, "after {sent} bytes");
    }
}

#[test]
fn an_http_response_is_never_split() {
    let (mut outbox, mut pool) = (Outbox::default(), Pool::default());
    outbox.push_response(&mut pool, Bytes::from_static(b"HTTP/1.1 101\r\n\r\n"));
    outbox.slices(&mut [IoSlice::new(&[]); 3]);
    outbox.wrote(&mut pool, 3);
    outbox.pong(&mut pool, b"");
    assert_eq!(drain(&mut outbox, &mut pool, 64), b"P/1.1 101\r\n\r\n\x8a\x00");
}

#[test]
fn an_empty_queue_owns_nothing() {
    let (mut outbox, mut pool) = (Outbox::default(), Pool::default());
    text(&mut outbox, &mut pool, "one");
    drain(&mut outbox, &mut pool, 64);
    assert!(outbox.queue.is_none());
    assert_eq!(size_of::<Outbox>(), size_of::<usize>());
}
