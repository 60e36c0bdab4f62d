//! What a shard counts. Its thread writes; anyone may read at any time.

use std::sync::atomic::{AtomicU64, Ordering};

use super::code_group::CodeGroup;
use super::deadlines::Deadline;
use super::histogram::{Durations, Histogram};
use super::reason::CloseKind;

/// One number, written by one thread only: a load and a store, no locked instruction.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// The value now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, count: u64) {
        self.0.store(self.get().wrapping_add(count), Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(super) fn subtract(&self, count: u64) {
        self.0.store(self.get().wrapping_sub(count), Ordering::Relaxed);
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// A shard's counters. Those called a *gauge* go up and down; the others only up.
        #[derive(Debug, Default)]
        #[non_exhaustive]
        pub struct Counters {
            $($(#[$doc])* pub $name: Counter,)*
            /// Gauge: deadlines that are set, by kind.
            pub armed: [Counter; Deadline::COUNT],
            /// Deadlines that have come, by kind.
            pub expired: [Counter; Deadline::COUNT],
            /// Connections that have ended, by reason.
            pub closes: [Counter; CloseKind::COUNT],
            /// The same, by the code that they ended with.
            pub codes: [Counter; CodeGroup::COUNT],
            /// Upgrade requests refused, or never completed, by reason.
            pub unopened: [Counter; CloseKind::COUNT],
            /// From a deadline to the turn that served it.
            pub lateness: Histogram,
            /// From a turn's first event to its last write.
            pub turn_time: Histogram,
        }

        /// The counters at one moment, of one shard or summed over several.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Stats {
            $($(#[$doc])* pub $name: u64,)*
            /// Gauge: deadlines that are set, by kind.
            pub armed: [u64; Deadline::COUNT],
            /// Deadlines that have come, by kind.
            pub expired: [u64; Deadline::COUNT],
            /// Connections that have ended, by reason.
            pub closes: [u64; CloseKind::COUNT],
            /// The same, by the code that they ended with.
            pub codes: [u64; CodeGroup::COUNT],
            /// Upgrade requests refused, or never completed, by reason.
            pub unopened: [u64; CloseKind::COUNT],
            /// From a deadline to the turn that served it.
            pub lateness: Durations,
            /// From a turn's first event to its last write.
            pub turn_time: Durations,
        }

        impl Stats {
            /// The plain numbers with their names, for a log or a report.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }

            /// Adds what a shard has counted.
            pub fn add(&mut self, counters: &Counters) {
                $(self.$name += counters.$name.get();)*
                add_all(&mut self.armed, &counters.armed);
                add_all(&mut self.expired, &counters.expired);
                add_all(&mut self.closes, &counters.closes);
                add_all(&mut self.codes, &counters.codes);
                add_all(&mut self.unopened, &counters.unopened);
                self.lateness.add(&counters.lateness);
                self.turn_time.add(&counters.turn_time);
            }
        }
    };
}

counters! {
    /// Gauge: connections, in whatever state.
    connections,
    /// Gauge: sessions that `accept` gave out and `closed` has not taken back.
    sessions,
    /// Gauge: armed timers.
    timers,
    /// Gauge: topics with subscribers.
    topics,
    /// Subscriptions refused: the connection had as many topics as it may.
    topics_refused,
    /// Gauge: bytes queued to peers.
    queued_bytes,
    /// Gauge: publications not yet delivered to all subscribers of the shard.
    fanouts,
    /// Gauge: publications that wait for room in other shards' mailboxes.
    staged,
    /// Gauge: connections that are not read from, by their protocol's wish or for their rate.
    paused,
    /// Gauge: questions from other threads that wait for their answer.
    questions,
    /// Questions refused because too many waited.
    questions_refused,
    /// Transports taken in.
    opened,
    /// Transports refused because a limit was reached.
    refused,
    /// Those of them whose address had as many as it may.
    refused_addresses,
    /// Those of them that came while too many handshakes were under way.
    refused_handshakes,
    /// How often accepting paused, out of descriptors or memory.
    accept_pauses,
    /// Handshakes that led to an open connection.
    handshakes,
    /// Upgrade requests refused, or never completed.
    handshakes_failed,
    /// Connections that a proxy has introduced.
    proxied,
    /// Connections of a proxy that began with no PROXY header.
    proxy_failed,
    /// TLS handshakes completed.
    tls_handshakes,
    /// Connections that TLS has ended, in the handshake or later, because the peer broke its rules.
    tls_failed,
    /// Messages received.
    messages_in,
    /// Payload bytes of received messages.
    bytes_in,
    /// Messages received compressed.
    inflated,
    /// Messages queued to peers.
    messages_out,
    /// Messages queued compressed.
    deflated,
    /// Bytes written to transports.
    bytes_out,
    /// Times that a peer had sent more than its rate allows.
    throttled,
    /// Messages dropped because too many bytes were queued.
    dropped,
    /// Copies of published messages queued.
    deliveries,
    /// Letters received from other threads.
    mail_in,
    /// Letters whose addressee had gone.
    mail_lost,
    /// Letters posted to other shards.
    mail_out,
    /// Publications refused because a mailbox was over its bound.
    congested,
    /// Times that mail from another thread woke the shard's.
    wakeups,
    /// Handlers that panicked.
    panics,
}

fn add_all(sums: &mut [u64], counters: &[Counter]) {
    for (sum, counter) in sums.iter_mut().zip(counters) {
        *sum += counter.get();
    }
}

impl Stats {
    /// Deadlines of this kind that are set.
    #[must_use]
    pub const fn armed(&self, deadline: Deadline) -> u64 {
        self.armed[deadline as usize]
    }

    /// Deadlines of this kind that have come.
    #[must_use]
    pub const fn expired(&self, deadline: Deadline) -> u64 {
        self.expired[deadline as usize]
    }

    /// Connections that ended for this kind of reason.
    #[must_use]
    pub const fn closes(&self, kind: CloseKind) -> u64 {
        self.closes[kind as usize]
    }

    /// Connections that ended with a code of this group.
    #[must_use]
    pub const fn codes(&self, group: CodeGroup) -> u64 {
        self.codes[group as usize]
    }

    /// Upgrade requests that failed for this kind of reason.
    #[must_use]
    pub const fn unopened(&self, kind: CloseKind) -> u64 {
        self.unopened[kind as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stats_sum_over_shards_and_name_themselves() {
        let (one, two) = (Counters::default(), Counters::default());
        one.connections.add(3);
        two.connections.add(5);
        two.connections.subtract(1);
        two.closes[CloseKind::HangUp as usize].add(2);
        let mut stats = Stats::default();
        stats.add(&one);
        stats.add(&two);
        assert_eq!(stats.connections, 7);
        assert_eq!(stats.closes(CloseKind::HangUp), 2);
        assert!(stats.named().any(|(name, value)| (name, value) == ("connections", 7)));
    }
}
