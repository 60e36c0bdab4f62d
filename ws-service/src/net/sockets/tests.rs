//! What goes past a shard's queues, to a socket that has room, has none, or is gone.

use std::io::{IoSlice, Read};
use std::os::unix::net::UnixStream;

use mio::Poll;
use slotmap::SlotMap;

use super::*;
use crate::net::proxy::Preamble;

/// A table of one socket, and its other end.
fn pair(layer: Option<Layer>) -> (Sockets, ConnectionKey, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let poll = Poll::new().unwrap();
    let key = SlotMap::<ConnectionKey, ()>::with_key().insert(());
    let mut sockets = Sockets::default();
    sockets.insert(poll.registry(), key, ours.into(), layer).unwrap();
    (sockets, key, theirs)
}

#[test]
fn a_socket_takes_what_it_has_room_for() {
    let (sockets, key, mut theirs) = pair(None);
    let mut total = sockets.pass(key, &[IoSlice::new(b"head"), IoSlice::new(b"tail")]).unwrap();
    assert_eq!(total, 8);
    let large = vec![7; 100_000];
    loop {
        match sockets.pass(key, &[IoSlice::new(&large)]) {
            Some(0) => break,
            taken => total += taken.expect("full is not gone"),
        }
    }
    drop(sockets);
    let mut heard = Vec::new();
    theirs.read_to_end(&mut heard).unwrap();
    assert_eq!((heard.len(), &heard[..8]), (total, &b"headtail"[..]));
}

/// The next write of what is queued then says so.
#[test]
fn one_that_is_gone_takes_nothing_and_is_not_full() {
    let (sockets, key, theirs) = pair(None);
    drop(theirs);
    assert_eq!(sockets.pass(key, &[IoSlice::new(b"late")]), None);
    assert_eq!(sockets.pass(ConnectionKey::default(), &[IoSlice::new(b"nobody")]), None);
}

#[test]
fn nothing_goes_past_a_layer() {
    let (sockets, key, mut theirs) = pair(Some(Layer::Preamble(Box::new(Preamble::new(None)))));
    assert_eq!(sockets.pass(key, &[IoSlice::new(b"plain")]), None);
    drop(sockets);
    let mut heard = Vec::new();
    theirs.read_to_end(&mut heard).unwrap();
    assert!(heard.is_empty());
}
