//! Listening sockets that are there already: a service manager's, or a predecessor's.

use std::io;
use std::iter;
use std::os::fd::OwnedFd;

use socket2::{Socket, Type};

use super::Endpoint;

/// Those that no listener has asked for yet, each with where it listens.
#[derive(Debug, Default)]
pub(in crate::net) struct Adopted(Vec<(Endpoint, OwnedFd)>);

impl Adopted {
    /// # Errors
    /// One is no listening stream socket, or listens at nothing that has a name.
    pub(in crate::net) fn new(sockets: impl IntoIterator<Item = OwnedFd>) -> io::Result<Self> {
        let named = |socket| {
            let socket = Socket::from(socket);
            Ok((endpoint_of(&socket)?, socket.into()))
        };
        sockets.into_iter().map(named).collect::<io::Result<_>>().map(Self)
    }

    /// All that listen at an endpoint.
    pub(super) fn take(&mut self, endpoint: &Endpoint) -> Vec<OwnedFd> {
        let at = self.0.extract_if(.., |(it, _)| it == endpoint);
        at.map(|(_, socket)| socket).collect()
    }

    /// Where those listen that nobody has taken.
    pub(in crate::net) fn left(&self) -> impl Iterator<Item = &Endpoint> {
        self.0.iter().map(|(endpoint, _)| endpoint)
    }
}

fn endpoint_of(socket: &Socket) -> io::Result<Endpoint> {
    let wrong = |text| Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    if socket.r#type()? != Type::STREAM || !socket.is_listener()? {
        return wrong("not a listening stream socket");
    }
    let address = socket.local_addr()?;
    match (address.as_socket(), address.as_pathname()) {
        (Some(address), _) => Ok(Endpoint::Inet(address)),
        (None, Some(path)) => Ok(Endpoint::Unix(path.into())),
        (None, None) => wrong("a socket without an address or a path"),
    }
}

/// Gives each thread a socket, and each socket a thread that listens at it: what waits at a socket that
/// is closed would be lost.
pub(super) fn deal(sockets: &[OwnedFd], threads: usize) -> io::Result<Vec<Vec<OwnedFd>>> {
    let mut hands: Vec<Vec<_>> = iter::repeat_with(Vec::new).take(threads).collect();
    for place in 0..threads.max(sockets.len()) {
        hands[place % threads].push(sockets[place % sockets.len()].try_clone()?);
    }
    Ok(hands)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_socket_is_found_by_where_it_listens() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let (one, two) =
            (TcpListener::bind("127.0.0.1:0").unwrap(), UnixListener::bind(&path).unwrap());
        let address = Endpoint::Inet(one.local_addr().unwrap());
        let sockets = [one.try_clone().unwrap().into(), one.into(), two.into()];
        let mut adopted = Adopted::new(sockets).unwrap();
        assert_eq!(adopted.take(&"127.0.0.1:1".parse().unwrap()).len(), 0);
        assert_eq!(adopted.take(&address).len(), 2);
        assert_eq!(adopted.take(&address).len(), 0);
        assert_eq!(adopted.left().cloned().collect::<Vec<_>>(), [Endpoint::Unix(path)]);
    }

    #[test]
    fn what_nobody_can_connect_to_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let connected = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
        let file = std::fs::File::open("/dev/null").unwrap();
        for socket in [connected.into(), datagrams.into(), file.into()] {
            assert!(Adopted::new([socket]).is_err());
        }
    }

    #[test]
    fn no_thread_and_no_socket_is_without_the_other() {
        let sockets: Vec<OwnedFd> =
            (0..3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap().into()).collect();
        for (count, threads) in [(1, 1), (1, 3), (3, 1), (2, 3), (3, 2), (3, 3)] {
            let hands = deal(&sockets[..count], threads).unwrap();
            assert!(hands.len() == threads && hands.iter().all(|hand| !hand.is_empty()));
            let dealt =
                hands.into_iter().flatten().map(|it| Socket::from(it).local_addr().unwrap());
            let port = |it: socket2::SockAddr| it.as_socket().unwrap().port();
            let ports: std::collections::BTreeSet<_> = dealt.map(port).collect();
            assert_eq!(ports.len(), count);
        }
    }
}
