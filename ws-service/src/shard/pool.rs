//! Buffers between their uses: idle connections own none, busy ones borrow warm memory.

use super::outbox::Queue;

/// Bytes of capacity the pool keeps at most; the rest goes back to the allocator.
const KEEP_BYTES: usize = 1024 * 1024;
/// Queues the pool keeps at most.
const KEEP_QUEUES: usize = 1024;
/// Chunks that a queue in the pool has room for at most: a long backlog's is not kept.
const KEEP_CHUNKS: usize = 32;

/// A shard's spare send buffers and queues, the last one returned first.
#[derive(Debug, Default)]
pub(super) struct Pool {
    buffers: Vec<Vec<u8>>,
    bytes: usize,
    /// Bytes in the queues of all connections, kept by them: all that queue or write have the pool.
    pub(super) queued: usize,
    /// Boxed as the connections hold them: taking one must not allocate.
    #[expect(clippy::vec_box, reason = "the box itself is what is reused")]
    queues: Vec<Box<Queue>>,
}

impl Pool {
    pub(super) fn take_buffer(&mut self) -> Vec<u8> {
        let buffer = self.buffers.pop().unwrap_or_default();
        self.bytes -= buffer.capacity();
        buffer
    }

    pub(super) fn give_buffer(&mut self, mut buffer: Vec<u8>) {
        if self.bytes + buffer.capacity() <= KEEP_BYTES && buffer.capacity() > 0 {
            buffer.clear();
            self.bytes += buffer.capacity();
            self.buffers.push(buffer);
        }
    }

    pub(super) fn take_queue(&mut self) -> Box<Queue> {
        self.queues.pop().unwrap_or_default()
    }

    /// `queue` must be empty.
    pub(super) fn give_queue(&mut self, queue: Box<Queue>) {
        if self.queues.len() < KEEP_QUEUES && queue.room() <= KEEP_CHUNKS {
            self.queues.push(queue);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_keeps_no_more_than_its_bound() {
        let mut pool = Pool::default();
        for _ in 0..100 {
            pool.give_buffer(Vec::with_capacity(64 * 1024));
        }
        assert_eq!(pool.bytes, KEEP_BYTES);
        assert_eq!(pool.buffers.len(), KEEP_BYTES / (64 * 1024));
        for _ in 0..2 * KEEP_QUEUES {
            pool.give_queue(Box::default());
        }
        assert_eq!(pool.queues.len(), KEEP_QUEUES);
        let mut pool = Pool::default();
        pool.give_queue(Box::new(Queue::with_room(10 * KEEP_CHUNKS)));
        assert_eq!(pool.queues.len(), 0, "the room of a long backlog is let go");
    }

    #[test]
    fn a_buffer_that_is_taken_is_not_counted_any_more() {
        let mut pool = Pool::default();
        pool.give_buffer(Vec::with_capacity(64 * 1024));
        assert_eq!(pool.take_buffer().capacity(), 64 * 1024);
        assert_eq!(pool.bytes, 0);
    }
}
