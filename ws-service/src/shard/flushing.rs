//! What goes out: one write for everything a connection got in a turn.

use std::io::IoSlice;

use sul::Timestamp;

use super::Shard;
use super::deadlines::Deadline;
use super::id::ConnectionKey;
use super::link::Slot;
use super::protocol::Protocol;
use super::shared::Transport;
use super::topics::Publication;

impl<P: Protocol> Shard<P> {
    /// The next connection with something to write; each once a turn. What it gets after
    /// [`turn`](Self::turn) is for the next one, so that a handler that always has more to send
    /// can't keep a turn from ending.
    pub fn next_dirty(&mut self) -> Option<ConnectionKey> {
        while let Some(key) = self.shared.flushing.pop_front() {
            if let Some(Slot { link, .. }) = self.slots.get_mut(key) {
                link.is_dirty = false;
                if !link.outbox.is_empty() {
                    return Some(key);
                }
            }
        }
        None
    }

    /// Takes the connection off the list of those to be written to at the end of the turn, if it has got
    /// something to write just now: what a peer is told about what it has sent may go at once.
    pub fn take_answer(&mut self, key: ConnectionKey) -> bool {
        let dirty = &mut self.shared.dirty;
        if dirty.back() != Some(&key) {
            return false;
        }
        dirty.pop_back();
        self.slots.get_mut(key).is_some_and(|Slot { link, .. }| {
            link.is_dirty = false;
            !link.outbox.is_empty()
        })
    }

    /// What is to be written to a connection, in order; fills `slices` and says how many.
    pub fn output<'a>(&'a mut self, key: ConnectionKey, slices: &mut [IoSlice<'a>]) -> usize {
        self.slots.get_mut(key).map_or(0, |slot| slot.link.outbox.slices(slices))
    }

    /// The transport took `count` bytes of what [`output`](Self::output) gave. If that is not all,
    /// it is full: [`writable`](Self::writable) tells when it has room again.
    pub fn wrote(&mut self, key: ConnectionKey, count: usize, now: Timestamp) {
        let Some(Slot { link, .. }) = self.slots.get_mut(key) else { return };
        let shared = &mut self.shared;
        shared.counters.bytes_out.add(count as u64);
        let was_pressed = link.outbox.is_pressed();
        shared.queue(key, link, |outbox, pool| outbox.wrote(pool, count));
        let is_drained = was_pressed && link.outbox.len() <= shared.config.limits.low_water();
        if link.is_open() {
            if link.outbox.is_empty() {
                link.clear(Deadline::Write, &shared.counters);
            } else if count > 0 || !link.is_set(Deadline::Write) {
                shared.watch_writing(link, now);
            }
        }
        if is_drained {
            self.drained(key, now);
        }
        self.settle_transport(key);
    }

    /// The peer takes something of what the transport holds, with nothing new [written](Self::wrote):
    /// the write deadline runs anew.
    pub fn progressed(&mut self, key: ConnectionKey, now: Timestamp) {
        if let Some(Slot { link, .. }) = self.slots.get_mut(key)
            && link.is_set(Deadline::Write)
        {
            self.shared.watch_writing(link, now);
        }
    }

    fn drained(&mut self, key: ConnectionKey, now: Timestamp) {
        let Some(Slot { link, session, .. }) = self.slots.get_mut(key) else { return };
        link.outbox.unpress();
        if let (true, Some(session)) = (link.is_open(), session) {
            let protocol = &*self.protocol;
            self.shared.run(key, link, now, |cx| protocol.drained(cx, session));
        }
    }

    /// The transport has room again.
    pub fn writable(&mut self, key: ConnectionKey) {
        if let Some(Slot { link, .. }) = self.slots.get_mut(key) {
            link.outbox.unblock();
            self.shared.flush_later(key, link);
        }
    }

    /// What the next transport is to do, in order.
    pub fn next_transport(&mut self) -> Option<Transport> {
        self.shared.transports.pop_front()
    }

    /// Offers what is published to each other shard, in order; `post` says how much it took. The
    /// rest stays for the next turn, and while it is too much, publishing is refused.
    pub fn post(&mut self, post: impl FnMut(usize, &[Publication]) -> usize) {
        let posted = self.shared.relay.post(post);
        self.shared.counters.mail_out.add(posted as u64);
        // The last step of a turn that changes them: an idle shard has no other to do it in.
        self.gauge();
    }
}
