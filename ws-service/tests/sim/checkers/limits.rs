//! Nothing grows above its limit: what is queued to a peer, what waits for other shards, what waits
//! for subscribers, connections, topics. And whoever was told of pressure is told of its end.

use ws_service::Config;

use super::{Checked, ensure, entry};

/// What a peer can make the server queue besides messages: the response, a Ping, a Pong, a Close, a
/// message's header.
const BESIDES: usize = 1_024;

/// The limits as the configuration gives them.
pub(crate) struct Limits {
    config: Config,
    /// One receive's worth of Pings can queue as much in Pongs; so can what is kept of a deferred
    /// request.
    pongs: usize,
    /// Who was told to wait for `drained`.
    pressed: Vec<bool>,
}

/// What a shard holds after a turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    pub(crate) connections: usize,
    pub(crate) timers: usize,
    pub(crate) staged: u64,
    pub(crate) fanouts: u64,
    pub(crate) queued_bytes: u64,
}

impl Limits {
    pub(crate) const fn new(config: Config, receive: usize) -> Self {
        let pongs = receive + config.limits.handshake_bytes;
        Self { config, pongs, pressed: Vec::new() }
    }

    const fn most_queued(&self) -> usize {
        self.config.limits.queued_bytes + self.pongs + BESIDES
    }

    /// A connection's queue.
    pub(crate) fn queued(&self, id: u32, bytes: usize) -> Checked {
        let most = self.most_queued();
        ensure(bytes <= most, || format!("{bytes} bytes are queued to {id}, {most} may be"))
    }

    /// `send` has said that the queue is above its mark.
    pub(crate) fn pressed(&mut self, id: u32) {
        *entry(&mut self.pressed, id) = true;
    }

    pub(crate) fn drained(&mut self, id: u32) {
        *entry(&mut self.pressed, id) = false;
    }

    /// The shard has nothing left to do, and nothing is queued to this open connection.
    pub(crate) fn emptied(&mut self, id: u32) -> Checked {
        let is_waiting = *entry(&mut self.pressed, id);
        ensure(!is_waiting, || format!("{id} waits for `drained` in vain"))
    }

    /// A connection's subscriptions.
    pub(crate) fn topics(&self, id: u32, count: usize) -> Checked {
        let most = self.config.limits.topics_per_connection;
        ensure(count <= most, || format!("{id} has {count} topics, {most} are allowed"))
    }

    pub(crate) fn turned(&self, held: Held) -> Checked {
        let limits = &self.config.limits;
        let queued = held.connections.saturating_mul(self.most_queued()) as u64;
        let is_within = held.connections <= limits.connections
            && held.timers <= held.connections
            && held.staged <= limits.mail as u64
            && held.fanouts <= limits.mail as u64
            && held.queued_bytes <= queued;
        ensure(is_within, || format!("{held:?} is above {limits:?}"))
    }
}
