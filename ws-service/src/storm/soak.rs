//! A soak: rounds of every kind, one after another, for as long as is asked for, while companions talk
//! in rooms and read slowly. What grows by a little each time, or goes wrong once in a thousand times,
//! shows here or nowhere.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use super::child::{Companions, Company, Kind, Order, Parting};
use super::client::Target;
use super::crowd::Crowd;
use super::latency::microseconds;
use super::options::End;
use super::report::{Companionship, Memory, Soak, SoakRound};
use super::round::{Director, GRACE, milliseconds};
use super::stage::Stage;

/// The order of the rounds: each kind of end follows, and is followed by, a quite different one.
pub(super) const ENDS: [End; 7] =
    [End::Kill, End::Freeze, End::Churn, End::Close, End::Stop, End::Reset, End::Fin];

const ROOMS: usize = 2;

/// Plays rounds until `time` is over.
///
/// # Errors
///
/// The storm itself failed, or its companions could not come.
pub(super) fn play(director: &mut Director<'_>, time: Duration, seed: u64) -> anyhow::Result<Soak> {
    director.accompany()?;
    let start = Instant::now();
    let mut rounds = Vec::new();
    for (number, end) in (1..).zip(ENDS.into_iter().cycle()) {
        if start.elapsed() >= time {
            break;
        }
        let began = start.elapsed();
        let round = director.round(number, end).with_context(|| format!("round {number}"))?;
        let round = SoakRound { end, began_us: microseconds(began), round };
        println!("{}", round.line());
        let is_over = round.round.over.is_some();
        rounds.push(round);
        if is_over {
            break;
        }
    }
    let lasted = start.elapsed();
    let company = director.part_with_company()?;
    let options = director.options;
    let soak = Soak {
        version: env!("CARGO_PKG_VERSION"),
        url: options.url.clone(),
        asked_us: microseconds(time),
        lasted_us: microseconds(lasted),
        connections: options.connections,
        survivors: options.survivors,
        interval_us: microseconds(options.interval),
        message_bytes: options.message_size,
        seed,
        felt: director.felt.summary(),
        p99_below_us: microseconds(options.p99_below),
        memory: Memory::of(&rounds, microseconds(lasted)),
        companions: company,
        rounds,
        losses: 0,
    };
    Ok(soak.judged())
}

impl Director<'_> {
    /// Has the companions come.
    fn accompany(&mut self) -> anyhow::Result<()> {
        let connections = self.options.companions as usize;
        if connections == 0 {
            return Ok(());
        }
        let mut orders = vec![self.companions(Kind::Slow, self.target.clone())];
        for room in 1..=ROOMS {
            let path = format!("{}/storm-{room}", self.options.rooms.trim_end_matches('/'));
            orders.push(self.companions(Kind::Room, Target { path, ..self.target.clone() }));
        }
        self.stage.cast.companions = Crowd::start(&orders, self.stage.swarm.registry())?;
        let all = (connections * orders.len()) as u64;
        let here = |stage: &Stage| stage.cast.companions.company();
        let limit = Instant::now() + self.options.timeout + GRACE;
        self.stage.drive(limit, |stage| here(stage).open + here(stage).ended >= all)?;
        let open = here(&self.stage).open;
        let complaints = self.stage.cast.complaints.take().join("; ");
        ensure!(open == all, "{open} of {all} companions could connect: {complaints}");
        Ok(())
    }

    fn companions(&mut self, kind: Kind, target: Target) -> Order {
        Order::Accompany(Companions {
            kind,
            target,
            connections: self.options.companions as usize,
            timeout_ms: milliseconds(self.options.timeout),
            seed: self.random.next(),
        })
    }

    /// Lets the companions hear each other out, and go.
    fn part_with_company(&mut self) -> anyhow::Result<Companionship> {
        let companions = &mut self.stage.cast.companions;
        let is_whole = companions.is_whole();
        if is_whole && !companions.is_empty() {
            companions.order(&Order::Part(Parting::Close))?;
            let limit = Instant::now() + self.options.timeout * 3 + GRACE;
            self.stage.drive(limit, |stage| {
                stage.cast.companions.parted().is_some() || !stage.cast.companions.is_whole()
            })?;
        }
        let companions = &self.stage.cast.companions;
        let Company { sent, heard, .. } = companions.company();
        let unclean = companions.parted().map(|(_, unclean)| unclean as u64);
        Ok(Companionship {
            sent,
            heard,
            // Those who never say that they have parted are stuck.
            losses: companions.company().losses().max(unclean.unwrap_or(1)),
            complaints: self.stage.cast.complaints.take(),
        })
    }
}
