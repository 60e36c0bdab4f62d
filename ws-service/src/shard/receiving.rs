//! From the bytes of a peer to the protocol's handlers.

use std::io::IoSlice;

use sul::Timestamp;

use super::Shard;
use super::config::Config;
use super::deadlines::Deadline;
use super::frames::{Decoder, Input, Rules};
use super::id::ConnectionKey;
use super::link::{Link, Phase, Slot};
use super::outlet::Outlet;
use super::protocol::Protocol;
use super::reason::{CloseReason, Violation};
use super::recipient::{Recipient, Taken};
use super::shared::Shared;
use super::unread::Wait;

/// How it goes on after a frame.
enum Step {
    /// There may be another.
    Next,
    /// The bytes are used up.
    UsedUp,
    /// The peer's side has ended.
    Closed,
    /// The connection takes no more.
    Ended,
}

/// Connections with unread bytes that a turn goes on with, of each kind.
const RESUMED: usize = 16;

impl<P: Protocol> Shard<P> {
    /// Takes what has come from a peer. Frames are unmasked where they lie: the bytes are used up.
    /// Of more than [`Budget::frames`](super::Budget::frames) and
    /// [`Budget::inflated_bytes`](super::Budget::inflated_bytes) allow, the rest is kept for the next
    /// turns; until then [`has_unread`](Self::has_unread) asks for patience with that peer.
    pub fn receive(&mut self, key: ConnectionKey, bytes: &mut [u8], now: Timestamp) {
        self.exchange(key, bytes, now, &mut |_| None);
    }

    /// The same where the transport can be written to meanwhile. A [long](super::Budget::copied_bytes)
    /// message that a handler sends to its peer, with nothing queued before it, is offered to `write` at
    /// once, from where it lies: so much in all as [`Limits::high_water`](super::Limits::high_water), and
    /// the message that goes beyond is the last. What `write` doesn't take is queued, and the transport is
    /// full then, as in [`wrote`](Self::wrote). With `None` it says that it took nothing and is not full:
    /// for a transport that has failed, of which the next write at the end of the turn will tell, or that is
    /// behind a buffer of the loop's own. It must not panic.
    pub fn exchange(
        &mut self,
        key: ConnectionKey,
        bytes: &mut [u8],
        now: Timestamp,
        write: &mut dyn FnMut(&[IoSlice<'_>]) -> Option<usize>,
    ) {
        // A handler that sends until it is told to wait is to be told so, however fast its peer reads.
        let mut left = self.shared.config.limits.high_water;
        let mut write = |slices: &[IoSlice<'_>]| {
            let taken = (left > 0).then(|| write(slices)).flatten()?;
            left = left.saturating_sub(taken);
            Some(taken)
        };
        let outlet = &mut Outlet::new(&mut write);
        if self.shared.unread.has(key) {
            self.shared.unread.append(key, bytes);
            return;
        }
        let Some(slot) = self.slots.get_mut(key) else { return };
        match &mut slot.link.phase {
            Phase::Handshake(_) => self.receive_head(key, bytes, now),
            Phase::Deferred(deferred) => {
                let limit = self.shared.config.limits.handshake_bytes;
                if deferred.pipelined.len() + bytes.len() <= limit {
                    deferred.pipelined.extend_from_slice(bytes);
                } else {
                    self.refuse_flood(key, now);
                }
            }
            Phase::Open | Phase::Closing => self.receive_frames(key, bytes, outlet, now),
            Phase::Lingering { .. } | Phase::Finished => {}
        }
    }

    /// Bytes of this connection wait for the next turn: what comes behind them is better left with the
    /// transport, and so is its end.
    #[must_use]
    pub fn has_unread(&self, key: ConnectionKey) -> bool {
        self.shared.unread.has(key)
    }

    /// Received bytes that wait for the next turn, of all connections.
    #[must_use]
    pub const fn unread(&self) -> usize {
        self.shared.unread.total()
    }

    /// Goes on with what the last turns have left. Those who wait for the budget of inflating come first:
    /// the others need it less, and could use it up turn after turn.
    pub(super) fn resume_unread(&mut self, now: Timestamp) {
        for wait in [Wait::ForInflating, Wait::ForFrames] {
            for _ in 0..self.shared.unread.count(wait).min(RESUMED) {
                if wait == Wait::ForInflating && self.shared.has_inflated_enough() {
                    break;
                }
                let Some((key, mut rest)) = self.shared.unread.take(wait) else { break };
                self.receive_frames(key, &mut rest, &mut Outlet::none(), now);
            }
        }
    }

    fn receive_frames(
        &mut self,
        key: ConnectionKey,
        bytes: &mut [u8],
        outlet: &mut Outlet<'_>,
        now: Timestamp,
    ) {
        let Self { protocol, slots, shared, .. } = self;
        let Some(Slot { decoder, link, session }) = slots.get_mut(key) else { return };
        let rules = rules(&shared.config, link);
        let mut input = Input::new(bytes);
        let (protocol, outlet) = (&**protocol, outlet.lend());
        let mut recipient = Recipient { protocol, shared, key, link, session, outlet, now };
        let budget = recipient.shared.config.budget.frames;
        let (mut frames, mut is_fresh, mut wait) = (0, false, Wait::ForFrames);
        while frames < budget {
            match recipient.receive_whole(decoder, &mut input, rules, budget - frames) {
                Ok(count) => frames += count,
                Err(violation) => {
                    recipient.violated(violation);
                    return self.end_of_closing(key);
                }
            }
            if input.rest().is_empty() || frames == budget {
                break;
            }
            if recipient.may_inflate_no_more() {
                wait = Wait::ForInflating;
                break;
            }
            match recipient.receive_frame(decoder, &mut input, rules, &mut is_fresh) {
                Step::Next => frames += 1,
                Step::UsedUp => break,
                Step::Closed => return self.end_of_closing(key),
                Step::Ended => return,
            }
        }
        let used = input.used();
        if !input.rest().is_empty() {
            shared.unread.put(key, input.rest(), wait);
        }
        decoder.release();
        shared.time_message(link, decoder.is_unfinished(), is_fresh, now);
        if shared.config.limits.has_rate() {
            shared.charge(key, link, (frames as u64, used as u64), now);
        }
    }

    /// In the closing handshake, anything that ends the peer's side ends the connection.
    fn end_of_closing(&mut self, key: ConnectionKey) {
        if let Some(Slot { link, .. }) = self.slots.get_mut(key)
            && matches!(link.phase, Phase::Closing)
        {
            link.phase = Phase::Finished;
            self.settle_transport(key);
        }
    }
}

impl<P: Protocol> Recipient<'_, P> {
    /// Takes the messages that come whole, as nearly all do, until there is something else; says how many.
    fn receive_whole(
        &mut self,
        decoder: &Decoder,
        input: &mut Input<'_>,
        rules: Rules,
        most: usize,
    ) -> Result<usize, Violation> {
        if decoder.is_unfinished() || rules.in_pieces {
            return Ok(0);
        }
        self.take_messages(input, rules.message_size, most)
    }

    /// What is not whole and plain may be compressed, and the turn has inflated as much as it may.
    fn may_inflate_no_more(&self) -> bool {
        self.link.agreement.is_some() && self.shared.has_inflated_enough()
    }

    fn violated(&mut self, violation: Violation) {
        let reason = CloseReason::Violation(violation);
        self.shared.end(self.key, self.link, reason, "", self.now);
    }

    /// Takes one frame, or what there is of it. `is_fresh` becomes true where nothing is unfinished, and
    /// where something has been told of what is.
    fn receive_frame(
        &mut self,
        decoder: &mut Decoder,
        input: &mut Input<'_>,
        rules: Rules,
        is_fresh: &mut bool,
    ) -> Step {
        if !matches!(self.link.phase, Phase::Open | Phase::Closing) {
            return Step::Ended;
        }
        *is_fresh |= !decoder.is_unfinished();
        let taken = match decoder.next(input, rules) {
            Ok(Some(incoming)) => {
                self.shared.grant_grace(self.link, self.now);
                self.take(incoming)
            }
            Ok(None) => return Step::UsedUp,
            Err(violation) => Err(violation),
        };
        match taken {
            Ok(Taken::Frame) => Step::Next,
            Ok(Taken::Piece) => {
                *is_fresh = true;
                Step::Next
            }
            Ok(Taken::Close) => Step::Closed,
            Err(violation) => {
                self.violated(violation);
                Step::Closed
            }
        }
    }
}

impl Shared {
    fn has_inflated_enough(&self) -> bool {
        self.deflate.spent() >= self.config.budget.inflated_bytes
    }

    /// The message deadline runs from the first byte of what is unfinished, or of what was told of it last.
    fn time_message(&self, link: &mut Link, is_unfinished: bool, is_fresh: bool, now: Timestamp) {
        if !link.is_open() {
            return;
        }
        if !is_unfinished {
            link.clear(Deadline::Message, &self.counters);
        } else if link.pauses.is_none() && (is_fresh || !link.is_set(Deadline::Message)) {
            let until = self.config.timeouts.message.map(|after| now + after);
            link.set(Deadline::Message, until, &self.counters);
        }
    }
}

fn rules(config: &Config, link: &Link) -> Rules {
    let limits = &config.limits;
    let in_pieces = link.in_pieces;
    Rules {
        message_size: if in_pieces {
            limits.streamed_size.unwrap_or(u64::MAX)
        } else {
            limits.message_size as u64
        },
        fragments: limits.fragments,
        deflate: link.agreement.is_some(),
        in_pieces,
    }
}
