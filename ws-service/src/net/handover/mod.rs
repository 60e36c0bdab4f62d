//! A service gives way to another without anyone being refused: its listening sockets go over a Unix
//! socket, and are never closed in between. (To close one of those that share a port would reset who
//! waits there.)

mod wire;

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::listener::{Options, SocketFile, bind_unix};
use super::listening::Listening;
use wire::{GONE, SERVING};

/// How long the other side may take for a word.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a successor may take to start.
const STARTING: Duration = Duration::from_mins(1);
/// How long to wait when the system can't accept a successor.
const RETRY: Duration = Duration::from_millis(100);
/// Whoever may connect may take the service over.
const MODE: u32 = 0o600;

/// Who serves, and waits to be relieved.
#[derive(Debug)]
pub(super) struct Predecessor(UnixStream);

impl Predecessor {
    /// Asks for the listening sockets of whoever serves at a path; `None` if nobody does.
    pub(super) fn ask(path: &Path) -> io::Result<Option<(Self, Vec<OwnedFd>)>> {
        let stream = match UnixStream::connect(path) {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                ) =>
            {
                return Ok(None);
            }
            stream => stream?,
        };
        stream.set_read_timeout(Some(PATIENCE))?;
        let sockets = wire::receive(&stream)?;
        tracing::info!(sockets = sockets.len(), "taking over");
        Ok(Some((Self(stream), sockets)))
    }

    /// We serve: it may go. Done when it takes no more connections and has left its places.
    pub(super) fn relieve(self) -> io::Result<()> {
        wire::say(&self.0, SERVING)?;
        match wire::hear(&self.0, GONE) {
            // Its process was faster than its last word.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
            heard => heard,
        }
    }
}

/// Where a successor asks: open as long as this is there.
#[derive(Debug)]
pub(super) struct Door {
    socket: OwnedFd,
    _file: SocketFile,
}

impl Door {
    /// Opens it at a path; and what to [`wait`] at.
    pub(super) fn open(path: &Path) -> io::Result<(Self, UnixListener)> {
        let (socket, file) = bind_unix(path, Some(MODE), Options::default())?;
        let listener = UnixListener::from(socket.try_clone()?);
        listener.set_nonblocking(false)?;
        Ok((Self { socket, _file: file }, listener))
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // Wakes who waits there; it fails where nobody does.
        let _ = rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both);
    }
}

/// Waits at a door for a successor and gives way to it by `give_way`; ends when the door is closed.
pub(crate) fn wait(
    door: UnixListener,
    listening: Arc<Listening>,
    give_way: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    let serve = move || {
        let successor = until_relieved(&door, &listening);
        if let Some(successor) = successor {
            tracing::info!("a successor takes over");
            listening.close_door();
            give_way();
            // It has waited for this; if it is gone, there is nothing to be done.
            let _ = wire::say(&successor, GONE);
        }
    };
    thread::Builder::new().name("ws-handover".to_owned()).spawn(serve).map(drop)
}

fn until_relieved(door: &UnixListener, listening: &Listening) -> Option<UnixStream> {
    loop {
        let relieved = match door.accept() {
            Ok((successor, _)) => hand_over(&successor, listening).map(|()| successor),
            Err(error) => {
                thread::sleep(RETRY);
                Err(error)
            }
        };
        match relieved {
            Ok(successor) => return Some(successor),
            Err(_) if !listening.has_door() => return None,
            Err(error) => tracing::warn!(%error, "a successor does not take over"),
        }
    }
}

/// Done when the successor serves: until then it may fail, and nothing has changed.
fn hand_over(successor: &UnixStream, listening: &Listening) -> io::Result<()> {
    let sockets = listening.copies()?;
    successor.set_write_timeout(Some(PATIENCE))?;
    successor.set_read_timeout(Some(STARTING))?;
    wire::send(successor, &sockets)?;
    wire::hear(successor, SERVING)?;
    listening.leave_files();
    Ok(())
}
