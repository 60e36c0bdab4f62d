//! Messages that are told as they come.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tungstenite::protocol::frame::coding::CloseCode;
use ws_service::NotFound;
use ws_service::shard::{
    Accept, CloseReason, Context, Deadline, Message, Piece, Protocol, Request, Route, Violation,
};

use super::{driver, pieces};
use crate::driver::Driver;
use crate::driver::client::{BINARY, FIN, TEXT, binary, frame, header, ping, text};
use crate::driver::peer::close_frame;

#[test]
fn what_has_come_of_a_message_is_told_at_once() {
    let mut driver = driver(|_| {});
    let key = driver.upgrade();
    let message = text("one, two");
    driver.say(key, &message[..9]);
    assert_eq!(pieces(&driver), ["[\"one\""]);
    driver.say(key, &message[9..10]);
    assert_eq!(pieces(&driver), ["\",\""]);
    driver.say(key, &message[10..]);
    assert_eq!(pieces(&driver), ["\" two\"]"]);
    assert_eq!((driver.stats().messages_in, driver.stats().bytes_in), (1, 8));
}

#[test]
fn a_message_that_comes_whole_is_one_piece() {
    let mut driver = driver(|_| {});
    let key = driver.upgrade();
    driver.say(key, &[text("all"), binary(b""), binary(b"of it")].concat());
    assert_eq!(pieces(&driver), ["[\"all\"]", "[0 bytes]", "[5 bytes]"]);
}

#[test]
fn frames_are_no_pieces_but_their_bytes_are() {
    let mut driver = driver(|_| {});
    let key = driver.upgrade();
    let frames = [
        frame(BINARY, b""),
        frame(0, b"ab"),
        ping(b"between"),
        frame(0, b""),
        frame(0, b"c"),
        frame(FIN, b""),
    ];
    driver.say(key, &frames.concat());
    assert_eq!(pieces(&driver), ["[2 bytes", "1 bytes", "0 bytes]"]);
    assert_eq!(driver.messages(key), [tungstenite::Message::Pong("between".into())]);
}

#[test]
fn text_is_cut_between_characters() {
    let mut driver = driver(|_| {});
    let key = driver.upgrade();
    for byte in text("a€😀!") {
        driver.say(key, &[byte]);
    }
    assert_eq!(pieces(&driver), ["[\"a\"", "\"€\"", "\"😀\"", "\"!\"]"]);
}

#[test]
fn text_that_is_none_ends_with_1007_as_soon_as_it_is_seen() {
    for bad in [&b"ok\xf4\x90"[..], b"ok\xff", b"ok\xe2\x82a"] {
        let mut driver = driver(|_| {});
        let key = driver.upgrade();
        driver.say(key, &header(FIN | TEXT, 100));
        let mut bad = frame(TEXT, bad).split_off(6);
        for byte in &mut bad {
            driver.say(key, std::slice::from_ref(byte));
        }
        assert_eq!(driver.messages(key), [close_frame(CloseCode::Invalid, "")]);
    }
    let mut driver = driver(|_| {});
    let key = driver.upgrade();
    driver.say(key, &[frame(TEXT, b"ok\xe2\x82"), frame(FIN, b"")].concat());
    assert_eq!(pieces(&driver), ["[\"ok\""], "the end inside a character is no end");
    assert_eq!(driver.messages(key), [close_frame(CloseCode::Invalid, "")]);
}

#[test]
fn a_message_may_be_longer_than_what_is_kept() {
    let mut driver = driver(|config| {
        config.limits.message_size = 10;
        config.limits.fragments = 2;
    });
    let key = driver.upgrade();
    driver.say(key, &frame(BINARY, &[0; 1_000]));
    for _ in 0..10 {
        driver.say(key, &frame(0, &[0; 1_000]));
    }
    driver.say(key, &frame(FIN, &[0; 1_000]));
    assert_eq!(pieces(&driver).len(), 12);
    assert_eq!((driver.stats().messages_in, driver.stats().bytes_in), (1, 12_000));
}

#[test]
fn but_not_longer_than_its_own_limit() {
    for frames in
        [vec![frame(FIN | BINARY, &[0; 101])], vec![frame(BINARY, &[0; 60]), header(0, 41)]]
    {
        let mut driver = driver(|config| config.limits.streamed_size = Some(100));
        let key = driver.upgrade();
        driver.say(key, &frames.concat());
        assert_eq!(driver.messages(key), [close_frame(CloseCode::Size, "")]);
    }
    let mut driver = driver(|config| config.limits.streamed_size = Some(100));
    let key = driver.upgrade();
    driver.say(key, &[frame(BINARY, &[0; 60]), frame(FIN, &[0; 40])].concat());
    assert_eq!(pieces(&driver), ["[60 bytes", "40 bytes]"]);
}

/// A gibibyte that is declared, and 64 MiB of it that come: nothing is kept of either.
#[test]
fn an_upload_needs_no_buffer() {
    const CHUNK: usize = 64 * 1024;
    let mut driver = driver(|_| {});
    let key = driver.upgrade();
    driver.say(key, &header(FIN | BINARY, 1 << 30));
    let mut chunk = vec![0; CHUNK];
    let memory = allocation_counter::measure(|| {
        for _ in 0..1_024 {
            driver.shard.receive(key, &mut chunk, driver.now);
            driver.turn();
        }
    });
    assert_eq!(driver.stats().bytes_in, 1_024 * CHUNK as u64);
    // The puppet's own log is most of it.
    assert!(memory.bytes_max < 2 * CHUNK as u64 + 1_024 * 200, "{memory:?}");
}

#[test]
fn the_message_deadline_runs_from_one_piece_to_the_next() {
    let mut driver = driver(|config| {
        config.timeouts.message = Some(Duration::from_secs(10));
        config.timeouts.ping_after = None;
        config.timeouts.hangup_after = None;
    });
    let key = driver.upgrade();
    driver.say(key, &header(FIN | BINARY, 1_000));
    for _ in 0..5 {
        driver.pass(Duration::from_secs(9));
        driver.say(key, b"x");
    }
    driver.pass_almost(Duration::from_secs(10));
    assert_eq!(driver.messages(key), []);
    driver.pass(Duration::from_micros(1));
    assert_eq!(driver.messages(key), [close_frame(CloseCode::Policy, "")]);
    assert_eq!(driver.stats().expired(Deadline::Message), 1);
}

/// Empty frames are no progress.
#[test]
fn a_peer_can_t_put_the_deadline_off_by_saying_nothing() {
    let mut driver = driver(|config| config.timeouts.message = Some(Duration::from_secs(10)));
    let key = driver.upgrade();
    driver.say(key, &frame(BINARY, b"x"));
    for _ in 0..9 {
        driver.pass(Duration::from_secs(1));
        driver.say(key, &frame(0, b""));
    }
    driver.pass(Duration::from_secs(1));
    assert_eq!(driver.messages(key), [close_frame(CloseCode::Policy, "")]);
}

#[test]
fn nothing_is_told_after_close() {
    let mut driver = driver(|_| {});
    driver.protocol.when("piece", "close 1000 enough");
    let key = driver.upgrade();
    let message = binary(&[0; 10]);
    driver.say(key, &message[..8]);
    driver.say(key, &message[8..]);
    assert_eq!(pieces(&driver), ["[2 bytes"]);
    assert_eq!(driver.messages(key), [close_frame(CloseCode::Normal, "enough")]);
}

/// Asks for pieces, and doesn't take them.
struct Careless;

impl Protocol for Careless {
    type Session = ();
    type Note = ();

    fn accept(&self, _: &Request<'_>) -> Accept<()> {
        Accept::admit(()).in_pieces()
    }

    fn message(&self, _: &mut Context<'_>, (): &mut (), _: Message<'_>) {
        unreachable!("pieces were asked for");
    }
}

#[test]
fn pieces_that_nobody_takes_end_with_1011() {
    let mut driver = Driver::of(Careless, |_| {});
    let key = driver.upgrade();
    driver.say(key, &text("hello"));
    assert_eq!(driver.messages(key), [close_frame(CloseCode::Error, "")]);
}

/// Whether it is text, and its bytes.
type Whole = (bool, Vec<u8>);

/// Puts messages together again, from pieces or not.
#[derive(Debug, Clone, Default)]
struct Collector {
    in_pieces: bool,
    messages: Arc<Mutex<Vec<Whole>>>,
    ended: Arc<Mutex<Option<CloseReason>>>,
}

impl Protocol for Collector {
    type Session = Vec<u8>;
    type Note = ();

    fn accept(&self, _: &Request<'_>) -> Accept<Vec<u8>> {
        let accept = Accept::admit(Vec::new());
        if self.in_pieces { accept.in_pieces() } else { accept }
    }

    fn message(&self, cx: &mut Context<'_>, session: &mut Vec<u8>, part: Message<'_>) {
        self.piece(cx, session, Piece { part, is_first: true, is_last: true });
    }

    fn piece(&self, _: &mut Context<'_>, session: &mut Vec<u8>, piece: Piece<'_>) {
        let Piece { part, is_first, is_last } = piece;
        assert!(!is_first || session.is_empty());
        session.extend_from_slice(part.as_bytes());
        if is_last {
            let message = (matches!(part, Message::Text(_)), std::mem::take(session));
            self.messages.lock().unwrap().push(message);
        }
    }

    fn closed(&self, _: &mut Context<'_>, _: Vec<u8>, reason: CloseReason) {
        *self.ended.lock().unwrap() = Some(reason);
    }
}

fn collected(in_pieces: bool, bytes: &[u8], size: usize) -> (Vec<Whole>, Option<CloseReason>) {
    let protocol = Collector { in_pieces, ..Collector::default() };
    // Behind a route, which has to hand pieces on.
    let route = Route::new("/", protocol.clone(), NotFound).unwrap();
    let mut driver = Driver::of(route, |_| {});
    let key = driver.upgrade();
    for piece in bytes.chunks(size) {
        driver.say(key, piece);
    }
    driver.settle();
    let Collector { messages, ended, .. } = protocol;
    (messages.lock().unwrap().clone(), ended.lock().unwrap().clone())
}

fn frames() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop_oneof![
        "\\PC{0,40}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..300),
    ];
    let first = prop::sample::select(&[0x81_u8, 0x01, 0x82, 0x02, 0x00, 0x80, 0x89, 0x8a][..]);
    let one = (first, payload).prop_map(|(first, payload)| frame(first, &payload));
    prop::collection::vec(one, 0..12).prop_map(|frames| frames.concat())
}

proptest! {
    /// However a stream is torn, pieces say the same as whole messages.
    #[test]
    fn put_together_pieces_are_the_messages(bytes in frames(), size in 1_usize..400) {
        prop_assert_eq!(collected(true, &bytes, size), collected(false, &bytes, bytes.len().max(1)));
    }
}

#[test]
fn a_violation_between_pieces_is_one() {
    let mut driver = driver(|_| {});
    let key = driver.upgrade();
    driver.say(key, &[frame(TEXT, b"a"), text("b")].concat());
    let expected = CloseReason::Violation(Violation::OutOfSequence);
    assert!(driver.log().contains(&format!("closed {expected:?}")));
}
