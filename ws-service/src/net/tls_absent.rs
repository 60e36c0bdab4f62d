//! In the place of TLS, in a build without it: nothing that could ever be.

use std::io::{self, IoSlice};

use super::layer::{Scratch, Sent, Taken};
use super::stream::Stream;

#[derive(Debug, Clone)]
pub(crate) enum Tls {}

#[derive(Debug)]
pub(super) enum Session {}

#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {}

impl Tls {
    pub(super) fn session(&self) -> io::Result<Session> {
        match *self {}
    }
}

impl Session {
    pub(super) const fn is_shaking(&self) -> bool {
        match *self {}
    }

    pub(super) const fn wants_room(&self) -> bool {
        match *self {}
    }

    pub(super) fn feed(&mut self, _: &[u8]) {
        match *self {}
    }

    pub(super) fn receive(&mut self, _: &Stream, _: &mut Scratch, _: usize) -> (Taken, bool) {
        match *self {}
    }

    pub(super) fn send(
        &mut self,
        _: &Stream,
        _: &mut Scratch,
        _: &[IoSlice<'_>],
    ) -> io::Result<Sent> {
        match *self {}
    }

    pub(super) fn shut_write(&mut self, _: &Stream) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn close(&mut self, _: &Stream) {
        match *self {}
    }
}
