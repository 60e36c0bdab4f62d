//! What a ws-service under the storm says of itself, by its admin listener.

mod client;
mod counts;
mod watcher;

pub(super) use client::Client;
pub(super) use counts::{Counts, Spread, Told};
pub(super) use watcher::Watcher;
