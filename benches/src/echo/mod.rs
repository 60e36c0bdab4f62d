//! What a load of echoes is made of.

mod content;
mod line;

pub use content::{Content, Kind};
pub use line::{Line, Progress};
