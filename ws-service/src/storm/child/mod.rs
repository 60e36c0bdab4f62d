//! The process that holds the crowd, so that a crowd can be killed as one.
//!
//! The storm starts its own executable again with a hidden subcommand and talks to it in lines of
//! JSON over stdin and stdout. A child ends when its stdin closes (and, on Linux, by the kernel's
//! hand when its parent dies while it is stopped), so none is ever left behind.

mod churn;
mod company;
mod holder;
mod lines;
mod process;
mod protocol;
mod room;
mod slow;

pub(super) use lines::Lines;
pub(crate) use process::run;
pub(super) use protocol::{Churn, Companions, Company, Kind, News, Opening, Order, Parting};
