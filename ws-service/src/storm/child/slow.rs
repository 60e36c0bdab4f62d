//! Slow readers: each asks for as much as its socket takes, and reads the echoes a little at a time.

use std::time::{Duration, Instant};

use mio::Token;

use super::company::{Common, Part, letter};
use crate::storm::client::{ConnectionId, Crew, Ending, Line, Message, Swarm};

const MESSAGE: usize = 4 << 10;

/// Messages that each sends at once, at most.
const BURST: usize = 16;

/// Bytes that all together read at once: far less than they send, so that the server has to stop them.
const PORTIONS: usize = 800 << 10;

/// Bytes that each reads at once at the end, when all that is under way is to come.
const HASTE: usize = 1 << 20;

pub(super) struct Slow {
    readers: Vec<Reader>,
    seed: u64,
    is_hasty: bool,
    scratch: Vec<u8>,
    common: Common,
}

#[derive(Clone, Default)]
struct Reader {
    connection: Option<ConnectionId>,
    is_open: bool,
    sent: u64,
    heard: u64,
}

impl Slow {
    pub(super) fn new(readers: usize, seed: u64) -> Self {
        let readers = vec![Reader::default(); readers];
        Self { readers, seed, is_hasty: false, scratch: Vec::new(), common: Common::default() }
    }

    /// A ping waits behind what the system holds, some MiB: the more they are, the longer.
    pub(super) fn prepare(swarm: &mut Swarm<usize>, readers: usize) {
        swarm.read_slowly(portion(readers));
    }

    /// Sends the next message, if the socket has taken the last.
    fn send_next(&mut self, swarm: &mut Swarm<usize>, number: usize, now: Instant) -> bool {
        let reader = &self.readers[number];
        let Some(id) = reader.connection.filter(|_| reader.is_open) else { return false };
        letter::write(self.seed, number, reader.sent + 1, MESSAGE, &mut self.scratch);
        let (payload, mut is_sent) = (std::mem::take(&mut self.scratch), false);
        swarm.with(id, self, now, |line| {
            is_sent = line.is_clear();
            if is_sent {
                line.send(&payload);
            }
        });
        self.scratch = payload;
        self.readers[number].sent += u64::from(is_sent);
        self.common.said.sent += u64::from(is_sent);
        is_sent
    }

    fn hurry(&mut self, swarm: &mut Swarm<usize>, now: Instant) {
        if !std::mem::replace(&mut self.is_hasty, true) {
            swarm.with_all(self, now, |line| line.take_in(HASTE));
        }
        for _ in 0..HASTE / portion(self.readers.len()) {
            swarm.read_each(self, now);
        }
    }

    /// What is wrong with an echo.
    fn judge(&mut self, number: usize, message: Message<'_>) -> Result<(), String> {
        let reader = &mut self.readers[number];
        reader.heard += 1;
        letter::write(self.seed, number, reader.heard, MESSAGE, &mut self.scratch);
        if message.binary && message.payload == self.scratch {
            return Ok(());
        }
        let instead = letter::read(message.payload);
        Err(format!("slow reader {number}: {instead:?} instead of its message {}", reader.heard))
    }
}

fn portion(readers: usize) -> usize {
    (PORTIONS / readers.max(1)).clamp(MESSAGE, HASTE / 4)
}

impl Part for Slow {
    const EVERY: Duration = Duration::from_millis(50);

    fn seated(&mut self, number: usize, id: ConnectionId) {
        self.readers[number].connection = Some(id);
    }

    fn act(&mut self, swarm: &mut Swarm<usize>, now: Instant) {
        if self.common.is_ending {
            return self.hurry(swarm, now);
        }
        for number in 0..self.readers.len() {
            let mut more = 0..BURST;
            while more.next().is_some() && self.send_next(swarm, number, now) {}
        }
        swarm.read_each(self, now);
    }

    fn company(&mut self) -> &mut Common {
        &mut self.common
    }

    fn owed(&self) -> u64 {
        let here = self.readers.iter().filter(|reader| reader.connection.is_some());
        here.map(|reader| reader.sent.saturating_sub(reader.heard)).sum()
    }
}

impl Crew for Slow {
    type Member = usize;

    fn opened(&mut self, _: &mut Line, number: &mut usize, _: Instant) {
        self.readers[*number].is_open = true;
        self.common.said.open += 1;
    }

    fn message(&mut self, _: &mut Line, number: &mut usize, message: Message<'_>, _: Instant) {
        self.common.said.heard += 1;
        if let Err(complaint) = self.judge(*number, message) {
            self.common.wrong(complaint);
        }
    }

    fn ended(&mut self, number: usize, ending: Ending, _: Instant, _: Instant) {
        self.readers[number].connection = None;
        self.common.ended(number, &ending);
    }

    fn outside(&mut self, token: Token) {
        self.common.outside(token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_must_be_the_next_one_and_unchanged() {
        let mut slow = Slow::new(2, 7);
        let mut payload = Vec::new();
        let mut hear = |who, number| {
            letter::write(7, who, number, MESSAGE, &mut payload);
            slow.judge(1, Message { binary: true, payload: &payload })
        };
        assert_eq!(hear(1, 1), Ok(()));
        assert!(hear(1, 1).is_err(), "twice");
        assert_eq!(hear(1, 3), Ok(()));
        assert!(hear(0, 4).is_err(), "somebody else's");
    }
}
