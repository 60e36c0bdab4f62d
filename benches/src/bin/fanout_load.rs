//! A closed loop of publications: how many deliveries a second, how late the last of each, and at what
//! cost to the server. Everything that subscribers get is compared byte for byte.

use std::error::Error;

use benches::load::{self, Driver, FanOut, Measurement, Round};
use clap::Parser;

/// Prints one line of JSON.
#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    load: load::Options,
    /// The path of the upgrade requests.
    #[arg(long, default_value = "/mirror/room")]
    path: String,
    /// Connections that get what one more publishes.
    #[arg(long, default_value_t = 1000)]
    subscribers: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Options { load, path, subscribers } = Options::parse();
    let connect = || load::connect(load.address, &path, load.kind);
    let streams: Vec<_> = (0..subscribers).map(|_| connect()).collect::<Result<_, _>>()?;
    let in_flight = load.in_flight.max(1);
    let round = Round::new(load.kind, load.size, in_flight + 1);
    let mut fanout = FanOut::new(streams, connect()?, round);
    let mut driver = Driver::new()?;
    fanout.watch(&driver)?;
    fanout.publish(in_flight)?;
    let mut measure = |time, enough| {
        let mut measurement = Measurement::begin(load.server_pid)?;
        driver.run(time, enough, &mut measurement, &mut |place, measurement| {
            fanout.turn(place, measurement)
        })?;
        Ok::<_, Box<dyn Error>>(measurement)
    };
    // Warm is a server that has reached everyone a few times.
    measure(load.time() / 5, 3 * (subscribers * in_flight) as u64)?;
    println!("{}", measure(load.time(), 0)?.report()?);
    Ok(())
}
