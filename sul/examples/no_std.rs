//! A firmware loop, with nothing but `alloc`:
//! `cargo run -p sul --no-default-features --example no_std`.
//!
//! The loop itself is `no_std`: its clock is a tick counter and its sleep is "wait for interrupt".
//! Only `main`, which stands for the board, uses the standard library.

use firmware::{Board, run};

mod firmware {
    use core::time::Duration;

    use sul::{TimerList, Timestamp};

    /// What the hardware gives.
    pub(crate) trait Board {
        /// Microseconds since power-on.
        fn ticks(&self) -> u64;
        /// Sleeps until an interrupt, or until the alarm.
        fn wait_for_interrupt(&mut self, alarm: Option<Timestamp>);
        /// Switches the light.
        fn light(&mut self, on: bool);
    }

    #[derive(Clone, Copy)]
    enum Job {
        Blink,
        Stop,
    }

    /// Blinks every 250 ms, in phase, for two seconds.
    pub(crate) fn run(board: &mut impl Board) {
        const PERIOD: Duration = Duration::from_millis(250);
        let timers = TimerList::with_capacity(2);
        let (mut blink, mut stop) = (timers.timer(Job::Blink), timers.timer(Job::Stop));
        let start = Timestamp::from_micros(board.ticks());
        blink.schedule(start + PERIOD);
        stop.schedule(start + Duration::from_secs(2));

        let mut is_on = false;
        while !timers.is_empty() {
            board.wait_for_interrupt(timers.earliest());
            let now = Timestamp::from_micros(board.ticks());
            for due in timers.expire(now) {
                match due.token {
                    Job::Blink => {
                        is_on = !is_on;
                        board.light(is_on);
                        blink.schedule(due.next(PERIOD, now));
                    }
                    Job::Stop => _ = blink.cancel(),
                }
            }
        }
    }
}

/// A board that is always a little late.
struct Simulated {
    ticks: u64,
}

impl Board for Simulated {
    fn ticks(&self) -> u64 {
        self.ticks
    }

    fn wait_for_interrupt(&mut self, alarm: Option<sul::Timestamp>) {
        if let Some(alarm) = alarm {
            self.ticks = alarm.as_micros() + 37;
        }
    }

    fn light(&mut self, on: bool) {
        println!("{:>9} µs: light {}", self.ticks, if on { "on" } else { "off" });
    }
}

fn main() {
    run(&mut Simulated { ticks: 1_000 });
}
