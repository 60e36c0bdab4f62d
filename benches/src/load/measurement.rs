//! How many messages, how late, and at what cost.

use std::error::Error;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// The longest latency that is told apart from longer ones, in microseconds.
const LONGEST: u64 = 60_000_000;

/// What has been counted since it began.
#[derive(Debug)]
pub struct Measurement {
    start: Instant,
    server: Option<u32>,
    /// Nanoseconds of the server's and of this process's CPU at the beginning.
    cpu: [u64; 2],
    messages: u64,
    latency: Histogram<u64>,
}

impl Measurement {
    /// Begins.
    ///
    /// # Errors
    /// None that are known of: the histogram's bounds are valid.
    pub fn begin(server: Option<u32>) -> Result<Self, Box<dyn Error>> {
        let latency = Histogram::new_with_bounds(1, LONGEST, 3)?;
        Ok(Self { start: Instant::now(), server, cpu: cpus(server), messages: 0, latency })
    }

    /// Counts messages that have come.
    pub fn count(&mut self, messages: u64) {
        self.messages += messages;
    }

    /// Messages that have come.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    /// Notes that so many were so late.
    pub fn late(&mut self, count: u64, late: Duration) {
        let micros = u64::try_from(late.as_micros()).unwrap_or(u64::MAX);
        self.latency.saturating_record_n(micros, count);
    }

    /// One line of JSON: messages a second, latencies, and CPU time per message.
    ///
    /// # Errors
    /// Nothing has come.
    pub fn report(&self) -> Result<String, Box<dyn Error>> {
        if self.messages == 0 {
            return Err("nothing has come back".into());
        }
        #[expect(clippy::cast_precision_loss, reason = "far below 2⁵²")]
        let messages = self.messages as f64;
        let rate = messages / self.start.elapsed().as_secs_f64();
        let [server, load] = cpus(self.server);
        let micros = |after: u64, before: u64| {
            Duration::from_nanos(after.saturating_sub(before)).as_secs_f64() * 1e6 / messages
        };
        let at = |quantile| self.latency.value_at_quantile(quantile);
        Ok(format!(
            "{{\"rate\": {rate:.0}, \"p50_us\": {}, \"p99_us\": {}, \"p999_us\": {}, \
             \"server_cpu_us\": {:.3}, \"load_cpu_us\": {:.3}}}",
            at(0.5),
            at(0.99),
            at(0.999),
            micros(server, self.cpu[0]),
            micros(load, self.cpu[1]),
        ))
    }
}

fn cpus(server: Option<u32>) -> [u64; 2] {
    [server, Some(std::process::id())].map(cpu)
}

/// Nanoseconds that a process has run, by the scheduler's account; zero where there is none.
fn cpu(process: Option<u32>) -> u64 {
    let Some(process) = process else { return 0 };
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten();
    let one = |task: std::fs::DirEntry| -> Option<u64> {
        let account = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        account.split(' ').next()?.parse().ok()
    };
    tasks.filter_map(|task| one(task.ok()?)).sum()
}
