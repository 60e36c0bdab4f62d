//! What kinds of client there are, and what they do.

use crate::dice::Dice;

/// A client's character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Temper {
    /// Keeps the rules; closes properly, or stays.
    Polite,
    /// Reads a little at a time, now and then.
    Slow,
    /// Never reads.
    Deaf,
    /// Reads, but answers no ping.
    Mute,
    /// Is gone at some moment without a sign.
    Vanisher,
    /// Resets at some byte of what it sends, of its request or later.
    Resetter,
    /// Resets at some byte of the upgrade or of the close handshake, said or heard.
    Breaker,
    /// Ends its side without a Close.
    Dropper,
    /// Breaks RFC 6455 or a limit.
    Violator,
    /// Sends a request that is to be refused.
    Intruder,
    /// Begins a request or a frame, and does not go on.
    Stuck,
    /// Sends a byte or two at a time.
    Dripper,
    /// Sends much at once.
    Flooder,
    /// Connects, and says nothing.
    Ghost,
    /// Answers no Close, and stays.
    Clinger,
}

/// Where a breaker resets: so many bytes into this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cut {
    /// Its request.
    Request(u64),
    /// What it hears first: the response.
    Response(u64),
    /// Its Close.
    Close(u64),
    /// What it hears after its Close: the answer, if nothing else was under way.
    Goodbye(u64),
}

impl Cut {
    /// Any byte of the shortest of these, and a few beyond.
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        match dice.between(0, 9) {
            0..4 => Self::Request(dice.between(0, 180)),
            4..8 => Self::Response(dice.between(0, 160)),
            8 => Self::Close(dice.between(0, 14)),
            _ => Self::Goodbye(dice.between(0, 4)),
        }
    }
}

impl Temper {
    pub(crate) const WEIGHTS: [(Self, u32); 15] = [
        (Self::Polite, 40),
        (Self::Slow, 10),
        (Self::Deaf, 6),
        (Self::Mute, 8),
        (Self::Vanisher, 8),
        (Self::Resetter, 12),
        (Self::Breaker, 8),
        (Self::Dropper, 8),
        (Self::Violator, 15),
        (Self::Intruder, 8),
        (Self::Stuck, 6),
        (Self::Dripper, 5),
        (Self::Flooder, 6),
        (Self::Ghost, 4),
        (Self::Clinger, 6),
    ];
}

/// What an open client may do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Echo,
    Subscribe,
    Unsubscribe,
    Publish,
    SetTimer,
    ClearTimer,
    /// Asks for many messages at once.
    Burst,
    /// Tells the protocol to confirm that it is alive.
    Confirm,
    Ping,
    /// A Pong that nobody asked for.
    Pong,
    AskClose,
    AskPanic,
}

impl Action {
    pub(crate) const WEIGHTS: [(Self, u32); 12] = [
        (Self::Echo, 40),
        (Self::Subscribe, 20),
        (Self::Unsubscribe, 6),
        (Self::Publish, 25),
        (Self::SetTimer, 8),
        (Self::ClearTimer, 3),
        (Self::Burst, 5),
        (Self::Confirm, 3),
        (Self::Ping, 6),
        (Self::Pong, 3),
        (Self::AskClose, 1),
        (Self::AskPanic, 1),
    ];

    /// The first byte of the message that says so.
    pub(crate) const fn kind(self) -> u8 {
        match self {
            Self::Echo => b'E',
            Self::Subscribe => b'S',
            Self::Unsubscribe => b'U',
            Self::Publish => b'P',
            Self::SetTimer => b'T',
            Self::ClearTimer => b't',
            Self::Burst => b'B',
            Self::Confirm => b'A',
            Self::AskClose => b'Q',
            Self::AskPanic => b'!',
            Self::Ping | Self::Pong => b'-',
        }
    }
}

/// What is wrong with an intruder's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    NoHost,
    Post,
    OldHttp,
    NoUpgrade,
    OldVersion,
    NoKey,
    ShortKey,
    Body,
    TooLong,
    ManyFields,
    Garbage,
    NotFound,
    /// The protocol's `accept` panics.
    Panic,
}

impl Flaw {
    pub(crate) const ALL: [Self; 13] = [
        Self::NoHost,
        Self::Post,
        Self::OldHttp,
        Self::NoUpgrade,
        Self::OldVersion,
        Self::NoKey,
        Self::ShortKey,
        Self::Body,
        Self::TooLong,
        Self::ManyFields,
        Self::Garbage,
        Self::NotFound,
        Self::Panic,
    ];

    /// The status that refuses it.
    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::NoHost | Self::NoKey | Self::ShortKey | Self::Body | Self::Garbage => 400,
            Self::NotFound => 404,
            Self::Post => 405,
            Self::NoUpgrade | Self::OldVersion => 426,
            Self::TooLong | Self::ManyFields => 431,
            Self::Panic => 500,
            Self::OldHttp => 505,
        }
    }
}
