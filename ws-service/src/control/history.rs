//! The last minutes, second by second, for whoever begins to look.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use utoipa::ToSchema;
use ws_service::Stats;

/// One a second: five minutes.
const MOMENTS: usize = 300;

/// What had been counted, all shards together, at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Moment {
    /// Seconds since the service was started.
    pub(super) uptime_seconds: f64,
    /// Connections at that moment.
    connections: u64,
    /// Transports taken in until then.
    opened: u64,
    /// Connections ended until then.
    closed: u64,
    /// Messages received until then.
    messages_in: u64,
    /// Messages queued to peers until then.
    messages_out: u64,
    /// Payload bytes received until then.
    bytes_in: u64,
    /// Bytes written until then.
    bytes_out: u64,
    /// Turns until then, by bucket.
    turn_time: Vec<u64>,
    /// Deadlines served until then, by bucket of their lateness.
    timer_lateness: Vec<u64>,
}

impl Moment {
    pub(super) fn new(uptime: Duration, stats: &Stats) -> Self {
        Self {
            uptime_seconds: uptime.as_secs_f64(),
            connections: stats.connections,
            opened: stats.opened,
            closed: stats.closes.iter().sum(),
            messages_in: stats.messages_in,
            messages_out: stats.messages_out,
            bytes_in: stats.bytes_in,
            bytes_out: stats.bytes_out,
            turn_time: stats.turn_time.buckets.to_vec(),
            timer_lateness: stats.lateness.buckets.to_vec(),
        }
    }
}

/// The moments, oldest first: there is always one.
#[derive(Debug)]
pub(super) struct History {
    moments: Mutex<VecDeque<Moment>>,
}

impl History {
    pub(super) fn beginning_with(moment: Moment) -> Self {
        Self { moments: Mutex::new(VecDeque::from([moment])) }
    }

    pub(super) fn put(&self, moment: Moment) {
        let mut moments = self.moments.lock();
        if moments.len() >= MOMENTS {
            moments.pop_front();
        }
        moments.push_back(moment);
    }

    pub(super) fn all(&self) -> Vec<Moment> {
        self.moments.lock().iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_minutes_are_kept_and_no_more() {
        let moment = |second| Moment::new(Duration::from_secs(second), &Stats::default());
        let history = History::beginning_with(moment(0));
        assert_eq!(history.all(), [moment(0)]);
        for second in 1..400 {
            history.put(moment(second));
        }
        let all = history.all();
        assert_eq!(all.len(), MOMENTS);
        assert_eq!((&all[0], &all[MOMENTS - 1]), (&moment(100), &moment(399)));
    }
}
