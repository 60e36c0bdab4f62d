//! The same four names for use across threads.
//!
//! One thread, the *owner*, sleeps until the earliest deadline and delivers what is due; any thread
//! may make, schedule, cancel and drop timers. The list cannot know what its owner sleeps on, so it
//! is made with a *wake function*: [`prepare_sleep`](TimerList::prepare_sleep) tells the owner how
//! long to sleep and the list what it slept for, and until the next
//! [`expire`](TimerList::expire) the first schedule that comes earlier than that rings the wake
//! function, once.
//!
//! ```
//! use std::thread;
//! use std::time::Duration;
//! use sul::Clock;
//! use sul::sync::TimerList;
//!
//! let clock = Clock::new();
//! let owner = thread::current();
//! let timers = TimerList::new(move || owner.unpark());
//!
//! let producer = thread::spawn({
//!     let timers = timers.clone();
//!     move || {
//!         let mut timer = timers.timer("hello");
//!         timer.schedule(clock.now() + Duration::from_millis(1));
//!         timer // whoever keeps it keeps it armed
//!     }
//! });
//!
//! let hello = 'served: loop {
//!     match timers.prepare_sleep() {
//!         Some(at) => thread::park_timeout(at.saturating_since(clock.now())),
//!         None => thread::park(),
//!     }
//!     for due in timers.expire(clock.now()) {
//!         break 'served due.token;
//!     }
//! };
//! assert_eq!(hello, "hello");
//! # drop(producer.join());
//! ```
//!
//! The wake function is called by the thread that schedules, outside the lock; it may call anything,
//! this list included. It must be *sticky*: a ring that comes before the owner is really asleep has
//! to end that sleep. Thread parking, a `mio::Waker`, an eventfd or pipe, and `tokio::sync::Notify`
//! all are; a bare condition variable is not. (Parking is, if nothing else that parks comes between
//! `prepare_sleep` and `park`: a channel's `recv` may.) A ring may also come late, when the owner is
//! awake again: then it wakes once for nothing, and its pass is empty.
//!
//! Timers may outlive the owner: they can still be armed, and may ring, but nobody delivers them.
//!
//! # A thread of its own
//!
//! Where the owner is a thread that you spawn, make the list there, so that the wake function can
//! name the thread, and send a clone out. What tells it to stop can be a timer, too:
//!
//! ```
//! use std::sync::mpsc;
//! use std::thread;
//! use sul::Clock;
//! use sul::sync::TimerList;
//!
//! #[derive(Clone, Copy)]
//! enum Token {
//!     Job(u32),
//!     Stop,
//! }
//!
//! let clock = Clock::new();
//! let (hand_out, handed_out) = mpsc::channel();
//! let owner = thread::spawn(move || {
//!     let me = thread::current();
//!     let timers = TimerList::new(move || me.unpark());
//!     hand_out.send(timers.clone()).expect("somebody waits for the list");
//!     loop {
//!         match timers.prepare_sleep() {
//!             Some(at) => thread::park_timeout(at.saturating_since(clock.now())),
//!             None => thread::park(),
//!         }
//!         for due in timers.expire(clock.now()) {
//!             match due.token {
//!                 Token::Job(job) => println!("job {job} is due"),
//!                 Token::Stop => return, // what is due behind it stays armed
//!             }
//!         }
//!     }
//! });
//!
//! let timers = handed_out.recv().expect("the owner sends its list");
//! let mut job = timers.timer(Token::Job(7));
//! job.schedule(clock.now());
//! let mut stop = timers.timer(Token::Stop);
//! stop.schedule(clock.now()); // not before the job: equal deadlines keep their order
//! owner.join().expect("the owner stops");
//! ```
//!
//! To stop behind all that is armed, schedule it for the last deadline of a
//! [`snapshot`](TimerList::snapshot).
//!
//! # What "cancelled" means while another thread delivers
//!
//! A pass takes each [`Due`] out of the list under the lock, one at a time. A `cancel`,
//! a `schedule` or a drop comes either before that or after it:
//!
//! - Before: the old deadline is never delivered. `cancel` returns true.
//! - After: that delivery has already happened, though the owner may still be about to act on it.
//!   `cancel` returns false. Nothing further is delivered for the old deadline.
//!
//! So of an armed timer's deadline there is either one successful `cancel` or one delivery, never
//! both and never neither. Who must know that the owner has *finished acting* has to ask the owner.
//!
//! # Cost
//!
//! Each call locks a [`parking_lot::Mutex`](https://docs.rs/parking_lot/latest/parking_lot/type.Mutex.html) for as long as the local flavour would take, a pass once
//! for each delivery. No user code runs under the lock: tokens are `Copy`, and the wake function and
//! `Debug` of tokens run after it is released.

mod expired;
mod list;
mod lock;
mod shared;
mod sleep;
mod timer;

#[cfg(test)]
mod loom_tests;

use alloc::sync::Arc;

use parking_lot::Mutex;

use shared::State;

pub use crate::Due;
pub use expired::Expired;
pub use list::TimerList;
pub use timer::Timer;

/// The list that the public names share, behind the production lock.
type Shared<T> = Arc<shared::Shared<T, Mutex<State<T>>>>;
