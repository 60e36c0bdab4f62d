//! Close handshakes from both sides, and how the transport ends after them.

use std::time::Duration;

use tungstenite::Message;
use tungstenite::protocol::frame::coding::CloseCode;
use ws_service::shard::{CloseKind, Mail};

use crate::driver::Driver;
use crate::driver::client::{self, CLOSE, FIN, frame, text};
use crate::driver::peer::close_frame;

#[test]
fn a_peers_close_is_echoed_and_its_transport_closed() {
    for code in [1000, 1001, 1003, 1007, 1011, 1012, 1013, 3000, 3999, 4000, 4999] {
        let mut driver = Driver::new();
        let key = driver.upgrade();
        driver.say(key, &client::close(code, "bye"));
        assert_eq!(driver.messages(key), [close_frame(CloseCode::from(code), "")]);
        assert!(driver.is_closed(key), "the server ends first (RFC 6455 §7.1.1)");
        assert!(!driver.is_shut(key));
        let told = format!("closed Peer(Some({:?}), \"bye\")", CloseCode::from(code));
        assert_eq!(driver.log().last(), Some(&told));
        assert_eq!(driver.stats().closes(CloseKind::Peer), 1);
    }
}

#[test]
fn a_close_without_a_code_is_echoed_without_one() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(key, &frame(FIN | CLOSE, b""));
    assert_eq!(driver.messages(key), [Message::Close(None)]);
    assert_eq!(driver.log().last().unwrap(), "closed Peer(None, \"\")");
}

#[test]
fn what_follows_a_close_is_not_read() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(key, &[client::close(1000, ""), text("too late")].concat());
    assert_eq!(driver.log(), ["opened", "closed Peer(Some(Normal), \"\")"]);
    assert_eq!(driver.stats().messages_in, 0);
}

#[test]
fn our_close_waits_for_the_peers_and_drops_what_it_says_meanwhile() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(key, &text("/send last words; close 4001 good bye; send late; close 1000 again"));
    assert_eq!(
        driver.messages(key),
        [Message::from("last words"), close_frame(CloseCode::from(4001), "good bye")]
    );
    let log = driver.log();
    assert!(log.contains(&"send late -> Err(Closed)".to_owned()), "{log:?}");
    assert_eq!(log.last().unwrap(), "closed Local(Library(4001))");
    driver.say(key, &[text("dropped"), client::ping(b"unanswered")].concat());
    assert!(!driver.is_closed(key));
    driver.say(key, &client::close(4001, "good bye"));
    assert!(driver.is_closed(key) && !driver.is_shut(key));
    assert_eq!(driver.messages(key), [], "nothing follows our Close");
    assert_eq!(driver.log(), [""; 0], "told once, and nothing else");
    assert_eq!(driver.stats().closes(CloseKind::Local), 1);
}

#[test]
fn a_violation_inside_the_closing_handshake_ends_it() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(key, &text("/close 1000 bye"));
    driver.say(key, &[0xff, 0xff]);
    assert!(driver.is_closed(key));
    assert_eq!(driver.stats().closes(CloseKind::Local), 1, "the first reason counts");
    assert_eq!(driver.stats().closes(CloseKind::Violation), 0);
}

#[test]
fn the_peers_close_in_the_middle_of_our_backlog_lets_the_backlog_out() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.limit_room(key, 3);
    driver.say(key, &text("a long answer"));
    driver.say(key, &client::close(1000, ""));
    driver.settle();
    assert!(!driver.is_closed(key));
    driver.give_room(key, usize::MAX);
    assert!(driver.is_closed(key));
    let expected = [Message::from("a long answer"), close_frame(CloseCode::Normal, "")];
    assert_eq!(driver.messages(key), expected);
}

#[test]
fn a_peer_that_takes_nothing_is_let_go_at_the_close_deadline() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.limit_room(key, 3);
    driver.say(key, &text("a long answer"));
    driver.say(key, &client::close(1000, ""));
    driver.pass(Duration::from_secs(5));
    assert!(driver.is_closed(key));
}

/// A code that must not be on the wire (RFC 6455 §7.4) becomes 1000.
#[test]
fn a_forbidden_code_of_ours_is_sent_as_1000() {
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        let mut driver = Driver::new();
        let key = driver.upgrade();
        driver.say(key, &text(&format!("/close {code} bye")));
        assert_eq!(driver.messages(key), [close_frame(CloseCode::Normal, "bye")]);
    }
}

#[test]
fn a_long_text_is_cut_at_a_character() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(key, &text(&format!("/close 1000 {}", "é".repeat(100))));
    assert_eq!(driver.messages(key), [close_frame(CloseCode::Normal, &"é".repeat(61))]);
}

#[test]
fn a_close_from_another_thread_is_like_one_from_a_handler() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.mail(Mail::Close(key, CloseCode::from(4002), "away".into()));
    assert_eq!(driver.messages(key), [close_frame(CloseCode::from(4002), "away")]);
    assert_eq!(driver.log().last().unwrap(), "closed Local(Library(4002))");
    let other = driver.upgrade();
    driver.mail(Mail::Close(other, CloseCode::from(1006), "away".into()));
    assert_eq!(driver.messages(other), [close_frame(CloseCode::Normal, "away")]);
}

#[test]
fn last_words_are_followed_by_a_half_close_and_then_by_the_end() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.limit_room(key, 1);
    driver.say(key, &[0x81, 0x00]);
    driver.settle();
    assert!(!driver.is_shut(key), "the last words are not all out");
    driver.give_room(key, usize::MAX);
    assert!(driver.is_shut(key) && !driver.is_closed(key));
    assert_eq!(driver.messages(key), [close_frame(CloseCode::Protocol, "")]);
    driver.say(key, &text("thrown away"));
    assert!(!driver.is_closed(key));
    driver.hang_up(key);
    assert!(driver.is_closed(key));
    assert_eq!(driver.stats().closes(CloseKind::Violation), 1);
    assert_eq!(driver.stats().closes(CloseKind::Disconnected), 0);
}

#[test]
fn lingering_ends_at_the_close_deadline() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(key, &[0x81, 0x00]);
    driver.pass(Duration::from_micros(4_999_999));
    assert!(driver.is_shut(key) && !driver.is_closed(key));
    driver.pass(Duration::from_micros(1));
    assert!(driver.is_closed(key));
}

#[test]
fn a_transport_that_ends_without_a_close_says_so() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(key, &frame(0x1, b"half a message"));
    driver.hang_up(key);
    assert!(driver.is_closed(key));
    assert_eq!(driver.log(), ["opened", "closed Disconnected"]);
    driver.shard.disconnected(key, driver.now);
    driver.settle();
    assert_eq!(driver.stats().closes(CloseKind::Disconnected), 1, "twice is once");
}

#[test]
fn in_closed_nothing_can_be_sent_and_publishing_works() {
    let mut driver = Driver::new();
    let listener = driver.upgrade();
    driver.say(listener, &text("/sub t"));
    driver.protocol.when("closed", "send x; sub u; timer 1; alive; close 1000 x; pub t gone");
    let key = driver.upgrade();
    driver.say(key, &text("/sub t"));
    driver.hang_up(key);
    driver.settle();
    let log = driver.log();
    assert!(log.contains(&"send x -> Err(Closed)".to_owned()), "{log:?}");
    assert_eq!(driver.messages(listener), [Message::from("gone")]);
    assert_eq!(driver.stats().topics, 1, "only the listener's");
    driver.protocol.when("closed", "");
}

/// An idle shard has no turn to correct them in.
#[test]
fn the_gauges_are_right_when_the_last_turn_is_over() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.say(key, &client::close(1000, ""));
    assert!(driver.is_closed(key));
    let stats = driver.stats();
    assert_eq!((stats.connections, stats.timers, stats.staged), (0, 0, 0));
}

/// Who has got our last words may take seconds to go: half a message is not kept meanwhile.
#[test]
fn what_was_begun_is_let_go_with_the_last_words() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    let half = frame(0x2, &vec![0; 100_000]);
    let memory = allocation_counter::measure(|| {
        driver.say(key, &half);
        driver.say(key, &[0x81, 0x00]);
    });
    assert!(driver.is_shut(key) && !driver.is_closed(key));
    assert!(memory.bytes_current < 10_000, "{} bytes are kept", memory.bytes_current);
}
