//! All rounds in a few numbers: medians, because one round in ten is somebody else's cron job.

use std::borrow::Borrow;

use serde::Serialize;

use super::Round;
use crate::storm::latency::LatencySummary;

/// Medians over the rounds, sums of what was lost, and the verdict.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(in crate::storm) struct Summary {
    pub(in crate::storm) rounds: usize,
    pub(in crate::storm) before: Medians,
    pub(in crate::storm) after: Medians,
    pub(in crate::storm) reclaimed_us: Option<u64>,
    /// Of all rounds.
    pub(in crate::storm) slowest_fresh_us: u64,
    pub(in crate::storm) lost: u64,
    pub(in crate::storm) damaged: u64,
    /// Everything that should not have happened, those included.
    pub(in crate::storm) losses: u64,
    pub(in crate::storm) verdict: Verdict,
}

/// Medians of what the rounds measured.
#[expect(clippy::struct_field_names, reason = "readers of the file must see the unit")]
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(in crate::storm) struct Medians {
    pub(in crate::storm) survivors_p50_us: Option<u64>,
    pub(in crate::storm) survivors_p99_us: Option<u64>,
    pub(in crate::storm) survivors_p999_us: Option<u64>,
    pub(in crate::storm) survivors_max_us: Option<u64>,
    pub(in crate::storm) fresh_max_us: Option<u64>,
}

/// What the exit status says.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::storm) enum Verdict {
    /// Nothing was lost.
    #[default]
    Fine,
    /// Something was.
    Lost,
}

impl Summary {
    pub(in crate::storm) fn of(rounds: &[Round]) -> Self {
        let losses = rounds.iter().map(Round::losses).sum();
        let both = || rounds.iter().flat_map(|round| [&round.before, &round.after]);
        Self {
            rounds: rounds.len(),
            before: Medians::of(rounds, |round| &round.before),
            after: Medians::of(rounds, |round| &round.after),
            reclaimed_us: median(rounds.iter().filter_map(|round| round.reclaimed_us)),
            slowest_fresh_us: both().map(|window| window.fresh.max_us).max().unwrap_or(0),
            lost: rounds.iter().map(|round| round.echoes.lost).sum(),
            damaged: rounds.iter().map(|round| round.echoes.damaged).sum(),
            losses,
            verdict: if losses == 0 { Verdict::Fine } else { Verdict::Lost },
        }
    }
}

impl Medians {
    pub(super) fn of<R: Borrow<Round>>(
        rounds: &[R],
        window: impl Fn(&Round) -> &super::Window,
    ) -> Self {
        let survivors = |number: fn(&LatencySummary) -> u64| {
            let measured = rounds.iter().map(|round| &window(round.borrow()).survivors);
            median(measured.filter(|summary| summary.samples > 0).map(number))
        };
        let fresh = rounds.iter().map(|round| &window(round.borrow()).fresh);
        Self {
            survivors_p50_us: survivors(|summary| summary.p50_us),
            survivors_p99_us: survivors(|summary| summary.p99_us),
            survivors_p999_us: survivors(|summary| summary.p999_us),
            survivors_max_us: survivors(|summary| summary.max_us),
            fresh_max_us: median(
                fresh.filter(|summary| summary.samples > 0).map(|summary| summary.max_us),
            ),
        }
    }
}

/// The middle one, or the mean of the two in the middle.
pub(super) fn median(numbers: impl Iterator<Item = u64>) -> Option<u64> {
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_unstable();
    let upper = *numbers.get(numbers.len() / 2)?;
    if numbers.len() % 2 == 1 {
        return Some(upper);
    }
    Some(u64::midpoint(*numbers.get(numbers.len() / 2 - 1)?, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_the_middle() {
        assert_eq!(median([].into_iter()), None);
        assert_eq!(median([9].into_iter()), Some(9));
        assert_eq!(median([9, 1, 5].into_iter()), Some(5));
        assert_eq!(median([9, 1, 5, 7].into_iter()), Some(6));
    }

    #[test]
    fn one_loss_in_any_round_decides() {
        let mut rounds = vec![Round::default(), Round::default()];
        assert_eq!(Summary::of(&rounds).verdict, Verdict::Fine);
        rounds[1].echoes.lost = 2;
        let summary = Summary::of(&rounds);
        assert_eq!((summary.verdict, summary.lost, summary.losses), (Verdict::Lost, 2, 2));
    }

    #[test]
    fn field_names_are_what_readers_of_the_file_rely_on() {
        let json = serde_json::to_value(Summary::of(&[])).unwrap();
        assert_eq!(json["verdict"], "fine");
        assert!(json["after"]["survivors_p999_us"].is_null());
        let json = serde_json::to_value(Round::default()).unwrap();
        for name in ["opened", "reclaimed_us", "hang_ups", "server", "complaints"] {
            assert!(json.get(name).is_some(), "{name}");
        }
        assert_eq!(json["after"]["survivors"]["p999_us"], 0);
        assert_eq!(json["echoes"]["damaged"], 0);
    }
}
