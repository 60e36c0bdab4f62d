//! `/echo` and clients that others have written: Node's `ws`, Python's `websockets`, `websocat`, Chromium.
//!
//! Each compares what comes back with what it sent, byte for byte, and sees a clean close. Where a tool is
//! missing its test is skipped, and says so; `.ci/clients` installs them, and lets none be missing.

#[path = "../binary/server.rs"]
mod server;

mod chromium;
mod client;
mod devtools;
mod exchange;
mod page;
mod scripts;
mod status_page;
mod storm_page;
mod tool;
mod websocat;
