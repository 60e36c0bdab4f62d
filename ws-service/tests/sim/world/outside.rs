//! Other threads: letters to sessions, answers to deferred requests, the shutdown.

use http::StatusCode;
use ws_service::shard::Mail;
use ws_service::{CloseCode, ConnectionId, Rejection};

use super::World;
use super::calendar::Event;
use super::mailbox::About;
use crate::checkers::Deed;
use crate::payload::Payload;
use crate::planted::Bug;
use crate::protocol::{Note, frame, publication, topic};
use crate::trace::Step;

/// Publishers outside of all sessions have numbers above those of the clients.
const OUTSIDE: u32 = 0x1_0000;

impl World {
    /// Sends a letter to somebody, who may be long gone.
    pub(super) fn outside(&mut self) {
        if self.is_calm {
            return;
        }
        let pause = self.dice.between(1, self.plan.outside);
        self.calendar.set(self.now + pause, Event::Outside);
        if self.dice.per_mille(250) {
            return self.publish_outside();
        }
        let count = self.observer().accepted.len();
        if count == 0 {
            return;
        }
        let place = self.dice.size(0, count - 1);
        let (id, name, _) = self.observer().accepted[place];
        let key = name.key;
        let (mail, about) = match self.dice.between(0, 19) {
            0 => (Mail::Close(key, CloseCode::Library(4002), "from outside".into()), About::Other),
            1 => (Mail::Note(key, Note::Panic), About::Other),
            2 => (Mail::Note(key, Note::Close), About::Other),
            3 => (Mail::Admit(key), About::Other),
            4..8 => (Mail::Note(key, Note::Timer(self.dice.count(0, 9_000))), About::Other),
            8..13 => (Mail::Note(key, Note::Answer(self.dice.count(0, 300))), About::Other),
            _ => {
                let payload = self.message(id);
                (Mail::Send(key, frame(&payload)), About::Message(id, payload))
            }
        };
        if self.put(name, mail, about) {
            self.observer().reasons.did(id, Deed::Asked);
        }
    }

    fn message(&mut self, id: u32) -> Payload {
        let number = self.observer().next_publication(id, 0).number;
        Payload {
            kind: b'o',
            who: id,
            number,
            argument: 0,
            filler: self.dice.size(0, 1_500),
            is_text: self.dice.per_mille(500),
        }
    }

    /// Puts a letter to a session into its shard's mailbox, if there is room.
    fn put(&mut self, to: ConnectionId, mail: Mail<Note>, about: About) -> bool {
        let place = to.shard.index();
        let delay = self.plan.driver.mail_delay(&mut self.dice, self.is_calm);
        let mailbox = &mut self.mailboxes[place];
        let has_room = mailbox.room() > 0;
        if has_room {
            mailbox.put(self.now + delay, mail, about);
            self.ring(place);
        }
        has_room
    }

    /// To all shards, or to none.
    fn publish_outside(&mut self) {
        if self.mailboxes.iter().any(|mailbox| mailbox.room() == 0) {
            return;
        }
        let number = self.dice.count(0, self.plan.topics - 1);
        let name = self.observer().next_publication(OUTSIDE, number);
        let publication = frame(&publication(name)).to_topic(&topic(number));
        for place in 0..self.mailboxes.len() {
            let delay = self.plan.driver.mail_delay(&mut self.dice, self.is_calm);
            self.mailboxes[place].put_publication(self.now + delay, &publication, name);
            self.ring(place);
        }
    }

    /// Sees to it that new deferred requests are answered some time; a few never are.
    pub(super) fn arrange_answers(&mut self) {
        while let Some((_, _, is_deferred)) =
            { self.observer().accepted.get(self.arranged).copied() }
        {
            if is_deferred && !self.dice.per_mille(50) {
                let pause = self.dice.between(0, 20_000);
                self.calendar.set(self.now + pause, Event::Answer(self.arranged));
            }
            self.arranged += 1;
        }
    }

    pub(super) fn answer(&mut self, place: usize) {
        let (id, name, _) = self.observer().accepted[place];
        let mail = if self.dice.per_mille(150) {
            self.observer().reasons.did(id, Deed::Rejected);
            Mail::Reject(name.key, Rejection::new(StatusCode::FORBIDDEN, "not you"))
        } else {
            Mail::Admit(name.key)
        };
        if !self.put(name, mail, About::Other) {
            self.calendar.set(self.now + 1_000, Event::Answer(place));
        }
    }

    /// Faults stop: what was held up goes on, threads thaw.
    pub(super) fn calm(&mut self) {
        self.is_calm = true;
        self.note(Step::Calm, 0, [0; 2]);
        for place in 0..self.nodes.len() {
            self.nodes[place].frozen_until = 0;
            self.wake(place);
        }
        for id in 0..self.plan.clients {
            self.pump(id);
        }
        let pause = self.dice.between(0, 20_000);
        self.calendar.set(self.now + pause, Event::Drain);
    }

    pub(super) fn drain(&mut self) {
        if self.is_calm {
            self.drained_at = Some(self.now);
        }
        self.note(Step::Drain, 0, [0; 2]);
        for id in 0..self.plan.clients {
            self.observer().reasons.did(id, Deed::Drains);
        }
        for place in 0..self.mailboxes.len() {
            if self.observer().strikes(Bug::LostDrain) {
                continue;
            }
            for _ in 0..self.dice.size(1, 2) {
                self.mailboxes[place].put(self.now, Mail::Drain, About::Other);
            }
            self.ring(place);
        }
    }
}
