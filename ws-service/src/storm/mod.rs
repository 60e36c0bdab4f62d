//! The load and failure generator: a client of any WebSocket server.

use std::process::ExitCode;

/// What to open, how to end it, and what to report.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The server, as `ws://ADDRESS:PORT/PATH`.
    url: String,
}

/// Runs the storm; the exit status is 1 if anything was lost.
pub(crate) fn run(options: Options) -> ExitCode {
    println!("{}", options.url);
    ExitCode::SUCCESS
}
