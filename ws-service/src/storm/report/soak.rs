//! What came of a soak: a row for each way to end, and the judgement of the whole.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use super::Round;
use super::summary::{Medians, median};
use super::table::{arrow, mebibytes, ms};
use crate::storm::latency::LatencySummary;
use crate::storm::options::End;
use crate::storm::soak::ENDS;

/// The server's memory at the beginning is that of the first ten minutes, or of a sixth of a shorter soak.
const LONGEST_BEGINNING_US: u64 = 600_000_000;

/// What an allocator may take more at last than at first. An hour lets go of millions of connections: a
/// byte that each of them left would be more.
const MEMORY_ALLOWANCE: u64 = 1 << 20;

/// Everything about one soak.
#[derive(Debug, Serialize)]
pub(in crate::storm) struct Soak {
    pub(in crate::storm) version: &'static str,
    pub(in crate::storm) url: String,
    pub(in crate::storm) asked_us: u64,
    pub(in crate::storm) lasted_us: u64,
    pub(in crate::storm) connections: usize,
    pub(in crate::storm) survivors: usize,
    pub(in crate::storm) interval_us: u64,
    pub(in crate::storm) message_bytes: u32,
    pub(in crate::storm) seed: u64,
    /// By survivors, in all windows of all rounds.
    pub(in crate::storm) felt: LatencySummary,
    pub(in crate::storm) p99_below_us: u64,
    /// Not known without the server's process, or of less than two rounds of each kind.
    pub(in crate::storm) memory: Option<Memory>,
    pub(in crate::storm) companions: Companionship,
    pub(in crate::storm) rounds: Vec<SoakRound>,
    /// Everything that should not have happened.
    pub(in crate::storm) losses: u64,
}

/// A round, how its crowd ended, and when in the soak it began.
#[derive(Debug, Serialize)]
pub(in crate::storm) struct SoakRound {
    pub(in crate::storm) end: End,
    pub(in crate::storm) began_us: u64,
    #[serde(flatten)]
    pub(in crate::storm) round: Round,
}

/// What the companions said and heard, in rooms and reading slowly.
#[derive(Debug, Default, Serialize)]
pub(in crate::storm) struct Companionship {
    pub(in crate::storm) sent: u64,
    pub(in crate::storm) heard: u64,
    /// Messages lost, changed, repeated or out of order, connections that ended before they were to.
    pub(in crate::storm) losses: u64,
    pub(in crate::storm) complaints: Vec<String>,
}

/// The server's resident memory between rounds, when no crowd was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(in crate::storm) struct Memory {
    /// The most at the beginning.
    pub(in crate::storm) first_bytes: u64,
    /// The median at the end.
    pub(in crate::storm) last_bytes: u64,
    pub(in crate::storm) has_grown: bool,
}

impl Memory {
    /// Judges a soak of these rounds that lasted so many microseconds.
    pub(in crate::storm) fn of(rounds: &[SoakRound], lasted_us: u64) -> Option<Self> {
        if rounds.len() < 2 * ENDS.len() {
            return None;
        }
        let window = (lasted_us / 6).min(LONGEST_BEGINNING_US);
        // Each kind of round has a part in both: the first freeze may still fill a pool.
        let until = rounds.partition_point(|round| round.began_us < window).max(ENDS.len());
        let since = rounds.partition_point(|round| round.began_us < lasted_us - window);
        let since = since.min(rounds.len() - ENDS.len());
        let held = |rounds: &[SoakRound]| -> Vec<u64> {
            let after = rounds.iter().filter_map(|it| it.round.server.as_ref()?.after);
            after.map(|holdings| holdings.rss_bytes).collect()
        };
        let first_bytes = held(&rounds[..until]).into_iter().max()?;
        let last_bytes = median(held(&rounds[since..]).into_iter())?;
        let has_grown = last_bytes > first_bytes + MEMORY_ALLOWANCE;
        Some(Self { first_bytes, last_bytes, has_grown })
    }
}

impl SoakRound {
    /// One line, for those who look on.
    pub(in crate::storm) fn line(&self) -> String {
        let Self { end, began_us, round } = self;
        let after = &round.after.survivors;
        let rss = round.server.as_ref().and_then(|server| server.after);
        format!(
            "{:>5} s  round {:>4} {:7} p99 {:>8} ms, max {:>8} ms, reclaimed {:>9} ms, RSS {:>6} MiB, {} losses",
            began_us / 1_000_000,
            round.number,
            end.name(),
            ms(after.p99_us),
            ms(after.max_us),
            round.reclaimed_us.map_or("–".into(), ms),
            rss.map_or("–".into(), |holdings| mebibytes(holdings.rss_bytes)),
            round.losses(),
        ) + &round
            .complaints
            .iter()
            .fold(String::new(), |all, one| format!("{all}\n         {one}"))
    }
}

impl Soak {
    /// The same, with everything counted that should not have happened.
    pub(in crate::storm) fn judged(mut self) -> Self {
        self.losses = self.rounds.iter().map(|round| round.round.losses()).sum::<u64>()
            + self.companions.losses
            + u64::from(self.memory.is_some_and(|memory| memory.has_grown))
            + u64::from(self.is_slow());
        self
    }

    fn is_slow(&self) -> bool {
        self.felt.p99_us > self.p99_below_us
    }

    /// All of it as text. Pairs are before → after the end.
    pub(in crate::storm) fn text(&self) -> String {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_HORIZONTAL_ONLY).set_header([
            "end",
            "rounds",
            "p50 ms",
            "p99 ms",
            "p99.9 ms",
            "max ms",
            "worst ms",
            "fresh max ms",
            "reclaimed ms",
            "losses",
        ]);
        for end in ENDS {
            let rounds = || self.rounds.iter().filter(move |it| it.end == end).map(|it| &it.round);
            if rounds().next().is_some() {
                table.add_row(row(end, rounds));
            }
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let mut text =
            format!("{table}\nmedians of rounds: before → after the end; worst: of all rounds\n");
        // Writing to a string cannot fail.
        let _ = self.notes(&mut text);
        text
    }

    fn notes(&self, text: &mut String) -> std::fmt::Result {
        let LatencySummary { samples, p50_us, p99_us, p999_us, max_us, .. } = self.felt;
        let [p50, p99, p999, max] = [p50_us, p99_us, p999_us, max_us].map(ms);
        writeln!(
            text,
            "{} rounds in {} s: {samples} echoes of {} survivors: p50 {p50}, p99 {p99}, p99.9 {p999}, max {max} ms",
            self.rounds.len(),
            self.lasted_us / 1_000_000,
            self.survivors,
        )?;
        if self.is_slow() {
            writeln!(text, "TOO SLOW: the p99 was to stay below {} ms", ms(self.p99_below_us))?;
        }
        let Companionship { sent, heard, losses, complaints } = &self.companions;
        writeln!(text, "companions sent {sent} messages and heard {heard}; {losses} losses")?;
        let churns: u64 =
            self.rounds.iter().filter_map(|it| Some(it.round.churn.as_ref()?.handshakes)).sum();
        let crowds: usize = self.rounds.iter().map(|it| it.round.opened).sum();
        writeln!(text, "connections of crowds: {crowds}, of churns: {churns}")?;
        match self.memory {
            Some(Memory { first_bytes, last_bytes, has_grown }) => writeln!(
                text,
                "memory at first {} MiB, at last {} MiB{}",
                mebibytes(first_bytes),
                mebibytes(last_bytes),
                if has_grown { ": GROWN" } else { "" },
            )?,
            None => writeln!(text, "memory: not judged, for want of rounds or of --server-pid")?,
        }
        complaints.iter().try_for_each(|complaint| writeln!(text, "{complaint}"))
    }
}

fn row<'a, I: Iterator<Item = &'a Round>>(end: End, rounds: impl Fn() -> I) -> Vec<String> {
    let all: Vec<_> = rounds().collect();
    let (before, after) = (Medians::of(&all, |it| &it.before), Medians::of(&all, |it| &it.after));
    let pair = |number: fn(&Medians) -> Option<u64>| {
        arrow(number(&before).map(ms), number(&after).map(ms))
    };
    let worst =
        all.iter().map(|it| it.before.survivors.max_us.max(it.after.survivors.max_us)).max();
    vec![
        end.name().into(),
        all.len().to_string(),
        pair(|medians| medians.survivors_p50_us),
        pair(|medians| medians.survivors_p99_us),
        pair(|medians| medians.survivors_p999_us),
        pair(|medians| medians.survivors_max_us),
        worst.map_or("–".into(), ms),
        pair(|medians| medians.fresh_max_us),
        median(all.iter().filter_map(|it| it.reclaimed_us)).map_or("–".into(), ms),
        all.iter().map(|it| it.losses()).sum::<u64>().to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::{Server, Window};
    use super::*;
    use crate::storm::watch::Holdings;

    /// Rounds of every kind, a second each, that leave so much memory.
    fn rounds(rss: impl IntoIterator<Item = u64>) -> Vec<SoakRound> {
        let round = |(number, (end, rss_bytes)): (u64, (End, u64))| {
            let holdings = Holdings { descriptors: 9, rss_bytes };
            let server = Server { before: holdings, open: None, after: Some(holdings), leaked: 0 };
            let round = Round { server: Some(server), ..Round::default() };
            SoakRound { end, began_us: number * 1_000_000, round }
        };
        (0..).zip(ENDS.into_iter().cycle().zip(rss)).map(round).collect()
    }

    fn soak(rounds: Vec<SoakRound>) -> Soak {
        let lasted_us = rounds.len() as u64 * 1_000_000;
        Soak {
            version: "0",
            url: "ws://127.0.0.1:1/".into(),
            asked_us: 1,
            lasted_us,
            connections: 1,
            survivors: 1,
            interval_us: 1,
            message_bytes: 8,
            seed: 1,
            felt: LatencySummary::default(),
            p99_below_us: 100_000,
            memory: Memory::of(&rounds, lasted_us),
            companions: Companionship::default(),
            rounds,
            losses: 0,
        }
        .judged()
    }

    #[test]
    fn what_stays_is_no_growth_and_what_grows_is() {
        let flat = soak(rounds(std::iter::repeat_n(8 << 20, 28)));
        assert_eq!(flat.losses, 0, "{flat:?}");
        // What the first freeze fills is not held against the last.
        let filled = soak(rounds(std::iter::once(5 << 20).chain(std::iter::repeat_n(9 << 20, 27))));
        assert_eq!(filled.losses, 0, "{filled:?}");
        let grows = soak(rounds((0..28).map(|number| (8 << 20) + number * 200_000)));
        assert_eq!(grows.losses, 1, "{grows:?}");
        assert!(grows.text().contains("GROWN"));
        let short = soak(rounds((0..13).map(|number| number << 20)));
        assert_eq!(short.memory, None, "one of each kind is no comparison");
    }

    #[test]
    fn slow_survivors_and_lost_messages_are_losses() {
        let mut soak = soak(rounds(std::iter::repeat_n(8 << 20, 14)));
        soak.felt.p99_us = 100_001;
        soak.companions.losses = 3;
        let soak = soak.judged();
        assert_eq!(soak.losses, 4);
        let text = soak.text();
        for part in ["TOO SLOW", "3 losses", "kill", "freeze", "14 rounds"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_loss_of_a_round_is_one_of_the_soak() {
        let mut all = rounds(std::iter::repeat_n(8 << 20, 14));
        all[3].round.not_opened = 2;
        all[3].round.before = Window::default();
        assert_eq!(soak(all).losses, 2);
    }
}
