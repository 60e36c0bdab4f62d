//! What loads are made of: closed loops over many connections, from one thread.

mod connect;
mod content;
mod driver;
mod fanout;
mod line;
mod measurement;
mod options;

pub use connect::connect;
pub use content::{Content, Kind, Round};
pub use driver::Driver;
pub use fanout::FanOut;
pub use line::{Line, Progress};
pub use measurement::Measurement;
pub use options::Options;
