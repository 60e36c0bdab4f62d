//! `/echo`: every message comes back.

use crate::shard::{Accept, Context, Message, Protocol, Request};

/// Sends every message back to its sender.
#[derive(Debug, Clone, Copy, Default)]
pub struct Echo;

impl Protocol for Echo {
    type Session = ();
    type Note = ();

    fn accept(&self, _request: &Request<'_>) -> Accept<()> {
        Accept::admit(())
    }

    fn message(&self, cx: &mut Context<'_>, _session: &mut (), message: Message<'_>) {
        // Above the limit the connection ends, or the message is dropped and counted.
        let _ = cx.send(message);
    }
}
