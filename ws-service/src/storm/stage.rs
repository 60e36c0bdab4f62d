//! Where the storm plays: everybody the measuring process takes care of, driven by one loop.

use std::io;
use std::time::{Duration, Instant};

use mio::Token;

use super::client::{Crew, Ending, Line, Message, Swarm, Target};
use super::complaints::Complaints;
use super::crowd::Crowd;
use super::fresh::{self, Fresh};
use super::options::{End, Options};
use super::random::Random;
use super::survivors::{self, Survivors};
use super::timeline::{Held, Timeline};
use super::watch::Watch;

const SWEEP: Duration = Duration::from_millis(50);

/// How often the server's descriptors are counted while they are waited for.
const SAMPLE: Duration = Duration::from_millis(1);

/// Whose connection it is.
#[derive(Debug)]
pub(super) enum Member {
    /// The survivor of this number.
    Survivor(usize),
    Fresh(fresh::Attempt),
}

/// Everybody who is told what happens on the connections, or in the children.
#[derive(Debug)]
pub(super) struct Cast {
    pub(super) survivors: Survivors,
    pub(super) fresh: Fresh,
    pub(super) crowd: Crowd,
    /// Those who talk for as long as a soak lasts.
    pub(super) companions: Crowd,
    pub(super) complaints: Complaints,
    /// Of the round that goes on, if it is to be drawn.
    pub(super) timeline: Option<Timeline>,
}

/// The loop and its cast.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) swarm: Swarm<Member>,
    pub(super) cast: Cast,
    pub(super) watch: Option<Watch>,
    pub(super) reclaim: Option<Reclaim>,
    /// Why it makes no sense to go on.
    pub(super) over: Option<String>,
    /// Whether the survivors have had their chance to connect.
    pub(super) gathered: bool,
    end: End,
    timeout: Duration,
    next_sweep: Instant,
}

/// Waiting for the server's descriptors to come down to those of everybody who stays.
#[derive(Debug)]
pub(super) struct Reclaim {
    since: Instant,
    baseline: u64,
    next: Instant,
    pub(super) took: Option<Duration>,
}

impl Reclaim {
    pub(super) fn new(since: Instant, baseline: u64) -> Self {
        Self { since, baseline, next: since, took: None }
    }

    /// Looks at the server's descriptors: that many, `inside` of which surely are newcomers'. A
    /// newcomer who may still wait to be accepted stands for nobody: behind each of them a dead
    /// connection could hide, for as long as the server stalls.
    fn judge(&mut self, descriptors: u64, inside: usize, now: Instant) {
        if self.took.is_none() && descriptors <= self.baseline + inside as u64 {
            self.took = Some(now.saturating_duration_since(self.since));
        }
    }
}

impl Stage {
    pub(super) fn new(options: &Options, target: Target, random: &mut Random) -> io::Result<Self> {
        let watch = options.server_pid.map(Watch::new).transpose()?;
        let size = usize::try_from(options.message_size).unwrap_or(usize::MAX);
        let (interval, timeout) = (options.interval, options.timeout);
        let survivors = Survivors::new(options.survivors, size, interval, timeout, random.split());
        let fresh = Fresh::new(options.fresh_interval, timeout, random.split());
        Ok(Self {
            swarm: Swarm::new(target, random.split())?,
            cast: Cast {
                survivors,
                fresh,
                crowd: Crowd::default(),
                companions: Crowd::default(),
                complaints: Complaints::default(),
                timeline: None,
            },
            watch,
            reclaim: None,
            over: None,
            gathered: false,
            end: options.end,
            timeout,
            next_sweep: Instant::now(),
        })
    }

    /// Lets everybody play until `done`, `limit`, or there is no point in going on. Returns whether
    /// it is done.
    ///
    /// # Errors
    ///
    /// The poll failed.
    pub(super) fn drive(
        &mut self,
        limit: Instant,
        mut done: impl FnMut(&Self) -> bool,
    ) -> io::Result<bool> {
        loop {
            let now = Instant::now();
            self.act(now);
            if done(self) {
                return Ok(true);
            }
            if now >= limit || self.over.is_some() {
                return Ok(false);
            }
            let wake = self.next_due().min(limit);
            self.swarm.turn(Some(wake), &mut self.cast)?;
        }
    }

    /// Stops sending and waits until nothing is under way; what never comes is lost by then.
    pub(super) fn rest(&mut self) -> io::Result<()> {
        self.cast.survivors.paused = true;
        self.cast.fresh.paused = true;
        // Half as long again: the sweep that ends what is overdue comes after the timeout.
        let limit = Instant::now() + self.timeout * 3 / 2 + 2 * SWEEP;
        let quiet = |stage: &Self| {
            stage.cast.fresh.under_way() == 0 && stage.cast.survivors.under_way() == 0
        };
        self.drive(limit, quiet).map(|_| ())
    }

    pub(super) fn resume(&mut self) {
        let now = Instant::now();
        self.cast.survivors.resume(now);
        self.cast.fresh.resume(now);
    }

    /// Records, or not; returns what was tallied until now.
    pub(super) fn record(&mut self, on: bool) -> (survivors::Tally, fresh::Tally) {
        self.cast.survivors.recording = on;
        self.cast.fresh.recording = on;
        let survivors = std::mem::take(&mut self.cast.survivors.tally);
        (survivors, std::mem::take(&mut self.cast.fresh.tally))
    }

    fn act(&mut self, now: Instant) {
        if self.cast.crowd.spoke {
            self.cast.crowd.listen(&mut self.cast.complaints);
        }
        if self.cast.companions.spoke {
            self.cast.companions.listen(&mut self.cast.complaints);
        }
        Survivors::send_due(&mut self.swarm, &mut self.cast, now);
        Fresh::start_due(&mut self.swarm, &mut self.cast, now);
        self.sample(now);
        self.draw(now);
        if now >= self.next_sweep {
            self.next_sweep = now + SWEEP;
            self.sweep(now);
        }
    }

    fn sweep(&mut self, now: Instant) {
        self.swarm.expire_handshakes(self.timeout, &mut self.cast, now);
        Survivors::expire(&mut self.swarm, &mut self.cast, now);
        Fresh::expire(&mut self.swarm, &mut self.cast, now);
        if let Some(error) = self.watch.as_ref().and_then(|watch| watch.descriptors().err()) {
            self.over = Some(format!("the server's process is gone: {error}"));
        }
        self.check_survivors();
    }

    /// Gives up if nobody is left to measure with.
    pub(super) fn check_survivors(&mut self) {
        let survivors = &self.cast.survivors;
        if self.gathered && survivors.count() > 0 && survivors.alive() == 0 {
            self.over = Some("no survivor is left".into());
        }
    }

    fn sample(&mut self, now: Instant) {
        let (Some(reclaim), Some(watch)) = (&mut self.reclaim, &self.watch) else { return };
        if reclaim.took.is_some() || now < reclaim.next {
            return;
        }
        reclaim.next = now + SAMPLE;
        if let Ok(descriptors) = watch.descriptors() {
            reclaim.judge(descriptors, self.cast.fresh.inside(), now);
        }
    }

    /// Notes down what is held, if a moment of the round is over.
    fn draw(&mut self, now: Instant) {
        let Some(timeline) = &mut self.cast.timeline else { return };
        if timeline.next_due().is_none_or(|next| now < next) {
            return;
        }
        let crowd = &self.cast.crowd;
        let crowd = match self.end {
            // Only those who were frozen wait for the server to end them.
            End::Freeze => crowd.open().saturating_sub(crowd.lost() + crowd.hung_up()),
            _ if timeline.has_ended() => 0,
            _ => crowd.open().saturating_sub(crowd.lost()),
        };
        let connections = crowd + self.cast.survivors.alive() + self.cast.fresh.inside();
        let descriptors = self.watch.as_ref().and_then(|watch| watch.descriptors().ok());
        timeline.turn(now, Held { connections: connections as u64, descriptors });
    }

    fn next_due(&self) -> Instant {
        let waiting = self.reclaim.as_ref().filter(|reclaim| reclaim.took.is_none());
        let sample = waiting.filter(|_| self.watch.is_some()).map(|reclaim| reclaim.next);
        let moment = self.cast.timeline.as_ref().and_then(Timeline::next_due);
        [self.cast.survivors.next_due(), self.cast.fresh.next_due(), sample, moment]
            .into_iter()
            .flatten()
            .fold(self.next_sweep, Instant::min)
    }
}

impl Crew for Cast {
    type Member = Member;

    fn opened(&mut self, line: &mut Line, member: &mut Member, now: Instant) {
        line.send_at_once();
        match member {
            Member::Survivor(index) => self.survivors.opened(*index, now),
            Member::Fresh(attempt) => self.fresh.opened(line, attempt),
        }
    }

    fn message(
        &mut self,
        line: &mut Line,
        member: &mut Member,
        message: Message<'_>,
        now: Instant,
    ) {
        let right = match member {
            Member::Survivor(index) => {
                self.survivors.message(*index, message, now, self.timeline.as_mut())
            }
            Member::Fresh(attempt) => self.fresh.message(line, attempt, message, now),
        };
        if let Err(complaint) = right {
            self.complaints.add(complaint);
        }
    }

    fn ended(&mut self, member: Member, ending: Ending, _: Instant, _: Instant) {
        match member {
            Member::Survivor(index) => {
                let complaint = self.survivors.ended(index, &ending);
                self.complaints.add(complaint);
            }
            Member::Fresh(attempt) => {
                if let Some(complaint) = self.fresh.ended(&attempt, &ending) {
                    self.complaints.add(complaint);
                }
            }
        }
    }

    fn outside(&mut self, _: Token) {
        self.crowd.spoke = true;
        self.companions.spoke = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_newcomers_that_are_inside_excuse_a_descriptor() {
        let start = Instant::now();
        let later = |ms| start + Duration::from_millis(ms);
        let mut reclaim = Reclaim::new(start, 10);
        reclaim.judge(110, 2, later(1));
        reclaim.judge(13, 2, later(2));
        assert_eq!(reclaim.took, None);
        reclaim.judge(12, 2, later(3));
        reclaim.judge(10, 0, later(4));
        assert_eq!(reclaim.took, Some(Duration::from_millis(3)));
    }
}
