//! Who comes in, and who is told that there is no room.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};

use socket2::{Domain, Socket, Type};
use ws_service::protocols::Echo;
use ws_service::{Listener, Service, ServiceBuilder, StartError};

use crate::support::{
    Client, PATIENCE, connect, eventually, nothing_left, serve, text, try_connect, try_upgrade,
    until,
};

/// A client that comes from an address of its own, or the status that refused it.
fn from(source: &str, address: SocketAddr) -> Result<Client, u16> {
    let source: IpAddr = source.parse().unwrap();
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((source, 0)).into()).unwrap();
    socket.connect(&address.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    try_upgrade("localhost", "/", stream)
}

fn per_address(limit: usize) -> ServiceBuilder<Echo> {
    ServiceBuilder::new(Echo).threads(2).configure_net(|net| net.max_per_address = Some(limit))
}

#[test]
fn an_address_has_no_more_than_its_share_over_all_threads() {
    let (service, address) = serve(per_address(3));
    let handle = service.handle();
    let mut full: Vec<_> = (0..3).map(|_| from("127.0.0.1", address).unwrap()).collect();
    // 503, or a reset where the request was faster than the answer.
    assert!(matches!(from("127.0.0.1", address), Err(503 | 0)));
    let mut other = from("127.0.0.2", address).unwrap();
    other.send("not me".into()).unwrap();
    assert_eq!(text(&mut other), "not me");
    let stats = until(&handle, |stats| stats.refused == 1);
    assert_eq!(stats.refused_addresses, 1);
    full.pop();
    // Its place is free a moment after it is forgotten.
    full.push(eventually(|| from("127.0.0.1", address).ok()));
    drop((full, other));
    nothing_left(&handle);
}

#[test]
fn a_proxys_clients_have_each_their_own_share() {
    let listener =
        Listener::tcp("127.0.0.1:0".parse().unwrap()).proxies(["127.0.0.1".parse().unwrap()]);
    let service: Service<_> = per_address(1).listener(listener).start().unwrap();
    let address = service.addresses()[0];
    let come = |client: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "PROXY TCP4 {client} 192.0.2.1 1 2\r\n").unwrap();
        stream
    };
    let up = |client| try_upgrade("localhost", "/", come(client)).unwrap();
    let clients = [up("203.0.113.1"), up("203.0.113.2")];
    let mut answer = String::new();
    come("203.0.113.1").read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    let handle = service.handle();
    let stats = until(&handle, |stats| stats.connections == 2);
    assert_eq!((stats.refused, stats.refused_addresses, stats.proxied), (1, 1, 3));
    drop(clients);
    nothing_left(&handle);
}

#[test]
fn handshakes_under_way_are_no_more_than_the_limit() {
    let builder = ServiceBuilder::new(Echo).threads(2).configure_net(|net| net.max_handshakes = 3);
    let (service, address) = serve(builder);
    let handle = service.handle();
    // Those who are through don't count.
    let through: Vec<_> = (0..5).map(|_| eventually(|| try_connect(address, "/").ok())).collect();
    let mute: Vec<_> = (0..3).map(|_| TcpStream::connect(address).unwrap()).collect();
    let before = until(&handle, |stats| stats.connections == 8).refused_handshakes;
    assert!(matches!(try_connect(address, "/"), Err(503 | 0)));
    until(&handle, |stats| stats.refused_handshakes == before + 1);
    drop(mute);
    let late = eventually(|| try_connect(address, "/").ok());
    drop((through, late));
    nothing_left(&handle);
}

#[test]
fn a_limit_that_lets_nobody_in_is_an_error() {
    let start = |builder: ServiceBuilder<Echo>| {
        builder.listen("127.0.0.1:0").unwrap().start().map(|_| ()).unwrap_err()
    };
    assert!(matches!(start(per_address(0)), StartError::NobodyMayCome));
    let builder = ServiceBuilder::new(Echo).configure_net(|net| net.max_handshakes = 0);
    assert!(matches!(start(builder), StartError::NobodyMayCome));
}

/// A turn takes in no more than its budget; whoever is left comes in the next.
#[test]
fn one_accept_a_turn_is_enough_for_all() {
    let builder = ServiceBuilder::new(Echo).threads(1).configure_net(|net| net.budget.accepts = 1);
    let (service, address) = serve(builder);
    let crowd: Vec<_> = (0..50).map(|_| TcpStream::connect(address).unwrap()).collect();
    let handle = service.handle();
    until(&handle, |stats| stats.connections == 50);
    let mut late = connect(address, "/");
    late.send("in".into()).unwrap();
    assert_eq!(text(&mut late), "in");
    drop((crowd, late));
    nothing_left(&handle);
}
