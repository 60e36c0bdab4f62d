//! A bound on lines of one kind: a peer that causes one again and again fills no disk.
//!
//! A kind is a place in the code. Of each, so many lines pass in a window of time; how many were left out is
//! told with the first line of whatever kind behind the window, and at the end.

use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// How long a window is.
const WINDOW: Duration = Duration::from_secs(10);

/// What has passed and what has not, by kind: as many as there are places in the code.
#[derive(Debug, Clone)]
pub(super) struct Throttle {
    burst: Arc<AtomicU32>,
    kinds: Arc<Mutex<HashMap<Identifier, Kind>>>,
}

#[derive(Debug)]
struct Kind {
    began: Instant,
    passed: u32,
    left_out: u64,
    /// The message of those that were left out.
    message: String,
}

impl Throttle {
    /// Lets `burst` lines of each kind pass in a window.
    pub(super) fn new(burst: u32) -> Self {
        Self { burst: Arc::new(burst.into()), kinds: Arc::default() }
    }

    pub(super) fn set(&self, burst: u32) {
        self.burst.store(burst, Ordering::Relaxed);
    }

    /// Whether a line may pass; `message` is asked for the first that may not.
    fn admit(&self, kind: Identifier, message: impl FnOnce() -> String, now: Instant) -> bool {
        let mut kinds = self.kinds.lock();
        let fresh = || Kind { began: now, passed: 0, left_out: 0, message: String::new() };
        let kind = kinds.entry(kind).or_insert_with(fresh);
        if kind.is_over(now) && kind.left_out == 0 {
            *kind = fresh();
        }
        // A new window begins once the old one has been told.
        if !kind.is_over(now) && kind.passed >= self.burst.load(Ordering::Relaxed) {
            if kind.left_out == 0 {
                kind.message = message();
            }
            kind.left_out += 1;
            return false;
        }
        kind.passed += 1;
        true
    }

    /// Takes what was left out in the windows that are over.
    fn take(&self, is_over: impl Fn(&Kind) -> bool) -> Vec<(String, u64)> {
        let mut taken = Vec::new();
        self.kinds.lock().retain(|_, kind| {
            let is_told = kind.left_out > 0 && is_over(kind);
            if is_told {
                taken.push((std::mem::take(&mut kind.message), kind.left_out));
            }
            !is_told
        });
        taken
    }

    /// Tells all that was left out and has not been told.
    pub(super) fn finish(&self) {
        tell(self.take(|_| true));
    }
}

impl Kind {
    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.began) >= WINDOW
    }
}

fn tell(left_out: Vec<(String, u64)>) {
    for (line, count) in left_out {
        tracing::warn!(line, count, "lines were left out");
    }
}

impl<S: Subscriber> Layer<S> for Throttle {
    fn event_enabled(&self, event: &Event<'_>, _context: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        // What is told about others is never left out.
        metadata.target() == module_path!()
            || self.admit(metadata.callsite(), || Message::of(event).0, Instant::now())
    }

    fn on_event(&self, _event: &Event<'_>, _context: Context<'_, S>) {
        let now = Instant::now();
        tell(self.take(|kind| kind.is_over(now)));
    }
}

/// The text of an event, without its fields.
#[derive(Default)]
struct Message(String);

impl Message {
    fn of(event: &Event<'_>) -> Self {
        let mut message = Self::default();
        event.record(&mut message);
        message
    }
}

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            // A String takes everything.
            let _ = fmt::write(&mut self.0, format_args!("{value:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing::Callsite;
    use tracing::callsite::DefaultCallsite;

    use super::*;

    /// Two kinds of lines.
    fn kinds() -> [Identifier; 2] {
        let one = tracing::callsite! { name: "one", kind: tracing::metadata::Kind::EVENT, fields: };
        let other =
            tracing::callsite! { name: "other", kind: tracing::metadata::Kind::EVENT, fields: };
        [one, other].map(|it: &'static DefaultCallsite| it.metadata().callsite())
    }

    fn text() -> String {
        "a line".to_owned()
    }

    #[test]
    fn of_one_kind_a_burst_passes_and_the_rest_is_counted() {
        let (throttle, [one, other], now) = (Throttle::new(3), kinds(), Instant::now());
        let passed = (0..10).filter(|_| throttle.admit(one.clone(), text, now)).count();
        assert_eq!(passed, 3);
        assert!(throttle.admit(other, text, now), "another kind has its own bound");
        let later = now + WINDOW;
        assert_eq!(throttle.take(|kind| kind.is_over(now)), []);
        assert_eq!(throttle.take(|kind| kind.is_over(later)), [(text(), 7)]);
        assert_eq!(throttle.take(|_| true), [], "told once");
        let passed = (0..10).filter(|_| throttle.admit(one.clone(), text, later)).count();
        assert_eq!(passed, 3, "the next window");
    }

    #[test]
    fn a_bound_that_is_raised_holds_at_once() {
        let (throttle, [one, _], now) = (Throttle::new(1), kinds(), Instant::now());
        assert!(throttle.admit(one.clone(), text, now));
        assert!(!throttle.admit(one.clone(), text, now));
        throttle.set(2);
        assert!(throttle.admit(one, text, now));
    }

    #[test]
    fn what_is_quiet_keeps_no_count() {
        let (throttle, [one, _], now) = (Throttle::new(2), kinds(), Instant::now());
        for window in 0..5 {
            assert!(throttle.admit(one.clone(), text, now + window * WINDOW));
            assert!(throttle.admit(one.clone(), text, now + window * WINDOW));
        }
        assert_eq!(throttle.take(|_| true), []);
    }
}
