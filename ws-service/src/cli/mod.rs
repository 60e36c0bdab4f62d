//! The command line: what the binary's subcommands are called, and what they run.

pub(crate) mod duration;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::storm;

/// A multi-threaded WebSocket service that survives losing all its clients at once.
#[derive(Debug, Parser)]
#[command(name = "ws-service", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open thousands of real connections to a WebSocket server, end them, and measure the survivors.
    Storm(Box<storm::Options>),
    /// The process that holds a storm's connections; started by `storm`.
    #[command(hide = true)]
    StormChild,
}

/// Runs the subcommand that the command line names; usage errors exit with 2.
pub(crate) fn run() -> ExitCode {
    match Cli::parse().command {
        Command::Storm(options) => storm::run(&options),
        Command::StormChild => storm::run_child(),
    }
}
