//! The settings of the service, each written down once.
//!
//! A setting is a field of one of these structs: its name is the key in the file and, with dashes, the flag,
//! and behind `WS_SERVICE_` the environment variable ([`layers`](super::layers)); its documentation is what
//! `--help`, the manual and the commented default file say ([`print`](super::print)).

mod admin;
mod compression;
mod limits;
mod listening;
mod log;
mod sockets;
mod timeouts;
mod tls;
mod turns;

use clap::{Arg, Args};
use ws_service::{Config, NetConfig};

pub(super) use admin::Admin;
pub(super) use compression::Compression;
pub(super) use limits::Limits;
pub(super) use listening::Listening;
pub(super) use log::{Format, Log};
pub(super) use sockets::Sockets;
pub(super) use timeouts::Timeouts;
pub(super) use tls::{Mismatch, Tls};
pub(super) use turns::Turns;

/// Those that a running service can't change; the others follow SIGHUP.
pub(super) const AT_START: &[&str] = &[
    "listen",
    "unix_mode",
    "proxy",
    "tls_certificate",
    "tls_key",
    "tls_clients",
    "tls_authorities",
    "handover",
    "backlog",
    "tcp_nodelay",
    "tcp_keepalive",
    "threads",
    "max_connections",
    "max_per_address",
    "max_handshakes",
    "stop_after",
    "turn_accepts",
    "turn_receives",
    "turn_receive_size",
    "turn_hangups",
    "turn_letters",
    "turn_tls_handshakes",
    "turn_writes",
    "receive_buffer",
    "admin",
    "admin_token_file",
    "admin_socket",
    "keep_paths",
    "log_format",
];

/// All of them.
#[derive(Debug, Clone, Args)]
pub(super) struct Settings {
    #[command(flatten, next_help_heading = "Listening")]
    pub(super) listening: Listening,
    #[command(flatten, next_help_heading = "TLS")]
    pub(super) tls: Tls,
    #[command(flatten, next_help_heading = "Sockets")]
    pub(super) sockets: Sockets,
    #[command(flatten, next_help_heading = "Timeouts")]
    pub(super) timeouts: Timeouts,
    #[command(flatten, next_help_heading = "Limits")]
    pub(super) limits: Limits,
    #[command(flatten, next_help_heading = "Compression")]
    pub(super) compression: Compression,
    #[command(flatten, next_help_heading = "Work of a service thread's turn")]
    pub(super) turns: Turns,
    #[command(flatten, next_help_heading = "Administration")]
    pub(super) admin: Admin,
    #[command(flatten, next_help_heading = "Logs")]
    pub(super) log: Log,
}

/// Says in a setting's help whether it waits for a restart.
pub(super) fn note(argument: Arg) -> Arg {
    let is_fixed = AT_START.contains(&argument.get_id().as_str());
    match argument.get_help().map(ToString::to_string) {
        Some(help) if is_fixed => argument.help(format!("{help} [needs a restart]")),
        _ => argument,
    }
}

impl Settings {
    /// What the shards are to know.
    pub(super) fn config(&self) -> Config {
        let mut config = Config::default();
        config.origins = self.listening.origins();
        config.keep_paths = self.admin.keep_paths;
        self.timeouts.apply(&mut config.timeouts);
        self.limits.apply(&mut config.limits);
        self.compression.apply(&mut config.compression);
        self.turns.apply(&mut config.budget);
        config
    }

    /// What the service threads are to know besides.
    pub(super) fn net(&self) -> NetConfig {
        let mut net = NetConfig::default();
        net.threads = self.listening.threads;
        net.max_connections = self.limits.max_connections;
        net.max_per_address = self.limits.max_per_address;
        net.max_handshakes = self.limits.max_handshakes;
        net.stop_after = self.timeouts.stop_after;
        self.turns.apply_net(&mut net);
        net
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::{Command, FromArgMatches};

    use super::*;

    fn settings(flags: &[&str]) -> Settings {
        let command = Settings::augment_args(Command::new("ws-service"));
        let flags = ["ws-service"].iter().chain(flags);
        Settings::from_arg_matches(&command.get_matches_from(flags)).unwrap()
    }

    /// The defaults stand in the library, and for people here.
    #[test]
    fn the_defaults_are_those_of_the_library() {
        assert_eq!(settings(&[]).config(), Config::default());
        assert_eq!(settings(&[]).net(), NetConfig::default());
    }

    /// What stands elsewhere than in the configuration of the library is tried with a running service.
    #[test]
    fn every_number_changes_what_it_names() {
        let headings = ["Timeouts", "Limits", "Compression", "Work of a service thread's turn"];
        let command = Settings::augment_args(Command::new("ws-service"));
        let is_number = |it: &&Arg| it.get_help_heading().is_some_and(|it| headings.contains(&it));
        for argument in command.get_arguments().filter(is_number) {
            let name = argument.get_id().as_str();
            // One of these may be said, and none is a default.
            let values = ["9", "7ms", "7KiB", "off", "drop", "dedicated"];
            let changes = values.iter().any(|value| {
                let flag = format!("--{}={value}", name.replace('_', "-"));
                let matches = command.clone().try_get_matches_from(["ws-service", &flag]);
                matches.is_ok_and(|matches| {
                    let settings = Settings::from_arg_matches(&matches).unwrap();
                    (settings.config(), settings.net()) != (Config::default(), NetConfig::default())
                })
            });
            assert!(changes, "{name} changes nothing");
        }
    }

    /// Those whose effect no client sees.
    #[test]
    fn what_is_set_arrives() {
        let settings = settings(&["--drain-time", "3s", "--stop-after", "4s"]);
        let (timeouts, net) = (settings.config().timeouts, settings.net());
        assert_eq!(timeouts.drain, Duration::from_secs(3));
        assert_eq!(net.stop_after, Duration::from_secs(4));
    }
}
