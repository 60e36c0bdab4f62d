//! A simulated client: what it wants to send, what it has heard. It knows no clock and no network.

mod hearing;
mod request;
mod speaking;
mod temper;
mod violation;

use std::collections::VecDeque;

use tungstenite::protocol::frame::coding::CloseCode;
use ws_service::Violation;

pub(crate) use hearing::Heard;
pub(crate) use temper::{Action, Cut, Flaw, Temper};

use crate::dice::Dice;
use crate::plan::Plan;

/// How far a client has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Connecting,
    /// The response is awaited.
    Requesting,
    Open,
    /// The request was refused.
    Refused,
    /// It has nothing to say any more: it has ended its side, or is gone.
    Over,
}

/// Something that is complete at a byte of what a client sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// The request.
    Head,
    /// A frame and nothing more.
    Frame,
    /// A message, and its last frame.
    Message,
    /// The answer to the server's ping.
    Pong(u32),
    /// A Close.
    Close(Option<CloseCode>),
    /// The bytes that break a rule.
    Fault(Violation),
}

/// Where that is, in bytes from the first.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    pub(crate) at: u64,
    pub(crate) what: What,
    /// No message is unfinished here.
    pub(crate) is_rest: bool,
}

/// One client, for one connection.
pub(crate) struct Client {
    pub(crate) id: u32,
    pub(crate) temper: Temper,
    pub(crate) stage: Stage,
    pub(crate) flaw: Option<Flaw>,
    pub(crate) is_deferred: bool,
    /// What is to be sent.
    out: Vec<u8>,
    /// How much of it has been, and how much was sent before it.
    sent: usize,
    before: u64,
    pub(crate) marks: VecDeque<Mark>,
    in_message: bool,
    /// Bytes after which it resets the connection.
    pub(crate) reset_at: Option<u64>,
    pub(crate) cut: Option<Cut>,
    /// Bytes that it still hears, and then resets.
    hears: Option<u64>,
    /// It says nothing more: what it has said must stay the last.
    pub(crate) is_done: bool,
    pub(crate) actions_left: u32,
    next_message: u32,
    next_ping: u32,
    /// What it has answered a ping with: saying it again is no proof of anything.
    last_pong: Vec<u8>,
    hearing: hearing::Hearing,
}

impl Client {
    pub(crate) fn new(id: u32, plan: &Plan, dice: &mut Dice) -> Self {
        let temper = dice.weighed(&plan.tempers);
        let is_resetter = temper == Temper::Resetter;
        let cut = (temper == Temper::Breaker).then(|| Cut::draw(dice));
        let (reset_at, hears) = match cut {
            Some(Cut::Request(at)) => (Some(at), None),
            Some(Cut::Response(at)) => (None, Some(at)),
            _ => (None, None),
        };
        let reach = if dice.per_mille(500) { 300 } else { 3_000 };
        Self {
            id,
            temper,
            stage: Stage::Connecting,
            flaw: (temper == Temper::Intruder).then(|| dice.pick(&Flaw::ALL)),
            is_deferred: dice.per_mille(150),
            out: Vec::new(),
            sent: 0,
            before: 0,
            marks: VecDeque::new(),
            in_message: false,
            reset_at: reset_at.or_else(|| is_resetter.then(|| dice.between(0, reach))),
            cut,
            hears,
            is_done: false,
            actions_left: if dice.per_mille(100) { 60 } else { dice.count(0, 20) },
            next_message: 0,
            next_ping: 0,
            last_pong: Vec::new(),
            hearing: hearing::Hearing::new(id),
        }
    }

    /// Bytes that wait to be sent, up to the one that resets.
    pub(crate) fn unsent(&self) -> &[u8] {
        let rest = &self.out[self.sent..];
        let left = self.reset_at.map_or(u64::MAX, |at| at.saturating_sub(self.total_sent()));
        &rest[..rest.len().min(usize::try_from(left).unwrap_or(usize::MAX))]
    }

    /// Bytes sent since the beginning.
    pub(crate) fn total_sent(&self) -> u64 {
        self.before + self.sent as u64
    }

    /// The network took `count` bytes.
    pub(crate) fn advance(&mut self, count: usize) {
        self.sent += count;
        if self.sent == self.out.len() {
            self.before += self.sent as u64;
            self.sent = 0;
            self.out.clear();
        }
    }

    /// It is going to reset the connection, and has come to that byte.
    pub(crate) fn is_to_reset(&self) -> bool {
        self.reset_at.is_some_and(|at| self.total_sent() >= at)
    }

    /// Bytes that it takes in before it resets.
    pub(crate) fn hears_at_most(&self) -> usize {
        self.hears.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX))
    }

    /// It has heard what it was to hear, and resets.
    pub(crate) fn has_heard_enough(&self) -> bool {
        self.hears == Some(0) && !self.is_over()
    }

    /// It acts no more, whatever comes.
    pub(crate) fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// It still says what its kind says.
    pub(crate) fn can_speak(&self) -> bool {
        let is_connected = matches!(self.stage, Stage::Requesting | Stage::Open);
        is_connected && !self.is_done
    }
}
