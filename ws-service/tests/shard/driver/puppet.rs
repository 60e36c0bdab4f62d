//! A protocol that does what it is told, by scripts and by its messages, and writes down what
//! happens to it.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};
use ws_service::shard::{
    Accept, CloseCode, CloseReason, Context, Message, Piece, Protocol, Rejection, Request,
};

/// Runs commands, separated by `;`:
///
/// `send TEXT` · `part [TEXT` · `part TEXT` · `part TEXT]` · `fill BYTES` · `close CODE TEXT` · `sub TOPIC` · `unsub TOPIC` · `pub TOPIC TEXT` ·
/// `timer MICROSECONDS` · `untimer` · `pause` · `resume` · `alive` · `queued` · `panic`
///
/// A text message that begins with `/` is such commands; any other message is echoed.
#[derive(Debug, Default)]
pub(crate) struct Puppet {
    scripts: Mutex<BTreeMap<&'static str, String>>,
    log: Mutex<Vec<String>>,
    is_running: AtomicBool,
}

/// Not `Send`: a session never leaves its thread.
#[derive(Debug)]
pub(crate) struct Session(PhantomData<Rc<()>>);

impl Puppet {
    /// What a handler does: `accept`, `opened`, `drained`, `timer` or `closed`.
    pub(crate) fn when(&self, handler: &'static str, script: &str) {
        lock(&self.scripts).insert(handler, script.to_owned());
    }

    /// What has happened since the last call: `handler what`, and `command -> result`.
    pub(crate) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.log))
    }

    fn note_down(&self, line: String) {
        lock(&self.log).push(line);
    }

    fn script(&self, handler: &'static str) -> String {
        lock(&self.scripts).get(handler).cloned().unwrap_or_default()
    }

    /// Runs one handler, which no other may interrupt.
    fn handle(&self, cx: &mut Context<'_>, line: &str, script: &str) {
        let nested = self.is_running.swap(true, Ordering::Relaxed);
        assert!(!nested, "{line}: inside another handler");
        let running = Running(&self.is_running);
        self.note_down(line.to_owned());
        for command in script.split(';').map(str::trim).filter(|it| !it.is_empty()) {
            if let Some(result) = run(cx, command) {
                self.note_down(format!("{command} -> {result}"));
            }
        }
        drop(running);
    }
}

struct Running<'a>(&'a AtomicBool);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn run(cx: &mut Context<'_>, command: &str) -> Option<String> {
    let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
    let (first, second) = rest.split_once(' ').unwrap_or((rest, ""));
    match verb {
        "send" => return Some(format!("{:?}", cx.send(rest))),
        "part" => return Some(format!("{:?}", cx.send_piece(part(rest)))),
        "fill" => return Some(format!("{:?}", cx.send(&vec![b'.'; number(first)][..]))),
        "sub" => return Some(format!("{:?}", cx.subscribe(first))),
        "unsub" => return Some(format!("{:?}", cx.unsubscribe(first))),
        "pub" => return Some(format!("{:?}", cx.publish(first, second))),
        "queued" => return Some(format!("{:?}", cx.queued_bytes())),
        "now" => return Some(format!("{:?} {}", cx.now(), cx.peer())),
        "close" => cx.close(CloseCode::from(number::<u16>(first)), second),
        "timer" => cx.set_timer(Duration::from_micros(number(first))),
        "untimer" => cx.clear_timer(),
        "alive" => cx.confirm_alive(),
        "pause" => cx.pause_reading(),
        "resume" => cx.resume_reading(),
        "panic" => panic!("as told"),
        verb => panic!("no such command: {verb}"),
    }
    None
}

/// A piece of text: `[` stands before a first, `]` behind a last one.
fn part(text: &str) -> Piece<'_> {
    let (is_first, is_last) = (text.starts_with('['), text.ends_with(']'));
    Piece { part: Message::Text(text.trim_matches(['[', ']'])), is_first, is_last }
}

fn number<T: std::str::FromStr>(word: &str) -> T {
    word.parse().unwrap_or_else(|_| panic!("no number: {word:?}"))
}

impl Protocol for Puppet {
    type Session = Session;
    type Note = String;

    fn accept(&self, request: &Request<'_>) -> Accept<Session> {
        let script = self.script("accept");
        let (verb, rest) = script.split_once(' ').unwrap_or((&script, ""));
        let accept = match verb {
            "panic" => panic!("as told"),
            "pieces" => Accept::admit(Session(PhantomData)).in_pieces(),
            "defer" => Accept::defer(Session(PhantomData)),
            "reject" => {
                let status = StatusCode::from_u16(number(rest)).expect("a status");
                Accept::reject(Rejection::new(status, "not you"))
            }
            // The check that stands against cross-site hijacking.
            "origin" if request.headers().get("origin").is_none_or(|it| it != rest) => {
                Accept::reject(Rejection::new(StatusCode::FORBIDDEN, "not from there"))
            }
            _ => Accept::admit(Session(PhantomData)),
        };
        accept.header(HeaderName::from_static("x-puppet"), HeaderValue::from_static("yes"))
    }

    fn opened(&self, cx: &mut Context<'_>, _: &mut Session) {
        self.handle(cx, "opened", &self.script("opened"));
    }

    fn message(&self, cx: &mut Context<'_>, _: &mut Session, message: Message<'_>) {
        match message {
            Message::Text(text) => {
                if let Some(script) = text.strip_prefix('/') {
                    return self.handle(cx, "message", script);
                }
                self.handle(cx, &format!("message {text}"), "");
                let _ = cx.send(text);
            }
            Message::Binary(bytes) => {
                self.handle(cx, &format!("message of {} bytes", bytes.len()), "");
                let _ = cx.send(bytes);
            }
        }
    }

    fn piece(&self, cx: &mut Context<'_>, _: &mut Session, piece: Piece<'_>) {
        let Piece { part, is_first, is_last } = piece;
        let what = match part {
            Message::Text(text) => format!("{text:?}"),
            Message::Binary(bytes) => format!("{} bytes", bytes.len()),
        };
        let (first, last) = (if is_first { "[" } else { "" }, if is_last { "]" } else { "" });
        self.handle(cx, &format!("piece {first}{what}{last}"), &self.script("piece"));
    }

    fn drained(&self, cx: &mut Context<'_>, _: &mut Session) {
        self.handle(cx, "drained", &self.script("drained"));
    }

    fn lost(&self, cx: &mut Context<'_>, _: &mut Session, messages: u64) {
        self.handle(cx, &format!("lost {messages}"), &self.script("lost"));
    }

    fn timer(&self, cx: &mut Context<'_>, _: &mut Session) {
        self.handle(cx, "timer", &self.script("timer"));
    }

    fn note(&self, cx: &mut Context<'_>, _: &mut Session, note: String) {
        self.handle(cx, &format!("note {note}"), note.strip_prefix('/').unwrap_or(""));
    }

    fn closed(&self, cx: &mut Context<'_>, _: Session, reason: CloseReason) {
        self.handle(cx, &format!("closed {reason:?}"), &self.script("closed"));
    }
}
