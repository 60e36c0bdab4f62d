//! Why a connection ended, and which close code says so to the peer.

use std::fmt;

use tungstenite::protocol::frame::coding::CloseCode;

use super::deadlines::Deadline;

/// How the peer broke the protocol or a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// A frame from a client without a mask (RFC 6455 §5.1).
    #[error("frame without a mask")]
    Unmasked,
    /// A reserved bit without an extension that gives it a meaning (§5.2).
    #[error("reserved bit set")]
    ReservedBit,
    /// An opcode nobody has defined (§5.2).
    #[error("reserved opcode")]
    ReservedOpcode,
    /// A payload length with its highest bit set, or not in its shortest form (§5.2).
    #[error("malformed payload length")]
    BadLength,
    /// A control frame in fragments, or longer than 125 bytes (§5.5).
    #[error("control frame fragmented or over 125 bytes")]
    BadControl,
    /// A continuation of nothing, or a new message inside another (§5.4).
    #[error("frame out of sequence")]
    OutOfSequence,
    /// A Close body of one byte, or with a code that must not be sent (§7.4).
    #[error("malformed close frame")]
    BadClose,
    /// Text, or a close reason, that is not UTF-8 (§8.1).
    #[error("invalid UTF-8")]
    InvalidUtf8,
    /// A compressed message that is no DEFLATE data (RFC 7692 §7.2.2).
    #[error("invalid compressed data")]
    BadDeflate,
    /// A message beyond [`Limits::message_size`](super::Limits::message_size).
    #[error("message too long")]
    TooLong,
    /// More frames in one message than [`Limits::fragments`](super::Limits::fragments).
    #[error("too many fragments")]
    TooManyFragments,
}

/// Why a connection ended: delivered exactly once, to
/// [`Protocol::closed`](super::Protocol::closed).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer sent a Close frame: its code, if it gave one, and its text.
    Peer(Option<CloseCode>, Box<str>),
    /// The protocol or a [`Handle`](crate::Handle) closed it with this code.
    Local(CloseCode),
    /// The service is shutting down.
    Shutdown,
    /// The peer broke RFC 6455 or a limit.
    Violation(Violation),
    /// A deadline passed.
    Timeout(Deadline),
    /// The peer let more than [`Limits::queued_bytes`](super::Limits::queued_bytes) pile up.
    Backlog,
    /// A handler panicked.
    Panicked,
    /// The transport ended without a Close frame.
    Disconnected,
    /// An upgrade request was refused.
    Rejected,
}

impl CloseReason {
    /// The code that tells the peer; `None` where no Close frame is sent.
    #[must_use]
    pub fn code(&self) -> Option<CloseCode> {
        match self {
            Self::Peer(code, _) => Some(code.unwrap_or(CloseCode::Normal)),
            Self::Local(code) => Some(*code),
            Self::Shutdown => Some(CloseCode::Away),
            Self::Violation(Violation::InvalidUtf8 | Violation::BadDeflate) => {
                Some(CloseCode::Invalid)
            }
            Self::Violation(Violation::TooLong) => Some(CloseCode::Size),
            Self::Violation(Violation::TooManyFragments) | Self::Timeout(Deadline::Message) => {
                Some(CloseCode::Policy)
            }
            Self::Violation(_) => Some(CloseCode::Protocol),
            Self::Backlog => Some(CloseCode::Again),
            Self::Panicked => Some(CloseCode::Error),
            Self::Timeout(_) | Self::Disconnected | Self::Rejected => None,
        }
    }

    /// What this reason is counted as.
    #[must_use]
    pub const fn kind(&self) -> CloseKind {
        match self {
            Self::Peer(..) => CloseKind::Peer,
            Self::Local(_) => CloseKind::Local,
            Self::Shutdown => CloseKind::Shutdown,
            Self::Violation(_) => CloseKind::Violation,
            Self::Timeout(Deadline::Handshake) => CloseKind::HandshakeTimeout,
            Self::Timeout(Deadline::Message) => CloseKind::MessageTimeout,
            Self::Timeout(Deadline::Write) => CloseKind::WriteTimeout,
            Self::Timeout(_) => CloseKind::HangUp,
            Self::Backlog => CloseKind::Backlog,
            Self::Panicked => CloseKind::Panicked,
            Self::Disconnected => CloseKind::Disconnected,
            Self::Rejected => CloseKind::Rejected,
        }
    }
}

/// The code as the wire would bring it back, or 1000 for one that must not be sent (RFC 6455 §7.4).
pub(super) fn sendable(code: CloseCode) -> CloseCode {
    // A value like `Library(0)` claims a range that its number is not in.
    let code = CloseCode::from(u16::from(code));
    if code.is_allowed() { code } else { CloseCode::Normal }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer(Some(code), text) if text.is_empty() => write!(f, "closed by peer: {code}"),
            Self::Peer(Some(code), text) => write!(f, "closed by peer: {code} ({text})"),
            Self::Peer(None, _) => f.write_str("closed by peer"),
            Self::Local(code) => write!(f, "closed: {code}"),
            Self::Shutdown => f.write_str("service shutting down"),
            Self::Violation(violation) => violation.fmt(f),
            Self::Timeout(deadline) => write!(f, "{} deadline passed", deadline.name()),
            Self::Backlog => f.write_str("too many bytes queued"),
            Self::Panicked => f.write_str("handler panicked"),
            Self::Disconnected => f.write_str("disconnected"),
            Self::Rejected => f.write_str("rejected"),
        }
    }
}

/// The kinds of ending that are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CloseKind {
    /// The peer's Close frame.
    Peer,
    /// The protocol or a handle.
    Local,
    /// The service's shutdown.
    Shutdown,
    /// A broken rule or limit.
    Violation,
    /// No complete request, or no admission, in time.
    HandshakeTimeout,
    /// No proof in time that the peer receives.
    HangUp,
    /// A message that took too long.
    MessageTimeout,
    /// No progress on queued bytes.
    WriteTimeout,
    /// Too many bytes queued.
    Backlog,
    /// A handler's panic.
    Panicked,
    /// A transport that ended without a Close frame.
    Disconnected,
    /// A request that was refused.
    Rejected,
}

impl CloseKind {
    /// How many there are.
    pub const COUNT: usize = 12;

    /// All of them, in the order of the counters.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Peer,
        Self::Local,
        Self::Shutdown,
        Self::Violation,
        Self::HandshakeTimeout,
        Self::HangUp,
        Self::MessageTimeout,
        Self::WriteTimeout,
        Self::Backlog,
        Self::Panicked,
        Self::Disconnected,
        Self::Rejected,
    ];

    /// A stable name for logs and metrics, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Local => "local",
            Self::Shutdown => "shutdown",
            Self::Violation => "violation",
            Self::HandshakeTimeout => "handshake_timeout",
            Self::HangUp => "hang_up",
            Self::MessageTimeout => "message_timeout",
            Self::WriteTimeout => "write_timeout",
            Self::Backlog => "backlog",
            Self::Panicked => "panicked",
            Self::Disconnected => "disconnected",
            Self::Rejected => "rejected",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_the_code_the_rfc_gives_it() {
        let code = |violation| u16::from(CloseReason::Violation(violation).code().unwrap());
        assert_eq!(code(Violation::Unmasked), 1002);
        assert_eq!(code(Violation::ReservedBit), 1002);
        assert_eq!(code(Violation::BadClose), 1002);
        assert_eq!(code(Violation::InvalidUtf8), 1007);
        assert_eq!(code(Violation::TooLong), 1009);
        assert_eq!(code(Violation::TooManyFragments), 1008);
        assert_eq!(CloseReason::Shutdown.code(), Some(CloseCode::Away));
        assert_eq!(CloseReason::Panicked.code(), Some(CloseCode::Error));
        assert_eq!(CloseReason::Backlog.code(), Some(CloseCode::Again));
        assert_eq!(CloseReason::Timeout(Deadline::HangUp).code(), None);
    }

    #[test]
    fn a_kind_has_a_name_and_a_place() {
        for (place, kind) in CloseKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
            assert!(!kind.name().is_empty());
        }
    }
}
