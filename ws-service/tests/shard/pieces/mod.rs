//! Messages in pieces: told as they come, sent as they are made.

mod compressed;
mod receiving;
mod sending;

use crate::driver::Driver;
use ws_service::shard::Config;

/// A puppet that asks for pieces.
fn driver(change: impl FnOnce(&mut Config)) -> Driver {
    let driver = Driver::with(change);
    driver.protocol.when("accept", "pieces");
    driver
}

/// What has been told of messages since the last call.
fn pieces(driver: &Driver) -> Vec<String> {
    let log = driver.log();
    log.iter().filter_map(|line| line.strip_prefix("piece ")).map(str::to_owned).collect()
}
