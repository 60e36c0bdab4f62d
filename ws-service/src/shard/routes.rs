//! Several protocols in one, by path: a session is the one's or the other's, in place, unboxed.

use super::context::Context;
use super::protocol::{Accept, Message, Piece, Protocol, Rejection};
use super::reason::CloseReason;
use super::request::Request;

/// What belongs to a route's own protocol, or to the ones after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Either<A, B> {
    /// The route's own.
    This(A),
    /// One of those after it.
    Other(B),
}

/// A pattern that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bad route {pattern:?}: {reason}")]
pub struct RouteError {
    pattern: String,
    reason: String,
}

/// Serves the paths that fit a pattern by one protocol, and all others by `rest`.
///
/// Patterns are [`matchit`]'s: `/echo`, `/mirror/{room}`, `/files/{*path}`; the outermost
/// route that fits serves. [`Request::param`] has what stands in the place of a name.
///
/// ```
/// # use ws_service::{Accept, Context, Message, Protocol, Request};
/// # struct Echo;
/// # impl Protocol for Echo {
/// #     type Session = ();
/// #     type Note = ();
/// #     fn accept(&self, _: &Request<'_>) -> Accept<()> { Accept::admit(()) }
/// #     fn message(&self, _: &mut Context<'_>, _: &mut (), _: Message<'_>) {}
/// # }
/// use ws_service::{NotFound, Route};
///
/// let protocol = Route::new("/echo", Echo, NotFound)?;
/// # Ok::<(), ws_service::RouteError>(())
/// ```
#[derive(Debug)]
pub struct Route<P, R> {
    pattern: matchit::Router<()>,
    protocol: P,
    rest: R,
}

impl<P: Protocol, R: Protocol> Route<P, R> {
    /// Puts a route in front of `rest`.
    ///
    /// # Errors
    /// The pattern is malformed, or doesn't begin with `/`.
    pub fn new(pattern: &str, protocol: P, rest: R) -> Result<Self, RouteError> {
        let error = |reason: String| RouteError { pattern: pattern.to_owned(), reason };
        if !pattern.starts_with('/') {
            return Err(error("a path begins with /".to_owned()));
        }
        let mut router = matchit::Router::new();
        router.insert(pattern, ()).map_err(|reason| error(reason.to_string()))?;
        Ok(Self { pattern: router, protocol, rest })
    }
}

impl<P: Protocol, R: Protocol> Protocol for Route<P, R> {
    type Session = Either<P::Session, R::Session>;
    type Note = Either<P::Note, R::Note>;

    fn accept(&self, request: &Request<'_>) -> Accept<Self::Session> {
        match self.pattern.at(request.path()) {
            Ok(found) => {
                let request = Request { params: Some(&found.params), ..*request };
                self.protocol.accept(&request).map(Either::This)
            }
            Err(_) => self.rest.accept(request).map(Either::Other),
        }
    }

    fn opened(&self, cx: &mut Context<'_>, session: &mut Self::Session) {
        match session {
            Either::This(session) => self.protocol.opened(cx, session),
            Either::Other(session) => self.rest.opened(cx, session),
        }
    }

    fn message(&self, cx: &mut Context<'_>, session: &mut Self::Session, message: Message<'_>) {
        match session {
            Either::This(session) => self.protocol.message(cx, session, message),
            Either::Other(session) => self.rest.message(cx, session, message),
        }
    }

    fn piece(&self, cx: &mut Context<'_>, session: &mut Self::Session, piece: Piece<'_>) {
        match session {
            Either::This(session) => self.protocol.piece(cx, session, piece),
            Either::Other(session) => self.rest.piece(cx, session, piece),
        }
    }

    fn drained(&self, cx: &mut Context<'_>, session: &mut Self::Session) {
        match session {
            Either::This(session) => self.protocol.drained(cx, session),
            Either::Other(session) => self.rest.drained(cx, session),
        }
    }

    fn lost(&self, cx: &mut Context<'_>, session: &mut Self::Session, messages: u64) {
        match session {
            Either::This(session) => self.protocol.lost(cx, session, messages),
            Either::Other(session) => self.rest.lost(cx, session, messages),
        }
    }

    fn timer(&self, cx: &mut Context<'_>, session: &mut Self::Session) {
        match session {
            Either::This(session) => self.protocol.timer(cx, session),
            Either::Other(session) => self.rest.timer(cx, session),
        }
    }

    /// A note for the other branch than the session's is dropped: it was meant for someone else.
    fn note(&self, cx: &mut Context<'_>, session: &mut Self::Session, note: Self::Note) {
        match (session, note) {
            (Either::This(session), Either::This(note)) => self.protocol.note(cx, session, note),
            (Either::Other(session), Either::Other(note)) => self.rest.note(cx, session, note),
            _ => {}
        }
    }

    fn closed(&self, cx: &mut Context<'_>, session: Self::Session, reason: CloseReason) {
        match session {
            Either::This(session) => self.protocol.closed(cx, session, reason),
            Either::Other(session) => self.rest.closed(cx, session, reason),
        }
    }
}

/// Serves nothing: 404. What stands behind the last route.
#[derive(Debug, Clone, Copy)]
pub struct NotFound;

impl Protocol for NotFound {
    type Session = std::convert::Infallible;
    type Note = std::convert::Infallible;

    fn accept(&self, _request: &Request<'_>) -> Accept<Self::Session> {
        Accept::reject(Rejection::not_found())
    }

    fn message(&self, _cx: &mut Context<'_>, session: &mut Self::Session, _message: Message<'_>) {
        match *session {}
    }
}
