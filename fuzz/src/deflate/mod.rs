//! Compressed messages, as the shard takes and sends them and as another inflater reads them.

mod client;
mod reference;

use tungstenite::protocol::frame::coding::CloseCode;
use ws_service::shard::{CloseReason, CompressionMode, ConnectionKey, Violation};

use crate::choices::Choices;
use crate::driver::Driver;
use crate::driver::client::{CLOSE, FIN, frame, ping, request};
use crate::driver::echo::Echo;
use client::{Client, Terms};

/// A message may have so many bytes.
const LIMIT: usize = 2_000;
/// More messages than this only take longer.
const MOST: usize = 40;
/// What the shard may hold at once: two streams and their scratch buffers.
const MEMORY: u64 = 700 * 1024;

const OFFERS: [&str; 8] = [
    "permessage-deflate",
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate; server_no_context_takeover",
    "permessage-deflate; client_no_context_takeover",
    "permessage-deflate; server_max_window_bits=9",
    "permessage-deflate; client_max_window_bits=10; server_max_window_bits=12",
    "permessage-deflate; client_max_window_bits=9",
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
];

/// One thing that a client sends.
struct Piece {
    bytes: Vec<u8>,
    /// What is to come back.
    outcome: Outcome,
}

/// What becomes of a message.
enum Outcome {
    /// It comes back.
    Echoed { is_text: bool, message: Vec<u8> },
    /// It comes back, or is refused.
    Unsure { is_text: bool, message: Vec<u8> },
    /// Nothing that tells of it.
    Nothing,
    /// It is refused, with one of these codes.
    Refused(&'static [u16]),
}

/// Sends the messages that `input` stands for, compressed well, badly, or not at all, and cut somehow.
///
/// # Panics
/// A message doesn't come back, or comes back as another; one is refused, or not refused, that another inflater takes
/// or doesn't; or the shard breaks its own law.
pub fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let sizes = choices.sizes();
    let mut session = Session::new(&mut choices);
    for _ in 0..MOST {
        if choices.is_empty() || !session.is_open() {
            break;
        }
        let piece = session.client.piece(&mut choices);
        session.say(&piece, &sizes);
    }
}

/// A shard, and a client of it that has agreed on something.
struct Session {
    driver: Driver<Echo>,
    key: ConnectionKey,
    client: Client,
}

impl Session {
    fn new(choices: &mut Choices<'_>) -> Self {
        let protocol = if choices.flag() { Echo::in_pieces() } else { Echo::default() };
        let mut driver = Driver::of(protocol, |config| {
            let compression = &mut config.compression;
            compression.mode = choices.pick(&[CompressionMode::Shared, CompressionMode::Dedicated]);
            compression.window_bits = choices.pick(&[15, 12, 9]);
            compression.threshold = choices.pick(&[1, 64, usize::MAX]);
            config.limits.message_size = LIMIT;
            config.limits.streamed_size = Some(LIMIT as u64);
            config.budget.inflated_bytes = 3_000;
        });
        let key = driver.connect();
        let offer = choices.pick(&OFFERS);
        driver.say(key, &request("/", &[&format!("Sec-WebSocket-Extensions: {offer}")]));
        let (status, head) = driver.response(key);
        assert_eq!(status, 101);
        let answer = head.lines().find_map(|line| line.strip_prefix("sec-websocket-extensions: "));
        let client = Client::new(Terms::read(answer.expect("an answer to a good offer")), LIMIT);
        Self { driver, key, client }
    }

    fn is_open(&self) -> bool {
        self.driver.protocol.ended().is_none()
    }

    fn say(&mut self, piece: &Piece, sizes: &[usize]) {
        let Self { driver, key, client } = self;
        let key = *key;
        let bill = driver.bill(|driver| driver.say_cut(key, &piece.bytes, sizes));
        assert!(bill.peak <= MEMORY, "{bill:?}");
        let heard = client.hear(&driver.output(key));
        let ended = driver.protocol.ended();
        match &piece.outcome {
            Outcome::Unsure { .. } if ended.is_some() => {
                check_refusal(&heard, ended, &[1007, 1009]);
            }
            Outcome::Echoed { is_text, message } | Outcome::Unsure { is_text, message } => {
                assert_eq!(ended, None);
                assert_eq!(heard, [(u8::from(!is_text) + 1, message.clone())]);
            }
            Outcome::Nothing => {
                assert_eq!(ended, None);
                assert!(heard.iter().all(|(opcode, _)| *opcode == 0xa), "{heard:?}");
            }
            Outcome::Refused(codes) => check_refusal(&heard, ended, codes),
        }
    }
}

/// One Close, with one of these codes, and the reason that has it.
fn check_refusal(heard: &[(u8, Vec<u8>)], ended: Option<CloseReason>, codes: &[u16]) {
    let [(opcode, body)] = heard else { panic!("no refusal: {heard:?}") };
    let code = body.first_chunk().map_or(0, |&code| u16::from_be_bytes(code));
    assert!(*opcode == CLOSE && codes.contains(&code), "{code}, not {codes:?}: {heard:?}");
    let expected = match ended {
        Some(CloseReason::Violation(Violation::TooLong)) => CloseCode::Size,
        Some(CloseReason::Violation(Violation::BadDeflate | Violation::InvalidUtf8)) => {
            CloseCode::Invalid
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(code, u16::from(expected));
}

/// A frame that is not compressed, and what becomes of it.
fn plain(choices: &mut Choices<'_>) -> Piece {
    let bytes = choices.bytes();
    if choices.flag() {
        let payload = &bytes[..bytes.len().min(125)];
        return Piece { bytes: ping(payload), outcome: Outcome::Nothing };
    }
    let outcome = Outcome::Echoed { is_text: false, message: bytes.to_vec() };
    Piece { bytes: frame(FIN | 2, bytes), outcome }
}

/// Inputs to begin with.
#[must_use]
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    // The cut, in pieces or not, the mode, the window, the threshold, the offer.
    let with = |setting: [u8; 6], ops: &[u8]| [&setting, ops].concat();
    let text = [0, 1, 0, 200, 3, 0, 0];
    let noise = [0, 0, 3, 0x20, 2, 1, 2];
    vec![
        ("a-text", with([0, 0, 0, 0, 0, 0], &text)),
        ("a-text-in-pieces", with([3, 1, 0, 0, 0, 0], &text)),
        ("two-with-a-context", with([0, 0, 1, 0, 0, 0], &[text, text].concat())),
        ("two-with-a-context-in-pieces", with([1, 1, 1, 0, 0, 0], &[text, text, noise].concat())),
        ("small-windows", with([7, 0, 1, 2, 0, 5], &[noise, text, noise].concat())),
        ("no-takeover", with([0, 0, 1, 0, 1, 7], &[text, noise, text].concat())),
        ("nothing-compressed-back", with([0, 0, 0, 0, 2, 1], &[text, noise].concat())),
        ("too-long", with([0, 0, 0, 0, 0, 0], &[0, 0, 8, 0, 1, 0, 0])),
        ("too-long-in-pieces", with([0, 1, 1, 0, 0, 0], &[0, 1, 8, 0, 3, 0, 0])),
        ("rfc-hello", with([0, 0, 0, 0, 0, 0], b"\x01\x01\x00\x07\xf2\x48\xcd\xc9\xc9\x07\x00")),
        (
            "rfc-hello-final",
            with([0, 1, 0, 0, 0, 0], b"\x01\x01\x00\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
        ),
        (
            "rfc-hello-stored",
            with(
                [2, 0, 0, 0, 0, 0],
                b"\x01\x01\x00\x0b\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
            ),
        ),
        (
            "rfc-hello-again",
            with(
                [0, 0, 1, 0, 0, 0],
                b"\x01\x01\x00\x07\xf2\x48\xcd\xc9\xc9\x07\x00\x01\x01\x00\x05\xf2\x00\x11\x00\x00",
            ),
        ),
        ("too-far-back", with([0, 0, 1, 0, 0, 0], b"\x01\x01\x00\x05\xf2\x00\x11\x00\x00")),
        ("cut-inside-a-block", with([0, 0, 0, 0, 0, 0], b"\x01\x00\x00\x02\x3d\x00")),
        (
            "cut-inside-a-block-of-a-context",
            with([0, 1, 1, 0, 0, 0], b"\x01\x00\x00\x02\x3d\x00\x01\x00\x00\x01\x00"),
        ),
        ("no-data", with([0, 0, 0, 0, 0, 0], b"\x01\x00\x01\x04\xff\xff\xff\xff")),
        ("no-text", with([1, 1, 0, 0, 0, 0], b"\x01\x01\x00\x07\x00\x02\x00\xfd\xff\xc3\x28")),
        (
            "plain-between",
            with([0, 0, 1, 0, 0, 0], &[&text[..], b"\x02\x03abc\x00\x02\x01p\x01", &text].concat()),
        ),
    ]
}
