//! Exact timers for your own event loop.
//!
//! ```
//! use std::time::Duration;
//! use sul::{TimerList, Timestamp};
//!
//! let timers = TimerList::new();
//! let mut now = Timestamp::ZERO;                        // or `Clock::new().now()`, or your own
//! let mut idle = timers.timer("connection 7");          // unarmed; dropping it cancels it
//! idle.schedule(now + Duration::from_secs(30));         // arms or moves, never allocates
//!
//! while let Some(at) = timers.earliest() {
//!     let wait = at.saturating_since(now);              // how long your poll may sleep
//!     now += wait;                                      // read your clock once, after the wait
//!     for due in timers.expire(now) {                   // due.token, due.deadline
//!         println!("{} was idle", due.token);           // may schedule, cancel or drop any timer
//!     }
//! }
//! ```
//!
//! A [`Timer`] lives inside what it times: a connection, a request, a session. When that goes away,
//! so does the timer, and nobody has to remember to cancel it. The [`TimerList`] reads no clock and
//! calls nobody: it tells the loop how long it may sleep, and the loop tells it what time it is. What
//! comes back is a [`Due`] with the *token* the timer was made with, a small `Copy` value such as a
//! key into the owner's own table.
//!
//! # Guarantees
//!
//! 1. Never early.
//! 2. Each pass in deadline order; equal deadlines in the order they were scheduled.
//! 3. When `cancel`, `schedule` or drop returns, the old deadline is never delivered — even if it was
//!    already due.
//! 4. A timer armed during an expiry pass is not delivered by that pass: a pass always ends.
//! 5. `earliest` is exact and costs O(1).
//! 6. No callback, no thread, no clock read, no allocation in `schedule`, no panic for any deadline.
//! 7. Forgetting a handle (`mem::forget`) leaks a slot and nothing worse.
//!
//! # One turn of the loop
//!
//! ```text
//!        ┌──────────────► earliest() ───────────┐
//!        │                                      ▼
//!   schedule, cancel, drop              wait: poll, park, …
//!   (from handlers, or from             at most until then
//!    `on_due` below)                            │
//!        ▲                                      ▼
//!        └── on_due(due) ◄── expire(now) ◄── read the clock once
//! ```
//!
//! A timer may come due between the reading and the next wait: `earliest` is then in the past,
//! [`saturating_since`](Timestamp::saturating_since) is zero, and the wait returns at once. (Where a
//! timeout of zero means something else, as for std's `set_read_timeout`, don't wait then.)
//!
//! Handle what the wait has brought before `expire`: a message that came in time moves the timeout
//! of its connection, even one that is due already, and nobody is dropped because the loop was late.
//!
//! # Which one
//!
//! [`TimerList`] is for one thread: it is `!Send`, and a timer of it cannot even be named on another.
//! `sul::sync::TimerList` (feature `sync`, on by default) has the same methods for many threads, and a
//! wake function. Without default features the crate is `no_std` and needs only `alloc`.
//!
//! # What may change
//!
//! Everything has private fields and can grow, but for [`Due`], which is a token and a deadline and
//! stays so. What is promised here, the jitter that a seed gives in [`retry`] included, changes only
//! with the first number of the version that is not zero.
//!
//! # Cost
//!
//! With n timers made, armed or not: [`earliest`](TimerList::earliest) O(1);
//! [`schedule`](Timer::schedule), [`cancel`](Timer::cancel), dropping and each delivery O(log n), all
//! but deliveries O(1) on average where most are armed; [`shift_forward`](TimerList::shift_forward) O(n);
//! [`snapshot`](TimerList::snapshot) O(n + m log m) with m armed. Only making a timer allocates, and
//! `snapshot` and `{:?}` of a list, which copy. A timer
//! takes 18 bytes beside its handle and its token. The README has measurements, a guide to choosing
//! between this and other structures, and a table for those who come from libwebsockets.
//!
//! # How it works
//!
//! A tournament among 16-byte keys, `deadline 64 | sequence 64`. Each timer has a place for its key
//! from when it is made, in a group of eight; over the groups is a complete binary tree that keeps who
//! has won each match, the earliest deadline of all at its root. A timer that moves writes its key in
//! place, and only the matches that it has won, or now wins, are played again: for seven timers in
//! eight there are none. So there is no search, no key is moved about, and nothing is put off. The
//! sequence, which orders equal deadlines, lasts 292 years at a billion schedules a second.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
mod clock;
mod due;
mod engine;
#[cfg(test)]
mod engine_tests;
mod local;
pub mod retry;
#[cfg(feature = "sync")]
pub mod sync;
mod timestamp;

#[cfg(feature = "std")]
pub use clock::Clock;
pub use due::Due;
pub use local::{Expired, Timer, TimerList};
pub use timestamp::Timestamp;

/// The README's examples are tests too.
#[cfg(all(doctest, feature = "sync"))]
#[doc = include_str!("../README.md")]
mod readme {}
