//! What a shard does, seen through its public door.

mod driver;

mod at_once;
mod backpressure;
mod budgets;
mod closing;
mod counters;
mod deadlines;
mod defer;
mod deflate;
mod differential;
mod drain;
mod echo;
mod family;
mod half_closed;
mod hostile;
mod logged;
mod mail;
mod nesting;
mod overtaking;
mod panics;
mod pausing;
mod pieces;
mod questions;
mod rate;
mod reconfigure;
mod routes;
mod stopped;
mod subprotocols;
mod topics;
mod torn;
mod unread;
mod upgrade;
mod validity;
