//! `/echo`: every message comes back.

use crate::shard::{Accept, Context, Message, Protocol, Request, Sent};

/// Sends every message back to its sender, and reads no more from one that doesn't take them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Echo;

impl Protocol for Echo {
    type Session = ();
    type Note = ();

    fn accept(&self, _request: &Request<'_>) -> Accept<()> {
        Accept::admit(())
    }

    fn message(&self, cx: &mut Context<'_>, _session: &mut (), message: Message<'_>) {
        // What was received before the pause may still go above the limit: then the connection ends, or
        // the message is dropped and counted.
        if cx.send(message) == Ok(Sent::AboveHighWater) {
            cx.pause_reading();
        }
    }

    fn drained(&self, cx: &mut Context<'_>, _session: &mut ()) {
        cx.resume_reading();
    }
}
