//! Those who use the admin listener: bounded, and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections at once, over all doors; more wait in the system.
const GUESTS: usize = 32;
/// Live feeds at once.
const FEEDS: usize = 16;

/// The places there are, and what has been answered.
#[derive(Debug)]
pub(super) struct Visits {
    /// One place for each connection there may be.
    pub(super) places: Arc<Semaphore>,
    guests: AtomicU64,
    /// One place for each feed there may be.
    pub(super) feeds: Arc<Semaphore>,
    /// By class.
    answers: [AtomicU64; Self::CLASSES.len()],
}

impl Default for Visits {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(GUESTS)),
            guests: AtomicU64::new(0),
            feeds: Arc::new(Semaphore::new(FEEDS)),
            answers: <[AtomicU64; Self::CLASSES.len()]>::default(),
        }
    }
}

impl Visits {
    /// Classes of answers (RFC 9110 §15); the others never are.
    const CLASSES: [&str; 3] = ["2xx", "4xx", "5xx"];

    pub(super) fn answered(&self, status: u16) {
        let class = match status {
            500.. => 2,
            400.. => 1,
            _ => 0,
        };
        self.answers[class].fetch_add(1, Ordering::Relaxed);
    }

    /// Answers so far, by class.
    pub(super) fn answers(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.answers.iter().map(|count| count.load(Ordering::Relaxed));
        Self::CLASSES.into_iter().zip(counts)
    }

    /// How many there are of what is bounded, and how many there may be: connections, feeds.
    pub(super) fn bounded(&self) -> [Bounded; 2] {
        let feeds = FEEDS - self.feeds.available_permits();
        [
            Bounded {
                name: "admin_connections",
                help: "Connections of administrators",
                used: self.guests.load(Ordering::Relaxed),
                max: GUESTS as u64,
            },
            Bounded {
                name: "admin_feeds",
                help: "Live feeds that are being read",
                used: feeds as u64,
                max: FEEDS as u64,
            },
        ]
    }
}

/// Something that administrators hold.
pub(super) struct Bounded {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) used: u64,
    pub(super) max: u64,
}

/// A connection that has a place.
#[derive(Debug)]
pub(super) struct Guest {
    visits: Arc<Visits>,
    _place: OwnedSemaphorePermit,
}

impl Guest {
    pub(super) fn new(visits: &Arc<Visits>, place: OwnedSemaphorePermit) -> Self {
        visits.guests.fetch_add(1, Ordering::Relaxed);
        Self { visits: Arc::clone(visits), _place: place }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.visits.guests.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_class_and_guests_while_they_are_there() {
        let visits = Arc::new(Visits::default());
        for status in [200, 202, 404, 431, 503] {
            visits.answered(status);
        }
        assert!(visits.answers().eq([("2xx", 2), ("4xx", 2), ("5xx", 1)]));
        let place = Arc::clone(&visits.places).try_acquire_owned().unwrap();
        let guest = Guest::new(&visits, place);
        assert_eq!(visits.bounded().map(|it| (it.used, it.max)), [(1, 32), (0, 16)]);
        drop(guest);
        let feed = Arc::clone(&visits.feeds).try_acquire_owned().unwrap();
        assert_eq!(visits.bounded().map(|it| it.used), [0, 1]);
        drop(feed);
    }
}
