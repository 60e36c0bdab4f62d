//! The results: as serde structs with stable names (`--json`), as tables for people, and as a page with
//! plots (`--report`).
//!
//! Times are in microseconds (`_us`), sizes in bytes (`_bytes`); what was not observed is `null`.

mod page;
mod soak;
mod summary;
mod table;

use std::time::Instant;

use serde::Serialize;

use super::admin::{Counts, Told};
use super::latency::LatencySummary;
use super::options::End;
use super::timeline::Course;
use super::watch::Holdings;
use super::{fresh, survivors};

pub(super) use soak::{Companionship, Memory, Soak, SoakRound};
pub(super) use summary::Summary;

/// Everything about one storm.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) version: &'static str,
    pub(super) url: String,
    pub(super) end: End,
    pub(super) connections: usize,
    pub(super) survivors: usize,
    pub(super) interval_us: u64,
    pub(super) message_bytes: u32,
    pub(super) seed: u64,
    pub(super) rounds: Vec<Round>,
    pub(super) summary: Summary,
}

/// One round: open, settle, end, recover.
#[derive(Debug, Default, Serialize)]
pub(super) struct Round {
    pub(super) number: u32,
    /// Connections of the crowd that were open before the end, and that never opened.
    pub(super) opened: usize,
    pub(super) not_opened: usize,
    pub(super) opening_us: u64,
    /// Connections of the crowd that ended before the storm ended them.
    pub(super) lost_before_end: usize,
    pub(super) before: Window,
    pub(super) after: Window,
    pub(super) echoes: Echoes,
    /// From the end until the server had let go of everyone.
    pub(super) reclaimed_us: Option<u64>,
    /// Whether it did in time; not known without the server's process, unless by freeze or close.
    pub(super) reclaimed: Option<bool>,
    pub(super) hang_ups: Option<HangUps>,
    pub(super) parted: Option<Parted>,
    pub(super) churn: Option<Churned>,
    pub(super) server: Option<Server>,
    /// What a ws-service counted from just before the end until all was over.
    pub(super) admin: Option<Told>,
    /// What made the storm give up.
    pub(super) over: Option<String>,
    pub(super) complaints: Vec<String>,
    /// For the plots.
    #[serde(skip)]
    pub(super) course: Option<Course>,
    #[serde(skip)]
    pub(super) looks: Vec<(Instant, Counts)>,
}

/// What was felt in one window of time.
#[derive(Debug, Default, Serialize)]
pub(super) struct Window {
    pub(super) survivors: LatencySummary,
    /// Without the messages that missed slots stand for: kinder than what was felt.
    pub(super) survivors_uncorrected: LatencySummary,
    pub(super) missed_slots: u64,
    /// How late the storm itself was to send, at worst.
    pub(super) own_lateness_us: u64,
    pub(super) fresh: LatencySummary,
    pub(super) fresh_skipped: u64,
}

/// All messages of survivors and newcomers in the round, in and between the windows.
#[derive(Debug, Default, Serialize)]
pub(super) struct Echoes {
    pub(super) sent: u64,
    pub(super) echoed: u64,
    pub(super) lost: u64,
    pub(super) damaged: u64,
    /// Survivors whose connection ended.
    pub(super) survivors_lost: u64,
    pub(super) fresh_tried: u64,
    pub(super) fresh_failed: u64,
}

/// Frozen connections, from the last proof of life to the hang-up.
#[derive(Debug, Serialize)]
pub(super) struct HangUps {
    pub(super) missing: usize,
    pub(super) after_last_proof: LatencySummary,
}

/// Connections ended by the crowd itself.
#[derive(Debug, Serialize)]
pub(super) struct Parted {
    pub(super) clean: usize,
    pub(super) unclean: usize,
}

/// A churn's result.
#[derive(Debug, Serialize)]
pub(super) struct Churned {
    pub(super) handshakes: u64,
    pub(super) failures: u64,
    pub(super) per_second: f64,
}

/// The server's process before the crowd came, with the crowd, and after it was gone.
#[derive(Debug, Serialize)]
pub(super) struct Server {
    pub(super) before: Holdings,
    pub(super) open: Option<Holdings>,
    pub(super) after: Option<Holdings>,
    /// Descriptors beyond those before the first round, survivors not counted.
    pub(super) leaked: u64,
}

impl Window {
    pub(super) fn of(survivors: &survivors::Tally, fresh: &fresh::Tally) -> Self {
        Self {
            survivors: survivors.latencies.summary(),
            survivors_uncorrected: survivors.uncorrected.summary(),
            missed_slots: survivors.missed_slots,
            own_lateness_us: super::latency::microseconds(survivors.own_lateness),
            fresh: fresh.latencies.summary(),
            fresh_skipped: fresh.skipped,
        }
    }
}

impl Echoes {
    pub(super) fn add(&mut self, survivors: &survivors::Tally, fresh: &fresh::Tally) {
        self.sent += survivors.sent;
        self.echoed += survivors.echoed;
        self.lost += survivors.lost;
        self.damaged += survivors.damaged;
        self.survivors_lost += survivors.ended;
        self.fresh_tried += fresh.tried;
        self.fresh_failed += fresh.failed;
    }
}

impl Round {
    /// Everything that should not have happened.
    pub(super) fn losses(&self) -> u64 {
        let echoes = &self.echoes;
        let crowd = self.not_opened + self.lost_before_end;
        let missing = self.hang_ups.as_ref().map_or(0, |hang_ups| hang_ups.missing);
        let unclean = self.parted.as_ref().map_or(0, |parted| parted.unclean);
        echoes.lost
            + echoes.damaged
            + echoes.survivors_lost
            + echoes.fresh_failed
            + (crowd + missing + unclean) as u64
            + self.churn.as_ref().map_or(0, |churn| churn.failures)
            + u64::from(self.reclaimed == Some(false))
            + u64::from(self.server.as_ref().is_some_and(|server| server.leaked > 0))
            + u64::from(self.over.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_went_wrong_is_a_loss() {
        assert_eq!(Round::default().losses(), 0);
        let harmless = Round { reclaimed: Some(true), ..Round::default() };
        assert_eq!(harmless.losses(), 0);
        let echoes = |echoes| Round { echoes, ..Round::default() };
        let holdings = Holdings { descriptors: 9, rss_bytes: 9 };
        let leaked = Server { before: holdings, open: None, after: Some(holdings), leaked: 7 };
        let wrong = [
            Round { server: Some(leaked), ..Round::default() },
            echoes(Echoes { lost: 1, ..Echoes::default() }),
            echoes(Echoes { damaged: 1, ..Echoes::default() }),
            echoes(Echoes { survivors_lost: 1, ..Echoes::default() }),
            echoes(Echoes { fresh_failed: 1, ..Echoes::default() }),
            Round { not_opened: 1, ..Round::default() },
            Round { lost_before_end: 1, ..Round::default() },
            Round { reclaimed: Some(false), ..Round::default() },
            Round { over: Some("gone".into()), ..Round::default() },
            Round { parted: Some(Parted { clean: 9, unclean: 1 }), ..Round::default() },
            Round {
                hang_ups: Some(HangUps { missing: 1, after_last_proof: LatencySummary::default() }),
                ..Round::default()
            },
            Round {
                churn: Some(Churned { handshakes: 9, failures: 1, per_second: 1.0 }),
                ..Round::default()
            },
        ];
        for round in wrong {
            assert_eq!(round.losses(), 1, "{round:?}");
        }
    }
}
