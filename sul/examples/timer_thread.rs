//! A timer thread that serves many producers: `cargo run -p sul --example timer_thread`.
//!
//! Producers arm and drop timers from their own threads. The timer thread sleeps for exactly as
//! long as it may and hands what is due to whoever asked, over a channel, until a timer tells it to
//! stop.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use sul::Clock;
use sul::sync::TimerList;

/// Which producer, and which of its requests.
#[derive(Clone, Copy, Debug)]
struct Job {
    producer: usize,
    request: u32,
}

/// What can come due.
#[derive(Clone, Copy)]
enum Token {
    Job(Job),
    Stop,
}

const PRODUCERS: usize = 4;
const REQUESTS: u32 = 5;
/// A request that is given up at once.
const ABANDONED: u32 = u32::MAX;

fn main() {
    let clock = Clock::new();
    let (replies, inboxes): (Vec<_>, Vec<_>) = (0..PRODUCERS).map(|_| mpsc::channel()).unzip();
    let (hand_over, receive) = mpsc::channel();

    let timer_thread = thread::spawn(move || {
        let me = thread::current();
        let timers = TimerList::new(move || me.unpark());
        hand_over.send(timers.clone()).expect("main waits for the list");
        serve(&timers, clock, &replies);
    });
    let timers = receive.recv().expect("the timer thread sends its list");

    let producers: Vec<_> = inboxes
        .into_iter()
        .enumerate()
        .map(|(producer, inbox)| {
            let timers = timers.clone();
            thread::spawn(move || produce(producer, &timers, clock, &inbox))
        })
        .collect();
    for producer in producers {
        producer.join().expect("a producer ends well");
    }
    let mut stop = timers.timer(Token::Stop);
    stop.schedule(clock.now());
    timer_thread.join().expect("the timer thread ends well");
}

/// The owner's loop.
fn serve(timers: &TimerList<Token>, clock: Clock, replies: &[mpsc::Sender<Job>]) {
    loop {
        match timers.prepare_sleep() {
            Some(until) => thread::park_timeout(until.saturating_since(clock.now())),
            None => thread::park(),
        }
        let now = clock.now();
        for due in timers.expire(now) {
            let Token::Job(job) = due.token else {
                return;
            };
            println!("{job:?} is {:?} late", now.saturating_since(due.deadline));
            // A producer that has all it wanted has left.
            let _ = replies[job.producer].send(job);
        }
    }
}

fn produce(producer: usize, timers: &TimerList<Token>, clock: Clock, inbox: &mpsc::Receiver<Job>) {
    for request in 0..REQUESTS {
        let mut wanted = timers.timer(Token::Job(Job { producer, request }));
        let mut abandoned = timers.timer(Token::Job(Job { producer, request: ABANDONED }));
        abandoned.schedule(clock.now() + Duration::from_millis(1));
        drop(abandoned); // most likely before it is due, and then nobody hears of it
        wanted.schedule(clock.now() + Duration::from_millis(5 + producer as u64));
        while inbox.recv().is_ok_and(|job| job.request != request) {}
    }
}
