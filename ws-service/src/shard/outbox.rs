//! What waits to be written to one connection: whole frames, in order, in as few pieces as possible.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;
use tungstenite::protocol::frame::coding::CloseCode;

use super::frames;
use super::outlet::Outlet;
use super::pool::Pool;

/// Small frames share a buffer up to this size.
const CHUNK: usize = 64 * 1024;
/// A published frame above this size is shared by its subscribers; below, it is cheaper to copy.
const SHARE_ABOVE: usize = 1024;

/// A connection's queue: one empty pointer while nothing is queued.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    queue: Option<Box<Queue>>,
}

/// The queue itself, pooled.
#[derive(Debug, Default)]
pub(super) struct Queue {
    chunks: VecDeque<Chunk>,
    /// Frames back to back, behind all chunks: most of what is queued never becomes a chunk.
    open: Vec<u8>,
    /// Unsent bytes of all chunks, and of the control frames that wait to be put among them.
    bytes: usize,
    /// Sent bytes of the first chunk, or of what is open if there is none.
    sent: usize,
    /// Bytes that the last `slices` offered.
    offered: usize,
    /// The transport took less than it was offered.
    blocked: bool,
    /// The same, at some time since the queue was empty: what is queued waits for a slow peer.
    behind: bool,
    /// Above the high-water mark since the protocol was last told.
    pressed: bool,
    /// Control frames that overtake what is queued, at the next frame boundary. A newer pong
    /// replaces an older one (RFC 6455 §5.5.3), so they are bounded.
    ping: Vec<u8>,
    pong: Vec<u8>,
}

#[derive(Debug)]
enum Chunk {
    /// Frames back to back.
    Frames(Vec<u8>),
    /// Control frames that have overtaken.
    Urgent(Vec<u8>),
    /// One frame: nothing may come inside it.
    Whole(Bytes),
    /// An HTTP response, or the rest of a frame that has begun; always the first: nothing may come before
    /// its end, and it is never dropped.
    Foremost(Bytes),
}

impl Chunk {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Frames(bytes) | Self::Urgent(bytes) => bytes,
            Self::Whole(bytes) | Self::Foremost(bytes) => bytes,
        }
    }
}

impl Outbox {
    pub(super) const fn new() -> Self {
        Self { queue: None }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.queue.is_none()
    }

    /// Unsent bytes.
    pub(super) fn len(&self) -> usize {
        self.queue.as_ref().map_or(0, |queue| queue.bytes)
    }

    /// The transport was full at the last write, and has not said that it has room again.
    pub(super) fn is_blocked(&self) -> bool {
        self.queue.as_ref().is_some_and(|queue| queue.blocked)
    }

    pub(super) fn unblock(&mut self) {
        if let Some(queue) = &mut self.queue {
            queue.blocked = false;
        }
    }

    /// Appends what `encode` writes: whole frames.
    #[inline]
    pub(super) fn push(&mut self, pool: &mut Pool, size: usize, encode: impl FnOnce(&mut Vec<u8>)) {
        let queue = self.queue.get_or_insert_with(|| pool.take_queue());
        let before = queue.room_for(pool, size);
        encode(&mut queue.open);
        let added = queue.open.len() - before;
        queue.bytes += added;
        pool.queued += added;
    }

    /// Appends one encoded frame that others have, too.
    pub(super) fn push_shared(&mut self, pool: &mut Pool, frame: &Bytes) {
        if frame.len() <= SHARE_ABOVE {
            self.push(pool, frame.len(), |buffer| buffer.extend_from_slice(frame));
        } else {
            self.push_chunk(pool, Chunk::Whole(frame.clone()));
        }
    }

    /// Appends the answer to the upgrade request. Nothing is queued before it.
    pub(super) fn push_response(&mut self, pool: &mut Pool, response: Bytes) {
        self.push_chunk(pool, Chunk::Foremost(response));
    }

    /// Writes a frame past the queue if nothing is in it, and queues what the transport doesn't take; says
    /// how much it took. `None` if it was not offered the frame, which then is yet to be queued.
    pub(super) fn pass(
        &mut self,
        pool: &mut Pool,
        outlet: &mut Outlet<'_>,
        frame: [&[u8]; 2],
    ) -> Option<usize> {
        if !self.is_empty() {
            return None;
        }
        let size = frame[0].len() + frame[1].len();
        let taken = outlet.write(&frame.map(IoSlice::new))?.min(size);
        if taken < size {
            let rest = Bytes::from(rest_of(frame, taken));
            let chunk = if taken > 0 { Chunk::Foremost(rest) } else { Chunk::Whole(rest) };
            self.push_chunk(pool, chunk);
            if let Some(queue) = &mut self.queue {
                queue.blocked = true;
                queue.behind = true;
            }
        }
        Some(taken)
    }

    fn push_chunk(&mut self, pool: &mut Pool, chunk: Chunk) {
        let queue = self.queue.get_or_insert_with(|| pool.take_queue());
        queue.bytes += chunk.bytes().len();
        pool.queued += chunk.bytes().len();
        queue.seal();
        queue.chunks.push_back(chunk);
    }

    /// Appends a Close: the last word, which nothing may follow. Control frames that wait are dropped.
    pub(super) fn push_close(&mut self, pool: &mut Pool, code: Option<CloseCode>, text: &str) {
        if let Some(queue) = &mut self.queue {
            queue.drop_urgent(pool);
        }
        self.push(pool, text.len(), |out| frames::close_frame(out, code, text));
    }

    /// Queues a Ping; it overtakes what a slow peer has not taken yet.
    pub(super) fn ping(&mut self, pool: &mut Pool, payload: &[u8]) {
        self.control(pool, payload, frames::ping_frame, |queue| &mut queue.ping);
    }

    /// Queues a Pong; it overtakes, and replaces one that has not left yet.
    pub(super) fn pong(&mut self, pool: &mut Pool, payload: &[u8]) {
        self.control(pool, payload, frames::pong_frame, |queue| &mut queue.pong);
    }

    fn control(
        &mut self,
        pool: &mut Pool,
        payload: &[u8],
        encode: fn(&mut Vec<u8>, &[u8]),
        place: fn(&mut Queue) -> &mut Vec<u8>,
    ) {
        match &mut self.queue {
            Some(queue) if queue.behind => {
                let urgent = place(queue);
                let before = urgent.len();
                urgent.clear();
                encode(urgent, payload);
                let after = urgent.len();
                queue.bytes = queue.bytes - before + after;
                pool.queued = pool.queued - before + after;
            }
            _ => self.push(pool, payload.len(), |buffer| encode(buffer, payload)),
        }
    }

    /// What to write next, in order; fills `slices` and says how many.
    pub(super) fn slices<'a>(&'a mut self, slices: &mut [IoSlice<'a>]) -> usize {
        let Some(queue) = self.queue.as_deref_mut() else { return 0 };
        queue.insert_urgent();
        let mut skip = queue.sent;
        let mut count = 0;
        queue.offered = 0;
        let open = Some(&queue.open[..]).filter(|open| !open.is_empty());
        let all = queue.chunks.iter().map(Chunk::bytes).chain(open);
        for (slice, bytes) in slices.iter_mut().zip(all) {
            *slice = IoSlice::new(&bytes[skip..]);
            queue.offered += slice.len();
            skip = 0;
            count += 1;
        }
        count
    }

    /// The transport took `count` bytes; if that is less than it was offered, it has no more room.
    pub(super) fn wrote(&mut self, pool: &mut Pool, count: usize) {
        let Some(queue) = &mut self.queue else { return };
        let is_blocked = count < queue.offered;
        queue.advance(pool, count);
        if queue.bytes == 0 {
            return self.clear(pool);
        }
        queue.blocked = is_blocked;
        if is_blocked && !queue.behind {
            queue.fall_behind();
        }
    }

    /// Drops everything but the rest of a frame that is half written, or of the response.
    pub(super) fn truncate(&mut self, pool: &mut Pool) {
        let Some(queue) = &mut self.queue else { return };
        let keep = queue.split_at_boundary();
        for chunk in queue.chunks.drain(keep..) {
            if let Chunk::Frames(buffer) = chunk {
                pool.give_buffer(buffer);
            }
        }
        queue.ping.clear();
        queue.pong.clear();
        let before = queue.bytes;
        queue.bytes = queue.chunks.front().map_or(0, |chunk| chunk.bytes().len() - queue.sent);
        pool.queued = pool.queued - before + queue.bytes;
    }

    /// Drops everything that is queued.
    pub(super) fn clear(&mut self, pool: &mut Pool) {
        if let Some(mut queue) = self.queue.take() {
            pool.queued -= queue.bytes;
            while let Some(chunk) = queue.chunks.pop_front() {
                if let Chunk::Frames(buffer) = chunk {
                    pool.give_buffer(buffer);
                }
            }
            pool.give_buffer(std::mem::take(&mut queue.open));
            queue.reset();
            pool.give_queue(queue);
        }
    }

    /// Notes that the protocol has been told about the pressure.
    pub(super) fn press(&mut self) {
        if let Some(queue) = &mut self.queue {
            queue.pressed = true;
        }
    }

    /// Takes the note back, if it was there.
    pub(super) fn unpress(&mut self) -> bool {
        self.queue.as_mut().is_some_and(|queue| std::mem::take(&mut queue.pressed))
    }

    pub(super) fn is_pressed(&self) -> bool {
        self.queue.as_ref().is_some_and(|queue| queue.pressed)
    }
}

impl Queue {
    /// Chunks it has room for.
    pub(super) fn room(&self) -> usize {
        self.chunks.capacity()
    }

    #[cfg(test)]
    pub(super) fn with_room(chunks: usize) -> Self {
        Self { chunks: VecDeque::with_capacity(chunks), ..Self::default() }
    }

    /// Makes room for `size` bytes in what is open; says how many are there.
    #[inline]
    fn room_for(&mut self, pool: &mut Pool, size: usize) -> usize {
        let length = self.open.len();
        if self.open.capacity() == 0 || (length > 0 && length + size > CHUNK) {
            self.renew(pool);
        }
        self.open.len()
    }

    /// Opens another buffer; a slow peer's is not from the pool, where it may be larger than what it is for.
    #[cold]
    fn renew(&mut self, pool: &mut Pool) {
        self.seal();
        self.open = if self.behind { Vec::new() } else { pool.take_buffer() };
    }

    /// What is queued may have to be kept for long: no more room than it needs is kept with it.
    #[cold]
    fn fall_behind(&mut self) {
        self.behind = true;
        for chunk in &mut self.chunks {
            if let Chunk::Frames(buffer) = chunk {
                trim(buffer);
            }
        }
        trim(&mut self.open);
    }

    /// Makes a chunk of what is open.
    fn seal(&mut self) {
        if !self.open.is_empty() {
            self.chunks.push_back(Chunk::Frames(std::mem::take(&mut self.open)));
        }
    }

    fn advance(&mut self, pool: &mut Pool, count: usize) {
        let mut left = count.min(self.bytes);
        self.bytes -= left;
        pool.queued -= left;
        while let Some(front) = self.chunks.front() {
            let unsent = front.bytes().len() - self.sent;
            if left < unsent {
                self.sent += left;
                return;
            }
            left -= unsent;
            self.sent = 0;
            if let Some(Chunk::Frames(buffer)) = self.chunks.pop_front() {
                pool.give_buffer(buffer);
            }
        }
        self.sent += left;
        if self.sent == self.open.len() {
            self.open.clear();
            self.sent = 0;
        }
    }

    /// Puts the waiting control frames at the first frame boundary that has not been passed.
    fn insert_urgent(&mut self) {
        if self.ping.is_empty() && self.pong.is_empty() {
            return;
        }
        let place = self.split_at_boundary();
        if matches!(self.chunks.get(place), Some(Chunk::Urgent(_))) {
            // Others that wait there go first; meanwhile a newer pong may replace this one.
            return;
        }
        let mut urgent = std::mem::take(&mut self.pong);
        urgent.append(&mut self.ping);
        self.chunks.insert(place, Chunk::Urgent(urgent));
    }

    /// Where a frame may be inserted; splits the first chunk if that is in its middle. Nothing is open
    /// then.
    fn split_at_boundary(&mut self) -> usize {
        self.seal();
        match self.chunks.front() {
            Some(Chunk::Foremost(_)) => return 1,
            _ if self.sent == 0 => return 0,
            _ => {}
        }
        if let Some(Chunk::Frames(frames)) = self.chunks.front_mut() {
            let boundary = frames::boundary(frames, self.sent);
            if boundary < frames.len() {
                let rest = frames.split_off(boundary);
                // All behind it may be dropped, and its room must not stay.
                trim(frames);
                self.chunks.insert(1, Chunk::Frames(rest));
            }
            if boundary == self.sent {
                // The first chunk is all sent: it must not stay in front.
                self.chunks.pop_front();
                self.sent = 0;
                return 0;
            }
        }
        1
    }

    fn drop_urgent(&mut self, pool: &mut Pool) {
        let dropped = self.ping.len() + self.pong.len();
        self.bytes -= dropped;
        pool.queued -= dropped;
        self.ping.clear();
        self.pong.clear();
    }

    fn reset(&mut self) {
        self.bytes = 0;
        self.sent = 0;
        self.offered = 0;
        self.blocked = false;
        self.behind = false;
        self.pressed = false;
        self.ping.clear();
        self.pong.clear();
    }
}

/// Gives room back where there is more than twice what is needed.
fn trim(buffer: &mut Vec<u8>) {
    if buffer.capacity() > 2 * buffer.len() {
        buffer.shrink_to_fit();
    }
}

/// A copy of what comes behind the first `taken` bytes of a frame.
fn rest_of([head, payload]: [&[u8]; 2], taken: usize) -> Vec<u8> {
    match head.get(taken..) {
        Some(head) => [head, payload].concat(),
        None => payload[taken - head.len()..].to_vec(),
    }
}

#[cfg(test)]
mod tests;
