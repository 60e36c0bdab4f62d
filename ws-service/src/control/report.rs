//! The counters as one line of JSON on standard output.

use std::io::{Write, stdout};

use serde_json::{Map, Value};
use ws_service::{CloseKind, Deadline, Stats};

/// Prints the counters; a closed standard output is no reason to end.
pub(super) fn print(stats: &Stats) {
    let mut out = stdout().lock();
    if let Err(error) = writeln!(out, "{}", json(stats)).and_then(|()| out.flush()) {
        tracing::warn!(%error, "the counters can't be printed");
    }
}

fn json(stats: &Stats) -> Value {
    let mut object = numbers(stats.named());
    let armed = Deadline::ALL.map(|deadline| (deadline.name(), stats.armed(deadline)));
    let expired = Deadline::ALL.map(|deadline| (deadline.name(), stats.expired(deadline)));
    let closes = CloseKind::ALL.map(|kind| (kind.name(), stats.closes(kind)));
    object.insert("armed".to_owned(), numbers(armed.into_iter()).into());
    object.insert("expired".to_owned(), numbers(expired.into_iter()).into());
    object.insert("closes".to_owned(), numbers(closes.into_iter()).into());
    object.into()
}

fn numbers(values: impl Iterator<Item = (&'static str, u64)>) -> Map<String, Value> {
    values.map(|(name, value)| (name.to_owned(), value.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_has_its_name() {
        let json = json(&Stats::default());
        assert_eq!(json["connections"], 0);
        assert_eq!(json["armed"]["hang_up"], 0);
        assert_eq!(json["closes"]["disconnected"], 0);
        assert_eq!(json["expired"].as_object().unwrap().len(), Deadline::COUNT);
    }
}
