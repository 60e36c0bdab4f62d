//! Where the service is to be found, and by whom.

use std::collections::HashSet;

use clap::Args;
use ws_service::{Endpoint, Listener, Origins, ProxySource, Tls};

use crate::units::{mode, number};

/// Marks an endpoint at which TLS is spoken.
const TLS: &str = "tls:";

/// Where the service is to be found, and by whom.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Listening {
    /// Address to listen on, or unix: with the path of a Unix socket; behind tls: one that speaks TLS. May be
    /// given several times. Port 0 means any free one.
    #[arg(long, value_name = "ADDR", value_delimiter = ',', value_parser = place, default_value = "127.0.0.1:9001")]
    listen: Vec<Place>,
    /// Permissions of the files of Unix sockets, in octal: who may write may connect [default: what the
    /// process's umask leaves].
    #[arg(long, value_name = "MODE", value_parser = mode)]
    unix_mode: Option<u32>,
    /// Proxies that tell by the PROXY protocol whom they connect: an address, a network, or `unix`; may be
    /// given several times [default: none].
    #[arg(long, value_name = "SOURCE", value_delimiter = ',')]
    proxy: Vec<ProxySource>,
    /// Service threads [default: one for each core].
    #[arg(long, value_name = "N", value_parser = number::<usize, 1, 65_535>)]
    pub(super) threads: Option<usize>,
    /// Origin whose pages may connect, as a browser writes it, or `*` for any; may be given several
    /// times [default: pages of the host and port that is connected to].
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',', value_parser = origin)]
    pub(in crate::cli) origin: Vec<Box<str>>,
}

/// An endpoint, and what is spoken there.
#[derive(Debug, Clone)]
struct Place {
    endpoint: Endpoint,
    is_tls: bool,
}

impl Listening {
    /// Whether there is a listener that speaks TLS.
    pub(in crate::cli) fn needs_tls(&self) -> bool {
        self.listen.iter().any(|place| place.is_tls)
    }

    /// An endpoint that is named twice, if there is one, be it one of `others`; port 0 is another each time.
    pub(in crate::cli) fn twice(&self, others: impl Iterator<Item = Endpoint>) -> Option<Endpoint> {
        let is_fixed = |endpoint: &Endpoint| endpoint.address().is_none_or(|it| it.port() != 0);
        let mut seen = HashSet::new();
        let listen = self.listen.iter().map(|place| place.endpoint.clone());
        let mut endpoints = listen.chain(others);
        endpoints.find(|endpoint| is_fixed(endpoint) && !seen.insert(endpoint.clone()))
    }

    /// The listeners; those that speak TLS do so by `tls`.
    pub(in crate::cli) fn listeners(&self, tls: Option<&Tls>) -> impl Iterator<Item = Listener> {
        self.listen.iter().map(move |Place { endpoint, is_tls }| {
            let mut listener = Listener::new(endpoint.clone()).proxies(self.proxy.iter().copied());
            if let Some(mode) = self.unix_mode {
                listener = listener.mode(mode);
            }
            match tls {
                Some(tls) if *is_tls => listener.tls(tls.clone()),
                _ => listener,
            }
        })
    }

    pub(super) fn origins(&self) -> Origins {
        match self.origin.as_slice() {
            [] => Origins::SameHost,
            all if all.iter().any(|it| &**it == "*") => Origins::Any,
            list => Origins::List(list.to_vec()),
        }
    }
}

fn place(text: &str) -> Result<Place, String> {
    let (is_tls, endpoint) = match text.strip_prefix(TLS) {
        Some(endpoint) => (true, endpoint),
        None => (false, text),
    };
    let endpoint = endpoint.parse().map_err(|_| {
        "must be an address and a port, such as 127.0.0.1:9001 or [::1]:9001, or a path behind unix:; \
         tls: may stand before either"
            .to_owned()
    })?;
    Ok(Place { endpoint, is_tls })
}

/// What no browser would ever send would let nobody in.
fn origin(text: &str) -> Result<Box<str>, String> {
    let is_host = |host: &str| {
        !host.is_empty() && !host.contains(|it: char| "/?#@".contains(it) || it.is_whitespace())
    };
    let is_origin = text.split_once("://").is_some_and(|(scheme, host)| {
        !scheme.is_empty() && scheme.chars().all(char::is_alphanumeric) && is_host(host)
    });
    if is_origin || ["*", "null"].contains(&text) {
        return Ok(text.into());
    }
    Err("must be a scheme and a host, with its port if that is unusual, and nothing behind: such as \
         https://app.example or http://localhost:8080; or * for any"
        .to_owned())
}
