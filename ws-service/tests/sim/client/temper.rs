//! What kinds of client there are, and what they do.

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

impl Temper {
    pub(crate) const WEIGHTS: [(Self, u32); 14] = [
        (Self::Polite, 40),
        (Self::Slow, 10),
        (Self::Deaf, 6),
        (Self::Mute, 8),
        (Self::Vanisher, 8),
        (Self::Resetter, 12),
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
