//! The results for people: a table with a row per round, and lines for what has no column.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets};

use super::summary::Medians;
use super::{HangUps, Report, Round, Server};
use crate::storm::admin::{Spread, Told};

pub(super) const HEADER: [&str; 10] = [
    "round",
    "p50 ms",
    "p99 ms",
    "p99.9 ms",
    "max ms",
    "fresh max ms",
    "reclaimed ms",
    "descriptors",
    "RSS MiB",
    "losses",
];

impl Report {
    /// All of it as text. Pairs are before → after the end.
    pub(in crate::storm) fn text(&self) -> String {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_HORIZONTAL_ONLY).set_header(HEADER);
        for round in &self.rounds {
            table.add_row(row(round));
        }
        if self.rounds.len() > 1 {
            table.add_row(self.median_row());
        }
        for column in table.column_iter_mut() {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let mut text =
            format!("{table}\nsurvivors and fresh connections: before → after the end\n");
        for round in &self.rounds {
            // Writing to a string cannot fail.
            let _ = notes(round, &mut text);
            if let Some(told) = &round.admin {
                let _ = writeln!(text, "round {}: {}", round.number, counted(told));
            }
        }
        text
    }

    fn median_row(&self) -> Vec<String> {
        let summary = &self.summary;
        let pair = |number: fn(&Medians) -> Option<u64>| {
            arrow(number(&summary.before).map(ms), number(&summary.after).map(ms))
        };
        vec![
            "median".into(),
            pair(|medians| medians.survivors_p50_us),
            pair(|medians| medians.survivors_p99_us),
            pair(|medians| medians.survivors_p999_us),
            pair(|medians| medians.survivors_max_us),
            pair(|medians| medians.fresh_max_us),
            summary.reclaimed_us.map_or("–".into(), ms),
            String::new(),
            String::new(),
            summary.losses.to_string(),
        ]
    }
}

pub(super) fn row(round: &Round) -> Vec<String> {
    let survivors = (&round.before.survivors, &round.after.survivors);
    let pair = |before: u64, after: u64| arrow(Some(ms(before)), Some(ms(after)));
    let reclaimed = match (round.reclaimed, round.reclaimed_us) {
        (_, Some(took)) => ms(took),
        (Some(_), None) => "NEVER".into(),
        (None, None) => "–".into(),
    };
    let (descriptors, rss) = round.server.as_ref().map_or(("–".into(), "–".into()), server);
    vec![
        round.number.to_string(),
        pair(survivors.0.p50_us, survivors.1.p50_us),
        pair(survivors.0.p99_us, survivors.1.p99_us),
        pair(survivors.0.p999_us, survivors.1.p999_us),
        pair(survivors.0.max_us, survivors.1.max_us),
        pair(round.before.fresh.max_us, round.after.fresh.max_us),
        reclaimed,
        descriptors,
        rss,
        round.losses().to_string(),
    ]
}

fn server(server: &Server) -> (String, String) {
    let all = [Some(server.before), server.open, server.after];
    let join = |texts: Vec<String>| texts.join(" → ");
    let descriptors = all.iter().flatten().map(|holdings| holdings.descriptors.to_string());
    let rss = all.iter().flatten().map(|holdings| mebibytes(holdings.rss_bytes));
    (join(descriptors.collect()), join(rss.collect()))
}

/// What has no column, but matters.
pub(super) fn notes(round: &Round, text: &mut String) -> std::fmt::Result {
    let number = round.number;
    if round.not_opened + round.lost_before_end > 0 {
        let (failed, lost) = (round.not_opened, round.lost_before_end);
        writeln!(text, "round {number}: {failed} did not open, {lost} ended before the end")?;
    }
    let echoes = &round.echoes;
    if echoes.lost + echoes.damaged + echoes.survivors_lost + echoes.fresh_failed > 0 {
        writeln!(
            text,
            "round {number}: of {} echoes {} lost, {} damaged; {} survivors lost; of {} fresh \
             connections {} failed",
            echoes.sent,
            echoes.lost,
            echoes.damaged,
            echoes.survivors_lost,
            echoes.fresh_tried,
            echoes.fresh_failed,
        )?;
    }
    if let Some(parted) = round.parted.as_ref().filter(|parted| parted.unclean > 0) {
        writeln!(text, "round {number}: {} did not end as they should", parted.unclean)?;
    }
    if let Some(hang_ups) = &round.hang_ups {
        writeln!(text, "round {number}: {}", hung_up(hang_ups))?;
    }
    if let Some(server) = round.server.as_ref().filter(|server| server.leaked > 0) {
        let leaked = server.leaked;
        writeln!(text, "round {number}: {leaked} descriptors more than before the first round")?;
    }
    if let Some(churn) = &round.churn {
        writeln!(
            text,
            "round {number}: {} handshakes, {:.0} a second, {} failed",
            churn.handshakes, churn.per_second, churn.failures,
        )?;
    }
    for complaint in &round.complaints {
        writeln!(text, "round {number}: {complaint}")?;
    }
    round.over.iter().try_for_each(|why| writeln!(text, "round {number}: gave up: {why}"))
}

fn hung_up(hang_ups: &HangUps) -> String {
    let after = &hang_ups.after_last_proof;
    let [min, p50, p99, max] = [after.min_us, after.p50_us, after.p99_us, after.max_us].map(ms);
    format!(
        "{} hung up on, after their last proof of life: min {min}, p50 {p50}, p99 {p99}, max {max} \
         ms; {} never",
        after.samples, hang_ups.missing,
    )
}

/// What a ws-service counted.
fn counted(told: &Told) -> String {
    let endings: Vec<_> =
        told.closes.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let endings = if endings.is_empty() { "none".into() } else { endings.join(", ") };
    let bound = |us: Option<u64>| us.map_or("more".into(), ms);
    let spread = |what: &str, it: &Spread| match it.count {
        0 => String::new(),
        _ => format!("; {what} p99 {}, longest {} ms at most", bound(it.p99_us), bound(it.max_us)),
    };
    let (turns, late) = (spread("turns", &told.turns), spread("timers late", &told.timer_lateness));
    format!("counted by the service: endings {endings}{turns}{late}")
}

pub(super) fn arrow(before: Option<String>, after: Option<String>) -> String {
    let text = |number: Option<String>| number.unwrap_or_else(|| "–".into());
    format!("{} → {}", text(before), text(after))
}

/// Milliseconds with two digits behind the point.
pub(super) fn ms(us: u64) -> String {
    let hundredths = us.saturating_add(5) / 10;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

pub(super) fn mebibytes(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) >> 20;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::super::{Churned, Echoes, Summary};
    use super::*;
    use crate::storm::options::End;

    #[test]
    fn numbers_are_rounded_for_reading() {
        assert_eq!(ms(27_496), "27.50");
        assert_eq!(ms(4), "0.00");
        assert_eq!(mebibytes(1_572_864), "1.5");
    }

    #[test]
    fn nothing_that_went_wrong_is_left_out() {
        let rounds = vec![
            Round::default(),
            Round {
                number: 2,
                echoes: Echoes { sent: 10, lost: 3, ..Echoes::default() },
                reclaimed: Some(false),
                churn: Some(Churned { handshakes: 7, failures: 2, per_second: 3.5 }),
                complaints: vec!["survivor 1 ended".into()],
                over: Some("the server's process is gone".into()),
                ..Round::default()
            },
        ];
        let report = Report {
            version: "0",
            url: "ws://127.0.0.1:1/".into(),
            end: End::Kill,
            connections: 1,
            survivors: 1,
            interval_us: 1,
            message_bytes: 8,
            seed: 1,
            summary: Summary::of(&rounds),
            rounds,
        };
        let text = report.text();
        for part in ["median", "NEVER", "3 lost", "2 failed", "survivor 1 ended", "gave up"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
