//! What must hold, one property a file. A checker only watches: it is told what the driver, the
//! protocol and the clients did and heard, and never asks the shard for its opinion of itself.

mod closed_once;
mod counts;
mod deadlines;
mod direct;
mod limits;
mod output;
mod reasons;
mod residue;
mod topics;

pub(crate) use closed_once::ClosedOnce;
pub(crate) use counts::Counts;
pub(crate) use deadlines::Deadlines;
pub(crate) use direct::Direct;
pub(crate) use limits::{Held, Limits};
pub(crate) use output::Output;
pub(crate) use reasons::{Deed, Reasons};
pub(crate) use residue::{Remains, residue};
pub(crate) use topics::{Note, Topics};

/// What a checker says.
pub(crate) type Checked = Result<(), String>;

/// The properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Every accepted session is closed exactly once.
    ClosedOnce,
    /// Publications arrive in order, none twice, none lost without a reason.
    Topics,
    /// Nothing grows above its limit.
    Limits,
    /// Nobody outlives a deadline, and no deadline comes early.
    Deadlines,
    /// Output decodes, and its close codes are those of the reasons.
    Output,
    /// The reason told is what happened.
    Reasons,
    /// Messages to and from one connection are identical and in order.
    Direct,
    /// Counters agree with what was seen.
    Counts,
    /// At the end nothing is left.
    Residue,
    /// The end comes.
    Liveness,
}

/// Fails unless `holds`.
fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(otherwise()) }
}

/// The state that a checker keeps for connection `id`.
fn entry<T: Default>(states: &mut Vec<T>, id: u32) -> &mut T {
    let place = id as usize;
    if states.len() <= place {
        states.resize_with(place + 1, T::default);
    }
    &mut states[place]
}
