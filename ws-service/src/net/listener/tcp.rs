//! TCP: a socket for each thread at one address, where the system can share a port.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use super::{BACKLOG, share};

/// Binds `address` for each thread. Port 0 becomes one free port for all of them.
pub(super) fn bind(
    address: SocketAddr,
    threads: usize,
    is_shared: bool,
) -> io::Result<(SocketAddr, Vec<OwnedFd>)> {
    if is_shared {
        return bind_shared(address, threads);
    }
    let address = claim(address)?;
    let each = (0..threads).map(|_| listen(address, true)).collect::<io::Result<_>>();
    match each {
        Err(error) if cannot_share(&error) => bind_shared(address, threads),
        sockets => Ok((address, sockets?)),
    }
}

fn bind_shared(address: SocketAddr, threads: usize) -> io::Result<(SocketAddr, Vec<OwnedFd>)> {
    let socket = Socket::from(listen(address, false)?);
    let address = local_address(&socket)?;
    Ok((address, share(socket.into(), threads)?))
}

/// The system knows no `SO_REUSEPORT`.
fn cannot_share(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::NOPROTOOPT.raw_os_error())
}

/// Makes sure that nobody else listens there: sockets that share a port would do so in silence.
fn claim(address: SocketAddr) -> io::Result<SocketAddr> {
    let socket = open(address)?;
    socket.bind(&address.into())?;
    socket.listen(1)?;
    local_address(&socket)
}

fn listen(address: SocketAddr, is_one_of_many: bool) -> io::Result<OwnedFd> {
    let socket = open(address)?;
    if is_one_of_many {
        socket.set_reuse_port(true)?;
    }
    // Accepted sockets inherit it.
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn open(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Connections of an earlier run that linger in TIME_WAIT are no reason to refuse.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}

fn local_address(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| io::Error::other("no address after bind"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(sockets: Vec<OwnedFd>) -> Vec<SocketAddr> {
        sockets.into_iter().map(|it| local_address(&it.into()).unwrap()).collect()
    }

    #[test]
    fn threads_share_one_free_port() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            for is_shared in [false, true] {
                let (address, sockets) = bind(address.parse().unwrap(), 3, is_shared).unwrap();
                assert_ne!(address.port(), 0);
                assert_eq!(addresses(sockets), [address; 3]);
            }
        }
    }

    #[test]
    fn an_address_in_use_is_an_error_even_if_its_owner_would_share() {
        for is_shared in [false, true] {
            let (address, _sockets) = bind("127.0.0.1:0".parse().unwrap(), 2, is_shared).unwrap();
            for is_shared in [false, true] {
                let error = bind(address, 2, is_shared).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
            }
        }
    }
}
