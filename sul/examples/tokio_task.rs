//! One tokio timer for any number of ours: `cargo run -p sul --example tokio_task`.
//!
//! A task owns the list and sleeps until its earliest deadline; the wake function is a `Notify`, so
//! any task or thread may schedule.

use std::sync::Arc;
use std::time::Duration;

use sul::Clock;
use sul::sync::TimerList;
use tokio::sync::{Notify, mpsc};
use tokio::time::sleep;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let clock = Clock::new();
    let earlier = Arc::new(Notify::new());
    let timers = TimerList::new({
        let earlier = Arc::clone(&earlier);
        move || earlier.notify_one()
    });
    let (sender, mut due) = mpsc::unbounded_channel();
    let owner = tokio::spawn(serve(timers.clone(), clock, earlier, sender));

    let mut sessions: Vec<_> = (0..5).map(|session| timers.timer(session)).collect();
    for (session, timer) in (0_u64..).zip(&mut sessions) {
        timer.schedule(clock.now() + Duration::from_millis(50 - 10 * session));
    }
    sessions.remove(2); // its owner is gone, and so is its timer
    for _ in 0..sessions.len() {
        println!("session {:?} is due", due.recv().await);
    }
    owner.abort();
}

/// The owner's loop.
async fn serve(
    timers: TimerList<u64>,
    clock: Clock,
    earlier: Arc<Notify>,
    sender: mpsc::UnboundedSender<u64>,
) {
    loop {
        match timers.prepare_sleep() {
            Some(until) => tokio::select! {
                () = sleep(until.saturating_since(clock.now())) => {}
                () = earlier.notified() => {}
            },
            None => earlier.notified().await,
        }
        for due in timers.expire(clock.now()) {
            // Whoever stopped listening does not want to know.
            let _ = sender.send(due.token);
        }
    }
}
