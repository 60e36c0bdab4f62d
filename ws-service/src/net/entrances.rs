//! Opens all the places where a service listens: bound anew, given, or taken over.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::StartError;
use super::handover::{Door, Predecessor};
use super::listener::{Adopted, Endpoint, Listener, Terms, There};
use super::listening::Listening;

/// Where a service is to listen.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) listeners: Vec<Listener>,
    /// Sockets that are there for them already.
    pub(crate) given: Vec<OwnedFd>,
    /// Where predecessors and successors meet.
    pub(crate) handover: Option<PathBuf>,
}

/// Where it does.
#[derive(Debug)]
pub(super) struct Entrances {
    pub(super) endpoints: Vec<Endpoint>,
    /// What each thread listens at.
    pub(super) hands: Vec<Vec<(OwnedFd, Terms)>>,
    pub(super) listening: Arc<Listening>,
    pub(super) handover: Handover,
}

/// How far it is with the service before, and the one to come.
#[derive(Debug)]
pub(super) enum Handover {
    Never,
    /// There was no predecessor: successors may come.
    Open(UnixListener),
    /// It is at its door until we serve.
    From(Predecessor, PathBuf),
}

impl Entrances {
    pub(super) fn open(wanted: Wanted, threads: usize) -> Result<Self, StartError> {
        let Wanted { listeners, given, handover } = wanted;
        let given = Adopted::new(given).map_err(StartError::Given)?;
        let (predecessor, left) = match &handover {
            Some(path) => ask(path).map_err(|error| bind_error(path, error))?,
            None => (None, Adopted::default()),
        };
        let mut there = There { given, left };
        let (mut endpoints, mut sockets, mut files) = (Vec::new(), Vec::new(), Vec::new());
        let mut hands: Vec<Vec<_>> = (0..threads).map(|_| Vec::new()).collect();
        for listener in listeners {
            let error = |error| StartError::Bind { endpoint: listener.endpoint().clone(), error };
            let bound = listener.bind(threads, &mut there).map_err(error)?;
            endpoints.push(bound.endpoint);
            sockets.extend(bound.sockets);
            files.extend(bound.file);
            for (mine, hand) in hands.iter_mut().zip(bound.hands) {
                mine.extend(hand.into_iter().map(|socket| (socket, listener.terms().clone())));
            }
        }
        if let Some(endpoint) = there.given.left().next() {
            return Err(StartError::NotAsked(endpoint.clone()));
        }
        for endpoint in there.left.left() {
            tracing::warn!(%endpoint, "the predecessor listens there, and nobody will any more");
        }
        let listening = Arc::new(Listening::new(sockets, files));
        let handover = match (handover, predecessor) {
            (None, _) => Handover::Never,
            (Some(path), Some(predecessor)) => Handover::From(predecessor, path),
            (Some(path), None) => {
                Handover::Open(open_door(&path, &listening).map_err(|it| bind_error(&path, it))?)
            }
        };
        Ok(Self { endpoints, hands, listening, handover })
    }
}

impl Handover {
    pub(super) const fn has_predecessor(&self) -> bool {
        matches!(self, Self::From(..))
    }

    /// The service serves: its predecessor may go, and successors may come.
    pub(super) fn settle(self, listening: &Listening) -> Option<UnixListener> {
        match self {
            Self::Never => None,
            Self::Open(door) => Some(door),
            Self::From(predecessor, path) => {
                if let Err(error) = predecessor.relieve() {
                    tracing::warn!(%error, "the predecessor does not answer");
                }
                open_door(&path, listening)
                    .inspect_err(|error| tracing::error!(%error, "no successor can take over"))
                    .ok()
            }
        }
    }
}

fn ask(path: &Path) -> io::Result<(Option<Predecessor>, Adopted)> {
    Ok(match Predecessor::ask(path)? {
        Some((predecessor, sockets)) => (Some(predecessor), Adopted::new(sockets)?),
        None => (None, Adopted::default()),
    })
}

fn open_door(path: &Path, listening: &Listening) -> io::Result<UnixListener> {
    let (door, listener) = Door::open(path)?;
    listening.open_door(door);
    Ok(listener)
}

fn bind_error(path: &Path, error: io::Error) -> StartError {
    StartError::Bind { endpoint: Endpoint::Unix(path.into()), error }
}
