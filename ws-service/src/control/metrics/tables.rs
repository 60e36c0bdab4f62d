//! Which metrics there are, and what they count.

use prometheus_client::metrics::MetricType::{self, Counter, Gauge};
use prometheus_client::registry::Unit;
use ws_service::{CloseKind, CodeGroup, Deadline, Durations, Stats};

/// One number of each shard.
pub(super) struct Plain {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) unit: Option<Unit>,
    pub(super) kind: MetricType,
    pub(super) read: fn(&Stats) -> u64,
}

/// A number of each shard for each of a fixed set of names.
pub(super) struct Kinds {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) label: &'static str,
    pub(super) kind: MetricType,
    pub(super) read: fn(&Stats) -> Vec<(&'static str, u64)>,
}

macro_rules! plain {
    ($($kind:ident $name:literal $(in $unit:ident)? = $field:ident: $help:literal;)*) => {
        &[$(Plain {
            name: $name,
            help: $help,
            unit: plain!(@unit $($unit)?),
            kind: $kind,
            read: |stats| stats.$field,
        },)*]
    };
    (@unit) => { None };
    (@unit $unit:ident) => { Some(Unit::$unit) };
}

/// OpenMetrics adds `_total` to a counter's name, and the unit to both kinds'.
pub(super) const PLAIN: &[Plain] = plain! {
    Gauge "connections" = connections: "Connections, in whatever state";
    Gauge "sessions" = sessions: "Sessions of protocols";
    Gauge "timers" = timers: "Armed timers";
    Gauge "topics" = topics: "Topics with subscribers";
    Gauge "queued" in Bytes = queued_bytes: "Bytes queued to peers";
    Gauge "publications_undelivered" = fanouts: "Publications not yet delivered to all subscribers";
    Gauge "publications_staged" = staged: "Publications that wait for room in another shard's mailbox";
    Gauge "connections_paused" = paused: "Connections that are not read from, by their protocol's wish or for their rate";
    Gauge "questions" = questions: "Questions that wait for the shard's answer";
    Counter "accepts" = opened: "Transports taken in";
    Counter "accepts_refused" = refused: "Transports refused because a limit was reached";
    Counter "accepts_refused_by_address" = refused_addresses: "Those of them whose address had as many as it may";
    Counter "accepts_refused_by_handshakes" = refused_handshakes: "Those of them that came while too many handshakes were under way";
    Counter "accept_pauses" = accept_pauses: "Times that accepting paused, out of descriptors or memory";
    Counter "proxied" = proxied: "Connections that a proxy has introduced";
    Counter "proxy_failures" = proxy_failed: "Connections of a proxy that began with no PROXY header";
    Counter "tls_handshakes" = tls_handshakes: "TLS handshakes completed";
    Counter "tls_failures" = tls_failed: "Connections that TLS has ended because the peer broke its rules";
    Counter "messages_received" = messages_in: "Messages received";
    Counter "messages_received_compressed" = inflated: "Messages received compressed";
    Counter "messages_queued" = messages_out: "Messages queued to peers";
    Counter "messages_queued_compressed" = deflated: "Messages queued compressed";
    Counter "throttled" = throttled: "Times that a peer had sent more than its rate allows";
    Counter "messages_dropped" = dropped: "Messages dropped because too many bytes were queued";
    Counter "received_payload" in Bytes = bytes_in: "Payload of received messages";
    Counter "written" in Bytes = bytes_out: "Bytes written to transports";
    Counter "deliveries" = deliveries: "Copies of published messages queued";
    Counter "publications_refused" = congested: "Publications refused because a mailbox was full";
    Counter "subscriptions_refused" = topics_refused: "Subscriptions refused because a connection had as many as it may";
    Counter "mail_received" = mail_in: "Letters received from other threads";
    Counter "mail_posted" = mail_out: "Letters posted to other shards";
    Counter "mail_lost" = mail_lost: "Letters whose addressee had gone";
    Counter "wakeups" = wakeups: "Times that mail woke the shard's thread";
    Counter "questions_refused" = questions_refused: "Questions refused because too many waited";
    Counter "handler_panics" = panics: "Handlers that panicked";
};

pub(super) const KINDS: &[Kinds] = &[
    Kinds {
        name: "handshakes",
        help: "Upgrade requests by what came of them: open, or why not",
        label: "result",
        kind: Counter,
        read: handshakes,
    },
    Kinds {
        name: "closes",
        help: "Connections that have ended, by reason",
        label: "reason",
        kind: Counter,
        read: |stats| CloseKind::ALL.map(|it| (it.name(), stats.closes(it))).into(),
    },
    Kinds {
        name: "close_codes",
        help: "Connections that have ended, by the code that they ended with",
        label: "code",
        kind: Counter,
        read: |stats| CodeGroup::ALL.map(|it| (it.name(), stats.codes(it))).into(),
    },
    Kinds {
        name: "deadlines_armed",
        help: "Deadlines that are set, by kind",
        label: "kind",
        kind: Gauge,
        read: |stats| Deadline::ALL.map(|it| (it.name(), stats.armed(it))).into(),
    },
    Kinds {
        name: "deadlines_expired",
        help: "Deadlines that have come, by kind",
        label: "kind",
        kind: Counter,
        read: |stats| Deadline::ALL.map(|it| (it.name(), stats.expired(it))).into(),
    },
];

type Read = fn(&Stats) -> &Durations;

pub(super) const DURATIONS: &[(&str, &str, Read)] = &[
    ("timer_lateness", "From a deadline to the turn that served it", |stats| &stats.lateness),
    ("turn_duration", "From a turn's first event to its last write", |stats| &stats.turn_time),
];

fn handshakes(stats: &Stats) -> Vec<(&'static str, u64)> {
    let failed = CloseKind::ALL.map(|it| (it.name(), stats.unopened(it)));
    [("open", stats.handshakes)].into_iter().chain(failed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A counter that is added to the service must not be forgotten here.
    #[test]
    fn every_counter_is_a_metric() {
        let elsewhere = ["handshakes", "handshakes_failed"];
        let named = Stats::default().named().filter(|(name, _)| !elsewhere.contains(name)).count();
        assert_eq!(PLAIN.len(), named);
    }
}
