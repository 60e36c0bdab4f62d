//! A multi-threaded WebSocket service, to embed or to run.
#![forbid(unsafe_code)]

mod handle;
mod net;
pub mod protocols;
mod service;
pub mod shard;

pub use handle::Handle;
pub use net::{NetConfig, PostError, StartError, TurnBudget};
pub use service::{Service, ServiceBuilder, ServiceError};
pub use shard::{
    Accept, Budget, CloseCode, CloseKind, CloseReason, Config, ConfigError, Congested,
    ConnectionId, Context, Deadline, Either, Limits, Message, NotFound, Overflow, Protocol,
    Rejection, Request, Route, RouteError, SendError, Sent, Stats, Timeouts, TooManyTopics,
    Violation,
};
