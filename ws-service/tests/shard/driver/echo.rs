//! A protocol that only echoes, whatever the message, and keeps the reason of the end.

use std::sync::Mutex;

use ws_service::shard::{Accept, CloseReason, Context, Message, Protocol, Request};

#[derive(Debug, Default)]
pub(crate) struct Echo {
    ended: Mutex<Option<CloseReason>>,
}

impl Echo {
    pub(crate) fn ended(&self) -> Option<CloseReason> {
        self.ended.lock().expect("no handler panics").clone()
    }
}

impl Protocol for Echo {
    type Session = ();
    type Note = ();

    fn accept(&self, _: &Request<'_>) -> Accept<()> {
        Accept::admit(())
    }

    fn message(&self, cx: &mut Context<'_>, (): &mut (), message: Message<'_>) {
        let _ = cx.send(message);
    }

    fn closed(&self, _: &mut Context<'_>, (): (), reason: CloseReason) {
        *self.ended.lock().expect("no handler panics") = Some(reason);
    }
}
