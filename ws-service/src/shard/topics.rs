//! Topics: who subscribes to what, and what has been published and not yet delivered.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use slotmap::SlotMap;

use super::frame::Frame;
use super::id::ConnectionKey;

/// Publications that are handed out together at most.
const TOGETHER: usize = 16;

slotmap::new_key_type! {
    /// A topic while it has subscribers.
    pub(super) struct TopicKey;
}

/// A message to all who subscribe to a topic: encoded once, shared by all shards.
#[derive(Debug, Clone)]
pub struct Publication {
    pub(crate) topic: Arc<str>,
    pub(crate) frame: Frame,
}

impl Publication {
    /// What it weighs against a bound in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.topic.len() + self.frame.len()
    }
}

/// A connection's subscriptions: one empty pointer while there are none.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    keys: Option<Box<Keys>>,
}

#[derive(Debug, Default)]
struct Keys(Vec<TopicKey>);

impl Subscriptions {
    pub(super) const fn new() -> Self {
        Self { keys: None }
    }

    pub(super) fn len(&self) -> usize {
        self.as_slice().len()
    }

    fn as_slice(&self) -> &[TopicKey] {
        self.keys.as_ref().map_or(&[], |keys| &keys.0)
    }

    fn push(&mut self, topic: TopicKey) {
        self.keys.get_or_insert_default().0.push(topic);
    }

    /// Removes a topic; says whether it was there.
    fn remove(&mut self, topic: TopicKey) -> bool {
        let Some(keys) = &mut self.keys else { return false };
        let Some(place) = keys.0.iter().position(|&it| it == topic) else { return false };
        keys.0.swap_remove(place);
        if keys.0.is_empty() {
            self.keys = None;
        }
        true
    }
}

/// A shard's topics. One exists from its first subscriber to its last.
#[derive(Debug, Default)]
pub(super) struct Topics {
    by_name: BTreeMap<Arc<str>, TopicKey>,
    by_key: SlotMap<TopicKey, Topic>,
    pending: VecDeque<Fanout>,
    pending_bytes: usize,
    /// Orders subscriptions against publications: nobody gets what was published before they came.
    sequence: u64,
}

#[derive(Debug)]
struct Topic {
    name: Arc<str>,
    /// By key, so that a fan-out over several turns knows where it was; with the sequence at which
    /// the subscription began.
    subscribers: BTreeMap<ConnectionKey, u64>,
}

/// A publication on its way to the subscribers of this shard.
#[derive(Debug)]
struct Fanout {
    topic: TopicKey,
    frame: Frame,
    except: Option<ConnectionKey>,
    sequence: u64,
    reached: Option<ConnectionKey>,
}

impl Topics {
    /// Topics that have subscribers.
    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Names in their order, behind one or from the first, with their subscribers.
    pub(super) fn behind(&self, after: Option<&str>) -> impl Iterator<Item = (Arc<str>, usize)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let names = self.by_name.range::<str, _>((from, Bound::Unbounded));
        names.filter_map(|(name, &key)| {
            Some((Arc::clone(name), self.by_key.get(key)?.subscribers.len()))
        })
    }

    /// Publications whose subscribers have not all been reached: how many, and their bytes.
    pub(super) fn pending(&self) -> (usize, usize) {
        (self.pending.len(), self.pending_bytes)
    }

    /// Adds a subscriber; nothing changes if it is one already.
    pub(super) fn subscribe(
        &mut self,
        name: &str,
        key: ConnectionKey,
        subscriptions: &mut Subscriptions,
    ) {
        let topic = self.topic(name);
        self.sequence += 1;
        let sequence = self.sequence;
        if let Some(Topic { subscribers, .. }) = self.by_key.get_mut(topic) {
            subscribers.entry(key).or_insert_with(|| {
                subscriptions.push(topic);
                sequence
            });
        }
    }

    fn topic(&mut self, name: &str) -> TopicKey {
        if let Some(&topic) = self.by_name.get(name) {
            return topic;
        }
        let name: Arc<str> = name.into();
        let topic = Topic { name: Arc::clone(&name), subscribers: BTreeMap::new() };
        let key = self.by_key.insert(topic);
        self.by_name.insert(name, key);
        key
    }

    /// Whether the connection subscribes to it.
    pub(super) fn is_subscribed(&self, name: &str, subscriptions: &Subscriptions) -> bool {
        self.by_name.get(name).is_some_and(|topic| subscriptions.as_slice().contains(topic))
    }

    /// Removes a subscriber; says whether it was one.
    pub(super) fn unsubscribe(
        &mut self,
        name: &str,
        key: ConnectionKey,
        subscriptions: &mut Subscriptions,
    ) -> bool {
        let Some(&topic) = self.by_name.get(name) else { return false };
        let was_one = subscriptions.remove(topic);
        if was_one {
            self.leave(topic, key);
        }
        was_one
    }

    /// Removes all of a connection's subscriptions.
    pub(super) fn unsubscribe_all(
        &mut self,
        key: ConnectionKey,
        subscriptions: &mut Subscriptions,
    ) {
        for &topic in std::mem::take(subscriptions).as_slice() {
            self.leave(topic, key);
        }
    }

    fn leave(&mut self, topic: TopicKey, key: ConnectionKey) {
        let Some(Topic { name, subscribers }) = self.by_key.get_mut(topic) else { return };
        subscribers.remove(&key);
        if subscribers.is_empty() {
            self.by_name.remove(name);
            self.by_key.remove(topic);
        }
    }

    /// Queues a publication for the subscribers of this shard, but for the one it comes from.
    pub(super) fn publish(&mut self, publication: &Publication, except: Option<ConnectionKey>) {
        let Some(&topic) = self.by_name.get(&publication.topic) else { return };
        let frame = publication.frame.clone();
        self.sequence += 1;
        self.pending_bytes += frame.len();
        let sequence = self.sequence;
        self.pending.push_back(Fanout { topic, frame, except, sequence, reached: None });
    }

    /// Hands publications to up to `budget` subscribers, the oldest first; says to how many.
    ///
    /// Those that go the same way go together: what a subscriber gets of them leaves in one write.
    pub(super) fn fan_out(
        &mut self,
        budget: usize,
        mut deliver: impl FnMut(ConnectionKey, &Frame),
    ) -> usize {
        let mut left = budget;
        while left > 0 && !self.pending.is_empty() {
            let together = self.in_step();
            if !self.advance(together, &mut left, &mut deliver) {
                break;
            }
            let done = self.pending.drain(..together);
            self.pending_bytes -= done.map(|fanout| fanout.frame.len()).sum::<usize>();
        }
        budget - left
    }

    /// How many of the oldest have the same subscribers before them.
    fn in_step(&self) -> usize {
        let way = |fanout: &Fanout| (fanout.topic, fanout.reached);
        let first = self.pending.front().map(way);
        let same = self.pending.iter().take(TOGETHER).take_while(|it| Some(way(it)) == first);
        same.count()
    }

    /// The oldest `together` go on until the budget is used up (`false`) or everyone has been reached
    /// (`true`).
    fn advance(
        &mut self,
        together: usize,
        left: &mut usize,
        deliver: &mut impl FnMut(ConnectionKey, &Frame),
    ) -> bool {
        let Some(oldest) = self.pending.front() else { return true };
        let Some(topic) = self.by_key.get(oldest.topic) else { return true };
        let mut reached = oldest.reached;
        let from = reached.map_or(Bound::Unbounded, Bound::Excluded);
        let mut subscribers = topic.subscribers.range((from, Bound::Unbounded));
        while *left > 0 {
            let Some((&key, &since)) = subscribers.next() else { return true };
            *left -= 1;
            reached = Some(key);
            for fanout in self.pending.range(..together) {
                if since < fanout.sequence && Some(key) != fanout.except {
                    deliver(key, &fanout.frame);
                }
            }
        }
        self.pending.range_mut(..together).for_each(|fanout| fanout.reached = reached);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::protocol::Message;

    fn publication(topic: &str, text: &str) -> Publication {
        Frame::new(Message::Text(text)).to_topic(topic)
    }

    fn keys(count: usize) -> Vec<ConnectionKey> {
        let mut keys = SlotMap::with_key();
        (0..count).map(|_| keys.insert(())).collect()
    }

    #[test]
    fn everyone_gets_everything_once_in_order_whatever_the_budget() {
        let keys = keys(7);
        for budget in 1..20 {
            let mut topics = Topics::default();
            for &key in &keys {
                topics.subscribe("t", key, &mut Subscriptions::new());
            }
            topics.publish(&publication("t", "a"), Some(keys[3]));
            topics.publish(&publication("t", "b"), None);
            let mut got = vec![String::new(); keys.len()];
            while topics.pending().0 > 0 {
                let used = topics.fan_out(budget, |key, frame| {
                    let place = keys.iter().position(|&it| it == key).unwrap();
                    got[place].push_str(std::str::from_utf8(frame.payload()).unwrap());
                });
                assert!(used <= budget);
            }
            for (place, got) in got.iter().enumerate() {
                assert_eq!(got, if place == 3 { "b" } else { "ab" });
            }
            assert_eq!(topics.pending(), (0, 0));
        }
    }

    #[test]
    fn nobody_gets_what_was_published_before_they_came() {
        let keys = keys(2);
        let mut topics = Topics::default();
        topics.subscribe("t", keys[0], &mut Subscriptions::new());
        topics.publish(&publication("t", "early"), None);
        topics.subscribe("t", keys[1], &mut Subscriptions::new());
        let mut reached = Vec::new();
        topics.fan_out(10, |key, _| reached.push(key));
        assert_eq!(reached, [keys[0]]);
    }

    #[test]
    fn a_topic_lives_from_its_first_subscriber_to_its_last() {
        let keys = keys(2);
        let mut subscriptions = [Subscriptions::new(), Subscriptions::new()];
        let mut topics = Topics::default();
        for (&key, subscriptions) in keys.iter().zip(&mut subscriptions) {
            topics.subscribe("t", key, subscriptions);
            topics.subscribe("t", key, subscriptions);
            assert_eq!(subscriptions.len(), 1, "subscribed once");
        }
        assert!(topics.is_subscribed("t", &subscriptions[0]));
        assert!(topics.unsubscribe("t", keys[0], &mut subscriptions[0]));
        assert!(!topics.unsubscribe("t", keys[0], &mut subscriptions[0]));
        assert_eq!(topics.len(), 1);
        topics.publish(&publication("t", "x"), None);
        topics.unsubscribe_all(keys[1], &mut subscriptions[1]);
        assert_eq!(topics.len(), 0);
        assert_eq!(topics.fan_out(10, |_, _| panic!("nobody is left")), 0);
        assert_eq!(topics.pending(), (0, 0));
    }
}
