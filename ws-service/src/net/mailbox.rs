//! The only cross-thread door to a shard.

use std::collections::VecDeque;
use std::io;

use mio::Waker;
use parking_lot::Mutex;

use super::asking::{Asked, Reply};
use crate::shard::{Answer, Mail, Publication, Question, Ticket};

/// A shard's incoming mail, bounded in letters and in bytes.
#[derive(Debug)]
pub(crate) struct Mailbox<N> {
    inner: Mutex<Inner<N>>,
    /// Rung only when the box was empty: one ring a turn is enough.
    waker: Waker,
    asked: Asked,
}

#[derive(Debug)]
struct Inner<N> {
    mail: VecDeque<Mail<N>>,
    bytes: usize,
    /// Letters, and their bytes, at which no more are taken.
    room: (usize, usize),
    state: State,
}

/// What a service thread has been told to do with itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Serve.
    Open,
    /// End everything at once.
    Stopping,
    /// The thread has gone.
    Closed,
}

/// Why a letter was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PostError {
    /// The thread has more mail waiting than it may have.
    #[error("the service thread's mailbox is full")]
    Congested,
    /// The service has shut down.
    #[error("the service has shut down")]
    Closed,
}

impl<N> Mailbox<N> {
    pub(super) fn new(waker: Waker, letters: usize, bytes: usize) -> Self {
        let room = (letters, bytes);
        let inner = Inner { mail: VecDeque::new(), bytes: 0, room, state: State::Open };
        Self { inner: Mutex::new(inner), waker, asked: Asked::default() }
    }

    /// Changes how much may wait; what waits already, waits.
    pub(crate) fn resize(&self, letters: usize, bytes: usize) {
        self.inner.lock().room = (letters, bytes);
    }

    /// Letters that may wait.
    pub(crate) fn room(&self) -> usize {
        self.inner.lock().room.0
    }

    /// Posts one letter.
    pub(crate) fn post(&self, mail: Mail<N>) -> Result<(), PostError> {
        self.put(|inner| {
            inner.has_room()?;
            inner.push(mail);
            Ok(())
        })
    }

    /// Posts a question.
    pub(crate) fn ask(&self, question: Question) -> Result<Reply, PostError> {
        let (ticket, reply) = self.asked.draw();
        let posted = self.post(Mail::Ask(ticket, Box::new(question)));
        if posted.is_err() {
            self.asked.forget(ticket);
        }
        posted.map(|()| reply)
    }

    /// Gives an answer to whoever waits for it.
    pub(super) fn answer(&self, ticket: Ticket, answer: Answer) {
        self.asked.answer(ticket, answer);
    }

    /// Posts a letter that must not be lost, whatever else waits.
    pub(crate) fn post_urgent(&self, mail: Mail<N>) {
        // A thread that has gone needs to be told nothing.
        let _ = self.put(|inner| {
            inner.push(mail);
            Ok(())
        });
    }

    /// Tells the thread to end everything at once.
    pub(crate) fn stop(&self) {
        let mut inner = self.inner.lock();
        if inner.state == State::Open {
            inner.state = State::Stopping;
        }
        drop(inner);
        self.wake();
    }

    /// Posts to all boxes whose thread still serves, or to none.
    pub(crate) fn post_all(boxes: &[Self], publication: &Publication) -> Result<(), PostError> {
        // In the order of the slice, so that two who do this at once don't wait for each other.
        let mut locked: Vec<_> = boxes.iter().map(|it| (it, it.inner.lock())).collect();
        // While the service ends, those threads that have gone need to be told nothing.
        locked.retain(|(_, inner)| inner.state != State::Closed);
        if locked.is_empty() {
            return Err(PostError::Closed);
        }
        for (_, inner) in &locked {
            inner.has_room()?;
        }
        let mut wake = Vec::with_capacity(locked.len());
        for (mailbox, inner) in &mut locked {
            if inner.mail.is_empty() {
                wake.push(*mailbox);
            }
            inner.push(Mail::Publish(publication.clone()));
        }
        drop(locked);
        wake.into_iter().for_each(Self::wake);
        Ok(())
    }

    /// Posts publications as far as there is room; says how many. One who has gone takes all.
    pub(super) fn post_some(&self, publications: &[Publication]) -> usize {
        let mut taken = 0;
        let result = self.put(|inner| {
            for publication in publications {
                inner.has_room()?;
                inner.push(Mail::Publish(publication.clone()));
                taken += 1;
            }
            Ok(())
        });
        if result == Err(PostError::Closed) { publications.len() } else { taken }
    }

    /// Moves the waiting mail to `inbox`, if that is empty; otherwise it waits here, where it counts
    /// against the bound. Only a box that is left empty rings again: whoever leaves letters in it
    /// (`inbox` is not empty, then) must come back without being rung for.
    pub(super) fn take(&self, inbox: &mut VecDeque<Mail<N>>) -> State {
        let mut inner = self.inner.lock();
        if inbox.is_empty() {
            inner.bytes = 0;
            std::mem::swap(&mut inner.mail, inbox);
        }
        inner.state
    }

    /// Letters wait, or there is something to do besides.
    pub(super) fn has_news(&self) -> bool {
        let inner = self.inner.lock();
        !inner.mail.is_empty() || inner.state != State::Open
    }

    /// Refuses all mail from now on, and drops what has come.
    pub(super) fn close(&self) {
        let mut inner = self.inner.lock();
        inner.state = State::Closed;
        let mail = std::mem::take(&mut inner.mail);
        drop(inner);
        // Notes are the embedder's: their destructors don't run under our lock.
        drop(mail);
        self.asked.close();
    }

    fn put(
        &self,
        put: impl FnOnce(&mut Inner<N>) -> Result<(), PostError>,
    ) -> Result<(), PostError> {
        let mut inner = self.inner.lock();
        let was_empty = inner.mail.is_empty();
        let result = put(&mut inner);
        let has_mail = !inner.mail.is_empty();
        drop(inner);
        if was_empty && has_mail {
            self.wake();
        }
        result
    }

    fn wake(&self) {
        if let Err(error) = self.waker.wake() {
            report(&error);
        }
    }
}

fn report(error: &io::Error) {
    tracing::error!(%error, "a service thread can't be woken");
}

impl<N> Inner<N> {
    fn has_room(&self) -> Result<(), PostError> {
        let (letters, bytes) = self.room;
        match self.state {
            State::Closed => Err(PostError::Closed),
            _ if self.mail.len() >= letters || self.bytes >= bytes => Err(PostError::Congested),
            _ => Ok(()),
        }
    }

    fn push(&mut self, mail: Mail<N>) {
        if self.state != State::Closed {
            self.bytes += mail.weight();
            self.mail.push_back(mail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::{Frame, Message};
    use mio::{Events, Token};
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Duration;

    fn mailbox(letters: usize) -> (mio::Poll, Mailbox<u8>) {
        let poll = mio::Poll::new().unwrap();
        let waker = Waker::new(poll.registry(), Token(0)).unwrap();
        (poll, Mailbox::new(waker, letters, 1 << 20))
    }

    fn rings(poll: &mut mio::Poll) -> bool {
        let mut events = Events::with_capacity(4);
        poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
        !events.is_empty()
    }

    fn hello() -> Publication {
        Frame::new(Message::Text("hello")).to_topic("t")
    }

    #[test]
    fn the_waker_rings_only_when_the_box_was_empty() {
        let (mut poll, mailbox) = mailbox(10);
        mailbox.post(Mail::Drain).unwrap();
        assert!(rings(&mut poll));
        mailbox.post(Mail::Drain).unwrap();
        assert!(!rings(&mut poll), "it has been told");
        let mut mail = VecDeque::new();
        mailbox.take(&mut mail);
        assert_eq!(mail.len(), 2);
        mailbox.post(Mail::Drain).unwrap();
        assert!(rings(&mut poll));
    }

    #[test]
    fn a_full_box_refuses_and_takes_the_urgent() {
        let (_poll, mailbox) = mailbox(2);
        assert_eq!(mailbox.post_some(&[hello(), hello(), hello()]), 2);
        assert_eq!(mailbox.post(Mail::Drain), Err(PostError::Congested));
        mailbox.post_urgent(Mail::Drain);
        let mut mail = VecDeque::new();
        assert_eq!(mailbox.take(&mut mail), State::Open);
        assert_eq!(mail.len(), 3);
        assert!(matches!(mail[2], Mail::Drain));
        assert_eq!(mailbox.post(Mail::Drain), Ok(()));
    }

    #[test]
    fn a_box_can_be_given_more_room_and_less() {
        let (_poll, mailbox) = mailbox(1);
        mailbox.post(Mail::Drain).unwrap();
        mailbox.resize(2, 1 << 20);
        assert_eq!(mailbox.room(), 2);
        mailbox.post(Mail::Drain).unwrap();
        mailbox.resize(1, 1 << 20);
        assert_eq!(mailbox.post(Mail::Drain), Err(PostError::Congested));
        let mut mail = VecDeque::new();
        mailbox.take(&mut mail);
        assert_eq!(mail.len(), 2, "what waited has not been lost");
    }

    #[test]
    fn a_publication_reaches_all_boxes_or_none() {
        let ((_one, first), (_two, second)) = (mailbox(2), mailbox(1));
        let boxes = [first, second];
        assert_eq!(Mailbox::post_all(&boxes, &hello()), Ok(()));
        assert_eq!(Mailbox::post_all(&boxes, &hello()), Err(PostError::Congested));
        let mut mail = VecDeque::new();
        boxes[0].take(&mut mail);
        assert_eq!(mail.len(), 1);
    }

    #[test]
    fn what_is_left_in_the_box_is_news() {
        let (mut poll, mailbox) = mailbox(10);
        let mut inbox = VecDeque::new();
        mailbox.post(Mail::Drain).unwrap();
        mailbox.take(&mut inbox);
        assert!(!mailbox.has_news());
        assert!(rings(&mut poll));
        mailbox.post(Mail::Drain).unwrap();
        assert!(rings(&mut poll));
        mailbox.take(&mut inbox);
        assert_eq!(inbox.len(), 1, "the second letter has been rung for, and waits");
        assert!(mailbox.has_news());
        mailbox.take(&mut VecDeque::new());
        mailbox.stop();
        assert!(mailbox.has_news());
    }

    #[test]
    fn a_closed_box_says_so_and_keeps_nothing() {
        let (_poll, mailbox) = mailbox(2);
        mailbox.post(Mail::Drain).unwrap();
        mailbox.close();
        assert_eq!(mailbox.post(Mail::Drain), Err(PostError::Closed));
        assert_eq!(mailbox.post_some(&[hello()]), 1, "nobody waits for room that will not come");
        let mut mail = VecDeque::new();
        assert_eq!(mailbox.take(&mut mail), State::Closed);
        assert!(mail.is_empty());
    }

    #[test]
    fn an_answer_finds_who_asked_and_the_end_tells_those_who_wait() {
        let (_poll, mailbox) = mailbox(2);
        let question = || Question::Deadlines { from: 0, limit: 1 };
        let mut replies = [(); 2].map(|()| mailbox.ask(question()).unwrap());
        assert!(matches!(mailbox.ask(question()), Err(PostError::Congested)));
        let mut mail = VecDeque::new();
        mailbox.take(&mut mail);
        let Mail::Ask(ticket, _) = mail[1] else { panic!("another letter") };
        mailbox.answer(ticket, Answer::Connection(None));
        mailbox.answer(ticket, Answer::Busy);
        mailbox.close();
        let mut ready = |place: usize| {
            let mut cx = Context::from_waker(std::task::Waker::noop());
            Pin::new(&mut replies[place]).poll(&mut cx)
        };
        assert_eq!(ready(1), Poll::Ready(Ok(Answer::Connection(None))));
        assert_eq!(ready(0), Poll::Ready(Err(PostError::Closed)));
        assert!(matches!(mailbox.ask(question()), Err(PostError::Closed)));
    }

    #[test]
    fn stopping_rings_even_with_mail_waiting() {
        let (mut poll, mailbox) = mailbox(2);
        mailbox.post(Mail::Drain).unwrap();
        assert!(rings(&mut poll));
        mailbox.stop();
        assert!(rings(&mut poll));
        assert_eq!(mailbox.take(&mut VecDeque::new()), State::Stopping);
    }
}
