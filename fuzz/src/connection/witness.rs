//! A protocol that echoes, does what it is told, and writes down all of it.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use sul::Timestamp;
use ws_service::shard::{
    Accept, CloseCode, CloseReason, Context, Message, Piece, Protocol, Request, Sent,
};

use crate::driver::bill::uncounted;

/// A topic that sessions subscribe to when told so.
pub(super) const TOPIC: &str = "t";
/// What a message begins with that is a list of commands, a letter each.
pub(super) const COMMANDS: u8 = b'!';
/// What a published message begins with; its number follows.
pub(super) const NEWS: char = 'P';
/// What a message from outside to one connection begins with; its number follows.
pub(super) const DIRECT: char = 'D';

/// What a session has been through.
#[derive(Debug, Default)]
pub(super) struct Life {
    pub(super) accepted: bool,
    pub(super) opened: Option<Timestamp>,
    /// Whole messages.
    pub(super) heard: Vec<Vec<u8>>,
    /// Messages that were taken to be sent, in order; the last pieces of one may not have been.
    pub(super) sent: Vec<Spoken>,
    /// Publications of its own.
    pub(super) published: Vec<u64>,
    pub(super) closed: Option<(CloseReason, Timestamp)>,
    begun: Vec<u8>,
}

/// A message of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spoken {
    pub(super) payload: Vec<u8>,
    pub(super) is_whole: bool,
}

/// All sessions, by the number in their path.
#[derive(Debug, Default)]
pub(super) struct Witness(Mutex<Notes>);

#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) lives: Vec<Life>,
    /// Publications so far, of everyone.
    pub(super) news: u64,
    is_running: bool,
}

impl Notes {
    /// The next publication.
    pub(super) fn publish(&mut self) -> u64 {
        self.news += 1;
        self.news
    }

    pub(super) fn life(&mut self, number: usize) -> &mut Life {
        if self.lives.len() <= number {
            self.lives.resize_with(number + 1, Life::default);
        }
        &mut self.lives[number]
    }
}

/// The number in a path; gone when `closed` has taken it.
#[derive(Debug)]
pub(super) struct Session(usize);

impl Witness {
    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().expect("no handler panics")
    }

    /// Runs a handler, which no other may interrupt.
    fn handle(&self, cx: &mut Context<'_>, session: &Session, run: impl FnOnce(&mut Context<'_>)) {
        let was_running = std::mem::replace(&mut self.notes().is_running, true);
        assert!(!was_running, "a handler inside another");
        let is_over = self.with(session, |life| life.closed.is_some());
        assert!(!is_over, "nothing comes behind the end");
        run(cx);
        self.notes().is_running = false;
    }

    fn with<T>(&self, session: &Session, change: impl FnOnce(&mut Life) -> T) -> T {
        uncounted(|| change(self.notes().life(session.0)))
    }

    fn send(&self, cx: &mut Context<'_>, session: &Session, message: Message<'_>) {
        let sent = cx.send(message);
        if sent.is_ok() {
            let payload = message.as_bytes();
            self.with(session, |life| {
                life.sent.push(Spoken { payload: payload.to_vec(), is_whole: true });
            });
        }
        if sent == Ok(Sent::AboveHighWater) {
            cx.pause_reading();
        }
    }

    fn send_piece(&self, cx: &mut Context<'_>, session: &Session, is_first: bool, is_last: bool) {
        let part = Message::Text("part");
        if cx.send_piece(Piece { part, is_first, is_last }).is_err() {
            return;
        }
        self.with(session, |life| {
            if is_first {
                life.sent.push(Spoken { payload: Vec::new(), is_whole: false });
            }
            let begun = life.sent.iter_mut().rev().find(|spoken| !spoken.is_whole);
            let begun = begun.expect("a first piece was taken");
            begun.payload.extend_from_slice(part.as_bytes());
            begun.is_whole = is_last;
        });
    }

    fn message(&self, cx: &mut Context<'_>, session: &Session, message: Message<'_>) {
        let payload = message.as_bytes();
        self.with(session, |life| life.heard.push(payload.to_vec()));
        match payload.split_first() {
            Some((&COMMANDS, commands)) => {
                for &command in commands {
                    self.obey(cx, session, command);
                }
            }
            _ => self.send(cx, session, message),
        }
    }

    fn obey(&self, cx: &mut Context<'_>, session: &Session, command: u8) {
        match command % 16 {
            0 => _ = cx.subscribe(TOPIC),
            1 => _ = cx.unsubscribe(TOPIC),
            2 => {
                let number = self.notes().publish();
                let text = uncounted(|| format!("{NEWS}{number}"));
                if cx.publish(TOPIC, text.as_str()).is_ok() {
                    self.with(session, |life| life.published.push(number));
                }
                uncounted(|| drop(text));
            }
            3 => cx.set_timer(Duration::from_secs(1)),
            4 => cx.set_timer(Duration::ZERO),
            5 => cx.clear_timer(),
            6 => cx.pause_reading(),
            7 => cx.resume_reading(),
            8 => cx.confirm_alive(),
            9 => self.send_piece(cx, session, true, false),
            10 => self.send_piece(cx, session, false, false),
            11 => self.send_piece(cx, session, false, true),
            12 => self.send_piece(cx, session, true, true),
            13 => self.send(cx, session, Message::Binary(&[b'.'; 60])),
            14 => self.send(cx, session, Message::Text("")),
            _ => cx.close(CloseCode::from(4_000), "as told"),
        }
    }
}

impl Protocol for Witness {
    type Session = Session;
    /// Commands, as in a message.
    type Note = u8;

    /// `/NUMBER`, with `?pieces`, `?defer`, `?reject`, or none of them.
    fn accept(&self, request: &Request<'_>) -> Accept<Session> {
        let number = request.path()[1..].parse().expect("a number");
        if request.query() == Some("reject") {
            return Accept::reject(ws_service::shard::Rejection::not_found());
        }
        let session = Session(number);
        self.with(&session, |life| {
            assert!(!life.accepted);
            life.accepted = true;
        });
        match request.query() {
            Some("defer") => Accept::defer(session),
            Some("pieces") => Accept::admit(session).in_pieces(),
            _ => Accept::admit(session),
        }
    }

    fn opened(&self, cx: &mut Context<'_>, session: &mut Session) {
        self.handle(cx, session, |cx| {
            let before = self.with(session, |life| life.opened.replace(cx.now()));
            assert_eq!(before, None, "opened once");
        });
    }

    fn message(&self, cx: &mut Context<'_>, session: &mut Session, message: Message<'_>) {
        self.handle(cx, session, |cx| self.message(cx, session, message));
    }

    fn piece(&self, cx: &mut Context<'_>, session: &mut Session, piece: Piece<'_>) {
        self.handle(cx, session, |cx| {
            let whole = self.with(session, |life| {
                assert_eq!(piece.is_first, life.begun.is_empty(), "one message at a time");
                // A mark, so that an empty first piece is one.
                if piece.is_first {
                    life.begun.push(0);
                }
                life.begun.extend_from_slice(piece.part.as_bytes());
                piece.is_last.then(|| std::mem::take(&mut life.begun))
            });
            if let Some(whole) = whole {
                match piece.part {
                    Message::Text(_) => {
                        let text = str::from_utf8(&whole[1..]).expect("pieces of text are text");
                        self.message(cx, session, Message::Text(text));
                    }
                    Message::Binary(_) => self.message(cx, session, Message::Binary(&whole[1..])),
                }
                uncounted(|| drop(whole));
            }
        });
    }

    fn drained(&self, cx: &mut Context<'_>, session: &mut Session) {
        self.handle(cx, session, |cx| {
            cx.resume_reading();
        });
    }

    fn timer(&self, cx: &mut Context<'_>, session: &mut Session) {
        self.handle(cx, session, |cx| self.send(cx, session, Message::Text("tick")));
    }

    fn note(&self, cx: &mut Context<'_>, session: &mut Session, command: u8) {
        self.handle(cx, session, |cx| self.obey(cx, session, command));
    }

    fn closed(&self, cx: &mut Context<'_>, session: Session, reason: CloseReason) {
        self.handle(cx, &session, |cx| {
            assert!(cx.send("too late").is_err());
            let before = self.with(&session, |life| life.closed.replace((reason, cx.now())));
            assert_eq!(before, None, "told once");
        });
    }
}
