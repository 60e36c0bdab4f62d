//! The upgrade: from the first bytes of a connection to its 101, or to its refusal.
//!
//! The end of the request is looked for as bytes come, each byte once; tungstenite then parses it
//! once, and [`check`] asks what RFC 6455 §4.2.1 asks besides.

mod check;
mod head;
mod origin;
mod response;
mod subprotocol;

pub(super) use check::check;
pub(super) use head::{Head, Progress, find_end, parse};
pub(super) use response::{refusal, switching_protocols};
pub(super) use subprotocol::offered as offered_subprotocols;
