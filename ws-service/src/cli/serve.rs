//! `ws-service serve`: the service with its built-in protocols.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use ws_service::protocols::{Echo, Logged, Mirror};
use ws_service::{
    NotFound, Protocol, Route, RouteError, Service, ServiceBuilder, ServiceError, StartError,
};

use super::BAD_CONFIGURATION;
use super::activation;
use super::layers::{Configuration, Inputs};
use super::log;
use super::reload::Reload;
use super::settings::Settings;
use crate::control::{Control, ControlError, Facts, TokenError};

/// Why the service did not start, or did not end well.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("{0}")]
    Tls(String),
    #[error(transparent)]
    Route(#[from] RouteError),
    #[error(transparent)]
    Ended(#[from] ServiceError),
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error("admin_token_file {}: {error}", path.display())]
    Token { path: PathBuf, error: TokenError },
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Error {
    const fn status(&self) -> u8 {
        match self {
            Self::Tls(_)
            | Self::Start(
                StartError::Config(_)
                | StartError::Threads(_)
                | StartError::Descriptors { .. }
                | StartError::NotAsked(_),
            )
            | Self::Token { .. } => BAD_CONFIGURATION,
            _ => 1,
        }
    }
}

/// Serves until a signal ends it.
pub(super) fn run(inputs: Inputs, configuration: &Configuration) -> ExitCode {
    let log = log::start(&configuration.settings.log);
    if !configuration.ignored.is_empty() {
        let variables = configuration.ignored.join(" ");
        tracing::info!(variables, "environment variables that are no settings");
    }
    let reload = Reload::new(inputs, configuration, log);
    match serve(configuration, reload) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The one line that is for people, whatever the log's format.
            eprintln!("ws-service: {error}");
            ExitCode::from(error.status())
        }
    }
}

fn serve(configuration: &Configuration, mut reload: Reload) -> Result<(), Error> {
    let settings = &configuration.settings;
    let mut admin = settings.admin.config()?;
    let handover = settings.sockets.handover.as_ref();
    let is_optional = !configuration.given.contains_key("admin");
    // A predecessor's place is worth waiting for.
    admin.is_optional = is_optional && handover.is_none();
    // Before anyone can know that we are there, so that no signal ends us unheard.
    let mut control = Control::new()?;
    let is_taken = match control.open(&admin) {
        // By a predecessor, perhaps, which will leave it to us.
        Err(error) if handover.is_some() && error.is_taken() => true,
        opened => opened.map(|()| false)?,
    };
    let given = activation::sockets()?;
    let routes = Route::new("/echo", Echo, Route::new("/mirror/{room}", Mirror, NotFound)?)?;
    let mut builder = ServiceBuilder::new(Logged(routes))
        .configure(|config| *config = settings.config())
        .configure_net(|net| *net = settings.net())
        .adopt(given);
    let tls = settings.tls.load().map_err(|mismatch| Error::Tls(mismatch.what))?;
    for listener in settings.listening.listeners(tls.as_ref()) {
        builder = builder.listener(settings.sockets.apply(listener));
    }
    if let Some(path) = handover {
        builder = builder.hand_over_at(path).on_handover(control.leave());
    }
    let service = builder.start()?;
    if is_taken && service.has_taken_over() {
        if let Err(error) = control.open_after(&admin) {
            tracing::error!(%error, "administrators find a door closed");
        }
    } else if is_taken {
        admin.is_optional = is_optional;
        control.open(&admin).inspect_err(|_| service.handle().stop())?;
    }
    announce(&service, control.address())?;
    let facts = facts(settings, &service);
    control.run(service, facts, |handle| reload.run(handle))?;
    tracing::info!("ended");
    Ok(())
}

/// What administrators are told of the configuration.
fn facts<P: Protocol>(settings: &Settings, service: &Service<P>) -> Facts {
    Facts {
        endpoints: service.endpoints().iter().map(ToString::to_string).collect(),
        keeps_paths: settings.config().keep_paths,
    }
}

/// Says on standard output where the service is to be found, and where its administrators are heard.
fn announce<P: Protocol>(service: &Service<P>, admin: Option<SocketAddr>) -> io::Result<()> {
    let endpoints: Vec<_> = service.endpoints().iter().map(ToString::to_string).collect();
    tracing::info!(endpoints = endpoints.join(" "), "ready");
    let mut out = io::stdout().lock();
    writeln!(out, "ws-service listening on {}", endpoints.join(" "))?;
    if let Some(admin) = admin {
        writeln!(out, "admin listening on http://{admin}/")?;
    }
    out.flush()
}
