//! A room in which everybody speaks in turn, and hears everybody else: in order, each message once.

use std::time::{Duration, Instant};

use mio::Token;

use super::company::{Common, Part, letter};
use crate::storm::client::{ConnectionId, Crew, Ending, Line, Message, Swarm};

const MESSAGE: usize = 200;

/// All members of one room.
pub(super) struct Room {
    seats: Vec<Seat>,
    /// Whose turn it is.
    next: usize,
    seed: u64,
    scratch: Vec<u8>,
    common: Common,
}

#[derive(Clone, Default)]
struct Seat {
    connection: Option<ConnectionId>,
    /// Messages that it has sent.
    sent: u64,
    /// By whom, the last that it has heard.
    heard: Vec<u64>,
}

impl Room {
    pub(super) fn new(members: usize, seed: u64) -> Self {
        let seat = Seat { heard: vec![0; members], ..Seat::default() };
        let (seats, common) = (vec![seat; members], Common::default());
        Self { seats, next: 0, seed, scratch: Vec::new(), common }
    }

    /// What is wrong with a message that the member hears.
    fn judge(&mut self, member: usize, message: Message<'_>) -> Result<(), String> {
        let named = letter::read(message.payload).filter(|&(who, _)| who < self.seats.len());
        let (who, number) =
            named.ok_or_else(|| format!("member {member}: a stranger's message"))?;
        letter::write(self.seed, who, number, MESSAGE, &mut self.scratch);
        if !message.binary || message.payload != self.scratch {
            return Err(format!("member {member}: message {number} of {who} came changed"));
        }
        let last = std::mem::replace(&mut self.seats[member].heard[who], number);
        if who == member || number.checked_sub(1) != Some(last) {
            return Err(format!("member {member}: message {number} of {who} after its {last}"));
        }
        Ok(())
    }
}

impl Part for Room {
    /// A message of one to all the others.
    const EVERY: Duration = Duration::from_millis(20);

    fn seated(&mut self, number: usize, id: ConnectionId) {
        self.seats[number].connection = Some(id);
    }

    fn act(&mut self, swarm: &mut Swarm<usize>, now: Instant) {
        if !self.common.is_open() || self.common.is_ending {
            return;
        }
        let who = self.next;
        self.next = (who + 1) % self.seats.len();
        let seat = &mut self.seats[who];
        let Some(id) = seat.connection else { return };
        seat.sent += 1;
        self.common.said.sent += 1;
        letter::write(self.seed, who, seat.sent, MESSAGE, &mut self.scratch);
        let payload = std::mem::take(&mut self.scratch);
        swarm.with(id, self, now, |line| line.send(&payload));
        self.scratch = payload;
    }

    fn company(&mut self) -> &mut Common {
        &mut self.common
    }

    fn owed(&self) -> u64 {
        let here = self.seats.iter().enumerate().filter(|(_, seat)| seat.connection.is_some());
        let owed_to = |(member, seat): (usize, &Seat)| {
            let others = self.seats.iter().zip(&seat.heard).enumerate();
            let others = others.filter(|&(who, _)| who != member);
            others.map(|(_, (other, heard))| other.sent.saturating_sub(*heard)).sum::<u64>()
        };
        here.map(owed_to).sum()
    }
}

impl Crew for Room {
    type Member = usize;

    fn opened(&mut self, line: &mut Line, _: &mut usize, _: Instant) {
        line.send_at_once();
        self.common.said.open += 1;
    }

    fn message(&mut self, _: &mut Line, member: &mut usize, message: Message<'_>, _: Instant) {
        self.common.said.heard += 1;
        if let Err(complaint) = self.judge(*member, message) {
            self.common.wrong(complaint);
        }
    }

    fn ended(&mut self, member: usize, ending: Ending, _: Instant, _: Instant) {
        self.seats[member].connection = None;
        self.common.ended(member, &ending);
    }

    fn outside(&mut self, token: Token) {
        self.common.outside(token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(room: &mut Room, member: usize, who: usize, number: u64) -> Result<(), String> {
        let mut payload = Vec::new();
        letter::write(7, who, number, MESSAGE, &mut payload);
        room.judge(member, Message { binary: true, payload: &payload })
    }

    #[test]
    fn whatever_is_lost_repeated_or_swapped_is_told() {
        let mut room = Room::new(3, 7);
        assert_eq!(hear(&mut room, 0, 1, 1), Ok(()));
        assert_eq!(hear(&mut room, 0, 2, 1), Ok(()), "each has numbers of its own");
        assert!(hear(&mut room, 0, 1, 1).is_err(), "twice");
        assert!(hear(&mut room, 0, 1, 3).is_err(), "one is missing");
        assert!(hear(&mut room, 0, 1, 2).is_err(), "out of order");
        assert!(hear(&mut room, 0, 0, 1).is_err(), "its own");
        assert!(hear(&mut room, 0, 9, 1).is_err(), "nobody's");
    }

    #[test]
    fn a_changed_byte_is_told() {
        let mut room = Room::new(3, 7);
        let mut payload = Vec::new();
        letter::write(7, 1, 1, MESSAGE, &mut payload);
        payload[MESSAGE - 1] ^= 1;
        assert!(room.judge(0, Message { binary: true, payload: &payload }).is_err());
    }

    #[test]
    fn what_nobody_has_heard_is_owed_to_those_who_are_here() {
        let mut room = Room::new(3, 7);
        room.seats[1].sent = 2;
        assert_eq!(room.owed(), 0, "nobody is here");
        for seat in &mut room.seats {
            seat.connection = Some(ConnectionId::default());
        }
        assert_eq!(room.owed(), 4);
        hear(&mut room, 0, 1, 1).unwrap();
        assert_eq!(room.owed(), 3);
    }
}
