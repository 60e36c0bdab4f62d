//! What other threads can do with a running service: everything here is mail.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

#[cfg(feature = "tls")]
use crate::net::TlsError;
use crate::net::{Listening, Mailbox, PostError, Reply, Tls};
use crate::shard::{
    CloseCode, Config, ConfigError, ConnectionId, ConnectionKey, Counters, Frame, Mail, Message,
    Protocol, Question, Rejection, ShardId, Stats,
};

/// A service's door for other threads; cheap to clone.
///
/// What is told to connections is posted, not done: it reaches the connection's thread within a turn. For a connection that has ended by then, it is counted as lost.
pub struct Handle<P: Protocol> {
    doors: Arc<Doors<P::Note>>,
}

struct Doors<N> {
    mailboxes: Arc<[Mailbox<N>]>,
    counters: Vec<Arc<Counters>>,
    listening: Arc<Listening>,
    /// Held while new settings go out: all threads get them in the same order.
    configuring: Mutex<()>,
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "there is none"))]
    tls: Vec<Tls>,
    max_connections: usize,
}

impl<P: Protocol> Clone for Handle<P> {
    fn clone(&self) -> Self {
        Self { doors: Arc::clone(&self.doors) }
    }
}

impl<P: Protocol> fmt::Debug for Handle<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("shards", &self.doors.mailboxes.len()).finish()
    }
}

impl<P: Protocol> Handle<P> {
    pub(crate) fn new(
        mailboxes: Arc<[Mailbox<P::Note>]>,
        counters: Vec<Arc<Counters>>,
        listening: Arc<Listening>,
        tls: Vec<Tls>,
        max_connections: usize,
    ) -> Self {
        let configuring = Mutex::new(());
        let doors = Doors { mailboxes, counters, listening, configuring, tls, max_connections };
        Self { doors: Arc::new(doors) }
    }

    pub(crate) fn listening(&self) -> &Listening {
        &self.doors.listening
    }

    /// Sends a message to one connection's peer.
    ///
    /// # Errors
    /// The thread's mailbox is full, or the service has shut down.
    pub fn send<'m>(
        &self,
        to: ConnectionId,
        message: impl Into<Message<'m>>,
    ) -> Result<(), PostError> {
        self.post(to.shard, Mail::Send(to.key, Frame::new(message.into())))
    }

    /// Tells something to one connection's session: [`Protocol::note`].
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn note(&self, to: ConnectionId, note: P::Note) -> Result<(), PostError> {
        self.post(to.shard, Mail::Note(to.key, note))
    }

    /// Closes one connection with a code and a text (at most 123 bytes of it).
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn close(&self, to: ConnectionId, code: CloseCode, text: &str) -> Result<(), PostError> {
        self.post(to.shard, Mail::Close(to.key, code, text.into()))
    }

    /// Admits a request that [`Accept::defer`](crate::Accept::defer) has left open.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn admit(&self, to: ConnectionId) -> Result<(), PostError> {
        self.post(to.shard, Mail::Admit(to.key))
    }

    /// Refuses a request that [`Accept::defer`](crate::Accept::defer) has left open.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn reject(&self, to: ConnectionId, rejection: Rejection) -> Result<(), PostError> {
        self.post(to.shard, Mail::Reject(to.key, rejection))
    }

    /// Publishes a message to all who subscribe to the topic, on all threads. What one thread
    /// publishes to a topic arrives in that order.
    ///
    /// # Errors
    /// [`PostError::Congested`] if any thread's mailbox is full: nobody gets it then.
    pub fn publish<'m>(
        &self,
        topic: &str,
        message: impl Into<Message<'m>>,
    ) -> Result<(), PostError> {
        let publication = Frame::new(message.into()).to_topic(topic);
        Mailbox::post_all(&self.doors.mailboxes, &publication)
    }

    /// Asks a shard about its connections, topics or deadlines. It answers within some turns, never more
    /// at once than a turn may bear: long lists come in parts.
    ///
    /// # Errors
    /// As for [`send`](Self::send); there is no such shard, which counts as one that has shut down.
    pub fn ask(&self, shard: ShardId, question: Question) -> Result<Reply, PostError> {
        self.doors.mailboxes.get(shard.index()).ok_or(PostError::Closed)?.ask(question)
    }

    /// Done when every thread has taken a turn from now on: none is stuck in a handler.
    ///
    /// # Errors
    /// A thread has ended, or its mailbox is full, which proves nothing.
    pub async fn probe(&self) -> Result<(), PostError> {
        for mailbox in &*self.doors.mailboxes {
            // About nobody: it costs least.
            let question = Question::Connection(ConnectionKey::default());
            match mailbox.ask(question)?.await {
                // So many questions that it could not answer: it is not stuck.
                Ok(_) | Err(PostError::Congested) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// How many service threads, and so shards, there are.
    #[must_use]
    pub fn shards(&self) -> usize {
        self.doors.mailboxes.len()
    }

    /// Gives the service new settings, which its threads take within a turn or some: see
    /// [`Mail::Configure`] for what they mean to connections that live.
    ///
    /// # Errors
    /// They make no sense together; nothing has changed then.
    pub fn reconfigure(&self, config: &Config) -> Result<(), ConfigError> {
        config.validate()?;
        let config = Arc::new(config.clone());
        let _one_at_a_time = self.doors.configuring.lock();
        for mailbox in &*self.doors.mailboxes {
            mailbox.resize(config.limits.mail, config.limits.mail_bytes);
            mailbox.post_urgent(Mail::Configure(Arc::clone(&config)));
        }
        Ok(())
    }

    /// Connections that the service takes at once: what was configured, or what the descriptor limit
    /// allows.
    #[must_use]
    pub fn max_connections(&self) -> usize {
        self.doors.max_connections
    }

    /// Publications that may wait for a thread: [`Limits::mail`](crate::Limits::mail) as it is by now.
    #[must_use]
    pub fn max_mail(&self) -> usize {
        self.doors.mailboxes.first().map_or(0, Mailbox::room)
    }

    /// Ends the service in good order: no more connections are taken in, those there are get a
    /// Close with 1001, [one after the other](crate::Timeouts::drain), and the threads end when the last
    /// one has, or [when they have waited long enough](crate::NetConfig::stop_after).
    pub fn drain(&self) {
        self.doors.listening.stop();
        self.doors.mailboxes.iter().for_each(|mailbox| mailbox.post_urgent(Mail::Drain));
    }

    /// Whether the service ends: it was told to, or a successor has taken over.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.doors.listening.is_over()
    }

    /// Ends the service at once; every session is still told.
    pub fn stop(&self) {
        self.doors.listening.stop();
        self.doors.mailboxes.iter().for_each(Mailbox::stop);
    }

    /// Loads the files of all TLS listeners again, as [`Tls::reload`] does; not mail, but done when
    /// this returns.
    ///
    /// # Errors
    /// One listener's files are of no use: it keeps what it has. The others are loaded all the same;
    /// the first error is told.
    #[cfg(feature = "tls")]
    pub fn reload_tls(&self) -> Result<(), TlsError> {
        let results: Vec<_> = self.doors.tls.iter().map(Tls::reload).collect();
        results.into_iter().collect()
    }

    /// What the service has counted, all threads together.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        self.doors.counters.iter().for_each(|counters| stats.add(counters));
        stats
    }

    /// What each thread has counted.
    #[must_use]
    pub fn shard_stats(&self) -> Vec<Stats> {
        let one = |counters: &Arc<Counters>| {
            let mut stats = Stats::default();
            stats.add(counters);
            stats
        };
        self.doors.counters.iter().map(one).collect()
    }

    fn post(&self, shard: ShardId, mail: Mail<P::Note>) -> Result<(), PostError> {
        match self.doors.mailboxes.get(shard.index()) {
            Some(mailbox) => mailbox.post(mail),
            // A name from another service.
            None => Err(PostError::Closed),
        }
    }
}
