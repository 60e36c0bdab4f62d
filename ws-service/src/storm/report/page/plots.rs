//! What of a round is drawn.

use std::time::Instant;

use super::super::Round;
use super::plot::{Line, Plot};
use crate::storm::admin::{Counts, Spread};
use crate::storm::timeline::{Course, Felt};

const ACROSS: &str = "seconds from the end";

/// All plots of a round that have something to show.
pub(super) fn of(round: &Round) -> Vec<Plot> {
    let Some(course) = &round.course else { return vec![] };
    let reclaimed = round.reclaimed_us.map(|us| (thousandths(us) / 1e3, "reclaimed"));
    let marks: Vec<_> = [(0.0, "the end")].into_iter().chain(reclaimed).collect();
    let mut all = vec![felt(course), held(course, &round.looks)];
    all.extend(told(course, &round.looks));
    all.retain(|plot| !plot.is_empty());
    for plot in &mut all {
        plot.marks.clone_from(&marks);
    }
    all
}

/// How long each round's server held on to the dead.
pub(super) fn reclaims(rounds: &[Round]) -> Plot {
    let took = |round: &Round| Some((f64::from(round.number), thousandths(round.reclaimed_us?)));
    Plot {
        across: "round",
        ..plot(
            "Reclaimed after",
            "ms",
            vec![Line::new("reclaimed", rounds.iter().filter_map(took))],
        )
    }
}

fn felt(course: &Course) -> Plot {
    let line = |name, of: fn(&Felt) -> u64| {
        let moments = course.moments.iter();
        Line::new(
            name,
            moments.filter_map(|it| {
                Some((seconds(it.at, course.end), thousandths(of(it.felt.as_ref()?))))
            }),
        )
    };
    let lines = vec![
        line("p50", |felt| felt.p50_us),
        line("p99", |felt| felt.p99_us),
        line("longest", |felt| felt.max_us),
    ];
    Plot { is_logarithmic: true, ..plot("Survivors' echoes", "ms", lines) }
}

fn held(course: &Course, looks: &[(Instant, Counts)]) -> Plot {
    let moments = || course.moments.iter();
    let storm = moments().map(|it| (seconds(it.at, course.end), exact(it.held.connections)));
    let server =
        moments().filter_map(|it| Some((seconds(it.at, course.end), exact(it.held.descriptors?))));
    let counted =
        looks.iter().map(|(at, counts)| (seconds(*at, course.end), exact(counts.connections())));
    let lines = vec![
        Line::new("connections of the storm", storm),
        Line::new("descriptors of the server", server),
        Line::new("connections by its count", counted),
    ];
    plot("Connections", "", lines.into_iter().filter(|line| !line.points.is_empty()).collect())
}

/// What the service says of its timers and its turns.
fn told(course: &Course, looks: &[(Instant, Counts)]) -> [Plot; 3] {
    let kinds = looks.first().map(|(_, counts)| counts.armed.keys()).into_iter().flatten();
    let armed = kinds.map(|kind| {
        let points = looks.iter().map(|(at, counts)| {
            (seconds(*at, course.end), exact(counts.armed.get(kind).copied().unwrap_or(0)))
        });
        Line::new(kind.replace('_', " "), points)
    });
    let armed = armed.filter(|line| line.points.iter().any(|point| point.1 > 0.0)).collect();
    let spread = |name, of: fn(&Counts, &Counts) -> Spread, number: fn(&Spread) -> Option<u64>| {
        let pairs = looks.windows(2);
        Line::new(
            name,
            pairs.filter_map(|pair| {
                let us = number(&of(&pair[1].1, &pair[0].1))?;
                Some((seconds(pair[1].0, course.end), thousandths(us)))
            }),
        )
    };
    let both = |of| {
        vec![
            spread("p99", of, |spread| spread.p99_us),
            spread("longest", of, |spread| spread.max_us),
        ]
    };
    let turns = both(|now, before| now.since(before).turns);
    let late = both(|now, before| now.since(before).timer_lateness);
    [
        plot("Deadlines that are set", "", armed),
        Plot { is_logarithmic: true, ..plot("Turns of the service", "ms, at most", turns) },
        Plot { is_logarithmic: true, ..plot("Timer lateness", "ms, at most", late) },
    ]
}

fn plot(title: &'static str, unit: &'static str, lines: Vec<Line>) -> Plot {
    Plot { title, unit, across: ACROSS, lines, marks: vec![], is_logarithmic: false }
}

/// From the end; before it, less than zero.
fn seconds(at: Instant, end: Instant) -> f64 {
    let after = at.saturating_duration_since(end).as_secs_f64();
    after - end.saturating_duration_since(at).as_secs_f64()
}

fn thousandths(number: u64) -> f64 {
    exact(number) / 1e3
}

#[expect(clippy::cast_precision_loss, reason = "far beyond what is counted here")]
fn exact(number: u64) -> f64 {
    number as f64
}
