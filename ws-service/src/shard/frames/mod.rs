//! The frame path: bytes to messages, in place, and messages to bytes.
//!
//! ```text
//!  receive buffer ──► header (tungstenite) ──► unmask in place ──► lent to the protocol
//!                                                    │
//!                          only what is unfinished ──► Partial (boxed, none when idle)
//!                          where messages are told in pieces: an unfinished character
//! ```

mod boundary;
mod decoder;
mod encode;
mod header;
mod mask;
mod partial;
mod streamed;
mod telling;
mod utf8;

pub(super) use boundary::{boundary, each};
pub(super) use decoder::{Decoder, Incoming, Input, Rules};
pub(super) use encode::{
    Head, append, close_frame, deflated_frame, header_size, is_deflated, is_text, message_frame,
    piece_frame, ping_frame, pong_frame,
};
pub(super) use telling::Telling;
pub(super) use utf8::{InvalidUtf8, text};
