//! A multi-threaded WebSocket service, to embed or to run, that survives losing all its clients at
//! once.
//!
//! You write a [`Protocol`]; a [`ServiceBuilder`] gives it addresses and threads; a [`Handle`] reaches
//! its connections from outside. Each service thread owns a [`shard`], which can also be had without the
//! thread, for an event loop of your own.
//!
//! ```
//! use ws_service::protocols::Echo;
//! use ws_service::ServiceBuilder;
//!
//! let service = ServiceBuilder::new(Echo).listen("127.0.0.1:0")?.threads(2).start()?;
//! println!("listening on {:?}", service.addresses());
//! service.handle().drain(); // another thread would do this, some day
//! service.wait()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it promises
//!
//! - Handlers run to completion and only record; none ever runs inside another.
//! - Every session that `accept` gave out is taken back by `closed`, exactly once, with one
//!   [`CloseReason`].
//! - A peer that stops proving that it receives is hung up on at its deadline, and never before.
//! - Everything that can grow has a limit ([`Limits`]) and a counter ([`Stats`]).
//! - Work per turn is bounded ([`Budget`], [`TurnBudget`]): thousands that die together delay nobody.
//! - A handler that panics ends its own connection with 1011, and nothing else.
//!
//! # Features
//!
//! - `tls` (default): TLS listeners, by rustls.
//! - `cli` (default): the binary, and what only it needs. Embedders turn it off.
#![forbid(unsafe_code)]

mod handle;
mod net;
pub mod protocols;
mod service;
pub mod shard;

pub use handle::Handle;
#[cfg(feature = "tls")]
pub use net::{CertificateFiles, ClientCertificates, Tls, TlsError, TlsFiles};
pub use net::{
    Endpoint, EndpointError, Listener, NetConfig, PostError, ProxySource, ProxySourceError, Reply,
    SocketFile, StartError, TurnBudget,
};
pub use service::{Service, ServiceBuilder, ServiceError};
pub use shard::{
    Accept, Budget, CloseCode, CloseKind, CloseReason, CodeGroup, Compression, CompressionMode,
    Config, ConfigError, Congested, ConnectionId, Context, Deadline, Durations, Either, Histogram,
    Limits, Message, NotFound, Origins, Overflow, Peer, Piece, Protocol, Rejection, Request, Route,
    RouteError, SendError, Sent, Stats, Subprotocol, Timeouts, TooManyTopics, Violation,
};

/// The code in the READMEs and in `docs/` is compiled with the documentation's.
#[cfg(doctest)]
mod readmes {
    #[doc = include_str!("../README.md")]
    struct OfTheCrate;
    #[doc = include_str!("../../README.md")]
    struct OfTheProject;
    #[doc = include_str!("../../docs/from-lws.md")]
    struct FromLws;
}
