//! What a client says: its request, messages in pieces, control frames between them.

use tungstenite::protocol::frame::coding::CloseCode;

use super::request;
use super::{Action, Client, Cut, Mark, What};
use crate::dice::Dice;
use crate::payload::{HEADER, Payload};
use crate::plan::Plan;
use crate::wire::{self, Header};

/// A client that gets nothing through says no more.
const ENOUGH: usize = 32 * 1024;

impl Client {
    pub(crate) fn request(&mut self, dice: &mut Dice, plan: &Plan) {
        let limit = plan.config.limits.handshake_bytes;
        self.out = request::request(dice, self.id, self.is_deferred, self.flaw, limit);
        self.mark(What::Head);
    }

    /// The request never ends.
    pub(crate) fn halve_request(&mut self, dice: &mut Dice) {
        let half = dice.size(0, self.out.len() - 1);
        self.out.truncate(half);
        self.marks.clear();
        self.is_done = true;
    }

    /// Half of what it says last.
    pub(crate) fn say_half(&mut self, dice: &mut Dice) {
        let whole = self.out.len();
        Header::new(true, wire::BINARY, 100).write(dice, &[1; 100], &mut self.out);
        let half = dice.size(1, self.out.len() - whole - 1);
        self.out.truncate(whole + half);
        self.is_done = true;
    }

    pub(super) fn mark(&mut self, what: What) {
        let at = self.before + self.out.len() as u64;
        self.marks.push_back(Mark { at, what, is_rest: !self.in_message });
    }

    fn control(&mut self, dice: &mut Dice, opcode: u8, payload: &[u8], what: What) {
        Header::new(true, opcode, payload.len()).write(dice, payload, &mut self.out);
        self.mark(what);
    }

    /// One of the things an open client does; the ping's number, if that is what it was.
    pub(crate) fn act(&mut self, dice: &mut Dice, plan: &Plan) -> Option<u32> {
        if self.out.len() > ENOUGH {
            return None;
        }
        match dice.weighed(&plan.actions) {
            Action::Ping => return Some(self.ping(dice)),
            Action::Pong => {
                let random = dice.word().to_be_bytes();
                let length = dice.size(0, random.len());
                let last = self.last_pong.clone();
                let payload = if dice.per_mille(500) { &last } else { &random[..length] };
                self.control(dice, wire::PONG, payload, What::Frame);
            }
            action => self.say(dice, plan, action),
        }
        None
    }

    fn say(&mut self, dice: &mut Dice, plan: &Plan, action: Action) {
        let room = plan.config.limits.message_size - HEADER;
        let filler = match dice.between(0, 19) {
            0 => room,
            1..4 => dice.size(0, room),
            _ => dice.size(0, 100.min(room)),
        };
        let argument = match action {
            Action::Subscribe | Action::Unsubscribe | Action::Publish => {
                dice.count(0, plan.topics - 1)
            }
            Action::SetTimer => dice.count(0, 30_000),
            Action::Burst => dice.count(1, 40) << 16 | dice.count(0, 600),
            Action::AskClose => u32::from(u16::from(dice.pick(&[
                CloseCode::Normal,
                CloseCode::Away,
                CloseCode::Library(4000),
                // Must not be sent: becomes 1000.
                CloseCode::Abnormal,
            ]))),
            _ => 0,
        };
        let payload = Payload {
            kind: action.kind(),
            who: self.id,
            number: self.next_message,
            argument,
            filler,
            is_text: dice.per_mille(500),
        };
        self.next_message += 1;
        let mut bytes = Vec::with_capacity(HEADER + filler);
        payload.write(&mut bytes);
        self.message(dice, plan, &bytes, payload.is_text);
    }

    /// A message, whole or in fragments, with control frames between them.
    fn message(&mut self, dice: &mut Dice, plan: &Plan, mut rest: &[u8], is_text: bool) {
        let most = plan.config.limits.fragments.min(5);
        let pieces = if dice.per_mille(300) { dice.count(1, most) } else { 1 };
        for piece in 1..=pieces {
            let is_last = piece == pieces;
            let length = if is_last { rest.len() } else { dice.size(0, rest.len()) };
            let (now, later) = rest.split_at(length);
            rest = later;
            let opcode = match (piece, is_text) {
                (1, true) => wire::TEXT,
                (1, false) => wire::BINARY,
                _ => wire::CONTINUE,
            };
            Header::new(is_last, opcode, now.len()).write(dice, now, &mut self.out);
            self.in_message = !is_last;
            self.mark(if is_last { What::Message } else { What::Frame });
            if !is_last && dice.per_mille(200) {
                self.control(dice, wire::PONG, b"unasked", What::Frame);
            }
        }
    }

    fn ping(&mut self, dice: &mut Dice) -> u32 {
        let number = self.next_ping;
        self.next_ping += 1;
        let mut payload = [b'.'; 125];
        payload[..4].copy_from_slice(&number.to_be_bytes());
        let length = if dice.per_mille(100) { 125 } else { 4 };
        self.control(dice, wire::PING, &payload[..length], What::Frame);
        number
    }

    /// Answers the server's ping.
    pub(crate) fn answer(&mut self, dice: &mut Dice, payload: &[u8]) {
        let what = payload.try_into().map_or(What::Frame, |it| What::Pong(u32::from_be_bytes(it)));
        self.control(dice, wire::PONG, payload, what);
        self.last_pong = payload.to_vec();
    }

    /// Closes properly.
    pub(crate) fn close(&mut self, dice: &mut Dice, code: Option<CloseCode>) {
        match self.cut {
            Some(Cut::Close(at)) => self.reset_at = Some(self.before + self.out.len() as u64 + at),
            Some(Cut::Goodbye(at)) => self.hears = Some(at),
            _ => {}
        }
        let mut body = code.map_or(Vec::new(), |code| u16::from(code).to_be_bytes().to_vec());
        if code.is_some() {
            body.extend_from_slice(dice.pick(&["", "bye", "até já"]).as_bytes());
        }
        self.control(dice, wire::CLOSE, &body, What::Close(code));
        self.is_done = true;
    }
}
