//! Draining, stopping, and handlers that fail.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use ws_service::{
    Accept, CloseKind, CloseReason, Context, Message, Protocol, Request, ServiceBuilder,
};

use crate::support::{Client, close_code, connect, nothing_left, serve, text, until};

/// Echoes, panics when told to, and counts the ends.
#[derive(Clone, Default)]
struct Fragile(Arc<AtomicUsize>);

impl Protocol for Fragile {
    type Session = ();
    type Note = ();

    fn accept(&self, _request: &Request<'_>) -> Accept<()> {
        Accept::admit(())
    }

    fn message(&self, cx: &mut Context<'_>, _session: &mut (), message: Message<'_>) {
        assert!(message != Message::Text("break"), "as told");
        let _ = cx.send(message);
    }

    fn closed(&self, _cx: &mut Context<'_>, _session: (), _reason: CloseReason) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// The panics of these tests are wanted: their messages would only confuse.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let is_ours = std::thread::current().name().is_some_and(|it| it.starts_with("ws-"));
            if !is_ours {
                loud(info);
            }
        }));
    });
}

#[test]
fn a_panic_ends_its_own_connection_and_nothing_else() {
    hush();
    let protocol = Fragile::default();
    let (service, address) = serve(ServiceBuilder::new(protocol.clone()).threads(1));
    let (mut one, mut other) = (connect(address, "/"), connect(address, "/"));
    one.send("break".into()).unwrap();
    assert_eq!(close_code(&mut one), 1011);
    other.send("still here".into()).unwrap();
    assert_eq!(text(&mut other), "still here");
    drop((one, other));
    let handle = service.handle();
    nothing_left(&handle);
    assert_eq!(handle.stats().panics, 1);
    assert_eq!(handle.stats().closes(CloseKind::Panicked), 1);
    assert_eq!(protocol.0.load(Ordering::SeqCst), 2);
}

#[test]
fn draining_tells_everyone_1001_and_ends_the_threads() {
    let protocol = Fragile::default();
    let (service, address) = serve(ServiceBuilder::new(protocol.clone()).threads(2));
    let handle = service.handle();
    let mut clients: Vec<Client> = (0..50).map(|_| connect(address, "/")).collect();
    until(&handle, |stats| stats.handshakes == 50);
    handle.drain();
    for client in &mut clients {
        assert_eq!(close_code(client), 1001);
    }
    service.wait().unwrap();
    nothing_left(&handle);
    assert_eq!(handle.stats().closes(CloseKind::Shutdown), 50);
    assert_eq!(protocol.0.load(Ordering::SeqCst), 50);
    assert!(std::net::TcpStream::connect(address).is_err(), "nobody listens any more");
}

#[test]
fn stopping_waits_for_nobody_and_still_tells_every_session() {
    let protocol = Fragile::default();
    let (service, address) = serve(ServiceBuilder::new(protocol.clone()).threads(2));
    let handle = service.handle();
    // They never answer a Close.
    let clients: Vec<Client> = (0..50).map(|_| connect(address, "/")).collect();
    until(&handle, |stats| stats.handshakes == 50);
    handle.stop();
    service.wait().unwrap();
    assert_eq!(protocol.0.load(Ordering::SeqCst), 50);
    nothing_left(&handle);
    drop(clients);
}

/// What is left when a shutdown has waited long enough is ended at once.
#[test]
fn draining_waits_no_longer_than_it_may() {
    let protocol = Fragile::default();
    let builder = ServiceBuilder::new(protocol.clone())
        .threads(2)
        .configure(|config| config.timeouts.close = Duration::from_hours(1))
        .configure_net(|net| net.stop_after = Duration::from_millis(100));
    let (service, address) = serve(builder);
    let handle = service.handle();
    // They never answer a Close.
    let clients: Vec<Client> = (0..10).map(|_| connect(address, "/")).collect();
    until(&handle, |stats| stats.handshakes == 10);
    handle.drain();
    service.wait().unwrap();
    assert_eq!(protocol.0.load(Ordering::SeqCst), 10);
    assert_eq!(handle.stats().closes(CloseKind::Shutdown), 10);
    nothing_left(&handle);
    drop(clients);
}

#[test]
fn dropping_a_service_drains_it() {
    let protocol = Fragile::default();
    let (service, address) = serve(ServiceBuilder::new(protocol.clone()).threads(2));
    let handle = service.handle();
    let mut client = connect(address, "/");
    until(&handle, |stats| stats.handshakes == 1);
    let closing = std::thread::spawn(move || close_code(&mut client));
    drop(service);
    assert_eq!(closing.join().unwrap(), 1001);
    assert_eq!(protocol.0.load(Ordering::SeqCst), 1);
}
