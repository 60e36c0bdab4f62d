//! The storm's command line, and what of it is refused before anything starts.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

use super::client::{CONNECTIONS_PER_SOURCE, Target};
use super::limits;
use crate::units::duration;

/// What to open, how to end it, and what to report.
///
/// The survivors echo on a fixed grid of slots, one message under way at a time. A latency counts from
/// the moment the message was really sent to the moment the storm woke up for its echo; slots missed
/// meanwhile are recorded as messages that waited for the rest of that time (correction of coordinated
/// omission), and counted.
///
/// Exit status: 0 if nothing was lost, 1 if an echo or a connection was lost or damaged or the server
/// did not let go of the dead in time or holds more from round to round, 2 for a usage error.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  Kill 10,000 clients at once, ten times, and watch the server's descriptors:
    ws-service storm ws://127.0.0.1:9001/echo --rounds 10 --server-pid $(pidof my-server)
  Let them fall silent instead, and see when each is hung up on:
    ws-service storm ws://127.0.0.1:9001/echo --end freeze
  A minute of handshakes, each reset on completion:
    ws-service storm ws://127.0.0.1:9001/echo --preset churn
  A page with plots of what was felt, and of what a ws-service counted meanwhile:
    ws-service storm ws://127.0.0.1:9001/echo --admin http://127.0.0.1:9002 --report storm.html
  An hour of everything, on a server that hangs up on the silent within --reclaim-within:
    ws-service storm ws://127.0.0.1:9001/echo --soak 1h --server-pid $(pidof my-server)")]
pub(crate) struct Options {
    /// The server: ws://HOST:PORT/PATH. What it is sent, it must echo
    pub(super) url: String,

    /// How many connections to open and end in each round
    #[arg(long, short = 'n', default_value_t = 10_000, value_name = "N")]
    pub(super) connections: usize,

    /// A storm of the README; what else is given goes before what it says
    #[arg(long, value_enum, value_name = "NAME")]
    pub(super) preset: Option<Preset>,

    /// How they end
    #[arg(long, value_enum, default_value_t = End::Kill, default_value_ifs = [
        (PRESET, "churn", "churn"), (PRESET, "freeze", "freeze"), (PRESET, "stop", "stop"),
    ])]
    pub(super) end: End,

    /// How many times
    #[arg(long, default_value_t = 1, default_value_if(PRESET, "kill", "10"), value_name = "R",
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) rounds: u32,

    /// Go on for this long: every way to end takes its turn, while others talk in rooms and read slowly.
    /// Judged at the end: order and content of every message, descriptors, memory, survivors' latency
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with_all = ["end", "rounds"])]
    pub(super) soak: Option<Duration>,

    /// In a soak, the path of the rooms: what one sends to PATH/{room}, all others there must receive
    #[arg(long, default_value = "/mirror", value_name = "PATH", requires = "soak")]
    pub(super) rooms: String,

    /// In a soak, companions: members of each of two rooms, and as many slow readers
    #[arg(long, default_value_t = 50, value_name = "N", requires = "soak",
          value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub(super) companions: u32,

    /// In a soak, the survivors' p99 above which the server has failed
    #[arg(long, default_value = "100ms", value_name = "TIME", value_parser = duration, requires = "soak")]
    pub(super) p99_below: Duration,

    /// Connections that live through it all, echoing
    #[arg(long, default_value_t = 50, value_name = "K")]
    pub(super) survivors: usize,

    /// How often each survivor sends
    #[arg(long, default_value = "1ms", value_name = "TIME", value_parser = duration)]
    pub(super) interval: Duration,

    /// How often a fresh connection is tried, with one echo
    #[arg(long, default_value = "20ms", value_name = "TIME", value_parser = duration)]
    pub(super) fresh_interval: Duration,

    /// Payload of an echo in bytes: a sequence number of 8 and random content
    #[arg(long, default_value_t = 20, value_name = "BYTES",
          value_parser = clap::value_parser!(u32).range(8..=1 << 20))]
    pub(super) message_size: u32,

    /// How long to measure before the end, with all connections open
    #[arg(long, default_value = "2s", value_name = "TIME", value_parser = duration)]
    pub(super) settle: Duration,

    /// How long to measure after the end, or to churn
    #[arg(long, default_value_t = 3, value_name = "S", default_value_ifs = [
              (PRESET, "kill", "1"), (PRESET, "churn", "60"), (PRESET, "freeze", "8"), (PRESET, "stop", "8"),
          ],
          value_parser = clap::value_parser!(u32).range(0..=86_400))]
    pub(super) seconds: u32,

    /// How long the server may take to let go of the dead
    #[arg(long, default_value = "30s", value_name = "TIME", value_parser = duration)]
    pub(super) reclaim_within: Duration,

    /// How long a handshake or an echo may take before it counts as lost
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = duration)]
    pub(super) timeout: Duration,

    /// Handshakes under way at once, while opening and in a churn
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(super) concurrent: usize,

    /// The server's process on this machine: its descriptors tell when it has let go of the dead
    #[arg(long, value_name = "PID")]
    pub(super) server_pid: Option<u32>,

    /// Seed of payloads and masks; printed, random unless given
    #[arg(long)]
    pub(super) seed: Option<u64>,

    /// Also write the results to this file
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,

    /// Also write the results to this file, as a page with plots
    #[arg(long, value_name = "FILE", conflicts_with = "soak")]
    pub(super) report: Option<PathBuf>,

    /// The admin listener of a ws-service, http://HOST:PORT: what it counts goes into the results
    #[arg(long, value_name = "URL", conflicts_with = "soak")]
    pub(super) admin: Option<String>,

    /// File with the token that it asks for
    #[arg(long, value_name = "FILE", requires = "admin")]
    pub(super) admin_token_file: Option<PathBuf>,

    /// Allow a target that is not a loopback address: this is a load generator
    #[arg(long)]
    pub(super) i_own_the_target: bool,
}

/// The option that others' defaults depend on.
const PRESET: &str = "preset";

/// The storms of the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Preset {
    /// All killed at once, ten times
    Kill,
    /// A minute of handshakes, each reset on completion
    Churn,
    /// All fall silent, and are waited for for 8 s
    Freeze,
    /// The same by SIGSTOP
    Stop,
}

/// The ways in which connections end in the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum End {
    /// SIGKILL of the process that holds them
    Kill,
    /// RST of each
    Reset,
    /// FIN of each, without a Close frame
    Fin,
    /// A proper closing handshake of each, verified
    Close,
    /// They stop reading and answering: half-open. Reports when each is hung up on
    Freeze,
    /// The same by SIGSTOP of the process that holds them
    Stop,
    /// Handshake, RST, again, for --seconds
    Churn,
}

impl End {
    /// As on the command line.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Reset => "reset",
            Self::Fin => "fin",
            Self::Close => "close",
            Self::Freeze => "freeze",
            Self::Stop => "stop",
            Self::Churn => "churn",
        }
    }
}

impl Options {
    /// Checks what clap cannot, and finds the target.
    ///
    /// # Errors
    ///
    /// One line about what does not fit.
    pub(super) fn target(&self) -> Result<Target, String> {
        let target = Target::parse(&self.url)?;
        if !target.is_loopback() && !self.i_own_the_target {
            return Err(format!(
                "{} is not a loopback address: a storm is an attack on a server that is not yours; \
                 --i-own-the-target allows it",
                target.address,
            ));
        }
        if !target.has_many_sources() && self.connections > CONNECTIONS_PER_SOURCE {
            return Err(format!(
                "{} connections to {} do not fit into the ports of one address (at most \
                 {CONNECTIONS_PER_SOURCE}); only 127.0.0.0/8 offers several",
                self.connections, target.address,
            ));
        }
        for (name, zero) in [
            ("--connections", self.connections == 0),
            ("--concurrent", self.concurrent == 0),
            ("--interval", self.interval.is_zero()),
            ("--fresh-interval", self.fresh_interval.is_zero()),
            ("--timeout", self.timeout.is_zero()),
        ] {
            if zero {
                return Err(format!("{name} must be more than zero"));
            }
        }
        let usable = limits::raise();
        limits::children(self.connections, usable)?;
        limits::fits(self.survivors, usable)?;
        Ok(target)
    }

    pub(super) fn measured_after(&self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn target(arguments: &str) -> Result<Target, String> {
        let line = std::iter::once("storm").chain(arguments.split(' '));
        Line::try_parse_from(line).map_err(|error| error.to_string())?.options.target()
    }

    #[test]
    fn only_a_loopback_target_is_taken_for_granted() {
        assert!(target("ws://127.0.0.1:9/").is_ok());
        assert!(target("ws://localhost:9/").is_ok());
        assert!(target("ws://192.0.2.1:9/").unwrap_err().contains("--i-own-the-target"));
        assert!(target("ws://192.0.2.1:9/ --i-own-the-target").is_ok());
    }

    #[test]
    fn a_preset_says_what_is_not_given() {
        let options = |arguments: &str| {
            let line = ["storm", "ws://127.0.0.1:9/"].into_iter().chain(arguments.split(' '));
            let Options { end, rounds, seconds, .. } = Line::parse_from(line).options;
            (end, rounds, seconds)
        };
        assert_eq!(options("--rounds 1"), (End::Kill, 1, 3));
        assert_eq!(options("--preset kill"), (End::Kill, 10, 1));
        assert_eq!(options("--preset churn"), (End::Churn, 1, 60));
        assert_eq!(options("--preset freeze"), (End::Freeze, 1, 8));
        assert_eq!(options("--preset stop"), (End::Stop, 1, 8));
        assert_eq!(options("--preset churn --seconds 5 --rounds 2"), (End::Churn, 2, 5));
    }

    #[test]
    fn what_cannot_work_is_refused_in_a_line() {
        for bad in [
            "ws://127.0.0.1:9/ --connections 0",
            "ws://127.0.0.1:9/ --interval 0ms",
            "ws://127.0.0.1:9/ --interval 5",
            "ws://127.0.0.1:9/ --message-size 4",
            "ws://127.0.0.1:9/ --survivors 99999999999",
            "ws://[::1]:9/ --connections 25000",
            "ws://127.0.0.1:9/ --connections 99999999999",
        ] {
            assert!(target(bad).is_err(), "{bad}");
        }
    }
}
