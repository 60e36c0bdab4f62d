//! TCP: a socket for each thread at one address, where the system can share a port.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use super::options::Options;

/// Binds `address` so many times, or once where the system can't share a port. Port 0 becomes one free
/// port for all of them.
pub(super) fn bind(
    address: SocketAddr,
    sockets: usize,
    options: Options,
) -> io::Result<(SocketAddr, Vec<OwnedFd>)> {
    if sockets == 1 {
        return bind_one(address, options);
    }
    let address = claim(address)?;
    let each = (0..sockets).map(|_| listen(address, true, options)).collect::<io::Result<_>>();
    match each {
        Err(error) if cannot_share(&error) => bind_one(address, options),
        sockets => Ok((address, sockets?)),
    }
}

fn bind_one(address: SocketAddr, options: Options) -> io::Result<(SocketAddr, Vec<OwnedFd>)> {
    let socket = Socket::from(listen(address, false, options)?);
    Ok((local_address(&socket)?, vec![socket.into()]))
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

fn listen(address: SocketAddr, is_one_of_many: bool, options: Options) -> io::Result<OwnedFd> {
    let socket = open(address)?;
    if is_one_of_many {
        socket.set_reuse_port(true)?;
    }
    options.set(&socket)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    options.listen(&socket)?;
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
    use std::net::TcpStream;
    use std::time::Duration;

    fn addresses(sockets: Vec<OwnedFd>) -> Vec<SocketAddr> {
        sockets.into_iter().map(|it| local_address(&it.into()).unwrap()).collect()
    }

    #[test]
    fn threads_share_one_free_port() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            for count in [1, 3] {
                let options = Options::default();
                let (address, sockets) = bind(address.parse().unwrap(), count, options).unwrap();
                assert_ne!(address.port(), 0);
                assert_eq!(addresses(sockets), vec![address; count]);
            }
        }
    }

    #[test]
    fn an_address_in_use_is_an_error_even_if_its_owner_would_share() {
        let options = Options::default();
        for count in [1, 2] {
            let (address, _sockets) = bind("127.0.0.1:0".parse().unwrap(), count, options).unwrap();
            for count in [1, 2] {
                let error = bind(address, count, options).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
            }
        }
    }

    #[test]
    fn what_is_accepted_has_the_options_of_its_listener() {
        let others =
            Options { no_delay: false, keepalive: Some(Duration::from_secs(77)), backlog: 1 };
        for options in [Options::default(), others] {
            let (address, mut sockets) = bind("127.0.0.1:0".parse().unwrap(), 1, options).unwrap();
            let listener = Socket::from(sockets.remove(0));
            listener.set_nonblocking(false).unwrap();
            let _client = TcpStream::connect(address).unwrap();
            let (accepted, _) = listener.accept().unwrap();
            assert_eq!(accepted.tcp_nodelay().unwrap(), options.no_delay);
            let keepalive =
                accepted.keepalive().unwrap().then(|| accepted.tcp_keepalive_time().unwrap());
            assert_eq!(keepalive, options.keepalive);
        }
    }

    #[test]
    fn no_more_wait_than_the_backlog_has_room_for() {
        let come = |backlog| {
            let options = Options { backlog, ..Options::default() };
            let (address, _sockets) = bind("127.0.0.1:0".parse().unwrap(), 1, options).unwrap();
            let come = |_| TcpStream::connect_timeout(&address, Duration::from_millis(500)).ok();
            // Nobody takes them in.
            let waiting: Vec<_> = (0..8).map_while(come).collect();
            waiting.len()
        };
        assert!(come(2) < 8);
        assert_eq!(come(64), 8);
    }
}
