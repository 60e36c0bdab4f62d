//! The protocol of the simulated service: does what its clients ask, and tells the checkers.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, StatusCode};
use parking_lot::Mutex;
use ws_service::shard::Frame;
use ws_service::{
    Accept, CloseCode, CloseReason, Context, Message, Protocol, Rejection, Request, SendError, Sent,
};

use crate::checkers::Note as Publication;
use crate::observer::Observer;
use crate::payload::Payload;
use crate::planted::Bug;

/// What all parts of a run share.
pub(crate) type Shared = Arc<Mutex<Observer>>;

/// The protocol of one shard.
pub(crate) struct Sim {
    pub(crate) shared: Shared,
    pub(crate) shard: usize,
}

/// A session; it knows if it is dropped without having been closed.
pub(crate) struct Session {
    id: u32,
    shared: Shared,
    is_closed: bool,
    /// Messages it still owes, and the size of each.
    owed: (u32, u32),
    next_direct: u32,
    is_pressed: bool,
}

impl Session {
    /// Some don't listen to a peer that doesn't listen to them.
    const fn is_patient(&self) -> bool {
        self.id.is_multiple_of(3)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.is_closed {
            self.shared.lock().lost(self.id);
        }
    }
}

/// What is told to a session from outside.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Note {
    Answer(u32),
    Timer(u32),
    Close,
    Panic,
}

/// The name of a topic.
pub(crate) fn topic(number: u32) -> String {
    format!("topic {number}")
}

/// A publication's message.
pub(crate) fn publication(note: Publication) -> Payload {
    Payload {
        kind: b'p',
        who: note.publisher,
        number: note.number,
        argument: note.topic,
        // Some are small enough to be copied, some large enough to be shared.
        filler: [0, 10, 100, 1_200][(note.number % 4) as usize],
        is_text: note.number.is_multiple_of(3),
    }
}

/// Lends a payload's bytes as a message.
pub(crate) fn with_message<R>(payload: &Payload, use_it: impl FnOnce(Message<'_>) -> R) -> R {
    let mut bytes = Vec::new();
    payload.write(&mut bytes);
    if payload.is_text {
        use_it(Message::Text(str::from_utf8(&bytes).expect("written as text")))
    } else {
        use_it(Message::Binary(&bytes))
    }
}

/// The number of the client at this address.
pub(crate) fn client_at(peer: ws_service::Peer) -> u32 {
    match peer.ip() {
        Some(std::net::IpAddr::V4(ip)) => u32::from(ip) & 0xffff,
        _ => u32::MAX,
    }
}

/// Panics without the noise of the panic hook.
fn panic_quietly() -> ! {
    resume_unwind(Box::new("planned"))
}

impl Protocol for Sim {
    type Session = Session;
    type Note = Note;

    fn accept(&self, request: &Request<'_>) -> Accept<Session> {
        let id = client_at(request.peer());
        let is_deferred = request.path() == "/defer";
        match request.path() {
            "/panic" => {
                self.shared.lock().panicked(self.shard, None);
                panic_quietly();
            }
            "/nowhere" => return Accept::reject(Rejection::not_found()),
            _ => self.shared.lock().accepted(self.shard, request.id(), id, is_deferred),
        }
        let session = Session {
            id,
            shared: Arc::clone(&self.shared),
            is_closed: false,
            owed: (0, 0),
            next_direct: 0,
            is_pressed: false,
        };
        let accept = if is_deferred { Accept::defer(session) } else { Accept::admit(session) };
        match request.headers().get("x-client") {
            Some(value) => accept.header(HeaderName::from_static("x-client"), value.clone()),
            None => Accept::reject(Rejection::new(StatusCode::BAD_REQUEST, "who?")),
        }
    }

    fn opened(&self, cx: &mut Context<'_>, session: &mut Session) {
        self.shared.lock().opened(self.shard, session.id);
        // Some are greeted before their 101 has left.
        if session.id.is_multiple_of(5) {
            self.direct(cx, session, session.id % 700);
        }
        if session.id.is_multiple_of(7) {
            self.subscribe(cx, session, 0);
        }
    }

    fn message(&self, cx: &mut Context<'_>, session: &mut Session, message: Message<'_>) {
        let is_text = matches!(message, Message::Text(_));
        let bytes = message.as_bytes();
        let Some(asked) = self.shared.lock().message(self.shard, session.id, bytes, is_text) else {
            return cx.close(CloseCode::Error, "");
        };
        let argument = asked.argument;
        match asked.kind {
            b'E' => self.echo(cx, session, message, asked),
            b'S' => self.subscribe(cx, session, argument),
            b'U' => {
                let was = cx.unsubscribe(&topic(argument));
                self.shared.lock().unsubscribed(session.id, argument, was);
            }
            b'P' => self.publish(cx, session, argument),
            b'T' => self.set_timer(cx, session, argument),
            b't' => {
                cx.clear_timer();
                self.shared.lock().timer_set(session.id, None);
            }
            b'B' => {
                session.owed = (argument >> 16, argument & 0xffff);
                self.pay(cx, session);
            }
            b'A' => {
                cx.confirm_alive();
                self.shared.lock().vouched(session.id);
            }
            b'Q' => self.close(cx, session, u16::try_from(argument).unwrap_or(1000)),
            _ => {
                self.direct(cx, session, 20);
                self.shared.lock().panicked(self.shard, Some(session.id));
                panic_quietly();
            }
        }
    }

    fn drained(&self, cx: &mut Context<'_>, session: &mut Session) {
        session.is_pressed = false;
        self.shared.lock().drained(session.id);
        if session.is_patient() {
            cx.resume_reading();
            self.shared.lock().resumed(session.id);
        }
        self.pay(cx, session);
    }

    fn timer(&self, cx: &mut Context<'_>, session: &mut Session) {
        self.shared.lock().timer_fired(session.id);
        self.direct(cx, session, 5);
        match session.next_direct % 8 {
            // A timer that is set again by its own callback, at once or later.
            0 => self.set_timer(cx, session, 0),
            1 => self.set_timer(cx, session, 3_000),
            2 => self.close(cx, session, 1000),
            _ => {}
        }
    }

    fn note(&self, cx: &mut Context<'_>, session: &mut Session, note: Note) {
        match note {
            Note::Answer(size) => self.direct(cx, session, size),
            Note::Timer(after) => self.set_timer(cx, session, after),
            Note::Close => self.close(cx, session, 4001),
            Note::Panic => {
                self.shared.lock().panicked(self.shard, Some(session.id));
                panic_quietly();
            }
        }
    }

    fn closed(&self, cx: &mut Context<'_>, mut session: Session, reason: CloseReason) {
        session.is_closed = true;
        let is_told_twice = {
            let mut observer = self.shared.lock();
            observer.closed(self.shard, session.id, &reason);
            observer.strikes(Bug::ClosedTwice)
        };
        if is_told_twice {
            self.shared.lock().closed(self.shard, session.id, &reason);
        }
        if cx.send("too late") != Err(SendError::Closed) {
            self.shared.lock().sent_after_close(session.id);
        }
        // What is set or subscribed now must leave nothing behind.
        cx.set_timer(Duration::ZERO);
        let _ = cx.subscribe(&topic(0));
        if session.id.is_multiple_of(3) {
            self.publish(cx, &session, 0);
        }
        if session.id.is_multiple_of(11) {
            self.shared.lock().panicked(self.shard, None);
            panic_quietly();
        }
    }
}

impl Sim {
    fn echo(&self, cx: &mut Context<'_>, session: &mut Session, message: Message<'_>, it: Payload) {
        let mut corrupted = message.as_bytes().to_vec();
        let is_corrupted = !it.is_text && self.shared.lock().strikes(Bug::CorruptEcho);
        if let (true, Some(last)) = (is_corrupted, corrupted.last_mut()) {
            *last ^= 1;
        }
        let result = match message {
            Message::Binary(_) => cx.send(Message::Binary(&corrupted)),
            text @ Message::Text(_) => cx.send(text),
        };
        self.sent(cx, session, it, result);
    }

    /// Sends one message that is for this client alone.
    fn direct(&self, cx: &mut Context<'_>, session: &mut Session, size: u32) {
        let payload = Payload {
            kind: b'd',
            who: session.id,
            number: session.next_direct,
            argument: 0,
            filler: size as usize,
            is_text: session.next_direct.is_multiple_of(2),
        };
        session.next_direct += 1;
        let result = with_message(&payload, |message| cx.send(message));
        self.sent(cx, session, payload, result);
    }

    fn sent(
        &self,
        cx: &mut Context<'_>,
        session: &mut Session,
        payload: Payload,
        result: Result<Sent, SendError>,
    ) {
        session.is_pressed |= result == Ok(Sent::AboveHighWater);
        if result == Ok(Sent::AboveHighWater) && session.is_patient() {
            cx.pause_reading();
            self.shared.lock().paused(session.id);
        }
        self.shared.lock().sent(self.shard, session.id, payload, result, cx.queued_bytes());
    }

    /// Sends what is owed until the queue is above its mark; `drained` goes on.
    fn pay(&self, cx: &mut Context<'_>, session: &mut Session) {
        while session.owed.0 > 0 && !session.is_pressed {
            session.owed.0 -= 1;
            self.direct(cx, session, session.owed.1);
        }
    }

    fn subscribe(&self, cx: &mut Context<'_>, session: &Session, number: u32) {
        let result = cx.subscribe(&topic(number));
        self.shared.lock().subscribed(self.shard, session.id, number, result.is_ok());
    }

    fn publish(&self, cx: &mut Context<'_>, session: &Session, number: u32) {
        let note = self.shared.lock().next_publication(session.id, number);
        let result = with_message(&publication(note), |it| cx.publish(&topic(number), it));
        self.shared.lock().published(self.shard, note, result.is_ok());
    }

    fn set_timer(&self, cx: &mut Context<'_>, session: &Session, micros: u32) {
        let mut after = u64::from(micros);
        self.shared.lock().timer_set(session.id, Some(cx.now().as_micros() + after));
        if self.shared.lock().strikes(Bug::EarlyTimer) {
            after /= 2;
        }
        cx.set_timer(Duration::from_micros(after));
    }

    fn close(&self, cx: &mut Context<'_>, session: &Session, code: u16) {
        self.shared.lock().asked_to_close(session.id);
        cx.close(CloseCode::from(code), "as asked");
    }
}

/// An encoded message for a letter.
pub(crate) fn frame(payload: &Payload) -> Frame {
    with_message(payload, Frame::new)
}
