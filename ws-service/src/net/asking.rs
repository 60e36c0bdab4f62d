//! Who waits for which answer of a shard.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_channel::oneshot::{Receiver, Sender, channel};
use parking_lot::Mutex;

use super::PostError;
use crate::shard::{Answer, Ticket};

/// An answer that is on its way: a future, for any runtime.
#[derive(Debug)]
#[must_use = "the answer comes to whoever waits for it"]
pub struct Reply(Receiver<Answer>);

impl Future for Reply {
    /// [`PostError::Congested`] if too many other questions wait; [`PostError::Closed`] if the thread
    /// has ended.
    type Output = Result<Answer, PostError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|answer| match answer {
            Ok(Answer::Busy) => Err(PostError::Congested),
            Ok(answer) => Ok(answer),
            Err(_) => Err(PostError::Closed),
        })
    }
}

/// Those who wait, by their ticket: no more than there are questions in the mailbox and the shard.
#[derive(Debug, Default)]
pub(super) struct Asked {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: BTreeMap<Ticket, Sender<Answer>>,
    last: u64,
}

impl Asked {
    pub(super) fn draw(&self) -> (Ticket, Reply) {
        let (sender, receiver) = channel();
        let mut inner = self.inner.lock();
        inner.last += 1;
        let ticket = Ticket(inner.last);
        inner.waiting.insert(ticket, sender);
        (ticket, Reply(receiver))
    }

    pub(super) fn forget(&self, ticket: Ticket) {
        self.inner.lock().waiting.remove(&ticket);
    }

    pub(super) fn answer(&self, ticket: Ticket, answer: Answer) {
        let sender = self.inner.lock().waiting.remove(&ticket);
        // Whoever asked may have given up. They are woken outside the lock.
        let _ = sender.map(|sender| sender.send(answer));
    }

    /// Nobody will answer any more.
    pub(super) fn close(&self) {
        let waiting = std::mem::take(&mut self.inner.lock().waiting);
        drop(waiting);
    }
}
