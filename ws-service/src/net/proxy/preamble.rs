//! The header that a proxy sends before anything else.

use proxy_header::{Error, ParseConfig, Protocol, ProxyHeader};

use crate::net::layer::{Fault, Layer, Scratch, Taken, read};
use crate::net::stream::Stream;
use crate::shard::Peer;

/// The longest header that is taken. Version 2 could have 64 KiB of extensions; what proxies send is a
/// few hundred bytes.
const LONGEST: usize = 4096;
/// The longest header of version 1, by its specification.
const LONGEST_TEXT: usize = 107;

/// A header that is expected, and what of it has come.
#[derive(Debug)]
pub(in crate::net) struct Preamble {
    kept: Vec<u8>,
    /// What comes behind it, if that is not for the shard.
    next: Option<Layer>,
}

/// How far a header has come.
#[derive(Debug, PartialEq, Eq)]
enum Progress {
    /// It is whole: whom it names, and its length.
    Whole(Option<Peer>, usize),
    More,
    Bad,
}

impl Preamble {
    pub(in crate::net) fn new(next: Option<Layer>) -> Self {
        Self { kept: Vec::new(), next }
    }

    pub(in crate::net) fn take_next(&mut self) -> Option<Layer> {
        self.next.take()
    }

    /// One read. What comes behind the header is left in the scratch.
    pub(in crate::net) fn receive(
        &mut self,
        stream: &Stream,
        scratch: &mut Scratch,
        limit: usize,
    ) -> (Taken, bool) {
        let room = limit.min(LONGEST);
        if scratch.raw.len() < room {
            scratch.raw.resize(room, 0);
        }
        let buffer = &mut scratch.raw[..room];
        let count = match read(stream, buffer) {
            Ok(count) => count,
            Err(nothing) => return nothing,
        };
        self.kept.extend_from_slice(&buffer[..count]);
        let is_full = count == room;
        match progress(&self.kept) {
            Progress::Whole(peer, length) => {
                scratch.plain.extend_from_slice(&self.kept[length..]);
                (Taken::Introduced(peer), is_full)
            }
            Progress::More if self.kept.len() < LONGEST => (Taken::Plain, is_full),
            Progress::More | Progress::Bad => (Taken::Failed(Fault::Preamble), false),
        }
    }
}

fn progress(bytes: &[u8]) -> Progress {
    match ProxyHeader::parse(bytes, ParseConfig { include_tlvs: false, ..Default::default() }) {
        Ok((_, length)) if bytes.starts_with(b"P") && length > LONGEST_TEXT => Progress::Bad,
        Ok((_, length)) if length > LONGEST => Progress::Bad,
        Ok((header, length)) => {
            // A proxy that checks whether we live names nobody; of other protocols than ours it
            // can't speak.
            let address = header.proxied_address().filter(|it| it.protocol == Protocol::Stream);
            Progress::Whole(address.map(|it| Peer::Inet(it.source)), length)
        }
        Err(Error::BufferTooShort) => Progress::More,
        Err(_) => Progress::Bad,
    }
}
