//! The child processes of one round, seen from the storm: started, told, listened to, killed.

use std::io::{self, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use mio::unix::pipe::Receiver;
use mio::{Interest, Registry, Token};
use rustix::process::{Pid, Signal, kill_process};

use super::child::{Company, Lines, News, Order};
use super::complaints::Complaints;
use super::latency::Latencies;

/// The hidden subcommand that runs a child.
const SUBCOMMAND: &str = "storm-child";

/// All children of a round. Dropping it kills and reaps them.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    members: Vec<Process>,
    /// Some of our children have spoken: their pipes are to be read.
    pub(super) spoke: bool,
    /// Their end is what the storm wants; it is no loss.
    pub(super) doomed: bool,
}

#[derive(Debug)]
struct Process {
    child: Child,
    orders: ChildStdin,
    news: Lines<Receiver>,
    silent: bool,
    said: Said,
}

/// The latest of what a child has said.
#[derive(Debug, Default)]
struct Said {
    open: usize,
    failed: usize,
    opened: bool,
    lost: usize,
    parted: Option<(usize, usize)>,
    hung_up: Vec<u64>,
    handshakes: u64,
    failures: u64,
    churned_us: Option<u64>,
    company: Company,
}

impl Crowd {
    /// Starts a child for each order.
    ///
    /// # Errors
    ///
    /// The executable cannot be started again, or a pipe failed.
    pub(super) fn start(orders: &[Order], registry: &Registry) -> io::Result<Self> {
        let mut crowd = Self::default();
        for order in orders {
            let token = Token(crowd.members.len());
            crowd.members.push(Process::start(order, registry, token)?);
        }
        Ok(crowd)
    }

    pub(super) fn order(&mut self, order: &Order) -> io::Result<()> {
        self.members.iter_mut().try_for_each(|process| process.order(order))
    }

    /// SIGKILL for all; nothing is waited for, so that the storm can look on.
    pub(super) fn kill(&mut self) {
        self.doomed = true;
        for process in &mut self.members {
            // It may have died already, which is what is wanted.
            let _ = process.child.kill();
        }
    }

    /// Sends a signal to all: SIGSTOP or SIGCONT.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        for process in &self.members {
            kill_process(Pid::from_child(&process.child), signal)?;
        }
        Ok(())
    }

    /// Reads what the children have said since.
    pub(super) fn listen(&mut self, complaints: &mut Complaints) {
        self.spoke = false;
        for process in self.members.iter_mut().filter(|process| !process.silent) {
            let said = &mut process.said;
            let open = process.news.read(|news| said.hear(news, complaints));
            if matches!(open, Ok(true)) {
                continue;
            }
            process.silent = true;
            if !self.doomed {
                complaints.add("a child process of the storm ended by itself".into());
            }
        }
    }

    /// Whether every child still lives, as far as its pipe tells.
    pub(super) fn is_whole(&self) -> bool {
        self.doomed || self.members.iter().all(|process| !process.silent)
    }

    pub(super) fn open(&self) -> usize {
        self.said().map(|said| said.open).sum()
    }

    pub(super) fn failed(&self) -> usize {
        self.said().map(|said| said.failed).sum()
    }

    pub(super) fn opened(&self) -> bool {
        self.said().all(|said| said.opened)
    }

    pub(super) fn lost(&self) -> usize {
        self.said().map(|said| said.lost).sum()
    }

    /// Clean and unclean endings, once every child has ended all of its connections.
    pub(super) fn parted(&self) -> Option<(usize, usize)> {
        self.said().try_fold((0, 0), |(clean, unclean), said| {
            said.parted.map(|parted| (clean + parted.0, unclean + parted.1))
        })
    }

    pub(super) fn hung_up(&self) -> usize {
        self.said().map(|said| said.hung_up.len()).sum()
    }

    /// From the last proof of life to the hang-up, of every frozen connection hung up on.
    pub(super) fn hang_ups(&self) -> Latencies {
        let mut latencies = Latencies::new();
        for after_us in self.said().flat_map(|said| &said.hung_up) {
            latencies.record_us(*after_us);
        }
        latencies
    }

    /// Handshakes and failures of a churn so far.
    pub(super) fn churning(&self) -> (u64, u64) {
        self.said().fold((0, 0), |sum, said| (sum.0 + said.handshakes, sum.1 + said.failures))
    }

    /// How long the churn took, once it is over.
    pub(super) fn churned_us(&self) -> Option<u64> {
        self.said().map(|said| said.churned_us).max().flatten()
    }

    /// How the companions among them have fared.
    pub(super) fn company(&self) -> Company {
        self.said().fold(Company::default(), |sum, said| sum.and(said.company))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    fn said(&self) -> impl Iterator<Item = &Said> {
        self.members.iter().map(|process| &process.said)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.kill();
        for process in &mut self.members {
            let _ = process.child.wait();
        }
    }
}

impl Process {
    fn start(order: &Order, registry: &Registry, token: Token) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(SUBCOMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(orders), Some(news)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("a child process without pipes"));
        };
        let mut news = Receiver::from(news);
        news.set_nonblocking(true)?;
        registry.register(&mut news, token, Interest::READABLE)?;
        let news = Lines::new(news);
        let mut process = Self { child, orders, news, silent: false, said: Said::default() };
        process.order(order)?;
        Ok(process)
    }

    fn order(&mut self, order: &Order) -> io::Result<()> {
        let mut line = serde_json::to_vec(order)?;
        line.push(b'\n');
        self.orders.write_all(&line)
    }
}

impl Said {
    fn hear(&mut self, news: News, complaints: &mut Complaints) {
        match news {
            News::Opening { open, failed } => (self.open, self.failed) = (open, failed),
            News::Opened { open, failed } => {
                (self.open, self.failed, self.opened) = (open, failed, true);
            }
            News::Lost { lost } => self.lost = lost,
            News::Parted { clean, unclean } => self.parted = Some((clean, unclean)),
            News::HungUp { after_us } => self.hung_up.extend(after_us),
            News::Churning { handshakes, failures } => {
                (self.handshakes, self.failures) = (handshakes, failures);
            }
            News::Churned { handshakes, failures, elapsed_us } => {
                (self.handshakes, self.failures) = (handshakes, failures);
                self.churned_us = Some(elapsed_us);
            }
            News::Company(company) => self.company = company,
            News::Complaint(complaint) => complaints.add(format!("crowd: {complaint}")),
        }
    }
}
