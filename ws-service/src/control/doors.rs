//! A running service, whatever it speaks.

use ws_service::shard::{Question, ShardId};
use ws_service::{CloseCode, ConnectionId, Handle, Message, PostError, Protocol, Reply, Stats};

/// What control does with a service: a [`Handle`] without its protocol's type.
pub(super) trait Doors: Send + Sync {
    fn shards(&self) -> usize;
    fn stats(&self) -> Stats;
    fn shard_stats(&self) -> Vec<Stats>;
    fn max_connections(&self) -> usize;
    fn max_mail(&self) -> usize;
    fn ask(&self, shard: ShardId, question: Question) -> Result<Reply, PostError>;
    fn close(&self, id: ConnectionId, code: CloseCode, text: &str) -> Result<(), PostError>;
    fn publish(&self, topic: &str, message: Message<'_>) -> Result<(), PostError>;
    fn drain(&self);
    fn is_draining(&self) -> bool;
}

impl<P: Protocol> Doors for Handle<P> {
    fn shards(&self) -> usize {
        Self::shards(self)
    }

    fn stats(&self) -> Stats {
        Self::stats(self)
    }

    fn shard_stats(&self) -> Vec<Stats> {
        Self::shard_stats(self)
    }

    fn max_connections(&self) -> usize {
        Self::max_connections(self)
    }

    fn max_mail(&self) -> usize {
        Self::max_mail(self)
    }

    fn ask(&self, shard: ShardId, question: Question) -> Result<Reply, PostError> {
        Self::ask(self, shard, question)
    }

    fn close(&self, id: ConnectionId, code: CloseCode, text: &str) -> Result<(), PostError> {
        Self::close(self, id, code, text)
    }

    fn publish(&self, topic: &str, message: Message<'_>) -> Result<(), PostError> {
        Self::publish(self, topic, message)
    }

    fn drain(&self) {
        Self::drain(self);
    }

    fn is_draining(&self) -> bool {
        Self::is_draining(self)
    }
}
