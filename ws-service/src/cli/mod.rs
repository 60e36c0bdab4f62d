//! The command line: what the binary's subcommands are called, and what they run.

mod log;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::storm;

const AFTER_HELP: &str = "\
Examples:
  ws-service                                  serve on 127.0.0.1:9001, one thread a core
  ws-service --listen 0.0.0.0:80 --threads 4  serve the world
  ws-service --ping-after 20s --hangup-after 40s
  ws-service storm ws://127.0.0.1:9001/echo   see what its survivors feel when 10,000 die

Paths served:
  /echo           every message comes back
  /mirror/{room}  what one connection sends, all others in the room receive

Signals:
  SIGTERM, SIGINT  close all connections with 1001 and end; a second one ends at once
  SIGUSR1          print the counters, as one line of JSON, to standard output

Exit status:
  0 after all connections were closed, 2 wrong usage, 78 bad configuration, 1 anything else";

/// A multi-threaded WebSocket service that survives losing all its clients at once.
#[derive(Debug, Parser)]
#[command(name = "ws-service", version, after_help = AFTER_HELP)]
#[command(args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service. The default.
    Serve(Box<serve::Options>),
    /// Open thousands of real connections to a WebSocket server, end them, and measure the survivors.
    Storm(Box<storm::Options>),
    /// The process that holds a storm's connections; started by `storm`.
    #[command(hide = true)]
    StormChild,
}

/// Runs the subcommand that the command line names; usage errors exit with 2.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        None => serve::run(&cli.serve),
        Some(Command::Serve(options)) => serve::run(&options),
        Some(Command::Storm(options)) => storm::run(&options),
        Some(Command::StormChild) => storm::run_child(),
    }
}
