//! What an embedder writes: one [`Protocol`], whose handlers run to completion and only record.

use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::{HeaderName, HeaderValue, StatusCode};

use tungstenite::protocol::frame::coding::CloseCode;

use super::context::Context;
use super::reason::CloseReason;
use super::request::{Request, Subprotocol};

/// A message, lent for the time of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// UTF-8 text.
    Text(&'a str),
    /// Bytes.
    Binary(&'a [u8]),
}

impl<'a> Message<'a> {
    /// The payload, whichever kind it is.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

impl<'a> From<&'a str> for Message<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Message<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Binary(bytes)
    }
}

/// A part of a message, lent for the time of the call.
///
/// Where a message is cut follows from how its bytes come, not from the frames that its sender has made
/// of it (RFC 6455 §5.4). No piece is empty, but the last may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The message's kind, and the part itself. Text is cut between characters.
    pub part: Message<'a>,
    /// The message begins with it.
    pub is_first: bool,
    /// The message ends with it.
    pub is_last: bool,
}

/// What a service does with its connections.
///
/// One value serves all threads, so it is shared; what belongs to a connection is its
/// [`Session`](Self::Session), which never leaves the thread that made it. A handler runs to
/// completion and *records* what it wants done through its [`Context`]; no handler ever runs inside
/// another. A handler that panics ends its own connection with 1011, and nothing else.
///
/// ```
/// use ws_service::{Accept, Context, Message, Protocol, Request};
///
/// struct Echo;
///
/// impl Protocol for Echo {
///     type Session = ();
///     type Note = ();
///
///     fn accept(&self, _request: &Request<'_>) -> Accept<()> {
///         Accept::admit(())
///     }
///
///     fn message(&self, cx: &mut Context<'_>, _session: &mut (), message: Message<'_>) {
///         let _ = cx.send(message);
///     }
/// }
/// ```
#[expect(unused_variables, reason = "the default handlers do nothing")]
pub trait Protocol: Send + Sync + 'static {
    /// What the protocol keeps for a connection. It need not be `Send`.
    type Session: 'static;
    /// What other threads may tell a session, through [`Handle::note`](crate::Handle::note).
    type Note: Send + 'static;

    /// Judges an upgrade request: admit it, reject it, or defer the answer to a
    /// [`Handle`](crate::Handle).
    fn accept(&self, request: &Request<'_>) -> Accept<Self::Session>;

    /// The handshake is complete: messages can be sent.
    fn opened(&self, cx: &mut Context<'_>, session: &mut Self::Session) {}

    /// A whole message has come.
    fn message(&self, cx: &mut Context<'_>, session: &mut Self::Session, message: Message<'_>);

    /// A part of a message has come: called instead of [`message`](Self::message) where
    /// [`Accept::in_pieces`] has asked for it. By default the connection is closed with 1011.
    fn piece(&self, cx: &mut Context<'_>, session: &mut Self::Session, piece: Piece<'_>) {
        cx.close(CloseCode::Error, "");
    }

    /// The queue has fallen to [`Limits::low_water`](field@super::Limits::low_water), after `send` had
    /// answered [`Sent::AboveHighWater`](super::Sent::AboveHighWater).
    fn drained(&self, cx: &mut Context<'_>, session: &mut Self::Session) {}

    /// So many messages, sent to this peer by others or published, have been dropped for want of room
    /// ([`Overflow::Drop`](super::Overflow::Drop)). What `send` drops it says itself.
    fn lost(&self, cx: &mut Context<'_>, session: &mut Self::Session, messages: u64) {}

    /// The deadline of [`Context::set_timer`] has come.
    fn timer(&self, cx: &mut Context<'_>, session: &mut Self::Session) {}

    /// Another thread has something to tell.
    fn note(&self, cx: &mut Context<'_>, session: &mut Self::Session, note: Self::Note) {}

    /// The session has ended: exactly once for every session that `accept` gave out.
    ///
    /// Sending answers [`SendError::Closed`](super::SendError::Closed); publishing works.
    fn closed(&self, cx: &mut Context<'_>, session: Self::Session, reason: CloseReason) {}
}

/// A protocol's answer to an upgrade request.
#[derive(Debug)]
#[must_use]
pub struct Accept<S> {
    pub(super) verdict: Verdict<S>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) in_pieces: bool,
}

#[derive(Debug)]
pub(super) enum Verdict<S> {
    Admit(S),
    Defer(S),
    Reject(Rejection),
}

impl<S> Accept<S> {
    const fn new(verdict: Verdict<S>) -> Self {
        Self { verdict, headers: Vec::new(), in_pieces: false }
    }

    /// The connection is opened.
    pub const fn admit(session: S) -> Self {
        Self::new(Verdict::Admit(session))
    }

    /// The answer comes later: [`Handle::admit`](crate::Handle::admit) or
    /// [`Handle::reject`](crate::Handle::reject), before the handshake deadline.
    ///
    /// Until then the session can be told notes, but can neither receive nor send.
    pub const fn defer(session: S) -> Self {
        Self::new(Verdict::Defer(session))
    }

    /// The connection is refused.
    pub const fn reject(rejection: Rejection) -> Self {
        Self::new(Verdict::Reject(rejection))
    }

    /// Adds a field to the response: to the 101, or to the refusal given here. A deferred request that
    /// is rejected later is answered without it, but with [those of the rejection](Rejection::header).
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Tells the client which of its subprotocols is spoken; without one, that none is.
    pub fn subprotocol(self, chosen: Option<Subprotocol<'_>>) -> Self {
        match chosen.map(|it| HeaderValue::from_str(it.name())) {
            Some(Ok(name)) => self.header(SEC_WEBSOCKET_PROTOCOL, name),
            _ => self,
        }
    }

    /// Messages are to be told as they come, by [`Protocol::piece`]: for those that are too long to be
    /// kept. Nothing of them is, so [`Limits::message_size`](super::Limits::message_size) and
    /// [`fragments`](super::Limits::fragments) don't count, but
    /// [`streamed_size`](super::Limits::streamed_size) does, and the message deadline runs from one
    /// piece to the next. A compressed message is inflated as it comes, with an inflater (about 50 KiB)
    /// of its own until it ends.
    pub const fn in_pieces(mut self) -> Self {
        self.in_pieces = true;
        self
    }

    /// The same answer with another session.
    pub fn map<T>(self, map: impl FnOnce(S) -> T) -> Accept<T> {
        let verdict = match self.verdict {
            Verdict::Admit(session) => Verdict::Admit(map(session)),
            Verdict::Defer(session) => Verdict::Defer(map(session)),
            Verdict::Reject(rejection) => Verdict::Reject(rejection),
        };
        Accept { verdict, headers: self.headers, in_pieces: self.in_pieces }
    }
}

/// Why an upgrade request is refused: a status and a short text for a person, and perhaps fields.
///
/// ```
/// use http::{HeaderValue, StatusCode, header::WWW_AUTHENTICATE};
/// use ws_service::Rejection;
///
/// let rejection = Rejection::new(StatusCode::UNAUTHORIZED, "a token, please")
///     .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub(super) status: StatusCode,
    pub(super) text: Box<str>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Rejection {
    /// Refuses with `status`; `text` is the response's body.
    #[must_use]
    pub fn new(status: StatusCode, text: impl Into<Box<str>>) -> Self {
        Self { status, text: text.into(), headers: Vec::new() }
    }

    /// Adds a field to the response.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Bytes that it takes, besides its own.
    pub(super) fn weight(&self) -> usize {
        let fields = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
        self.text.len() + fields.sum::<usize>()
    }

    /// 404: nothing is served at this path.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "nothing is served at this path")
    }
}
