//! Unix sockets: one socket for all threads, and its file.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

use super::options::Options;

/// Binds `path`. What an earlier run has left there is replaced, if it is a socket that nobody listens
/// at. (Two that start in the same instant can both succeed: the later one is then reached.)
pub(in crate::net) fn bind(
    path: &Path,
    mode: Option<u32>,
    options: Options,
) -> io::Result<(OwnedFd, SocketFile)> {
    let address = SockAddr::unix(path)?;
    make_way(path, &address)?;
    let socket = open()?;
    socket.bind(&address)?;
    let file = SocketFile::of(path)?;
    // Nobody can connect before `listen`.
    if let Some(mode) = mode {
        fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    options.listen(&socket)?;
    Ok((socket.into(), file))
}

fn open() -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn make_way(path: &Path, address: &SockAddr) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(found) if !found.file_type().is_socket() => {
            let text = "there is a file that is not a socket";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        Ok(_) => {}
    }
    match open()?.connect(address) {
        // Someone listens there, with a full queue perhaps.
        Ok(()) => Err(io::ErrorKind::AddrInUse.into()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(io::ErrorKind::AddrInUse.into())
        }
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) => Err(error),
    }
}

/// A socket's file; removed with this, if it still is the one that was made.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    /// `None` if it is another's.
    identity: Option<Identity>,
}

/// What tells a file from another that has taken its place: with its number it could have been given
/// even that.
type Identity = (u64, u64, i64, i64);

impl SocketFile {
    /// A listener at `path` for a purpose of one's own, bound as the service binds its own: with these
    /// permissions, in the place of one that nobody listens at any more. It doesn't block.
    ///
    /// # Errors
    /// Someone listens there, there is another kind of file, or the system refuses.
    pub fn listen(path: &Path, mode: u32) -> io::Result<(UnixListener, Self)> {
        bind(path, Some(mode), Options::default()).map(|(socket, file)| (socket.into(), file))
    }

    /// That of a socket which is there already; it gets its permissions.
    pub(super) fn adopt(path: &Path, mode: Option<u32>) -> io::Result<Self> {
        let file = Self::of(path)?;
        if let Some(mode) = mode {
            fs::set_permissions(path, Permissions::from_mode(mode))?;
        }
        Ok(file)
    }

    /// It is another's now, and stays.
    pub(in crate::net) fn leave(mut self) {
        self.identity = None;
    }

    fn of(path: &Path) -> io::Result<Self> {
        let identity = Some(identity(&fs::symlink_metadata(path)?));
        // The process may go to another directory meanwhile.
        Ok(Self { path: std::path::absolute(path)?, identity })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let Some(ours) = self.identity else { return };
        let is_ours = fs::symlink_metadata(&self.path).is_ok_and(|it| identity(&it) == ours);
        if is_ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "a socket's file stays");
        }
    }
}

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino(), metadata.mtime(), metadata.mtime_nsec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        (directory, path)
    }

    fn listen(path: &Path, mode: Option<u32>) -> io::Result<(OwnedFd, SocketFile)> {
        bind(path, mode, Options::default())
    }

    #[test]
    fn a_sockets_file_has_its_permissions_and_goes_with_it() {
        let (_directory, path) = path();
        let (_socket, file) = listen(&path, Some(0o620)).unwrap();
        let found = fs::metadata(&path).unwrap();
        assert!(found.file_type().is_socket());
        assert_eq!(found.permissions().mode() & 0o777, 0o620);
        drop(file);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_dead_owner_left_is_replaced_and_a_living_one_is_not() {
        let (_directory, path) = path();
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let (_socket, _file) = listen(&path, None).unwrap();
        assert_eq!(listen(&path, None).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        assert!(path.exists());
    }

    #[test]
    fn a_file_that_is_no_socket_is_left_alone() {
        let (_directory, path) = path();
        fs::write(&path, "precious").unwrap();
        assert_eq!(listen(&path, None).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"precious");
    }

    #[test]
    fn a_successors_file_is_left_alone() {
        let (_directory, path) = path();
        let (_socket, file) = listen(&path, None).unwrap();
        fs::remove_file(&path).unwrap();
        let _successor = UnixListener::bind(&path).unwrap();
        drop(file);
        assert!(path.exists());
    }

    #[test]
    fn a_file_that_is_left_to_another_stays() {
        let (_directory, path) = path();
        let (_socket, file) = listen(&path, None).unwrap();
        let successors = SocketFile::adopt(&path, Some(0o640)).unwrap();
        file.leave();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        drop(successors);
        assert!(!path.exists());
    }
}
