//! permessage-deflate (RFC 7692), against a client that compresses with streams of its own.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use tungstenite::protocol::frame::coding::CloseCode;
use ws_service::shard::{
    CompressionMode, Config, ConnectionKey, Frame, Mail, Message, Protocol, Stats,
};

use crate::driver::Driver;
use crate::driver::bill::uncounted;
use crate::driver::client::{BINARY, FIN, TEXT, close, frame, ping, request, text};
use crate::driver::echo::Echo;
use crate::driver::peer::close_frame;

/// The bit of a compressed message's first frame.
pub(crate) const RSV1: u8 = 0x40;
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// A client's two streams.
pub(crate) struct Client {
    compress: Compress,
    decompress: Decompress,
}

impl Client {
    pub(crate) fn new() -> Self {
        let compress = Compress::new(Compression::best(), false);
        Self { compress, decompress: Decompress::new(false) }
    }

    pub(crate) fn deflated(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len() + 1_000);
        self.compress.compress_vec(bytes, &mut out, FlushCompress::Sync).unwrap();
        out.truncate(out.len() - TAIL.len());
        out
    }

    fn inflated(&mut self, payload: &[u8], size: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(size + 1_000);
        let whole = [payload, &TAIL].concat();
        self.decompress.decompress_vec(&whole, &mut out, FlushDecompress::Sync).unwrap();
        out
    }
}

pub(crate) fn upgrade<P: Protocol>(
    driver: &mut Driver<P>,
    path: &str,
    offer: &str,
) -> (ConnectionKey, String) {
    let key = driver.connect();
    driver.say(key, &request(path, &[&format!("Sec-WebSocket-Extensions: {offer}")]));
    (key, agreed(driver, key))
}

/// What the server has answered to the offer.
fn agreed<P: Protocol>(driver: &mut Driver<P>, key: ConnectionKey) -> String {
    let (status, head) = driver.response(key);
    assert_eq!(status, 101, "{head}");
    let line = head.lines().find_map(|line| line.strip_prefix("sec-websocket-extensions: "));
    line.unwrap_or_default().to_owned()
}

fn with_mode(mode: CompressionMode) -> impl FnOnce(&mut Config) {
    move |config| {
        config.compression.mode = mode;
        config.compression.threshold = 16;
    }
}

/// The one frame of a server's output: its first byte, and its payload.
fn one_frame(bytes: &[u8]) -> (u8, &[u8]) {
    let (size, rest) = match bytes[1] {
        126 => (usize::from(u16::from_be_bytes([bytes[2], bytes[3]])), &bytes[4..]),
        127 => (
            usize::try_from(u64::from_be_bytes(*bytes[2..].first_chunk().unwrap())).unwrap(),
            &bytes[10..],
        ),
        size => (usize::from(size), &bytes[2..]),
    };
    assert_eq!(rest.len(), size, "one frame, and nothing behind it");
    (bytes[0], rest)
}

#[test]
fn messages_travel_compressed_both_ways() {
    for (mode, offer) in [
        (CompressionMode::Shared, "permessage-deflate; client_max_window_bits"),
        (CompressionMode::Dedicated, "permessage-deflate"),
        (CompressionMode::Dedicated, "permessage-deflate; server_no_context_takeover"),
        (CompressionMode::Dedicated, "permessage-deflate; server_max_window_bits=9"),
    ] {
        let mut driver = Driver::with(with_mode(mode));
        let (key, answer) = upgrade(&mut driver, "/", offer);
        assert!(answer.starts_with("permessage-deflate"), "{answer}");
        let mut client = Client::new();
        for round in 0..20 {
            if answer.contains("client_no_context_takeover") {
                client.compress.reset();
            }
            if answer.contains("server_no_context_takeover") {
                client.decompress.reset(false);
            }
            let message = format!("round {round}: ").repeat(100 * (round + 1));
            let payload = client.deflated(message.as_bytes());
            driver.say(key, &frame(FIN | RSV1 | TEXT, &payload));
            let output = driver.output(key);
            let (first, payload) = one_frame(&output);
            assert_eq!(first, FIN | RSV1 | TEXT, "{mode:?}");
            assert!(payload.len() < message.len() / 5);
            assert_eq!(client.inflated(payload, message.len()), message.as_bytes());
        }
        let Stats { inflated, deflated, messages_in, .. } = driver.stats();
        assert_eq!((inflated, deflated, messages_in), (20, 20, 20));
    }
}

/// A repetition is not referred to from beyond it: a client may have no more than that.
#[test]
fn a_small_window_is_kept_to() {
    let bytes: Vec<u8> =
        (0..600_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let size = |mode, offer| {
        let mut driver = Driver::of(Echo::default(), with_mode(mode));
        let (key, _) = upgrade(&mut driver, "/", offer);
        driver.say(key, &frame(FIN | BINARY, &bytes.repeat(2)));
        let output = driver.output(key);
        let (_, payload) = one_frame(&output);
        assert_eq!(Client::new().inflated(payload, 1_200), bytes.repeat(2));
        payload.len()
    };
    for mode in [CompressionMode::Shared, CompressionMode::Dedicated] {
        assert!(size(mode, "permessage-deflate") < 700);
        assert!(size(mode, "permessage-deflate; server_max_window_bits=9") > 1_100);
    }
}

#[test]
fn a_context_that_is_taken_over_makes_the_second_message_smaller() {
    let sizes = |mode| {
        let mut driver = Driver::with(with_mode(mode));
        let (key, _) = upgrade(&mut driver, "/", "permessage-deflate");
        let message = text("every word of this sentence is said but once");
        [(); 2].map(|()| {
            driver.say(key, &message);
            driver.output(key).len()
        })
    };
    let [first, second] = sizes(CompressionMode::Dedicated);
    assert!(second < first, "{second} after {first}");
    let [first, second] = sizes(CompressionMode::Shared);
    assert_eq!(second, first);
}

/// As it is compressed, or as it is.
#[test]
fn a_long_message_is_out_before_the_turn() {
    for threshold in [0, usize::MAX] {
        let mut driver = Driver::with(|config| {
            config.compression.threshold = threshold;
            config.budget.copied_bytes = 30;
        });
        let (key, _) = upgrade(&mut driver, "/", "permessage-deflate");
        let message = "long enough, compressed or not, to be written at once";
        driver.exchange(key, &text(message));
        let output = driver.output(key);
        let (first, payload) = one_frame(&output);
        if threshold == 0 {
            assert_eq!(first, FIN | RSV1 | TEXT);
            assert_eq!(Client::new().inflated(payload, message.len()), message.as_bytes());
        } else {
            assert_eq!((first, payload), (FIN | TEXT, message.as_bytes()));
        }
    }
}

/// The second refers to the first: each must leave once, whole and in its place.
#[test]
fn a_long_message_that_is_taken_in_part_keeps_its_place_in_the_stream() {
    for room in 0..40 {
        let mut driver = Driver::with(|config| {
            with_mode(CompressionMode::Dedicated)(config);
            config.budget.copied_bytes = 0;
        });
        let (key, _) = upgrade(&mut driver, "/", "permessage-deflate");
        let mut client = Client::new();
        let message = "every word of this sentence is said but once";
        let mut heard = Vec::new();
        driver.limit_room(key, room);
        for _ in 0..2 {
            driver.exchange(key, &text(message));
            driver.turn();
        }
        heard.extend(driver.output(key));
        driver.give_room(key, usize::MAX);
        heard.extend(driver.output(key));
        let (first, second) = heard.split_at(2 + usize::from(heard[1]));
        for frame in [first, second] {
            let (_, payload) = one_frame(frame);
            assert_eq!(client.inflated(payload, message.len()), message.as_bytes(), "{room}");
        }
    }
}

#[test]
fn what_is_short_is_sent_as_it_is() {
    let mut driver = Driver::with(with_mode(CompressionMode::Shared));
    let (key, _) = upgrade(&mut driver, "/", "permessage-deflate");
    for message in ["", "short", "fifteen letters"] {
        driver.say(key, &text(message));
        assert_eq!(driver.messages(key), [tungstenite::Message::from(message)]);
    }
    assert_eq!(driver.stats().deflated, 0);
}

#[test]
fn off_declines_every_offer() {
    let mut driver = Driver::with(with_mode(CompressionMode::Off));
    let (key, answer) = upgrade(&mut driver, "/", "permessage-deflate");
    assert_eq!(answer, "");
    driver.say(key, &frame(FIN | RSV1 | TEXT, b"x"));
    let messages = driver.messages(key);
    assert_eq!(messages, [close_frame(CloseCode::Protocol, "")], "a reserved bit");
}

#[test]
fn fragments_are_inflated_as_one_message_however_they_are_torn() {
    let message = "fragments of a message ".repeat(50);
    let payload = Client::new().deflated(message.as_bytes());
    let (a, b) = payload.split_at(payload.len() / 2);
    let stream = [frame(RSV1 | TEXT, a), ping(b"between"), frame(0, b""), frame(FIN, b)].concat();
    for size in [1, 2, 7, 20, stream.len()] {
        let mut driver = Driver::with(with_mode(CompressionMode::Shared));
        let (key, _) = upgrade(&mut driver, "/", "permessage-deflate");
        for piece in stream.chunks(size) {
            driver.say(key, piece);
        }
        let output = driver.output(key);
        let (pong, rest) = output.split_at(9);
        assert_eq!(&pong[2..], b"between");
        let (_, payload) = one_frame(rest);
        assert_eq!(Client::new().inflated(payload, message.len()), message.as_bytes());
    }
}

#[test]
fn only_the_first_frame_of_a_data_message_may_be_marked() {
    for bytes in [
        [frame(RSV1 | TEXT, b"\xf2\x48"), frame(FIN | RSV1, b"\xcd\xc9")].concat(),
        frame(FIN | RSV1 | 0x9, b""),
        frame(FIN | 0x20 | TEXT, b""),
    ] {
        let mut driver = Driver::with(with_mode(CompressionMode::Shared));
        let (key, _) = upgrade(&mut driver, "/", "permessage-deflate");
        driver.say(key, &bytes);
        assert_eq!(driver.messages(key), [close_frame(CloseCode::Protocol, "")]);
    }
}

#[test]
fn what_is_no_deflate_data_or_no_text_ends_with_1007() {
    let cut = b"\xf2\x48\xcd\xc9".to_vec();
    for payload in [vec![0xff; 9], Client::new().deflated(b"not \xff UTF-8"), cut] {
        let mut driver = Driver::with(with_mode(CompressionMode::Shared));
        let (key, _) = upgrade(&mut driver, "/", "permessage-deflate");
        driver.say(key, &frame(FIN | RSV1 | TEXT, &payload));
        assert_eq!(driver.messages(key), [close_frame(CloseCode::Invalid, "")]);
    }
}

/// Data that doesn't compress grows: by 4 % where a client's compressor has the least memory.
#[test]
fn a_message_as_long_as_it_may_be_is_taken_however_it_grew() {
    let message: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let mut grown = Vec::new();
    for block in message.chunks(128) {
        // A stored block (RFC 1951 §3.2.4).
        let size = u16::try_from(block.len()).unwrap();
        grown.push(0);
        grown.extend(size.to_le_bytes());
        grown.extend((!size).to_le_bytes());
        grown.extend(block);
    }
    grown.push(0);
    assert!(grown.len() > 103_000);
    let pieces = [&grown[..1_000], &grown[1_000..]];
    for stream in [
        frame(FIN | RSV1 | BINARY, &grown),
        [frame(RSV1 | BINARY, pieces[0]), frame(FIN, pieces[1])].concat(),
    ] {
        let mut driver = Driver::with(|config| {
            config.limits.message_size = 100_000;
            config.compression.threshold = usize::MAX;
        });
        let (key, _) = upgrade(&mut driver, "/", "permessage-deflate");
        driver.say(key, &stream);
        assert_eq!(driver.messages(key), [tungstenite::Message::from(message.clone())]);
    }
}

/// Many small messages that inflate to much are spread over turns.
#[test]
fn a_turn_inflates_no_more_than_its_budget() {
    let mut driver = Driver::with(|config| {
        config.budget.inflated_bytes = 50_000;
        config.compression.threshold = usize::MAX;
    });
    let (key, _) = upgrade(&mut driver, "/", "permessage-deflate");
    let one = frame(FIN | RSV1 | BINARY, &Client::new().deflated(&vec![0; 20_000]));
    driver.shard.receive(key, &mut one.repeat(10), driver.now);
    assert_eq!(driver.stats().inflated, 3, "the one that goes beyond is the last");
    assert!(driver.shard.has_unread(key));
    driver.turn();
    assert_eq!(driver.stats().inflated, 6);
    driver.settle();
    assert_eq!(driver.stats().inflated, 10);
    assert_eq!(driver.messages(key).len(), 10);
}

/// However many connections it takes.
#[test]
fn a_turn_inflates_no_more_than_its_budget_for_all_connections_together() {
    let mut driver = Driver::with(|config| {
        config.budget.inflated_bytes = 50_000;
        config.compression.threshold = usize::MAX;
    });
    let keys: Vec<_> = (0..40).map(|_| upgrade(&mut driver, "/", "permessage-deflate").0).collect();
    let one = frame(FIN | RSV1 | BINARY, &Client::new().deflated(&vec![0; 20_000]));
    for &key in &keys {
        driver.shard.receive(key, &mut one.clone(), driver.now);
    }
    assert_eq!(driver.stats().inflated, 3);
    assert_eq!(driver.shard.unread(), 37 * one.len());
    for turn in 1..=12 {
        driver.turn();
        assert_eq!(driver.stats().inflated, 3 + 3 * turn);
        // In the order in which they came.
        let served = 3 + 3 * usize::try_from(turn).unwrap();
        assert!(keys[..served].iter().all(|&key| !driver.shard.has_unread(key)));
    }
    driver.settle();
    for key in keys {
        assert_eq!(driver.messages(key).len(), 1);
    }
}

/// Who has more frames than a turn takes can't use the budget up before others, turn after turn.
#[test]
fn whoever_waits_for_the_budget_gets_it_in_turn() {
    let mut driver = Driver::with(|config| {
        config.budget.inflated_bytes = 5_000;
        config.budget.frames = 5;
    });
    let greedy = upgrade(&mut driver, "/", "permessage-deflate").0;
    let other = upgrade(&mut driver, "/", "permessage-deflate").0;
    let one = frame(FIN | RSV1 | BINARY, &Client::new().deflated(&vec![0; 1_000]));
    driver.shard.receive(greedy, &mut one.repeat(1_000), driver.now);
    driver.shard.receive(other, &mut one.clone(), driver.now);
    assert!(driver.shard.has_unread(greedy) && driver.shard.has_unread(other));
    driver.turn();
    assert!(!driver.shard.has_unread(other));
    assert_eq!(driver.messages(other).len(), 1);
}

/// What hardly inflates to anything costs time all the same.
#[test]
fn what_comes_compressed_counts_for_the_budget_too() {
    let mut driver = Driver::with(|config| config.budget.inflated_bytes = 5_000);
    let (key, _) = upgrade(&mut driver, "/", "permessage-deflate");
    // Blocks without a byte (RFC 1951 §3.2.3).
    let blocks = [&[0, 0, 0, 0xff, 0xff].repeat(500)[..], &[0]].concat();
    let empty = frame(FIN | RSV1 | BINARY, &blocks);
    driver.shard.receive(key, &mut empty.repeat(10), driver.now);
    assert_eq!(driver.stats().inflated, 2);
    driver.settle();
    assert_eq!(driver.stats().inflated, 10);
}

/// Who compresses much delays nobody who doesn't.
#[test]
fn a_budget_that_is_used_up_is_no_limit_to_plain_messages() {
    let mut driver = Driver::with(|config| {
        config.budget.inflated_bytes = 10_000;
        config.budget.frames = 10;
    });
    let (greedy, _) = upgrade(&mut driver, "/", "permessage-deflate");
    let plain = driver.upgrade();
    let large = frame(FIN | RSV1 | BINARY, &Client::new().deflated(&vec![0; 20_000]));
    driver.shard.receive(greedy, &mut large.repeat(100), driver.now);
    driver.shard.receive(plain, &mut text("small").repeat(20), driver.now);
    assert_eq!(driver.stats().messages_in, 1 + 10);
    driver.turn();
    assert!(driver.shard.has_unread(greedy) && !driver.shard.has_unread(plain));
    assert_eq!(driver.stats().messages_in, 2 + 20);
}

/// Plain ones of those who compress, too, until something comes that may be compressed.
#[test]
fn a_budget_that_is_used_up_holds_back_only_what_may_be_compressed() {
    let mut driver = Driver::with(|config| config.budget.inflated_bytes = 10_000);
    let greedy = upgrade(&mut driver, "/", "permessage-deflate").0;
    let other = upgrade(&mut driver, "/", "permessage-deflate").0;
    let large = frame(FIN | RSV1 | BINARY, &Client::new().deflated(&vec![0; 20_000]));
    driver.shard.receive(greedy, &mut large.clone(), driver.now);
    let mixed = [text("plain"), large.clone(), text("behind")].concat();
    driver.shard.receive(other, &mut mixed.clone(), driver.now);
    assert_eq!(driver.stats().messages_in, 1 + 1);
    driver.settle();
    assert_eq!(driver.stats().messages_in, 1 + 3);
}

#[test]
fn a_published_message_is_compressed_once_for_all_who_share() {
    let mut driver = Driver::with(with_mode(CompressionMode::Shared));
    let keys: Vec<_> = (0..5)
        .map(|n| {
            let offer = if n == 4 { "x-none" } else { "permessage-deflate" };
            let (key, _) = upgrade(&mut driver, "/", offer);
            driver.say(key, &text("/sub t"));
            driver.output(key);
            key
        })
        .collect();
    let message = "to all who subscribe ".repeat(200);
    driver.mail(Mail::Publish(Frame::new(Message::Text(&message)).to_topic("t")));
    let outputs: Vec<_> = keys.iter().map(|&key| driver.output(key)).collect();
    assert!(outputs[..4].iter().all(|output| *output == outputs[0]), "the same bytes");
    let (_, payload) = one_frame(&outputs[0]);
    assert_eq!(Client::new().inflated(payload, message.len()), message.as_bytes());
    assert_eq!(one_frame(&outputs[4]), (FIN | TEXT, message.as_bytes()));
    for key in keys {
        driver.say(key, &close(1000, ""));
    }
}

/// What `CompressionMode` says that a connection keeps, from its handshake on.
#[test]
fn a_shared_stream_costs_a_connection_nothing() {
    let kept = |mode| {
        let mut driver = Driver::of(Echo::default(), with_mode(mode));
        let keys = [(); 9].map(|()| driver.connect());
        let payload = Client::new().deflated(&[7; 2_000]);
        let bytes = frame(FIN | RSV1 | BINARY, &payload);
        let request = request("/", &["Sec-WebSocket-Extensions: permessage-deflate"]);
        let mut serve = |key| {
            driver.say(key, &request);
            uncounted(|| assert!(!agreed(&mut driver, key).is_empty()));
            driver.say(key, &bytes);
            uncounted(|| drop(driver.output(key)));
        };
        serve(keys[0]);
        allocation_counter::measure(|| keys[1..].iter().copied().for_each(serve)).bytes_current / 8
    };
    let (shared, dedicated) = (kept(CompressionMode::Shared), kept(CompressionMode::Dedicated));
    println!("bytes kept for a connection: {shared} shared, {dedicated} dedicated");
    assert!((0..16).contains(&shared), "{shared}");
    assert!(dedicated <= 418 * 1024, "{dedicated}");
}
