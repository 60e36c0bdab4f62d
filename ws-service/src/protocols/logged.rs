//! The connections of any protocol, in the log.

use crate::shard::{Accept, CloseReason, Context, Message, Piece, Protocol, Request};

/// Another protocol, whose requests, connections and ends are logged (by [`tracing`], as `debug`; as `error`
/// where a handler has panicked), each with the connection and its peer.
#[derive(Debug, Clone, Default)]
pub struct Logged<P>(pub P);

impl<P: Protocol> Protocol for Logged<P> {
    type Session = P::Session;
    type Note = P::Note;

    fn accept(&self, request: &Request<'_>) -> Accept<Self::Session> {
        let (connection, peer, path) = (request.id(), request.peer(), request.path());
        tracing::debug!(%connection, %peer, path, "request");
        self.0.accept(request)
    }

    fn opened(&self, cx: &mut Context<'_>, session: &mut Self::Session) {
        tracing::debug!(connection = %cx.id(), peer = %cx.peer(), "opened");
        self.0.opened(cx, session);
    }

    fn message(&self, cx: &mut Context<'_>, session: &mut Self::Session, message: Message<'_>) {
        self.0.message(cx, session, message);
    }

    fn piece(&self, cx: &mut Context<'_>, session: &mut Self::Session, piece: Piece<'_>) {
        self.0.piece(cx, session, piece);
    }

    fn drained(&self, cx: &mut Context<'_>, session: &mut Self::Session) {
        self.0.drained(cx, session);
    }

    fn lost(&self, cx: &mut Context<'_>, session: &mut Self::Session, messages: u64) {
        self.0.lost(cx, session, messages);
    }

    fn timer(&self, cx: &mut Context<'_>, session: &mut Self::Session) {
        self.0.timer(cx, session);
    }

    fn note(&self, cx: &mut Context<'_>, session: &mut Self::Session, note: Self::Note) {
        self.0.note(cx, session, note);
    }

    fn closed(&self, cx: &mut Context<'_>, session: Self::Session, reason: CloseReason) {
        let (connection, peer) = (cx.id(), cx.peer());
        let (why, code) = (reason.kind().name(), reason.code().map(u16::from));
        if reason == CloseReason::Panicked {
            tracing::error!(%connection, %peer, why, code, "ended: a handler has panicked");
        } else {
            tracing::debug!(%connection, %peer, why, code, "ended");
        }
        self.0.closed(cx, session, reason);
    }
}
