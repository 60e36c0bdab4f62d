//! What is refused at the door.

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use ws_service::protocols::Echo;
use ws_service::{ConfigError, RouteError, ServiceBuilder, StartError};

use crate::support::{
    PATIENCE, connect, eventually, nothing_left, serve, text, try_connect, until,
};

#[test]
fn one_more_than_the_limit_is_refused_until_one_goes() {
    let builder = ServiceBuilder::new(Echo).threads(2).configure_net(|net| {
        net.max_connections = Some(3);
    });
    let (service, address) = serve(builder);
    let handle = service.handle();
    let mut clients: Vec<_> = (0..3).map(|_| connect(address, "/")).collect();
    // 503, or a reset where the request was faster than the answer.
    assert!(matches!(try_connect(address, "/"), Err(503 | 0)));
    // The answer may be faster than the count.
    until(&handle, |stats| stats.refused >= 1);
    clients.pop();
    // Its place is free a moment after it is forgotten.
    let mut client = eventually(|| try_connect(address, "/").ok());
    client.send("in".into()).unwrap();
    assert_eq!(text(&mut client), "in");
    drop((clients, client));
    nothing_left(&handle);
}

#[test]
fn what_cannot_be_served_is_said_at_the_start() {
    let start = |builder: ServiceBuilder<Echo>| {
        builder.listen("127.0.0.1:0").unwrap().start().map(|_| ()).unwrap_err()
    };
    let echo = || ServiceBuilder::new(Echo);
    assert!(matches!(echo().start().unwrap_err(), StartError::NoAddress));
    assert!(matches!(start(echo().threads(0)), StartError::Threads(0)));
    assert!(matches!(
        start(echo().configure_net(|net| net.budget.receives = 0)),
        StartError::EmptyBudget
    ));
    assert!(matches!(
        start(echo().configure_net(|net| net.max_connections = Some(usize::MAX))),
        StartError::Descriptors { .. }
    ));
    let hangup = start(echo().configure(|config| {
        config.timeouts.hangup_after = Some(Duration::from_secs(1));
    }));
    assert!(matches!(hangup, StartError::Config(ConfigError::HangUpNotAfterPing { .. })));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let builder = echo().listen(taken.local_addr().unwrap()).unwrap();
    assert!(matches!(builder.start().unwrap_err(), StartError::Bind { .. }));
    let route: Result<_, RouteError> = ServiceBuilder::routes().route("echo", Echo);
    assert!(route.unwrap_err().to_string().contains("echo"));
}

#[test]
fn a_silent_client_is_hung_up_on() {
    let builder = ServiceBuilder::new(Echo).threads(1).configure(|config| {
        config.timeouts.ping_after = Some(Duration::from_millis(50));
        config.timeouts.hangup_after = Some(Duration::from_millis(100));
        config.timeouts.handshake = Some(PATIENCE);
    });
    let (service, address) = serve(builder);
    let handle = service.handle();
    let silent = connect(address, "/");
    let stats = until(&handle, |stats| stats.opened == 1 && stats.connections == 0);
    assert_eq!(stats.closes(ws_service::CloseKind::HangUp), 1);
    drop(silent);
    nothing_left(&handle);
}

#[test]
fn a_client_that_asks_for_nothing_is_hung_up_on() {
    let builder = ServiceBuilder::new(Echo).threads(1).configure(|config| {
        config.timeouts.handshake = Some(Duration::from_millis(100));
    });
    let (service, address) = serve(builder);
    let handle = service.handle();
    let mute = TcpStream::connect(address).unwrap();
    let stats = until(&handle, |stats| stats.opened == 1 && stats.connections == 0);
    assert_eq!(stats.closes(ws_service::CloseKind::HandshakeTimeout), 1);
    drop(mute);
    nothing_left(&handle);
}

/// The smallest buffers, peers that fill every read with more frames than a turn takes, and one who
/// says little: no read is larger than the buffer, and everyone is served.
#[test]
fn floods_through_a_tiny_buffer_starve_nobody() {
    let builder = ServiceBuilder::new(Echo)
        .threads(1)
        .configure(|config| config.budget.frames = 1)
        .configure_net(|net| net.receive_buffer = 100);
    let (service, address) = serve(builder);
    let floods: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(move || {
                let mut client = connect(address, "/");
                for number in 0..500 {
                    client.write(number.to_string().into()).unwrap();
                }
                client.flush().unwrap();
                (0..500).all(|number| text(&mut client) == number.to_string())
            })
        })
        .collect();
    let mut quiet = connect(address, "/");
    for number in 0..50 {
        quiet.send(number.to_string().into()).unwrap();
        assert_eq!(text(&mut quiet), number.to_string());
    }
    assert!(floods.into_iter().all(|flood| flood.join().unwrap()));
    drop(quiet);
    nothing_left(&service.handle());
}
