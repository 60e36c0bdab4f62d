//! What happens, step by step.

use std::sync::Arc;
use std::time::Duration;

use ws_service::shard::{CloseCode, Frame, Mail, Overflow, Rejection};

use super::client::Client;
use super::judge;
use super::witness::{COMMANDS, DIRECT, NEWS, TOPIC, Witness};
use crate::choices::Choices;
use crate::driver::Driver;
use crate::driver::client::{BINARY, FIN, TEXT, close, frame, ping, pong, request};

/// The command that resumes reading.
const RESUME: u8 = 7;
/// Connections at once.
const CLIENTS: usize = 4;
/// What the shard may hold for them: twice each limit, an inflater, and its own tables.
const MEMORY: i64 = 256 * 1024;

const QUERIES: [&str; 8] = ["", "", "", "?pieces", "?pieces", "?defer", "?reject", "?pieces"];
const TIMES: [Duration; 8] = [
    Duration::ZERO,
    Duration::from_micros(1),
    Duration::from_millis(100),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(15),
    Duration::from_secs(40),
];

/// A shard, its clients, and what they hold.
pub(super) struct Play {
    driver: Driver<Witness>,
    clients: Vec<Client>,
    /// Bytes that the shard has taken up and not given back.
    held: i64,
    /// The shard may write while it receives.
    is_written_at_once: bool,
}

impl Play {
    pub(super) fn new(choices: &mut Choices<'_>) -> Self {
        let settings = choices.byte();
        let driver = Driver::of(Witness::default(), |config| {
            let limits = &mut config.limits;
            limits.connections = CLIENTS;
            limits.handshake_bytes = 500;
            limits.message_size = 300;
            limits.streamed_size = (settings & 1 != 0).then_some(400);
            limits.fragments = 9;
            (limits.high_water, limits.low_water, limits.queued_bytes) = (200, None, 600);
            limits.overflow = if settings & 2 == 0 { Overflow::Close } else { Overflow::Drop };
            limits.messages_per_second = (settings & 4 != 0).then_some(10);
            limits.mail = 8;
            let budget = &mut config.budget;
            (budget.frames, budget.closes) = (3, 2);
            (budget.deliveries, budget.expiries) = (3, 2);
            budget.copied_bytes = 30;
            let timeouts = &mut config.timeouts;
            timeouts.ping_after = Some(Duration::from_secs(10));
            timeouts.hangup_after = Some(Duration::from_secs(25));
            timeouts.message = (settings & 8 == 0).then_some(Duration::from_secs(20));
            timeouts.write = (settings & 16 == 0).then_some(Duration::from_secs(15));
            config.compression.threshold = usize::MAX;
        });
        Self { driver, clients: Vec::new(), held: 0, is_written_at_once: settings & 32 != 0 }
    }

    /// One thing happens.
    pub(super) fn step(&mut self, choices: &mut Choices<'_>) {
        let what = choices.byte();
        if what < 16 || self.clients.is_empty() {
            return self.connect(choices);
        }
        match what {
            16..32 => self.wait(choices),
            32..40 => self.mail_to_all(choices),
            _ => {
                let place = usize::from(choices.byte()) % self.clients.len();
                self.step_of(place, what, choices);
            }
        }
    }

    fn connect(&mut self, choices: &mut Choices<'_>) {
        let query = choices.pick(&QUERIES);
        if self.driver.shard.is_draining() || self.driver.shard.len() == CLIENTS {
            return;
        }
        let key = self.driver.connect();
        let number = self.clients.len();
        let mut client = Client::new(key);
        client.wire = request(
            &format!("/{number}{query}"),
            &["Sec-WebSocket-Extensions: permessage-deflate"],
        );
        self.clients.push(client);
        // A life of its own, though nothing may come of it.
        self.driver.protocol.notes().life(number);
    }

    /// Time passes: step by step, or in one leap, as after a stop.
    fn wait(&mut self, choices: &mut Choices<'_>) {
        let time = choices.pick(&TIMES);
        let leaps = choices.flag();
        self.act(|driver| {
            if leaps {
                driver.now += time;
                driver.turn();
            } else {
                driver.pass(time);
            }
        });
    }

    fn mail_to_all(&mut self, choices: &mut Choices<'_>) {
        if choices.byte().is_multiple_of(8) {
            return self.act(|driver| driver.mail(Mail::Drain));
        }
        let number = self.driver.protocol.notes().publish();
        if !self.driver.shard.is_behind() {
            let news = Frame::new(format!("{NEWS}{number}").as_str().into());
            self.act(|driver| driver.mail(Mail::Publish(news.to_topic(TOPIC))));
        }
    }

    fn step_of(&mut self, place: usize, what: u8, choices: &mut Choices<'_>) {
        let client = &mut self.clients[place];
        match what {
            40..80 => self.deliver(place, choices),
            80..112 => say_message(client, choices),
            112..128 => say_commands(client, choices),
            128..136 => {
                client.pings += 1;
                client.wire.extend(ping(&client.pings.to_be_bytes()));
            }
            136..144 => client.wire.extend(pong(&client.pinged.clone())),
            144..148 => {
                client.wire.extend(close(choices.word(), "bye"));
                client.is_garbled = true;
            }
            148..160 => {
                client.wire.extend(choices.bytes());
                client.is_garbled = true;
            }
            160..168 => {
                client.wire.extend(frame(choices.byte(), choices.bytes()));
                client.is_garbled = true;
            }
            168..184 => self.room(place, choices),
            184..208 => self.mail_to(place, choices),
            208..216 => self.leave(place, choices),
            _ => self.act(Driver::turn),
        }
    }

    /// Some of what is under way arrives, unless the shard asks to wait.
    fn deliver(&mut self, place: usize, choices: &mut Choices<'_>) {
        let (count, is_alone) = (usize::from(choices.byte()), choices.flag());
        let client = &mut self.clients[place];
        let key = client.key;
        let shard = &self.driver.shard;
        if client.is_gone || shard.has_unread(key) || shard.is_paused(key) {
            return;
        }
        let count = if count > 200 { usize::MAX } else { count + 1 };
        let mut bytes: Vec<u8> = client.wire.drain(..count.min(client.wire.len())).collect();
        let is_written_at_once = self.is_written_at_once;
        self.act(|driver| {
            if is_written_at_once {
                driver.exchange(key, &bytes);
            } else {
                driver.shard.receive(key, &mut bytes, driver.now);
            }
            if is_alone {
                driver.turn();
            }
        });
    }

    fn room(&mut self, place: usize, choices: &mut Choices<'_>) {
        let key = self.clients[place].key;
        let (room, is_told) = (choices.byte(), choices.flag());
        let room = if room == 255 { usize::MAX } else { room.into() };
        if self.driver.shard.contains(key) {
            self.act(|driver| {
                if is_told { driver.give_room(key, room) } else { driver.limit_room(key, room) }
            });
        }
    }

    fn mail_to(&mut self, place: usize, choices: &mut Choices<'_>) {
        let key = self.clients[place].key;
        let (kind, command) = (choices.byte() % 6, choices.byte());
        let mail = match kind {
            0 | 1 => Mail::Note(key, command),
            2 => Mail::Admit(key),
            3 => Mail::Reject(key, Rejection::not_found()),
            4 => Mail::Close(key, CloseCode::from(4_001), "by mail".into()),
            _ => {
                let number = self.driver.protocol.notes().publish();
                Mail::Send(key, Frame::new(format!("{DIRECT}{number}").as_str().into()))
            }
        };
        self.act(|driver| driver.mail(mail));
    }

    /// The transport ends: broken, or at its end, which waits behind what is unread.
    fn leave(&mut self, place: usize, choices: &mut Choices<'_>) {
        let is_half = choices.flag();
        let client = &mut self.clients[place];
        let key = client.key;
        if client.is_gone || (is_half && self.driver.shard.has_unread(key)) {
            return;
        }
        client.is_gone = true;
        self.act(|driver| {
            if is_half {
                driver.shard.ended(key, driver.now);
                driver.turn();
            } else {
                driver.hang_up(key);
            }
        });
    }

    /// Does something to the shard, under its bound.
    fn act(&mut self, act: impl FnOnce(&mut Driver<Witness>)) {
        let bill = self.driver.bill(act);
        let peak = i64::try_from(bill.peak).expect("in memory");
        assert!(self.held + peak <= MEMORY, "{} held before, {bill:?}", self.held);
        self.held += bill.kept;
        for (number, client) in self.clients.iter_mut().enumerate() {
            let heard = self.driver.output(client.key);
            client.heard.extend(&heard);
            judge::check_life(number, client, &self.driver);
            if !heard.is_empty() {
                judge::check_heard(number, client, &self.driver);
            }
        }
    }

    /// Faults end: what is queued is read, nobody says any more, and all that lives has to be gone in time.
    pub(super) fn finish(mut self) {
        let keys: Vec<_> = self.clients.iter().map(|client| client.key).collect();
        for &key in &keys {
            if self.driver.shard.contains(key) {
                self.act(|driver| driver.give_room(key, usize::MAX));
            }
        }
        self.act(Driver::settle);
        let protocol = Arc::clone(&self.driver.protocol);
        for (number, client) in self.clients.iter().enumerate() {
            judge::check_whole(number, client, &self.driver);
        }
        // Whose protocol has paused it, it would be for ever.
        for &key in &keys {
            self.act(|driver| driver.mail(Mail::Note(key, RESUME)));
        }
        // Who has sent too much at once is not read from, and not asked, for as long as it takes to be allowed it.
        for _ in 0..60 {
            self.act(|driver| driver.pass(Duration::from_secs(10)));
        }
        assert!(self.driver.shard.is_empty(), "{} live for ever", self.driver.shard.len());
        assert_eq!(self.driver.shard.timers(), 0);
        judge::check_ends(&protocol.notes().lives);
    }
}

/// A message in one to four frames.
fn say_message(client: &mut Client, choices: &mut Choices<'_>) {
    let (is_text, parts) = (choices.flag(), usize::from(choices.byte() % 4));
    let size = usize::from(choices.byte());
    let number = client.said.len();
    let payload = format!("m{number} {}", "é".repeat(size / 2)).into_bytes();
    let opcode = if is_text { TEXT } else { BINARY };
    let chunks: Vec<_> = payload.chunks(payload.len() / (parts + 1) + 1).collect();
    for (place, chunk) in chunks.iter().enumerate() {
        let first = if place == 0 { opcode } else { 0 };
        let fin = if place + 1 == chunks.len() { FIN } else { 0 };
        client.wire.extend(frame(fin | first, chunk));
    }
    if !client.is_garbled {
        client.said.push(payload);
    }
}

fn say_commands(client: &mut Client, choices: &mut Choices<'_>) {
    let count = usize::from(choices.byte() % 8);
    let payload = [&[COMMANDS], choices.take(count)].concat();
    client.wire.extend(frame(FIN | BINARY, &payload));
    if !client.is_garbled {
        client.said.push(payload);
    }
}
