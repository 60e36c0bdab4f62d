//! The built binary, as an operator runs it.

mod admin;
mod configuration;
mod documents;
mod family;
mod flags;
mod logs;
mod memory;
mod pages;
mod reload;
mod restart;
mod server;
mod signals;
mod soak;
mod storm_page;
mod storms;
mod support;
mod tls;
#[path = "../clients/tool.rs"]
mod tool;
mod units;
mod usage;
