//! When all have gone, nothing is left: no connection, session, timer, topic, byte, letter.

use ws_service::Stats;

use super::{Checked, ensure};

/// What a shard and its driver still have.
#[derive(Debug)]
pub(crate) struct Remains {
    pub(crate) connections: usize,
    pub(crate) timers: usize,
    /// Transports that nobody has closed.
    pub(crate) transports: usize,
    pub(crate) mailbox: usize,
    pub(crate) has_mail: bool,
    pub(crate) has_work: bool,
    pub(crate) stats: Stats,
}

pub(crate) fn residue(remains: &Remains) -> Checked {
    let Remains { stats, .. } = remains;
    let armed = stats.armed.iter().sum();
    let plain = [
        ("connections", remains.connections as u64),
        ("timers", remains.timers as u64),
        ("open transports", remains.transports as u64),
        ("letters in the mailbox", remains.mailbox as u64),
        ("publications for others", u64::from(remains.has_mail)),
        ("work left over", u64::from(remains.has_work)),
        ("connections (gauge)", stats.connections),
        ("sessions (gauge)", stats.sessions),
        ("timers (gauge)", stats.timers),
        ("armed deadlines (gauge)", armed),
        ("topics (gauge)", stats.topics),
        ("queued bytes (gauge)", stats.queued_bytes),
        ("fan-outs (gauge)", stats.fanouts),
        ("staged (gauge)", stats.staged),
    ];
    let left = plain.into_iter().find(|&(_, count)| count != 0);
    ensure(left.is_none(), || format!("left at the end: {left:?}"))
}
