//! `ws-service storm`: the load and failure generator, a client of any WebSocket server.
//!
//! A crowd of connections, held by child processes, ends the way the world ends them, while the storm
//! itself keeps some connections echoing (the survivors) and tries fresh ones, and measures what those
//! feel. It imports nothing of the service in this crate, so that it cannot share its mistakes.
//!
//! ```text
//!   options ─► round (gather, open, settle, end, recover) ─► report
//!                │
//!              stage ── survivors, fresh ──► client (one poll, many connections) ──► server
//!                │                                                                     ▲  ▲
//!                ├── watch (descriptors and memory of the server's process) ───────────┘  │
//!                ├── admin (counters of a ws-service, by HTTP) ───────────────────────────┤
//!                └── crowd ══ lines of JSON ══ child (holder or churner) ──► client ──────┘
//! ```
//!
//! A soak is rounds without end, each of another kind, with companions (children, too) who talk throughout.

mod admin;
mod child;
mod client;
mod complaints;
mod crowd;
mod fresh;
mod latency;
mod limits;
mod options;
mod progress;
mod random;
mod report;
mod round;
mod soak;
mod stage;
mod survivors;
mod timeline;
mod watch;

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde::Serialize;

pub(crate) use child::run as run_child;
pub(crate) use options::Options;
use report::{Report, Summary};

/// Runs the storm.
///
/// The exit status is 0 if nothing was lost, 1 if something was or the storm itself failed, 2 for a
/// usage error.
pub(crate) fn run(options: &Options) -> ExitCode {
    let target = match options.target() {
        Ok(target) => target,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    match play(options, target) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Plays all rounds, prints the results and returns how many losses there were.
fn play(options: &Options, target: client::Target) -> anyhow::Result<u64> {
    let seed = options.seed.unwrap_or_else(|| RandomState::new().hash_one(std::process::id()));
    println!("storm on {} ({}), seed {seed}", options.url, target.address);
    let admin = options
        .admin
        .as_deref()
        .map(|url| admin::Client::new(url, options.admin_token_file.as_deref()));
    let admin = admin.transpose()?;
    let mut director = match options.server_pid {
        Some(pid) => round::Director::new(options, target, admin, seed)
            .with_context(|| format!("watching the server's process {pid}"))?,
        None => round::Director::new(options, target, admin, seed)?,
    };
    if let Some(time) = options.soak {
        let report = soak::play(&mut director, time, seed)?;
        print!("{}", report.text());
        return finish(&report, report.losses, options);
    }
    let mut rounds = Vec::new();
    for number in 1..=options.rounds {
        let round =
            director.round(number, options.end).with_context(|| format!("round {number}"))?;
        let over = round.over.is_some();
        rounds.push(round);
        if over {
            break;
        }
    }
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        url: options.url.clone(),
        end: options.end,
        connections: options.connections,
        survivors: options.survivors,
        interval_us: latency::microseconds(options.interval),
        message_bytes: options.message_size,
        seed,
        summary: Summary::of(&rounds),
        rounds,
    };
    print!("{}", report.text());
    if let Some(path) = &options.report {
        let written = report.page().and_then(|page| Ok(fs::write(path, page)?));
        written.with_context(|| format!("writing {}", path.display()))?;
    }
    finish(&report, report.summary.losses, options)
}

/// Writes the results where that is asked for, and says how it went.
fn finish(report: &impl Serialize, losses: u64, options: &Options) -> anyhow::Result<u64> {
    if let Some(path) = &options.json {
        write(report, path).with_context(|| format!("writing {}", path.display()))?;
    }
    match losses {
        0 => println!("nothing was lost"),
        losses => println!("{losses} losses"),
    }
    Ok(losses)
}

fn write(report: &impl Serialize, path: &Path) -> anyhow::Result<()> {
    Ok(serde_json::to_writer_pretty(File::create(path)?, report)?)
}
