//! Every way in which a server can fail its clients is a loss with a name, and never a panic.

use std::cell::Cell;
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tungstenite::Message;
use tungstenite::handshake::derive_accept_key;

use super::server::{self, answer, each_message, upgrade};
use super::{alone, shared, storm};

/// True for every hundredth message of a connection.
fn hundredth(count: &Cell<u32>) -> bool {
    count.set(count.get() + 1);
    count.get().is_multiple_of(100)
}

#[test]
fn a_swallowed_echo_is_lost() {
    let _shared = shared();
    let address = server::start(|stream| {
        let count = Cell::new(0);
        each_message(stream, |socket, message| hundredth(&count) || socket.send(message).is_ok());
    });
    let outcome = storm(address, "--timeout=500ms");
    outcome.assert_lost("the echo took too long");
    assert!(outcome.number("/echoes/lost") > 0);
}

#[test]
fn a_damaged_echo_is_noticed() {
    let _shared = shared();
    let address = server::start(|stream| {
        let count = Cell::new(0);
        each_message(stream, |socket, message| {
            let mut payload = message.into_data().to_vec();
            if hundredth(&count) {
                payload[12] ^= 1;
            }
            socket.send(Message::binary(payload)).is_ok()
        });
    });
    let outcome = storm(address, "");
    outcome.assert_lost("came back different");
    assert!(outcome.number("/echoes/damaged") > 0);
    assert_eq!(outcome.number("/echoes/lost"), 0);
}

#[test]
fn an_echo_too_many_is_noticed() {
    let _shared = shared();
    let address = server::start(|stream| {
        let count = Cell::new(0);
        each_message(stream, |socket, message| {
            let again = !hundredth(&count) || socket.send(message.clone()).is_ok();
            socket.send(message).is_ok() && again
        });
    });
    storm(address, "").assert_lost("survivor");
}

#[test]
fn a_wrong_accept_key_is_no_handshake() {
    let _shared = shared();
    let address = server::start(|stream| {
        answer(stream, |_| upgrade("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", b""));
    });
    let outcome = storm(address, "");
    outcome.assert_lost("Sec-WebSocket-Accept");
    assert!(outcome.round(0)["over"].is_string(), "{:#}", outcome.json);
}

#[test]
fn a_refusal_is_told_with_its_status() {
    let _shared = shared();
    let address = server::start(|stream| {
        answer(stream, |_| b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n".to_vec());
    });
    storm(address, "").assert_lost("status 503");
}

#[test]
fn garbage_behind_the_handshake_is_a_violation() {
    let _shared = shared();
    let address = server::start(|stream| {
        answer(stream, |key| upgrade(&derive_accept_key(key.as_bytes()), &[0xFF; 64]));
    });
    storm(address, "").assert_lost("the server broke the protocol");
}

#[test]
fn a_server_that_closes_loses_its_survivors() {
    let _shared = shared();
    let address = server::start(|stream| {
        let count = Cell::new(0);
        each_message(stream, |socket, message| !hundredth(&count) && socket.send(message).is_ok());
    });
    let outcome = storm(address, "");
    outcome.assert_lost("ended with an echo under way");
    assert_eq!(outcome.number("/echoes/survivors_lost"), 5);
    assert!(outcome.round(0)["over"].is_string(), "nobody is left to measure with");
}

#[test]
fn a_crowd_that_is_sent_home_early_is_lost() {
    let _shared = shared();
    // Survivors and newcomers speak at once; the crowd is silent, and hung up on for that.
    let address = server::start(|stream| {
        let _ = stream.set_read_timeout(Some(Duration::from_millis(300)));
        server::echo(stream);
    });
    let outcome = storm(address, "--settle=1s --end=reset");
    outcome.assert_lost("40 ended before the end");
    assert_eq!(outcome.number("/lost_before_end"), 40);
    assert_eq!(outcome.number("/echoes/lost"), 0);
}

#[test]
fn a_close_that_is_not_answered_is_unclean() {
    let _shared = shared();
    let address = server::start(|stream| {
        let Ok(mut socket) = tungstenite::accept(stream) else { return };
        while let Ok(message) = socket.read() {
            if message.is_close() {
                return drop(socket.get_mut().shutdown(std::net::Shutdown::Both));
            }
            if socket.send(message).is_err() {
                return;
            }
        }
    });
    let outcome = storm(address, "--end=close");
    // tungstenite queues its answer and this server never sends it.
    outcome.assert_lost("did not end as they should");
    assert_eq!(outcome.number("/parted/unclean"), 40);
}

/// Connections that are never closed, whatever the client does.
static HOARD: Mutex<Vec<TcpStream>> = Mutex::new(Vec::new());

#[test]
fn a_server_that_keeps_the_dead_is_found_out() {
    let _alone = alone();
    let address = server::start(|stream| {
        if let (Ok(copy), Ok(mut hoard)) = (stream.try_clone(), HOARD.lock()) {
            hoard.push(copy);
        }
        server::echo(stream);
    });
    let pid = std::process::id();
    let outcome = storm(address, &format!("--server-pid={pid} --reclaim-within=1s"));
    HOARD.lock().unwrap().clear();
    outcome.assert_lost("NEVER");
    assert_eq!(outcome.round(0)["reclaimed"], false);
    assert!(outcome.round(0)["reclaimed_us"].is_null());
}

/// One of each round's crowd.
#[test]
fn a_slow_leak_adds_up() {
    static LEAKED: Mutex<Vec<TcpStream>> = Mutex::new(Vec::new());
    static SILENT: AtomicUsize = AtomicUsize::new(0);
    let _alone = alone();
    let address = server::start(|stream| {
        let kept = stream.try_clone().unwrap();
        if !echo_unless_silent(stream) && SILENT.fetch_add(1, Ordering::SeqCst).is_multiple_of(40) {
            LEAKED.lock().unwrap().push(kept);
        }
    });
    let pid = std::process::id();
    let outcome = storm(address, &format!("--server-pid={pid} --reclaim-within=1s --rounds=3"));
    LEAKED.lock().unwrap().clear();
    outcome.assert_lost("3 descriptors more than before the first round");
    assert_eq!(outcome.round(0)["reclaimed"], false);
    let leaked: Vec<_> = (0..3).map(|round| &outcome.round(round)["server"]["leaked"]).collect();
    assert_eq!(leaked, [0, 2, 3]);
}

/// How many connections of the dead the stalling server holds.
static DEAD: AtomicUsize = AtomicUsize::new(0);
const STALL: Duration = Duration::from_secs(1);

/// While it stalls, more newcomers wait at its door than it holds dead.
#[test]
fn newcomers_at_the_door_hide_no_dead() {
    let _alone = alone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || hold_when_dead(stream));
            while DEAD.load(Ordering::SeqCst) > 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    });
    let pid = std::process::id();
    let outcome = storm(address, &format!("--server-pid={pid} --fresh-interval=5ms --seconds=2"));
    outcome.assert_fine();
    // Not a race: none of the dead is let go of before this time has passed since the end.
    assert!(outcome.number("/reclaimed_us") >= STALL.as_micros().try_into().unwrap());
}

/// An echo; but who has never said anything is kept for a while when it is gone.
fn hold_when_dead(stream: TcpStream) {
    let kept = stream.try_clone();
    if !echo_unless_silent(stream) {
        DEAD.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(STALL);
        drop(kept);
        DEAD.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Serves a connection to its end; whether it has ever said anything: the crowd does not.
fn echo_unless_silent(stream: TcpStream) -> bool {
    let mut has_spoken = false;
    each_message(stream, |socket, message| {
        has_spoken = true;
        socket.send(message).is_ok()
    });
    has_spoken
}

#[test]
fn a_server_that_does_not_ping_keeps_the_frozen() {
    let _shared = shared();
    let outcome = storm(server::start(server::echo), "--end=freeze --reclaim-within=1s");
    outcome.assert_lost("40 never");
    assert_eq!(outcome.number("/hang_ups/missing"), 40);
}

#[test]
fn nobody_there_is_said_at_once() {
    let _shared = shared();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let outcome = storm(address, "");
    outcome.assert_lost("no survivor is left");
}
