//! permessage-deflate (RFC 7692): agreed on at the handshake, applied to whole messages.
//!
//! ```text
//!  request ──► negotiate ──► Agreement ──┐
//!                              Streams ──┴─► Codec, the connection's
//!                                              │
//!    Incoming::Deflated ──► Deflate::inflate ──┴─► Message
//!    Message ──► Deflate::compress ──► frame with RSV1
//! ```
//!
//! A message stays compressed until its last byte has come: what a peer makes us keep is what it has
//! sent. One that is told in pieces is inflated as it comes, by a stream of its own (`pieces`).
//! [`Deflate`] is the thread's, with the streams that all its connections share; a connection has
//! [`Streams`] of its own only where a context is taken over from message to message.

mod codec;
mod offer;
mod pieces;
mod stream;

pub(super) use codec::{Codec, Deflate, Streams};
pub(super) use offer::{Agreement, negotiate};
pub(super) use pieces::Deflated;

/// The smallest window that zlib can work with, as a power of two.
const MIN_BITS: u8 = 9;
/// The largest window (§7.1.2), as a power of two.
const MAX_BITS: u8 = 15;
/// The windows there can be.
pub(super) const WINDOWS: usize = (MAX_BITS - MIN_BITS + 1) as usize;
