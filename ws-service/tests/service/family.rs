//! The family of faults this project exists for, on real threads. `shard/family.rs` has the index.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use socket2::SockRef;
use ws_service::{
    Accept, CloseReason, ConnectionId, Context, Handle, Message, PostError, Protocol, Request,
    ServiceBuilder,
};

use crate::support::{
    Client, Greeter, PATIENCE, close_code, connect, eventually, nothing_left, serve, text,
    try_connect, until,
};

/// The client is gone at once, and its peer hears a reset.
fn reset(client: Client) {
    SockRef::from(client.get_ref()).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
}

/// Its session's timer ticks every millisecond, for as long as there is a session.
#[derive(Clone, Default)]
struct Ticker(Arc<AtomicU64>);

impl Protocol for Ticker {
    type Session = ();
    type Note = ();

    fn accept(&self, _request: &Request<'_>) -> Accept<()> {
        Accept::admit(())
    }

    fn opened(&self, cx: &mut Context<'_>, (): &mut ()) {
        cx.set_timer(Duration::from_millis(1));
    }

    fn message(&self, cx: &mut Context<'_>, (): &mut (), message: Message<'_>) {
        let _ = cx.send(message);
    }

    fn timer(&self, cx: &mut Context<'_>, (): &mut ()) {
        self.0.fetch_add(1, Ordering::Relaxed);
        cx.set_timer(Duration::from_millis(1));
    }

    fn closed(&self, cx: &mut Context<'_>, (): (), _reason: CloseReason) {
        // In lws this is the timer whose cancel was forgotten.
        cx.set_timer(Duration::from_millis(1));
    }
}

/// lws #3099, #3102: a timer that nobody had cancelled lay in the freed memory of its connection, and a
/// thread scheduled one on the list of another. Here hundreds of connections, on all threads, die while
/// their timers tick, and set them once more when they are told.
#[test]
fn ticking_timers_go_with_their_connections() {
    let protocol = Ticker::default();
    let (service, address) = serve(ServiceBuilder::new(protocol.clone()).threads(4));
    let handle = service.handle();
    let mut survivor = connect(address, "/");
    for _ in 0..4 {
        let clients: Vec<Client> = (0..200).map(|_| connect(address, "/")).collect();
        until(&handle, |stats| stats.connections == 201 && stats.timers == 201);
        for client in clients {
            reset(client);
        }
        let stats = until(&handle, |stats| stats.connections == 1);
        assert_eq!(stats.timers, 1, "the survivor's");
    }
    survivor.send("still here".into()).unwrap();
    assert_eq!(text(&mut survivor), "still here");
    drop(survivor);
    nothing_left(&handle);
    let ticks = protocol.0.load(Ordering::Relaxed);
    thread::sleep(Duration::from_millis(20));
    assert_eq!(protocol.0.load(Ordering::Relaxed), ticks, "nobody ticks any more");
}

/// lws #3376: when a server with 1,000 clients went, the ends of all at once ran into a broken timer
/// list. Here all are told, each once, and none is left.
#[test]
fn a_thousand_are_told_when_their_service_goes() {
    let (service, address) = serve(ServiceBuilder::new(Ticker::default()).threads(2));
    let handle = service.handle();
    let mut clients: Vec<Client> = (0..1_000).map(|_| connect(address, "/")).collect();
    until(&handle, |stats| stats.handshakes == 1_000);
    handle.drain();
    for client in &mut clients {
        assert_eq!(close_code(client), 1001);
    }
    service.wait().unwrap();
    nothing_left(&handle);
}

/// lws #2032: thousands connected while the threads started, and a connection went to a thread whose
/// lists were not made yet. Here a service serves nobody before all of its threads are ready.
#[test]
fn whoever_comes_while_the_threads_start_is_served() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    let comers: Vec<_> = (0..4)
        .map(|_| {
            thread::spawn(move || {
                for _ in 0..400 {
                    let mut client = eventually(|| try_connect(address, "/").ok());
                    let own = client.get_ref().local_addr().unwrap().to_string();
                    assert_eq!(text(&mut client), own);
                    reset(client);
                }
            })
        })
        .collect();
    // They knock already.
    thread::sleep(Duration::from_millis(20));
    let service = ServiceBuilder::new(Greeter).threads(4).listen(address).unwrap().start().unwrap();
    for comer in comers {
        comer.join().unwrap();
    }
    let handle = service.handle();
    nothing_left(&handle);
    assert_eq!(handle.stats().handshakes, 1_600);
}

/// lws #1938, #3535: a descriptor's number was in use again, on another thread, before the table had
/// forgotten who had it last. Here every newcomer hears its own name, whoever had its number.
#[test]
fn whoever_gets_a_used_number_hears_its_own_name() {
    let (service, address) = serve(ServiceBuilder::new(Greeter).threads(4));
    let churners: Vec<_> = (0..4)
        .map(|_| {
            thread::spawn(move || {
                for round in 0..500 {
                    let mut client = connect(address, "/");
                    let own = client.get_ref().local_addr().unwrap().to_string();
                    assert_eq!(text(&mut client), own);
                    if round % 2 == 0 {
                        // It goes with something unsaid, and its number with it.
                        client.send("unheard".into()).unwrap();
                        reset(client);
                    }
                }
            })
        })
        .collect();
    for churner in churners {
        churner.join().unwrap();
    }
    let handle = service.handle();
    nothing_left(&handle);
    assert_eq!(handle.stats().handshakes, 2_000);
}

/// lws #3531: what was to wake all threads woke the first. Here each has its own mailbox and waker.
#[test]
fn a_wake_up_reaches_every_thread() {
    let (service, _) = serve(ServiceBuilder::new(Greeter).threads(4));
    let handle = service.handle();
    for letters in 1..=50 {
        handle.publish("nobody's", "wake up").unwrap();
        eventually(|| handle.shard_stats().iter().all(|it| it.mail_in == letters).then_some(()));
    }
    // Nobody is there: nothing but the ring can tell them.
    handle.drain();
    service.wait().unwrap();
}

/// Tells the test which connections there are, and which notes have come.
struct Reader(Sender<Told>);

enum Told {
    Opened(ConnectionId),
    Note(u32),
}

impl Protocol for Reader {
    type Session = ();
    type Note = u32;

    fn accept(&self, _request: &Request<'_>) -> Accept<()> {
        Accept::admit(())
    }

    fn opened(&self, cx: &mut Context<'_>, (): &mut ()) {
        self.0.send(Told::Opened(cx.id())).unwrap();
    }

    fn message(&self, _cx: &mut Context<'_>, (): &mut (), _message: Message<'_>) {}

    fn note(&self, _cx: &mut Context<'_>, (): &mut (), note: u32) {
        self.0.send(Told::Note(note)).unwrap();
    }
}

/// lws #1873: a wake-up that came while a thread went to sleep was lost. Here a letter is posted each
/// time the thread has just read the last one, and goes to sleep.
#[test]
fn no_wake_up_is_lost_on_a_thread_that_goes_to_sleep() {
    let (tell, told) = channel();
    let (service, address) = serve(ServiceBuilder::new(Reader(tell)).threads(1));
    let handle = service.handle();
    let client = connect(address, "/");
    let Told::Opened(id) = told.recv_timeout(PATIENCE).unwrap() else { panic!("not open") };
    for number in 0..5_000 {
        handle.note(id, number).unwrap();
        match told.recv_timeout(PATIENCE) {
            Ok(Told::Note(note)) => assert_eq!(note, number),
            _ => panic!("letter {number} woke nobody"),
        }
        for _ in 0..number % 50 * 10 {
            std::hint::spin_loop();
        }
    }
    drop(client);
    nothing_left(&handle);
}

/// Uses its own service's handle when a session ends.
#[derive(Default)]
struct Meddler {
    handle: Arc<OnceLock<Handle<Self>>>,
    ends: Arc<AtomicU64>,
}

impl Protocol for Meddler {
    type Session = ();
    type Note = ();

    fn accept(&self, _request: &Request<'_>) -> Accept<()> {
        Accept::admit(())
    }

    fn message(&self, _cx: &mut Context<'_>, (): &mut (), _message: Message<'_>) {}

    fn closed(&self, cx: &mut Context<'_>, (): (), _reason: CloseReason) {
        self.ends.fetch_add(1, Ordering::Relaxed);
        let Some(handle) = self.handle.get() else { return };
        let _ = handle.publish("the end", "of one");
        let _ = handle.note(cx.id(), ());
        handle.drain();
    }
}

/// lws #1847: a wake-up out of a callback of the very shutdown used what had been freed. Here the ends
/// that a shutdown brings, and threads outside, write to and ring a service that is going, and find it
/// gone: `Closed`, and no more.
#[test]
fn wake_ups_during_the_shutdown_find_it_going_or_gone() {
    for round in 0..20 {
        let protocol = Meddler::default();
        let (own, ends) = (Arc::clone(&protocol.handle), Arc::clone(&protocol.ends));
        let (service, address) = serve(ServiceBuilder::new(protocol).threads(3));
        let handle = service.handle();
        assert!(own.set(service.handle()).is_ok());
        let clients: Vec<Client> = (0..30).map(|_| connect(address, "/")).collect();
        until(&handle, |stats| stats.handshakes == 30);
        let callers: Vec<_> = (0..3)
            .map(|_| {
                let handle = handle.clone();
                thread::spawn(move || {
                    eventually(|| {
                        let result = handle.publish("the end", "of all");
                        (result == Err(PostError::Closed)).then_some(())
                    });
                    handle.stop();
                    handle.stats().connections
                })
            })
            .collect();
        if round % 2 == 0 {
            for client in clients {
                reset(client);
            }
            handle.drain();
        } else {
            handle.drain();
            handle.stop();
        }
        service.wait().unwrap();
        for caller in callers {
            assert_eq!(caller.join().unwrap(), 0);
        }
        assert_eq!(ends.load(Ordering::Relaxed), 30);
    }
}
