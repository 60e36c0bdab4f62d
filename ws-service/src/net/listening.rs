//! What a service listens at, besides what its threads have of it: to be handed over, and to be left.

use std::io;
use std::os::fd::OwnedFd;

use parking_lot::Mutex;

use super::handover::Door;
use super::listener::SocketFile;

/// A descriptor of each listening socket, and the files of those that have one.
#[derive(Debug, Default)]
pub(crate) struct Listening(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    sockets: Vec<OwnedFd>,
    files: Vec<SocketFile>,
    door: Option<Door>,
    is_over: bool,
}

impl Listening {
    pub(super) fn new(sockets: Vec<OwnedFd>, files: Vec<SocketFile>) -> Self {
        Self(Mutex::new(Kept { sockets, files, door: None, is_over: false }))
    }

    /// Lets successors ask.
    pub(super) fn open_door(&self, door: Door) {
        self.0.lock().door = Some(door);
    }

    /// One has come: its own successors ask it.
    pub(super) fn close_door(&self) {
        self.0.lock().door = None;
    }

    pub(super) fn has_door(&self) -> bool {
        self.0.lock().door.is_some()
    }

    /// Copies for a successor.
    ///
    /// # Errors
    /// There is nothing to succeed to any more, or no descriptor left.
    pub(super) fn copies(&self) -> io::Result<Vec<OwnedFd>> {
        let kept = self.0.lock();
        match &kept.door {
            Some(_) => kept.sockets.iter().map(OwnedFd::try_clone).collect(),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// A successor listens: the files are its.
    pub(super) fn leave_files(&self) {
        self.0.lock().files.drain(..).for_each(SocketFile::leave);
    }

    /// Listens no more, as far as it depends on what is kept here.
    pub(crate) fn stop(&self) {
        let Kept { sockets, door, is_over, .. } = &mut *self.0.lock();
        sockets.clear();
        *door = None;
        *is_over = true;
    }

    /// Whether it listens no more.
    pub(crate) fn is_over(&self) -> bool {
        self.0.lock().is_over
    }

    /// The service has ended.
    pub(crate) fn end(&self) {
        self.stop();
        self.0.lock().files.clear();
    }
}
