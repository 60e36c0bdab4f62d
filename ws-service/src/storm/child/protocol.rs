//! What a storm and its children say to each other, one JSON value a line.

use serde::{Deserialize, Serialize};

use crate::storm::client::Target;

/// From the storm to a child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::storm) enum Order {
    Open(Opening),
    Churn(Churn),
    Accompany(Companions),
    Part(Parting),
}

/// Open connections and hold them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::storm) struct Opening {
    pub(in crate::storm) target: Target,
    pub(in crate::storm) connections: usize,
    /// The number of the first one within the whole run, for its source address.
    pub(in crate::storm) first: usize,
    /// Handshakes under way at once.
    pub(in crate::storm) concurrent: usize,
    /// For one handshake, in milliseconds.
    pub(in crate::storm) timeout_ms: u64,
    pub(in crate::storm) seed: u64,
}

/// Handshake, RST, again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::storm) struct Churn {
    pub(in crate::storm) target: Target,
    pub(in crate::storm) concurrent: usize,
    pub(in crate::storm) duration_ms: u64,
    pub(in crate::storm) timeout_ms: u64,
    pub(in crate::storm) seed: u64,
}

/// Open connections that talk for as long as a soak lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::storm) struct Companions {
    pub(in crate::storm) kind: Kind,
    pub(in crate::storm) target: Target,
    pub(in crate::storm) connections: usize,
    pub(in crate::storm) timeout_ms: u64,
    pub(in crate::storm) seed: u64,
}

/// What companions do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::storm) enum Kind {
    /// They speak in turn, and hear each other.
    Room,
    /// They read the echoes of what they send slowly.
    Slow,
}

/// How companions have fared until now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::storm) struct Company {
    /// Connections that have opened.
    pub(in crate::storm) open: u64,
    pub(in crate::storm) sent: u64,
    pub(in crate::storm) heard: u64,
    /// Messages that somebody is still to hear.
    pub(in crate::storm) owed: u64,
    /// Messages that came changed, twice, out of order, or for which another was missing.
    pub(in crate::storm) wrong: u64,
    /// Connections that did not open, or ended before they were to.
    pub(in crate::storm) ended: u64,
}

/// How a child itself ends its connections; death and SIGSTOP need no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::storm) enum Parting {
    Reset,
    Fin,
    Close,
    Freeze,
}

/// From a child to the storm. Counts are totals, so that no line needs the one before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::storm) enum News {
    Opening {
        open: usize,
        failed: usize,
    },
    /// Every connection is open or has failed.
    Opened {
        open: usize,
        failed: usize,
    },
    /// Connections that ended before any order to end them.
    Lost {
        lost: usize,
    },
    /// The order to part was carried out: `clean` as it should be, the rest otherwise.
    Parted {
        clean: usize,
        unclean: usize,
    },
    /// Frozen connections hung up on, each with the microseconds since its last proof of life.
    HungUp {
        after_us: Vec<u64>,
    },
    Churning {
        handshakes: u64,
        failures: u64,
    },
    Churned {
        handshakes: u64,
        failures: u64,
        elapsed_us: u64,
    },
    Company(Company),
    /// Something went wrong, for a person to read; only the first few are sent.
    Complaint(String),
}

impl Company {
    /// The sum of both.
    pub(in crate::storm) fn and(self, other: Self) -> Self {
        Self {
            open: self.open + other.open,
            sent: self.sent + other.sent,
            heard: self.heard + other.heard,
            owed: self.owed + other.owed,
            wrong: self.wrong + other.wrong,
            ended: self.ended + other.ended,
        }
    }

    /// Everything that should not have happened, once they have parted.
    pub(in crate::storm) fn losses(self) -> u64 {
        self.owed + self.wrong + self.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_and_news_survive_the_pipe() {
        let target = Target::parse("ws://127.0.0.1:9001/echo").unwrap();
        let order = Order::Open(Opening {
            target,
            connections: 10_000,
            first: 20_000,
            concurrent: 100,
            timeout_ms: 10_000,
            seed: u64::MAX,
        });
        let line = serde_json::to_string(&order).unwrap();
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<Order>(&line).unwrap(), order);
        let news = News::HungUp { after_us: vec![6_000_000, 1] };
        let line = serde_json::to_string(&news).unwrap();
        assert_eq!(serde_json::from_str::<News>(&line).unwrap(), news);
    }
}
