//! Publications reach every subscriber of their topic in order, none twice, and none is lost but to
//! those who have gone, or whose queue was full where the configuration says "drop".
//!
//! Per shard and topic there is one feed: what was published there and what its mail brought, in
//! that order. A subscription is an interval of the feed. It must hear the interval's publications,
//! but for its own connection's, one after another without a gap. Where exactly an interval ends is
//! the shard's affair (publications may still wait for their turn), but not before what the shard
//! had behind it when it last had nothing left to do.

use std::collections::VecDeque;

use super::{Checked, ensure, entry};

/// The name of one publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) publisher: u32,
    pub(crate) number: u32,
    pub(crate) topic: u32,
}

/// All feeds and subscriptions.
pub(crate) struct Topics {
    shards: Vec<Feeds>,
    subscribers: Vec<Subscriber>,
    /// Publications may be dropped for a full queue.
    is_lossy: bool,
}

#[derive(Default)]
struct Feeds {
    topics: Vec<Vec<Note>>,
    /// How much of each feed the shard had dealt with when it was last idle.
    settled: Vec<usize>,
    /// By shard: what that one's relay has still to offer.
    staged: Vec<VecDeque<Note>>,
    /// Gaps that subscribers have seen.
    missed: u64,
}

#[derive(Default)]
struct Subscriber {
    shard: usize,
    /// By topic, oldest first.
    intervals: Vec<VecDeque<Interval>>,
    is_gone: bool,
}

/// A subscription: what of the feed it has heard, and must, and may hear.
#[derive(Debug)]
struct Interval {
    heard: usize,
    least: usize,
    most: Option<usize>,
}

impl Topics {
    pub(crate) fn new(shards: usize, is_lossy: bool) -> Self {
        let feeds =
            || Feeds { staged: (0..shards).map(|_| VecDeque::new()).collect(), ..Feeds::default() };
        Self { shards: (0..shards).map(|_| feeds()).collect(), subscribers: Vec::new(), is_lossy }
    }

    /// A session's publication was taken.
    pub(crate) fn published(&mut self, shard: usize, note: Note) {
        self.delivered(shard, note);
        let staged = self.shards[shard].staged.iter_mut().enumerate();
        for (_, staged) in staged.filter(|&(other, _)| other != shard) {
            staged.push_back(note);
        }
    }

    /// What a shard offers to another must be all that it has not taken.
    pub(crate) fn offered(&self, from: usize, to: usize, count: usize) -> Checked {
        let expected = self.shards[from].staged[to].len();
        ensure(count == expected, || {
            format!("shard {from} offers {count} publications to {to}, not {expected}")
        })
    }

    /// The next one is taken into the other shard's mailbox.
    pub(crate) fn posted(&mut self, from: usize, to: usize) -> Option<Note> {
        self.shards[from].staged[to].pop_front()
    }

    /// A publication has reached a shard.
    pub(crate) fn delivered(&mut self, shard: usize, note: Note) {
        entry(&mut self.shards[shard].topics, note.topic).push(note);
    }

    pub(crate) fn subscribed(&mut self, shard: usize, id: u32, topic: u32) {
        let start = entry(&mut self.shards[shard].topics, topic).len();
        let subscriber = entry(&mut self.subscribers, id);
        subscriber.shard = shard;
        let intervals = entry(&mut subscriber.intervals, topic);
        if intervals.back().is_none_or(|last| last.most.is_some()) {
            intervals.push_back(Interval { heard: start, least: start, most: None });
        }
    }

    /// Says whether there was a subscription.
    pub(crate) fn unsubscribed(&mut self, id: u32, topic: u32) -> bool {
        let subscriber = entry(&mut self.subscribers, id);
        let feeds = &mut self.shards[subscriber.shard];
        let most = entry(&mut feeds.topics, topic).len();
        let settled = *entry(&mut feeds.settled, topic);
        match entry(&mut subscriber.intervals, topic).back_mut() {
            Some(last) if last.most.is_none() => {
                last.least = last.least.max(settled);
                last.most = Some(most);
                true
            }
            _ => false,
        }
    }

    /// Subscriptions of a connection.
    pub(crate) fn count(&mut self, id: u32) -> usize {
        let intervals = &entry(&mut self.subscribers, id).intervals;
        let is_open = |it: &&VecDeque<Interval>| it.back().is_some_and(|it| it.most.is_none());
        intervals.iter().filter(is_open).count()
    }

    /// The connection's session has ended, and with it its subscriptions.
    pub(crate) fn closed(&mut self, id: u32) {
        for topic in 0..entry(&mut self.subscribers, id).intervals.len() {
            self.unsubscribed(id, u32::try_from(topic).unwrap_or_default());
        }
        entry(&mut self.subscribers, id).is_gone = true;
    }

    /// The shard has nothing left to do: all that has reached it has reached its subscribers.
    pub(crate) fn settled(&mut self, shard: usize) {
        let Feeds { topics, settled, .. } = &mut self.shards[shard];
        settled.clear();
        settled.extend(topics.iter().map(Vec::len));
    }

    /// A subscriber hears a publication.
    pub(crate) fn heard(&mut self, id: u32, note: Note) -> Checked {
        let subscriber = entry(&mut self.subscribers, id);
        let feeds = &mut self.shards[subscriber.shard];
        let feed = entry(&mut feeds.topics, note.topic);
        let intervals = entry(&mut subscriber.intervals, note.topic);
        while let Some(interval) = intervals.front_mut() {
            if interval.hear(id, note, feed, self.is_lossy.then_some(&mut feeds.missed)) {
                return Ok(());
            }
            if !interval.is_complete(id, feed, self.is_lossy.then_some(&mut feeds.missed)) {
                break;
            }
            intervals.pop_front();
        }
        let expected = intervals.front().and_then(|it| feed.get(it.heard).copied());
        let place = feed.iter().position(|&it| it == note);
        Err(format!(
            "{id} hears {note:?} (place {place:?}) instead of {expected:?}; subscribed: {intervals:?}"
        ))
    }

    /// A subscriber has heard all it will hear: the server's Close, in order behind the rest.
    pub(crate) fn ended(&mut self, id: u32) -> Checked {
        let subscriber = entry(&mut self.subscribers, id);
        let feeds = &mut self.shards[subscriber.shard];
        for (topic, intervals) in subscriber.intervals.iter_mut().enumerate() {
            let (Some(feed), settled) = (feeds.topics.get(topic), feeds.settled.get(topic)) else {
                continue;
            };
            for interval in intervals {
                if interval.most.is_none() {
                    interval.least = interval.least.max(settled.copied().unwrap_or_default());
                }
                let missed = self.is_lossy.then_some(&mut feeds.missed);
                if !interval.is_complete(id, feed, missed) {
                    let lost = feed.get(interval.heard);
                    return Err(format!("{id} never heard {lost:?}: {interval:?}"));
                }
            }
        }
        Ok(())
    }

    /// No more was missed than the shard says it has dropped.
    pub(crate) fn finish(&self, shard: usize, dropped: u64) -> Checked {
        let missed = self.shards[shard].missed;
        ensure(missed <= dropped, || format!("{missed} missed, {dropped} dropped"))
    }
}

impl Interval {
    /// Hears the next publication, if that is what it is; gaps are allowed where they are counted.
    fn hear(&mut self, id: u32, note: Note, feed: &[Note], missed: Option<&mut u64>) -> bool {
        let most = self.most.unwrap_or(feed.len());
        self.skip_own(id, feed);
        if self.heard < most && feed[self.heard] == note {
            self.heard += 1;
            return true;
        }
        let (Some(missed), Some(rest)) = (missed, feed.get(self.heard..most)) else { return false };
        let Some(gap) = rest.iter().position(|&it| it == note) else { return false };
        *missed += rest[..gap].iter().filter(|it| it.publisher != id).count() as u64;
        self.heard += gap + 1;
        true
    }

    fn skip_own(&mut self, id: u32, feed: &[Note]) {
        let most = self.most.unwrap_or(feed.len());
        while self.heard < most && feed[self.heard].publisher == id {
            self.heard += 1;
        }
    }

    /// Whether all that it must hear has been heard.
    fn is_complete(&mut self, id: u32, feed: &[Note], missed: Option<&mut u64>) -> bool {
        self.skip_own(id, feed);
        if let (Some(missed), Some(gap)) = (missed, feed.get(self.heard..self.least)) {
            *missed += gap.iter().filter(|it| it.publisher != id).count() as u64;
            self.heard = self.least;
        }
        self.heard >= self.least
    }
}
