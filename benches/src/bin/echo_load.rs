//! A closed loop of echoes over many connections: how many a second, how late, and at what cost to
//! the server. Everything that comes back is compared byte for byte.

use std::error::Error;

use benches::load::{self, Content, Driver, Line, Measurement};
use clap::Parser;

/// Prints one line of JSON.
#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    load: load::Options,
    /// The path of the upgrade request.
    #[arg(long, default_value = "/echo")]
    path: String,
    /// Connections.
    #[arg(long, default_value_t = 100)]
    connections: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Options { load, path, connections } = Options::parse();
    let content = Content::new(load.kind, load.size, load.in_flight.max(1));
    let mut driver = Driver::new()?;
    let mut lines = Vec::with_capacity(connections);
    for place in 0..connections {
        let mut stream = load::connect(load.address, &path, load.kind)?;
        driver.watch(&mut stream, place)?;
        lines.push(Line::new(stream));
    }
    for line in &mut lines {
        line.start(&content)?;
    }
    let mut buffer = vec![0; 512 * 1024];
    let mut measure = |time, enough| {
        let mut measurement = Measurement::begin(load.server_pid)?;
        driver.run(time, enough, &mut measurement, &mut |place, measurement| {
            let progress = lines[place].turn(&content, &mut buffer)?;
            if progress.replies > 0 {
                measurement.count(progress.replies);
                measurement.late(progress.replies, progress.since.elapsed());
            }
            Ok(progress.has_more)
        })?;
        Ok::<_, Box<dyn Error>>(measurement)
    };
    // Warm is a server that has answered everyone a few times.
    measure(load.time() / 5, 3 * (connections * load.in_flight) as u64)?;
    println!("{}", measure(load.time(), 0)?.report()?);
    Ok(())
}
