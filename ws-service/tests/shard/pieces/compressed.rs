//! Compressed messages that are told as they come.

use std::time::Duration;

use tungstenite::protocol::frame::coding::CloseCode;
use ws_service::shard::{CompressionMode, ConnectionKey};

use super::{driver, pieces};
use crate::deflate::{Client, RSV1, upgrade};
use crate::driver::Driver;
use crate::driver::client::{BINARY, FIN, TEXT, frame};
use crate::driver::peer::close_frame;

const OFFER: &str = "permessage-deflate";

fn connect(driver: &mut Driver) -> ConnectionKey {
    let (key, answer) = upgrade(driver, "/", OFFER);
    assert!(answer.starts_with(OFFER), "{answer}");
    key
}

/// `text`, incompressible enough to be many bytes.
fn words(count: u32) -> String {
    let word = |number: u32| format!("{:x}€", number.wrapping_mul(2_654_435_761));
    (0..count).map(word).collect::<Vec<_>>().concat()
}

/// The text of all pieces, which must begin and end in the right places.
fn told(driver: &Driver) -> String {
    let pieces = pieces(driver);
    let whole = pieces.concat();
    assert!(whole.starts_with('[') && whole.ends_with(']'), "{whole}");
    assert_eq!(whole.matches(['[', ']']).count(), 2, "one beginning, one end");
    whole.replace(['[', ']', '"'], "")
}

/// The payload in two frames, the first of which is compressed, as both are.
fn in_frames(payload: &[u8]) -> Vec<u8> {
    let (head, tail) = payload.split_at(payload.len() / 2);
    [frame(TEXT | RSV1, head), frame(FIN, tail)].concat()
}

#[test]
fn a_compressed_message_is_inflated_as_it_comes() {
    for mode in [CompressionMode::Shared, CompressionMode::Dedicated] {
        for size in [1, 7, 1_000, 1 << 20] {
            let mut driver = driver(|config| config.compression.mode = mode);
            let key = connect(&mut driver);
            let mut client = Client::new();
            for text in [words(2_000), words(3_000)] {
                if mode == CompressionMode::Shared {
                    client = Client::new();
                }
                for piece in in_frames(&client.deflated(text.as_bytes())).chunks(size) {
                    driver.say(key, piece);
                }
                driver.settle();
                assert_eq!(told(&driver), text, "{mode:?} in pieces of {size}");
            }
            assert_eq!((driver.stats().inflated, driver.stats().messages_in), (2, 2));
        }
    }
}

/// The thread's one inflater can't serve both.
#[test]
fn two_messages_at_the_same_time_don_t_mix() {
    let mut driver = driver(|_| {});
    let (one, two) = (connect(&mut driver), connect(&mut driver));
    let texts = [words(500), words(700).to_uppercase()];
    let streams = texts.each_ref().map(|text| in_frames(&Client::new().deflated(text.as_bytes())));
    let mut told = [String::new(), String::new()];
    for step in 0..100 {
        for (place, key) in [one, two].into_iter().enumerate() {
            let rest = &streams[place][(step * 100).min(streams[place].len())..];
            driver.say(key, &rest[..rest.len().min(100)]);
            told[place].push_str(&pieces(&driver).concat().replace('"', ""));
        }
    }
    for (told, text) in told.into_iter().zip(texts) {
        assert_eq!(told, format!("[{text}]"));
    }
}

#[test]
fn text_that_is_none_ends_with_1007() {
    let mut driver = driver(|_| {});
    let key = connect(&mut driver);
    let payload = Client::new().deflated(b"so far so good, but \xff");
    driver.say(key, &frame(FIN | RSV1 | TEXT, &payload));
    assert_eq!(driver.messages(key), [close_frame(CloseCode::Invalid, "")]);
}

#[test]
fn a_message_that_is_cut_inside_a_block_ends_with_1007() {
    let mut driver = driver(|_| {});
    let key = connect(&mut driver);
    driver.say(key, &frame(RSV1 | TEXT, b"\xf2\x48"));
    driver.say(key, &frame(FIN, b"\xcd\xc9"));
    assert_eq!(driver.messages(key), [close_frame(CloseCode::Invalid, "")]);
}

/// A bomb is inflated within the turn's budget, in pieces, up to the limit.
#[test]
fn a_bomb_goes_off_a_little_at_a_time() {
    let mut driver = driver(|config| {
        config.budget.inflated_bytes = 100_000;
        config.limits.streamed_size = Some(20_000_000);
    });
    let key = connect(&mut driver);
    let bomb = Client::new().deflated(&vec![0; 50_000_000]);
    assert!(bomb.len() < 100_000);
    driver.shard.receive(key, &mut frame(FIN | RSV1 | BINARY, &bomb), driver.now);
    let mut last = driver.stats().bytes_in;
    assert!(last < 100_000 + 4_096 * 1_040, "a step beyond the budget at most: {last}");
    while driver.shard.has_unread(key) {
        driver.turn();
        let so_far = driver.stats().bytes_in;
        assert!(so_far - last < 100_000 + 4_096 * 1_040, "{}", so_far - last);
        last = so_far;
    }
    driver.settle();
    assert!(last <= 20_000_000, "{last}");
    assert_eq!(driver.messages(key), [close_frame(CloseCode::Size, "")]);
}

/// Neither empty frames nor blocks that tell nothing are progress.
#[test]
fn a_peer_can_t_put_the_deadline_off_by_saying_nothing_compressed() {
    for nothing in [&b""[..], b"\x00\x00\x00\xff\xff"] {
        let mut driver = driver(|config| config.timeouts.message = Some(Duration::from_secs(10)));
        let key = connect(&mut driver);
        driver.say(key, &frame(TEXT | RSV1, b"\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff"));
        assert_eq!(pieces(&driver), ["[\"Hello\""]);
        for _ in 0..9 {
            driver.pass(Duration::from_secs(1));
            driver.say(key, &frame(0, nothing));
        }
        assert_eq!(driver.messages(key), []);
        driver.pass(Duration::from_secs(1));
        assert_eq!(driver.messages(key), [close_frame(CloseCode::Policy, "")]);
    }
}

/// In the shared mode an inflater belongs to a connection only while a message is unfinished.
#[test]
fn a_message_holds_its_inflater_until_it_ends() {
    let mut driver = driver(|_| {});
    let keys: Vec<_> = (0..20).map(|_| connect(&mut driver)).collect();
    let stream = in_frames(&Client::new().deflated(words(100).as_bytes()));
    let (head, tail) = stream.split_at(stream.len() / 2);
    let memory = allocation_counter::measure(|| {
        for &key in &keys {
            driver.say(key, head);
        }
    });
    let each = memory.bytes_current / 20;
    assert!((20_000..60_000).contains(&each), "{each} bytes each");
    for &key in &keys {
        driver.say(key, tail);
    }
    let log = driver.log();
    assert_eq!(log.iter().filter(|line| line.ends_with(']')).count(), 20, "{log:?}");
    let memory = allocation_counter::measure(|| {
        for &key in &keys {
            driver.say(key, &stream);
        }
        driver.log();
    });
    assert!(memory.bytes_max < 200_000, "one at a time share one: {memory:?}");
}

#[test]
fn closing_in_the_middle_of_a_message_ends_what_is_told() {
    let mut driver = driver(|_| {});
    driver.protocol.when("piece", "close 1000");
    let key = connect(&mut driver);
    let stream = in_frames(&Client::new().deflated(words(50_000).as_bytes()));
    for piece in stream.chunks(10_000) {
        driver.say(key, piece);
    }
    driver.settle();
    assert_eq!(pieces(&driver).len(), 1);
    assert_eq!(driver.messages(key), [close_frame(CloseCode::Normal, "")]);
}
