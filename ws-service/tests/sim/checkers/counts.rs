//! A shard's counters agree with what was done to it and seen of it.

use ws_service::{CloseKind, Stats};

use super::{Checked, ensure};

/// What was seen of one shard.
#[derive(Debug, Default, Clone)]
pub(crate) struct Counts {
    pub(crate) opened: u64,
    pub(crate) refused: u64,
    pub(crate) sessions: u64,
    pub(crate) handshakes: u64,
    pub(crate) messages: u64,
    pub(crate) written: u64,
    pub(crate) letters: u64,
    pub(crate) posted: u64,
    pub(crate) congested: u64,
    pub(crate) panics: u64,
    /// Messages that `send` is known to have dropped, or a letter's.
    pub(crate) dropped: u64,
    /// Sessions closed, by reason.
    pub(crate) closes: [u64; CloseKind::COUNT],
}

impl Counts {
    pub(crate) fn finish(&self, stats: &Stats) -> Checked {
        let pairs = [
            ("opened", stats.opened, self.opened),
            ("refused", stats.refused, self.refused),
            ("handshakes", stats.handshakes, self.handshakes),
            ("answered requests", stats.handshakes + stats.handshakes_failed, self.opened),
            ("messages_in", stats.messages_in, self.messages),
            ("bytes_out", stats.bytes_out, self.written),
            ("mail_in", stats.mail_in, self.letters),
            ("mail_out", stats.mail_out, self.posted),
            ("congested", stats.congested, self.congested),
            ("panics", stats.panics, self.panics),
            ("all closes", stats.closes.iter().sum(), self.opened),
            ("all close codes", stats.codes.iter().sum(), self.opened),
            ("failed requests by reason", stats.unopened.iter().sum(), stats.handshakes_failed),
            ("latenesses", stats.lateness.count(), stats.expired.iter().sum()),
        ];
        for (name, counted, seen) in pairs {
            ensure(counted == seen, || format!("{name}: {counted} counted, {seen} seen"))?;
        }
        for kind in CloseKind::ALL {
            // Connections without a session end, too, but are not told.
            let (counted, seen) = (stats.closes(kind), self.closes[kind as usize]);
            ensure(counted >= seen, || format!("{kind:?}: {counted} counted, {seen} seen"))?;
        }
        Ok(())
    }
}
