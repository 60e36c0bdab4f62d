//! The child's own loop: orders in, connections held or churned, news out.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use mio::unix::pipe::Receiver;
use mio::{Interest, Token};

use super::churn::Churner;
use super::company;
use super::holder::Holder;
use super::{Lines, News, Order};
use crate::storm::limits;

/// How often a child says how far it is, and looks for handshakes that take too long.
pub(super) const NEWS_EVERY: Duration = Duration::from_millis(100);

pub(super) const ORDERS: Token = Token(0);

/// Runs a child until its stdin closes.
pub(crate) fn run() -> ExitCode {
    limits::raise();
    match obey() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&News::Complaint(format!("child process: {error}")));
            ExitCode::FAILURE
        }
    }
}

fn obey() -> io::Result<()> {
    die_with_parent()?;
    let stdin = io::stdin().as_fd().try_clone_to_owned()?;
    let mut orders = Lines::new(Receiver::from(stdin));
    // The first order says which work this process is for, and it comes at once.
    let mut first = Vec::new();
    while first.is_empty() {
        if !read_blocking(&mut orders, &mut first)? {
            return Ok(());
        }
    }
    orders.pipe().set_nonblocking(true)?;
    let mut rest = first.into_iter();
    match rest.next() {
        Some(Order::Open(opening)) => Holder::new(&opening)?.run(&mut orders, rest.collect()),
        Some(Order::Churn(churn)) => Churner::new(&churn)?.run(&mut orders),
        Some(Order::Accompany(companions)) => company::run(&companions, &mut orders),
        Some(Order::Part(_)) | None => Ok(()),
    }
}

/// Waits for orders with a poll of its own: the swarm needs the target, which is in the first one.
fn read_blocking(orders: &mut Lines<Receiver>, into: &mut Vec<Order>) -> io::Result<bool> {
    orders.pipe().set_nonblocking(true)?;
    let mut poll = mio::Poll::new()?;
    poll.registry().register(orders.pipe(), ORDERS, Interest::READABLE)?;
    poll.poll(&mut mio::Events::with_capacity(1), None)?;
    let open = orders.read(|order| into.push(order))?;
    poll.registry().deregister(orders.pipe())?;
    Ok(open)
}

/// Says something to the storm. It is gone if it does not listen; then stdin is closed too.
pub(super) fn tell(news: &News) {
    if let Ok(line) = serde_json::to_string(news) {
        let _ = writeln!(io::stdout().lock(), "{line}");
    }
}

/// A moment that comes again and again.
#[derive(Debug)]
pub(super) struct Every {
    period: Duration,
    pub(super) next: Instant,
}

impl Every {
    pub(super) fn new(period: Duration) -> Self {
        Self { period, next: Instant::now() + period }
    }

    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let due = now >= self.next;
        if due {
            self.next = now + self.period;
        }
        due
    }
}

/// A stopped process does not notice that its stdin closes.
#[cfg(target_os = "linux")]
fn die_with_parent() -> io::Result<()> {
    let kill = Some(rustix::process::Signal::KILL);
    Ok(rustix::process::set_parent_process_death_signal(kill)?)
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent() -> io::Result<()> {
    Ok(())
}
