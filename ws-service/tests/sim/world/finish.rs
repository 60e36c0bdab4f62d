//! The end of a run: what must be over, and what must be gone.

use std::fmt::Write;

use ws_service::Stats;

use super::World;
use crate::checkers::{Check, Remains, residue};
use crate::planted::Bug;

impl World {
    /// Nothing is going to happen any more.
    pub(super) fn finish(&mut self) {
        let checked = self.observer().once.finish();
        self.observer().check(Check::ClosedOnce, checked);
        for place in 0..self.nodes.len() {
            let remains = self.remains(place);
            self.observer().check(Check::Residue, residue(&remains));
            let counts = self.observer().counts[place].clone();
            self.observer().check(Check::Counts, counts.finish(&remains.stats));
            let dropped = remains.stats.dropped - counts.dropped;
            let checked = self.observer().topics.finish(place, dropped);
            self.observer().check(Check::Topics, checked);
        }
    }

    fn remains(&mut self, place: usize) -> Remains {
        let node = &self.nodes[place];
        let mut stats = Stats::default();
        stats.add(&node.shard.counters());
        let is_open = |wire: &&super::Wire| wire.node == place && wire.transport.is_open;
        Remains {
            connections: node.shard.len(),
            timers: node.shard.timers() + usize::from(self.observer().strikes(Bug::TimerKept)),
            transports: self.wires.iter().filter(is_open).count(),
            mailbox: self.mailboxes[place].len(),
            has_mail: node.shard.has_mail(),
            has_work: node.shard.earliest().is_some(),
            stats,
        }
    }

    /// The end does not come: says who is in the way. That is another kind of failure than a wrong
    /// answer, and is reported apart.
    pub(super) fn report_endless(&mut self) {
        let mut text = format!("no end at {} us;", self.now);
        for place in 0..self.nodes.len() {
            let Remains { connections, timers, mailbox, has_mail, .. } = self.remains(place);
            let ids: Vec<_> = self.nodes[place].ids.values().take(5).collect();
            let _ = write!(
                text,
                " shard {place}: {connections} connections ({ids:?} ..), {timers} timers, \
                 {mailbox} letters, more for others: {has_mail};"
            );
        }
        self.observer().check(Check::Liveness, Err(text));
    }
}
