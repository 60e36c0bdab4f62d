//! A protocol that only echoes, whatever the message, and keeps the reason of the last end.

use std::sync::Mutex;

use ws_service::shard::{Accept, CloseReason, Context, Message, Piece, Protocol, Request};

#[derive(Debug, Default)]
pub(crate) struct Echo {
    in_pieces: bool,
    ended: Mutex<Option<CloseReason>>,
}

impl Echo {
    /// One that is told its messages as they come, and puts them together.
    pub(crate) fn in_pieces() -> Self {
        Self { in_pieces: true, ..Self::default() }
    }

    pub(crate) fn ended(&self) -> Option<CloseReason> {
        self.ended.lock().expect("no handler panics").clone()
    }
}

impl Protocol for Echo {
    /// The message whose pieces come.
    type Session = Vec<u8>;
    type Note = ();

    fn accept(&self, _: &Request<'_>) -> Accept<Vec<u8>> {
        let accept = Accept::admit(Vec::new());
        if self.in_pieces { accept.in_pieces() } else { accept }
    }

    fn message(&self, cx: &mut Context<'_>, _: &mut Vec<u8>, message: Message<'_>) {
        assert!(!self.in_pieces);
        let _ = cx.send(message);
    }

    fn piece(&self, cx: &mut Context<'_>, begun: &mut Vec<u8>, piece: Piece<'_>) {
        assert!(self.in_pieces);
        assert!(!piece.is_first || begun.is_empty(), "one message at a time");
        begun.extend_from_slice(piece.part.as_bytes());
        if !piece.is_last {
            return;
        }
        let whole = std::mem::take(begun);
        let _ = match piece.part {
            Message::Text(_) => cx.send(str::from_utf8(&whole).expect("pieces of text are text")),
            Message::Binary(_) => cx.send(&whole[..]),
        };
    }

    fn closed(&self, _: &mut Context<'_>, _: Vec<u8>, reason: CloseReason) {
        *self.ended.lock().expect("no handler panics") = Some(reason);
    }
}
