//! The command line: what the binary's subcommands are called, and what they run.

mod activation;
mod check;
mod complaint;
mod file;
mod layers;
mod log;
mod pages;
mod print;
mod reading;
mod reload;
mod serve;
mod settings;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;

use crate::storm;
use layers::{Configuration, Inputs};
use settings::Settings;

/// The status for a configuration that makes no sense: `EX_CONFIG` of sysexits.h.
const BAD_CONFIGURATION: u8 = 78;

const AFTER_HELP: &str = "\
Examples:
  ws-service                                  serve on 127.0.0.1:9001, one thread a core
  ws-service --listen 0.0.0.0:80 --threads 4  serve the world
  ws-service --ping-after 20s --hangup-after 40s
  ws-service --listen tls:0.0.0.0:443 --tls-certificate chain.pem --tls-key key.pem
  ws-service print-config --default           all settings, as a file to begin with
  ws-service storm ws://127.0.0.1:9001/echo   see what its survivors feel when 10,000 die

Paths served:
  /echo           every message comes back
  /mirror/{room}  what one connection sends, all others in the room receive

Configuration:
  Each setting is a flag (--ping-after), an environment variable (WS_SERVICE_PING_AFTER) and a key of
  the configuration file (ping_after). A flag goes before a variable, and that before the file.

Signals:
  SIGTERM, SIGINT  close all connections with 1001 and end; a second one ends at once
  SIGHUP           load the configuration again; what can't change while running is named in the log
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
    configured: Configured,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service. The default.
    Serve(Box<Configured>),
    /// Say whether the configuration makes sense, and end: with 0 if it does, 78 if not.
    CheckConfig(Box<Configured>),
    /// Print the settings in force, as a configuration file that says where each comes from.
    PrintConfig(Box<PrintConfig>),
    /// Print the completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page.
    Man {
        /// Write one for each subcommand into this directory instead.
        #[arg(long, value_name = "DIRECTORY")]
        out: Option<PathBuf>,
    },
    /// Open thousands of real connections to a WebSocket server, end them, and measure the survivors.
    Storm(Box<storm::Options>),
    /// The process that holds a storm's connections; started by `storm`.
    #[command(hide = true)]
    StormChild,
}

/// The settings, and where else they may stand.
#[derive(Debug, Args)]
struct Configured {
    /// Configuration file [default: /etc/ws-service/ws-service.toml, if it is there].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Args)]
struct PrintConfig {
    /// Print all settings with their documentation and their default, as a file to begin with.
    #[arg(long)]
    default: bool,
    #[command(flatten)]
    configured: Configured,
}

/// Runs the subcommand that the command line names; usage errors exit with 2.
pub(crate) fn run() -> ExitCode {
    let matches = command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let matches = matches.subcommand().map_or(&matches, |(_, matches)| matches);
    let with = |configured: Configured, run: fn(Inputs, &Configuration) -> ExitCode| {
        with_configuration(configured.config, matches, run)
    };
    match cli.command {
        None => with(cli.configured, serve::run),
        Some(Command::Serve(configured)) => with(*configured, serve::run),
        Some(Command::CheckConfig(configured)) => with(*configured, |_, _| ExitCode::SUCCESS),
        Some(Command::PrintConfig(print)) if print.default => say(&print::default_file()),
        Some(Command::PrintConfig(print)) => {
            with(print.configured, |_, configuration| say(&print::effective(&configuration.given)))
        }
        Some(Command::Completions { shell }) => done(pages::completions(command(), shell)),
        Some(Command::Man { out }) => done(pages::man(command(), out.as_deref())),
        Some(Command::Storm(options)) => storm::run(&options),
        Some(Command::StormChild) => storm::run_child(),
    }
}

fn command() -> clap::Command {
    let command = Cli::command().mut_args(settings::note);
    ["serve", "check-config", "print-config"].into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |subcommand| subcommand.mut_args(settings::note))
    })
}

fn with_configuration(
    file: Option<PathBuf>,
    matches: &ArgMatches,
    run: impl FnOnce(Inputs, &Configuration) -> ExitCode,
) -> ExitCode {
    let inputs = Inputs::new(file, matches);
    match inputs.load() {
        Ok(configuration) => run(inputs, &configuration),
        Err(complaints) => {
            for complaint in complaints {
                eprintln!("ws-service: {complaint}");
            }
            ExitCode::from(BAD_CONFIGURATION)
        }
    }
}

/// Prints to standard output.
fn say(text: &str) -> ExitCode {
    done(io::stdout().write_all(text.as_bytes()))
}

fn done(result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ws-service: {error}");
            ExitCode::FAILURE
        }
    }
}
