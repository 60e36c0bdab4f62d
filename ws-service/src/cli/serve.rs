//! `ws-service serve`: the service with its built-in protocols.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use tracing::Level;
use ws_service::protocols::{Echo, Mirror};
use ws_service::{
    CompressionMode, Config, Endpoint, Listener, Origins, Protocol, RouteError, Service,
    ServiceBuilder, ServiceError, StartError,
};

use super::log;
use crate::control::Control;
use crate::units::{Patience, duration, patience, size};

/// The status for a configuration that makes no sense: `EX_CONFIG` of sysexits.h.
const BAD_CONFIGURATION: u8 = 78;

/// What to listen on, and what to allow.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Address to listen on, or unix: with the path of a Unix socket; may be given several times. Port 0
    /// means any free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9001")]
    listen: Vec<Endpoint>,
    /// Service threads [default: one for each core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Ping a peer this long after its last sign of life, or `off`.
    #[arg(long, value_name = "TIME", value_parser = patience, default_value = "30s")]
    ping_after: Patience,
    /// Hang up on a peer this long after its last sign of life, or `off`; later than the ping.
    #[arg(long, value_name = "TIME", value_parser = patience, default_value = "60s")]
    hangup_after: Patience,
    /// Time a client has to complete its upgrade request, or `off`.
    #[arg(long, value_name = "TIME", value_parser = patience, default_value = "10s")]
    handshake_timeout: Patience,
    /// Time a peer has to answer our Close.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5s")]
    close_timeout: std::time::Duration,
    /// Time a message may take from its first byte to its last, or `off`.
    #[arg(long, value_name = "TIME", value_parser = patience, default_value = "60s")]
    message_timeout: Patience,
    /// Time a peer that takes nothing of what is queued for it is kept, or `off`.
    #[arg(long, value_name = "TIME", value_parser = patience, default_value = "30s")]
    write_timeout: Patience,
    /// Connections in all [default: what the descriptor limit allows].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_connections: Option<u64>,
    /// Longest message, in bytes, or with a unit: 64KiB, 16MiB.
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "16MiB")]
    max_message_size: usize,
    /// Origin whose pages may connect, as a browser writes it, or `*` for any; may be given several
    /// times [default: pages of the host and port that is connected to].
    #[arg(long, value_name = "ORIGIN")]
    origin: Vec<Box<str>>,
    /// Compress messages where a client offers it: `off`; `shared`, with one compressor for all
    /// connections of a thread; `dedicated`, with one for each: smaller messages, more memory.
    #[arg(long, value_name = "MODE", value_enum, default_value = "shared")]
    compression: Compression,
    /// Shortest message that is compressed, in bytes, or with a unit.
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "1KiB")]
    compression_threshold: usize,
    /// How hard to compress: from 1, the fastest, to 9, the smallest.
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(1..=9), default_value = "1")]
    compression_level: u8,
    /// Log this and what is more severe: error, warn, info, debug, trace.
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log_level: Level,
    /// How log lines look.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = log::Format::Auto)]
    log_format: log::Format,
}

/// [`CompressionMode`], as the command line names it.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Compression {
    Off,
    Shared,
    Dedicated,
}

impl From<Compression> for CompressionMode {
    fn from(mode: Compression) -> Self {
        match mode {
            Compression::Off => Self::Off,
            Compression::Shared => Self::Shared,
            Compression::Dedicated => Self::Dedicated,
        }
    }
}

/// Why the service did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Route(#[from] RouteError),
    #[error(transparent)]
    Ended(#[from] ServiceError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Error {
    const fn status(&self) -> u8 {
        match self {
            Self::Start(
                StartError::Config(_) | StartError::Threads(_) | StartError::Descriptors { .. },
            ) => BAD_CONFIGURATION,
            _ => 1,
        }
    }
}

/// Serves until a signal ends it.
pub(super) fn run(options: &Options) -> ExitCode {
    log::start(options.log_level, options.log_format);
    match serve(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The one line that is for people, whatever the log's format.
            eprintln!("ws-service: {error}");
            ExitCode::from(error.status())
        }
    }
}

fn serve(options: &Options) -> Result<(), Error> {
    // Before anyone can know that we are there, so that no signal ends us unheard.
    let control = Control::new()?;
    let mut builder = ServiceBuilder::routes()
        .route("/mirror/{room}", Mirror)?
        .route("/echo", Echo)?
        .configure(|config| options.configure(config))
        .configure_net(|net| {
            net.max_connections = options.max_connections.map(saturating);
        });
    for endpoint in &options.listen {
        builder = builder.listener(Listener::new(endpoint.clone()));
    }
    if let Some(threads) = options.threads {
        builder = builder.threads(threads.into());
    }
    let service = builder.start()?;
    announce(&service)?;
    control.run(service)?;
    tracing::info!("ended");
    Ok(())
}

impl Options {
    fn configure(&self, config: &mut Config) {
        config.timeouts.ping_after = self.ping_after.0;
        config.timeouts.hangup_after = self.hangup_after.0;
        config.timeouts.handshake = self.handshake_timeout.0;
        config.timeouts.close = self.close_timeout;
        config.timeouts.message = self.message_timeout.0;
        config.timeouts.write = self.write_timeout.0;
        config.limits.message_size = self.max_message_size;
        config.origins = self.origins();
        config.compression.mode = self.compression.into();
        config.compression.threshold = self.compression_threshold;
        config.compression.level = self.compression_level;
        // The longest message must fit the queue of whoever it is sent to.
        let twice = self.max_message_size.saturating_mul(2);
        config.limits.queued_bytes = config.limits.queued_bytes.max(twice);
    }

    fn origins(&self) -> Origins {
        match self.origin.as_slice() {
            [] => Origins::SameHost,
            all if all.iter().any(|it| &**it == "*") => Origins::Any,
            list => Origins::List(list.to_vec()),
        }
    }
}

fn saturating(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// The one line on standard output that says where the service is to be found.
fn announce<P: Protocol>(service: &Service<P>) -> io::Result<()> {
    let endpoints: Vec<_> = service.endpoints().iter().map(ToString::to_string).collect();
    tracing::info!(endpoints = endpoints.join(" "), "ready");
    let mut out = io::stdout().lock();
    writeln!(out, "ws-service listening on {}", endpoints.join(" "))?;
    out.flush()
}
