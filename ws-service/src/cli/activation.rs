//! Listening sockets that a service manager has opened: `sd_listen_fds(3)`.

use std::io;
use std::os::fd::OwnedFd;

use listenfd::ListenFd;

/// All of them; none where nobody has opened any.
///
/// # Errors
/// One is neither TCP's nor Unix's.
pub(super) fn sockets() -> io::Result<Vec<OwnedFd>> {
    let mut given = ListenFd::from_env();
    (0..given.len()).filter_map(|place| socket(&mut given, place).transpose()).collect()
}

fn socket(given: &mut ListenFd, place: usize) -> io::Result<Option<OwnedFd>> {
    // What is not Unix's stays where it is.
    if let Ok(Some(listener)) = given.take_unix_listener(place) {
        return Ok(Some(listener.into()));
    }
    Ok(given.take_tcp_listener(place)?.map(Into::into))
}
