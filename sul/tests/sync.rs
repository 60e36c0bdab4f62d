//! The shared list on real threads, and what its owner and its wake function may rely on.
#![cfg(feature = "sync")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use sul::sync::{Expired, Timer, TimerList};
use sul::{Clock, Timestamp};

fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// A list that counts its rings.
fn counted() -> (TimerList<u32>, Arc<AtomicUsize>) {
    let rings = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&rings);
    (TimerList::new(move || _ = counter.fetch_add(1, SeqCst)), rings)
}

#[test]
fn names_are_send_and_sync_and_a_handle_is_sixteen_bytes() {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<TimerList<u32>>();
    is_send_and_sync::<Timer<u32>>();
    is_send_and_sync::<Expired<u32>>();
    assert_eq!(size_of::<Timer<u32>>(), 16);
}

#[test]
fn a_schedule_rings_once_and_only_if_it_precedes_the_sleep() {
    let (list, rings) = counted();
    let mut timer = list.timer(0);
    timer.schedule(at(50));
    assert_eq!(rings.load(SeqCst), 0, "nobody sleeps");

    assert_eq!(list.prepare_sleep(), Some(at(50)));
    timer.schedule(at(50));
    timer.schedule(at(60));
    timer.cancel();
    assert_eq!(rings.load(SeqCst), 0, "nothing precedes 50");
    timer.schedule(at(49));
    timer.schedule(at(1));
    assert_eq!(rings.load(SeqCst), 1, "rung awake");

    assert_eq!(list.prepare_sleep(), Some(at(1)));
    drop(list.expire(at(0)));
    timer.schedule(at(0));
    assert_eq!(rings.load(SeqCst), 1, "who expires is awake");
}

#[test]
fn any_deadline_precedes_a_sleep_without_end() {
    let (list, rings) = counted();
    let mut timer = list.timer(0);
    assert_eq!(list.prepare_sleep(), None);
    timer.schedule(Timestamp::MAX);
    assert_eq!(rings.load(SeqCst), 1);
}

#[test]
fn earliest_records_nothing() {
    let (list, rings) = counted();
    let mut timer = list.timer(0);
    assert_eq!(list.earliest(), None);
    timer.schedule(at(1));
    assert_eq!(rings.load(SeqCst), 0);
}

#[test]
fn shifting_the_clock_leaves_the_sleep_as_long_as_it_was() {
    let (list, rings) = counted();
    let (mut first, mut second) = (list.timer(1), list.timer(2));
    first.schedule(at(50));
    assert_eq!(list.prepare_sleep(), Some(at(50)));
    list.shift_forward(Duration::from_micros(100));
    second.schedule(at(150));
    assert_eq!(rings.load(SeqCst), 0);
    second.schedule(at(149));
    assert_eq!(rings.load(SeqCst), 1);
}

#[test]
fn a_batch_rings_once_keeps_its_order_and_reaches_other_lists() {
    let (list, rings) = counted();
    let (other_list, other_rings) = counted();
    let (mut a, mut b, mut c) = (list.timer(1), other_list.timer(2), list.timer(3));
    assert_eq!((list.prepare_sleep(), other_list.prepare_sleep()), (None, None));
    list.schedule_batch(&mut [(&mut c, at(9)), (&mut b, at(9)), (&mut a, at(9))]);
    let due: Vec<u32> = list.expire(at(9)).map(|due| due.token).collect();
    assert_eq!(due, [3, 1]);
    assert_eq!(other_list.expire(at(9)).map(|due| due.token).collect::<Vec<_>>(), [2]);
    assert_eq!((rings.load(SeqCst), other_rings.load(SeqCst)), (1, 1));
}

#[test]
fn cancel_is_false_once_a_pass_has_taken_the_timer_and_true_until_then() {
    let (list, _) = counted();
    let mut timers = [list.timer(0), list.timer(1)];
    for timer in &mut timers {
        timer.schedule(at(5));
    }
    let mut pass = list.expire(at(5));
    assert_eq!(pass.next().map(|due| due.token), Some(0));
    let cancelled =
        thread::spawn(move || timers.each_mut().map(Timer::cancel)).join().expect("joins");
    assert_eq!(cancelled, [false, true]);
    assert_eq!(pass.next(), None);
}

/// Threads that schedule and cancel at random, and an owner that sleeps for as long as it is told:
/// if a wake-up were lost it would sleep for ever. Bounded by a count, not by time.
#[test]
fn stress_each_arming_is_either_cancelled_or_delivered() {
    const THREADS: u64 = 4;
    const ROUNDS: u64 = 20_000;
    let seed = 0x5DEE_CE66_D1CE_5EED;
    println!("seed {seed:#x}");

    let clock = Clock::new();
    let owner = thread::current();
    let list = TimerList::new(move || owner.unpark());
    let producers: Vec<_> = (1..=THREADS)
        .map(|thread| {
            let list = list.clone();
            thread::spawn(move || produce(&list, clock, seed ^ thread, ROUNDS))
        })
        .collect();

    let (mut delivered, mut finished) = (0, 0);
    while finished < THREADS {
        match list.prepare_sleep() {
            Some(until) => thread::park_timeout(until.saturating_since(clock.now())),
            None => thread::park(),
        }
        let now = clock.now();
        for due in list.expire(now) {
            assert!(due.deadline <= now, "early");
            match due.token {
                Job::Work => delivered += 1,
                Job::Finish => finished += 1,
            }
        }
    }
    let kept: u64 = producers.into_iter().map(|thread| thread.join().expect("joins").0).sum();
    assert_eq!(delivered, kept);
    assert!(list.is_empty());
}

#[derive(Clone, Copy)]
enum Job {
    Work,
    Finish,
}

/// Arms timers a little ahead and takes some back; returns how many armings were left to deliver,
/// and the timer that says it is done.
fn produce(list: &TimerList<Job>, clock: Clock, seed: u64, rounds: u64) -> (u64, Timer<Job>) {
    let mut random = seed;
    let mut timers: Vec<_> = (0..32).map(|_| list.timer(Job::Work)).collect();
    let mut kept = 0;
    for _ in 0..rounds {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let timer = &mut timers[(random >> 33) as usize % 32];
        kept -= u64::from(timer.cancel());
        timer.schedule(clock.now() + Duration::from_micros(random >> 58));
        kept += 1;
    }
    for timer in &mut timers {
        kept -= u64::from(timer.cancel());
    }
    let mut finish = list.timer(Job::Finish);
    finish.schedule(clock.now());
    (kept, finish)
}
