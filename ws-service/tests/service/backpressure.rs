//! A client that asks for more than it takes.

use std::thread;
use std::time::Duration;

use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};
use ws_service::ServiceBuilder;
use ws_service::protocols::Echo;

use crate::support::{connect, nothing_left, serve, until};

/// Far more than may be queued to it: the service stops reading, the client's own writes wait, and once it
/// reads, nothing is missing.
#[test]
fn who_reads_late_gets_everything() {
    const SIZE: usize = 1 << 20;
    const COUNT: u8 = 40;
    let builder = ServiceBuilder::new(Echo).threads(1).configure(|config| {
        config.limits.high_water = SIZE;
        config.limits.queued_bytes = 4 * SIZE;
    });
    let (service, address) = serve(builder);
    let handle = service.handle();
    let mut client = connect(address, "/");
    let mut sender =
        WebSocket::from_raw_socket(client.get_ref().try_clone().unwrap(), Role::Client, None);
    let sending = thread::spawn(move || {
        for number in 0..COUNT {
            sender.send(Message::binary(vec![number; SIZE])).unwrap();
        }
    });
    until(&handle, |stats| stats.paused == 1);
    thread::sleep(Duration::from_millis(100));
    assert!(handle.stats().queued_bytes <= 4 * SIZE as u64);
    for number in 0..COUNT {
        assert_eq!(client.read().unwrap(), Message::binary(vec![number; SIZE]));
    }
    sending.join().unwrap();
    drop(client);
    nothing_left(&handle);
    assert_eq!(handle.stats().paused, 0);
}

/// A peer that dies while it isn't read from is let go: nothing else would tell.
#[test]
fn a_reset_is_noticed_though_nothing_is_read() {
    let builder = ServiceBuilder::new(Echo).threads(1).configure(|config| {
        config.limits.messages_per_second = Some(1);
        config.timeouts.write = None;
    });
    let (service, address) = serve(builder);
    let handle = service.handle();
    let mut client = connect(address, "/");
    for _ in 0..1_000 {
        client.write("x".into()).unwrap();
    }
    client.flush().unwrap();
    until(&handle, |stats| stats.paused == 1);
    // Echoes that were not read make the end a reset.
    drop(client);
    nothing_left(&handle);
}
