//! The results as one page that needs nothing else.

mod plot;
mod plots;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::table::{HEADER, ms, notes, row};
use super::{Report, Round};
use crate::storm::admin::{Spread, Told};
use plot::{COLOURS, Plot};

const STYLE: &str = include_str!("page.css");

impl Report {
    /// # Errors
    ///
    /// A plot can't be drawn.
    pub(in crate::storm) fn page(&self) -> anyhow::Result<String> {
        let title = format!("Storm on {}", self.url);
        let rounds = self.rounds.iter().map(section).collect::<anyhow::Result<Vec<_>>>()?;
        let reclaims = plots::reclaims(&self.rounds);
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    h1 { (title) }
                    (self.head())
                    h2 { "Rounds" }
                    (self.rows())
                    @if self.rounds.len() > 1 && !reclaims.is_empty() { (figure(&reclaims)?) }
                    @for round in rounds { (round) }
                }
            }
        };
        Ok(page.into_string())
    }

    /// What was done, and how it went.
    fn head(&self) -> Markup {
        let verdict = match self.summary.losses {
            0 => "Nothing was lost.".to_owned(),
            losses => format!("{losses} losses."),
        };
        let (interval, size) = (ms(self.interval_us), self.message_bytes);
        html! {
            p class="verdict" { (verdict) }
            p {
                (self.connections) " connections, ended by " (self.end.name()) "; "
                (self.survivors) " survivors that echo " (size) " bytes every " (interval) " ms; seed "
                (self.seed) "; ws-service " (self.version) "."
            }
        }
    }

    fn rows(&self) -> Markup {
        html! {
            div class="wide" tabindex="0" role="group" aria-label="Rounds" {
                table {
                    thead { tr { @for name in HEADER { th scope="col" { (name) } } } }
                    tbody {
                        @for round in &self.rounds {
                            tr { @for cell in row(round) { td { (cell) } } }
                        }
                    }
                }
            }
            p { "Survivors and fresh connections: before → after the end." }
        }
    }
}

/// A round, as far as it has more to say than its row.
fn section(round: &Round) -> anyhow::Result<Markup> {
    let figures = plots::of(round).iter().map(figure).collect::<anyhow::Result<Vec<_>>>()?;
    let mut said = String::new();
    notes(round, &mut said)?;
    let is_cut = round.course.as_ref().is_some_and(|course| course.is_cut);
    Ok(html! {
        @if !figures.is_empty() || !said.is_empty() || round.admin.is_some() {
            section {
                h2 { "Round " (round.number) }
                @for line in said.lines() { p { (line) } }
                @for figure in figures { (figure) }
                @if is_cut { p { "The round went on for longer than is drawn." } }
                @if let Some(told) = &round.admin { (tables(told)) }
            }
        }
    })
}

fn figure(plot: &Plot) -> anyhow::Result<Markup> {
    let svg = plot.svg()?;
    let colours = COLOURS.iter().cycle().map(|(r, g, b)| format!("--colour: rgb({r} {g} {b})"));
    Ok(html! {
        figure {
            figcaption {
                strong { (plot.title) }
                @for (line, colour) in plot.lines.iter().zip(colours) {
                    span class="key" style=(colour) { (line.name) }
                }
            }
            div class="wide" tabindex="0" role="img" aria-label=(plot.words()) { (PreEscaped(svg)) }
        }
    })
}

/// What a ws-service counted.
fn tables(told: &Told) -> Markup {
    html! {
        div class="tables" {
            (counts("Connections that ended, by reason", &told.closes))
            (counts("Deadlines that came, by kind", &told.expired))
            table {
                caption { "Times of the service, in ms, at most" }
                thead { tr { @for name in ["of", "count", "p50", "p99", "longest"] { th scope="col" { (name) } } } }
                tbody {
                    (times("turns", &told.turns))
                    (times("timer lateness", &told.timer_lateness))
                }
            }
        }
    }
}

fn counts(title: &str, counts: &std::collections::BTreeMap<String, u64>) -> Markup {
    html! {
        @if !counts.is_empty() {
            table {
                caption { (title) }
                tbody {
                    @for (name, count) in counts {
                        tr { th scope="row" { (name.replace('_', " ")) } td { (count) } }
                    }
                }
            }
        }
    }
}

fn times(name: &str, spread: &Spread) -> Markup {
    let bound = |us: Option<u64>| match us {
        Some(us) => ms(us),
        None if spread.count == 0 => "–".into(),
        None => "more".into(),
    };
    html! {
        tr {
            th scope="row" { (name) }
            td { (spread.count) }
            @for us in [spread.p50_us, spread.p99_us, spread.max_us] { td { (bound(us)) } }
        }
    }
}
