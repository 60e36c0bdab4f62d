//! What goes to and from one connection is byte for byte what was sent, in order, none missing:
//! the client's messages, the server's answers, pongs.

use std::collections::VecDeque;

use super::{Checked, Note, ensure, entry};
use crate::payload::Payload;
use crate::protocol::publication;

#[derive(Default)]
pub(crate) struct Direct {
    lanes: Vec<Lane>,
    scratch: Vec<u8>,
}

#[derive(Default)]
struct Lane {
    /// Messages that the shard was given, and those that came to the protocol.
    given: u32,
    seen: u32,
    /// What the server has queued to the client.
    queued: VecDeque<Payload>,
    pings: VecDeque<u32>,
}

impl Direct {
    /// The shard was given a whole message.
    pub(crate) fn given(&mut self, id: u32) {
        entry(&mut self.lanes, id).given += 1;
    }

    /// The protocol sees a message: the next one, unchanged.
    pub(crate) fn seen(&mut self, id: u32, bytes: &[u8], is_text: bool) -> Result<Payload, String> {
        let lane = entry(&mut self.lanes, id);
        let Some(payload) = Payload::parse(bytes, is_text) else {
            return Err(format!("{id} sent no such message: {}", show(bytes)));
        };
        let is_due = payload.who == id && payload.number == lane.seen;
        if !is_due || !payload.is(bytes, &mut self.scratch) {
            return Err(format!("{id}'s message {} arrives as {}", lane.seen, show(bytes)));
        }
        lane.seen += 1;
        Ok(payload)
    }

    /// The shard has nothing left to do: what it was given, the protocol has seen.
    pub(crate) fn settled(&mut self, id: u32) -> Checked {
        let &mut Lane { given, seen, .. } = entry(&mut self.lanes, id);
        ensure(given == seen, || format!("of {id}'s {given} messages the protocol saw {seen}"))
    }

    /// The server took a message to the client.
    pub(crate) fn queued(&mut self, id: u32, payload: Payload) {
        entry(&mut self.lanes, id).queued.push_back(payload);
    }

    /// The client hears a message that was meant for it alone.
    pub(crate) fn heard(&mut self, id: u32, bytes: &[u8], is_text: bool) -> Checked {
        let expected = entry(&mut self.lanes, id).queued.pop_front();
        let is_it =
            expected.is_some_and(|it| it.is_text == is_text && it.is(bytes, &mut self.scratch));
        ensure(is_it, || format!("{id} hears {} instead of {expected:?}", show(bytes)))
    }

    /// The client hears a publication: its bytes are those of its name.
    pub(crate) fn is_publication(
        &mut self,
        id: u32,
        note: Note,
        bytes: &[u8],
        is_text: bool,
    ) -> Checked {
        let payload = publication(note);
        let is_it = payload.is_text == is_text && payload.is(bytes, &mut self.scratch);
        ensure(is_it, || format!("{id} hears a damaged {note:?}: {}", show(bytes)))
    }

    /// The client sends a Ping.
    pub(crate) fn pinged(&mut self, id: u32, number: u32) {
        entry(&mut self.lanes, id).pings.push_back(number);
    }

    /// The client hears a Pong: to one of its pings, to none twice. A newer one may overtake an
    /// older one that a slow peer has not taken yet.
    pub(crate) fn ponged(&mut self, id: u32, payload: &[u8]) -> Checked {
        let pings = &mut entry(&mut self.lanes, id).pings;
        let number = payload.first_chunk().map(|it| u32::from_be_bytes(*it));
        match pings.iter().position(|&ping| Some(ping) == number) {
            Some(place) => {
                pings.remove(place);
                Ok(())
            }
            None => Err(format!("{id} hears a pong to no ping of its own: {}", show(payload))),
        }
    }

    /// The client hears the server's Close: nothing queued before it may be missing.
    pub(crate) fn ended(&mut self, id: u32) -> Checked {
        let lost = entry(&mut self.lanes, id).queued.front();
        ensure(lost.is_none(), || format!("{id} never heard {lost:?}"))
    }
}

fn show(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(40)];
    format!("{:?} ({} bytes)", String::from_utf8_lossy(start), bytes.len())
}
