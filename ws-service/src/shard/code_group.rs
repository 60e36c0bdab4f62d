//! The close codes that are counted apart: as many as there are, whatever peers send.

use tungstenite::protocol::frame::coding::CloseCode;

use super::reason::CloseReason;

/// The code that a connection ended with, ours or the peer's (RFC 6455 §7.4); those that anyone may
/// define are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CodeGroup {
    /// 1000.
    Normal,
    /// 1001: a page is left, or the service shuts down.
    Away,
    /// 1002: the protocol was broken.
    Protocol,
    /// 1003: a kind of message that is not understood.
    Unsupported,
    /// 1005: a Close without a code.
    NoStatus,
    /// 1006: no Close at all.
    Abnormal,
    /// 1007: a message that is not what it claims to be.
    Invalid,
    /// 1008: a rule other than the protocol's.
    Policy,
    /// 1009: a message too long.
    Size,
    /// 1010: an extension that was expected.
    Extension,
    /// 1011: a failure of the service.
    Error,
    /// 1012: the service starts anew.
    Restart,
    /// 1013: try again later.
    Again,
    /// 3000 to 3999: registered by libraries.
    Registered,
    /// 4000 to 4999: private.
    Private,
    /// Anything else; none is known that can come this far.
    Other,
}

impl CodeGroup {
    /// How many there are.
    pub const COUNT: usize = 16;

    /// All of them, in the order of the counters.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Normal,
        Self::Away,
        Self::Protocol,
        Self::Unsupported,
        Self::NoStatus,
        Self::Abnormal,
        Self::Invalid,
        Self::Policy,
        Self::Size,
        Self::Extension,
        Self::Error,
        Self::Restart,
        Self::Again,
        Self::Registered,
        Self::Private,
        Self::Other,
    ];

    /// A stable name for metrics: the code, or the range of codes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "1000",
            Self::Away => "1001",
            Self::Protocol => "1002",
            Self::Unsupported => "1003",
            Self::NoStatus => "1005",
            Self::Abnormal => "1006",
            Self::Invalid => "1007",
            Self::Policy => "1008",
            Self::Size => "1009",
            Self::Extension => "1010",
            Self::Error => "1011",
            Self::Restart => "1012",
            Self::Again => "1013",
            Self::Registered => "3000-3999",
            Self::Private => "4000-4999",
            Self::Other => "other",
        }
    }

    pub(super) fn of(reason: &CloseReason) -> Self {
        match reason {
            CloseReason::Peer(None, _) => Self::NoStatus,
            reason => reason.code().map_or(Self::Abnormal, Self::of_code),
        }
    }

    const fn of_code(code: CloseCode) -> Self {
        match code {
            CloseCode::Normal => Self::Normal,
            CloseCode::Away => Self::Away,
            CloseCode::Protocol => Self::Protocol,
            CloseCode::Unsupported => Self::Unsupported,
            CloseCode::Status => Self::NoStatus,
            CloseCode::Abnormal => Self::Abnormal,
            CloseCode::Invalid => Self::Invalid,
            CloseCode::Policy => Self::Policy,
            CloseCode::Size => Self::Size,
            CloseCode::Extension => Self::Extension,
            CloseCode::Error => Self::Error,
            CloseCode::Restart => Self::Restart,
            CloseCode::Again => Self::Again,
            CloseCode::Iana(_) => Self::Registered,
            CloseCode::Library(_) => Self::Private,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::Violation;

    #[test]
    fn a_group_has_a_name_and_a_place() {
        for (place, group) in CodeGroup::ALL.into_iter().enumerate() {
            assert_eq!(group as usize, place);
            assert!(!group.name().is_empty());
        }
    }

    #[test]
    fn every_code_that_can_be_sent_is_in_a_group_that_is_named_after_it() {
        for number in (1_000..5_000).filter(|&number| CloseCode::from(number).is_allowed()) {
            let name = CodeGroup::of(&CloseReason::Local(number.into())).name();
            match number {
                3_000..4_000 => assert_eq!(name, "3000-3999"),
                4_000.. => assert_eq!(name, "4000-4999"),
                _ => assert_eq!(name, number.to_string()),
            }
        }
    }

    #[test]
    fn an_end_without_a_code_is_counted_as_the_rfc_names_it() {
        assert_eq!(CodeGroup::of(&CloseReason::Peer(None, "".into())).name(), "1005");
        assert_eq!(CodeGroup::of(&CloseReason::Disconnected).name(), "1006");
        assert_eq!(CodeGroup::of(&CloseReason::Violation(Violation::TooLong)).name(), "1009");
    }
}
