//! The checkers are themselves checked: bugs planted between the shard and what is seen of it.
//!
//! Nothing in the shard knows of them. Each is a faulty neighbour (driver, mailbox, network,
//! protocol, configuration) or a faulty observation, and must be caught by the checker whose
//! property it breaks. The seed is the first, counted from 0, that catches it.
//!
//! | bug | caught by | seed |
//! |---|---|---|
//! | `TimerKept` | `Residue` | 0 |
//! | `ClosedTwice` | `ClosedOnce` | 0 |
//! | `ReorderedTopic` | `Topics` | 36 |
//! | `LostMail` | `Topics` | 7 |
//! | `RepeatedMail` | `Topics` | 2 |
//! | `ForgottenHangup` | `Deadlines` | 1 |
//! | `CorruptEcho` | `Direct` | 0 |
//! | `EarlyTimer` | `Deadlines` | 0 |
//! | `LeakedTransport` | `Residue` | 0 |
//! | `QueueAboveLimit` | `Limits` | 2 |
//! | `BadFrame` | `Output` | 0 |
//! | `LostNote` | `Counts` | 0 |
//! | `SwallowedClose` | `Output` | 0 |
//! | `SilentReset` | `Reasons` | 14 |
//! | `LostDrain` | `Liveness` | 0 |

use crate::checkers::Check;
use crate::run::run;

/// A bug that is planted for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// A timer is seen that nobody owns.
    TimerKept,
    /// The protocol is told twice that a session has ended.
    ClosedTwice,
    /// A mailbox hands out a letter before the one in front of it.
    ReorderedTopic,
    /// A mailbox loses a letter.
    LostMail,
    /// A mailbox hands out a letter twice.
    RepeatedMail,
    /// A shard knows no hang-up where the configuration has one.
    ForgottenHangup,
    /// One bit of an echo is another.
    CorruptEcho,
    /// The protocol's timer fires early.
    EarlyTimer,
    /// The driver does not close a transport that it is told to.
    LeakedTransport,
    /// A shard knows no limit to a queue where the configuration has one.
    QueueAboveLimit,
    /// A frame leaves with a reserved bit.
    BadFrame,
    /// A mailbox loses a note to a session, and says that it was read.
    LostNote,
    /// A Close frame never leaves.
    SwallowedClose,
    /// The driver does not tell of a transport's death.
    SilentReset,
    /// One shard never hears of the shutdown.
    LostDrain,
}

/// The bugs, the checkers that catch them, and the first seeds that do.
const CAUGHT: [(Bug, Check, u64); 15] = [
    (Bug::TimerKept, Check::Residue, 0),
    (Bug::ClosedTwice, Check::ClosedOnce, 0),
    (Bug::ReorderedTopic, Check::Topics, 36),
    (Bug::LostMail, Check::Topics, 7),
    (Bug::RepeatedMail, Check::Topics, 2),
    (Bug::ForgottenHangup, Check::Deadlines, 1),
    (Bug::CorruptEcho, Check::Direct, 0),
    (Bug::EarlyTimer, Check::Deadlines, 0),
    (Bug::LeakedTransport, Check::Residue, 0),
    (Bug::QueueAboveLimit, Check::Limits, 2),
    (Bug::BadFrame, Check::Output, 0),
    (Bug::LostNote, Check::Counts, 0),
    (Bug::SwallowedClose, Check::Output, 0),
    (Bug::SilentReset, Check::Reasons, 14),
    (Bug::LostDrain, Check::Liveness, 0),
];

/// Seeds that a bug has to be caught within.
const WITHIN: u64 = 100;

/// The first seed that fails with the bug, and the checker that fails.
fn first_catch(bug: Bug) -> Option<(u64, Check)> {
    (0..WITHIN).find_map(|seed| {
        let failure = run(seed, Some(bug)).failure?;
        Some((seed, failure.check))
    })
}

#[test]
fn every_planted_bug_is_caught_by_the_checker_of_its_property() {
    let table = include_str!("planted.rs");
    let mut wrong = Vec::new();
    for (bug, check, seed) in CAUGHT {
        let caught = first_catch(bug);
        let row = format!("//! | `{bug:?}` | `{check:?}` | {seed} |");
        if caught != Some((seed, check)) || !table.contains(&row) {
            wrong.push(format!("{bug:?}: {caught:?}, expected {check:?} at {seed}: {row}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
