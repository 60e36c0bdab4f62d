//! `ws-service`: run the service (`serve`, the default) or a storm against one (`storm`).
#![forbid(unsafe_code)]

mod cli;
mod control;
mod storm;
mod units;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
