//! Much data, and peers that take it slowly or not at all.

use std::io::{Read, Write};
use std::time::Duration;

use rustls::ProtocolVersion;
use tungstenite::Message;
use ws_service::protocols::{Echo, Mirror};
use ws_service::{CloseKind, Config, Handle, ServiceBuilder};

use super::certificates::Authority;
use super::client::{Client, Settings};
use super::serve;
use crate::support::{nothing_left, text, try_upgrade, until};

const LARGE: usize = 1 << 20;

#[test]
fn large_messages_come_back_whole_through_any_receive_buffer() {
    let authority = Authority::new();
    let settings = Settings::trusting(&authority);
    for receive_buffer in [100, 1000, 512 * 1024] {
        let files = authority.files("one", &["localhost"]);
        let builder = ServiceBuilder::new(Echo)
            .threads(1)
            .configure_net(|net| net.receive_buffer = receive_buffer);
        let (service, address) = serve(builder, files);
        let mut client = settings.connect(address);
        let message: Vec<u8> = (0..3_000_000_u32).map(|byte| (byte % 251) as u8).collect();
        for _ in 0..2 {
            client.send(message.clone().into()).unwrap();
            assert!(client.read().unwrap().into_data() == message, "not the same");
        }
        drop(client);
        nothing_left(&service.handle());
    }
}

/// Both directions at once, with everyone's buffers full, pings overtaking, and both versions.
#[test]
fn floods_keep_their_order() {
    let authority = Authority::new();
    let builder = ServiceBuilder::routes().route("/mirror/{room}", Mirror).unwrap().threads(2);
    let builder = builder.configure(|config| {
        config.timeouts.ping_after = Some(Duration::from_millis(5));
    });
    let (service, address) = serve(builder, authority.files("one", &["localhost"]));
    let join = |version| {
        let settings = Settings::with(&authority, None, Some(version));
        try_upgrade("localhost", "/mirror/a", settings.shake(address).unwrap()).unwrap()
    };
    let handle = service.handle();
    let mut speaker = join(ProtocolVersion::TLSv1_3);
    let listeners: Vec<_> = [ProtocolVersion::TLSv1_2, ProtocolVersion::TLSv1_3]
        .into_iter()
        .map(|version| {
            let mut listener = join(version);
            std::thread::spawn(move || {
                for number in 0..400_u32 {
                    let bytes = loop {
                        match listener.read().unwrap() {
                            Message::Ping(_) => {}
                            message => break message.into_data(),
                        }
                    };
                    assert_eq!(bytes[..4], number.to_be_bytes());
                    assert!(bytes[4..].iter().all(|byte| *byte == bytes[3]), "{number} is damaged");
                    if number % 20 == 0 {
                        std::thread::sleep(Duration::from_millis(10));
                    }
                }
            })
        })
        .collect();
    until(&handle, |stats| stats.handshakes == 3);
    for number in 0..400_u32 {
        let mut message = number.to_be_bytes().to_vec();
        message.resize(4 + (number as usize * 37) % 60_000, message[3]);
        speaker.send(message.into()).unwrap();
    }
    for listener in listeners {
        listener.join().unwrap();
    }
    drop(speaker);
    nothing_left(&handle);
}

/// Has messages echoed until the sockets on the way back are full; says how many.
fn fill(client: &mut Client, handle: &Handle<Echo>) -> usize {
    for count in 1.. {
        client.send(vec![7; LARGE].into()).unwrap();
        let queued = || {
            std::thread::sleep(Duration::from_millis(10));
            handle.stats().queued_bytes
        };
        let before = queued();
        if before > 0 && (0..10).all(|_| queued() == before) {
            return count;
        }
    }
    unreachable!("sockets without end")
}

/// Goes on reading from who takes nothing, or what it says behind would not be heard.
fn still_listening(config: &mut Config) {
    config.timeouts.close = crate::support::PATIENCE;
    config.limits.high_water = usize::MAX;
}

/// Whoever takes nothing is given up at the write deadline.
#[test]
fn a_peer_that_takes_nothing_is_given_up() {
    let authority = Authority::new();
    let builder = ServiceBuilder::new(Echo).threads(1).configure(|config| {
        config.timeouts.write = Some(Duration::from_secs(1));
    });
    let (service, address) = serve(builder, authority.files("one", &["localhost"]));
    let mut silent = Settings::trusting(&authority).connect(address);
    let handle = service.handle();
    fill(&mut silent, &handle);
    let stats = until(&handle, |stats| stats.connections == 0);
    assert_eq!(stats.closes(CloseKind::WriteTimeout), 1);
    nothing_left(&handle);
}

/// The last words arrive behind all that was queued before them, however slowly they are taken.
#[test]
fn a_slow_peer_still_gets_the_last_word() {
    let authority = Authority::new();
    let builder = ServiceBuilder::new(Echo).threads(1).configure(still_listening);
    let (service, address) = serve(builder, authority.files("one", &["localhost"]));
    let mut slow = Settings::trusting(&authority).connect(address);
    let handle = service.handle();
    let count = fill(&mut slow, &handle);
    // A frame without a mask: a violation, and the connection's end.
    let stream = slow.get_mut();
    stream.write_all(&[0x82, 1, 0]).unwrap();
    until(&handle, |stats| stats.closes(CloseKind::Violation) == 1);
    for _ in 0..count {
        assert_eq!(slow.read().unwrap().into_data().len(), LARGE);
    }
    let Message::Close(Some(frame)) = slow.read().unwrap() else { panic!("no Close") };
    assert_eq!(u16::from(frame.code), 1002);
    let mut rest = Vec::new();
    slow.get_mut().read_to_end(&mut rest).unwrap();
    drop(slow);
    nothing_left(&handle);
}

/// The answer to a Close ends the connection: not before it has left.
#[test]
fn a_slow_peer_still_gets_its_close_answered() {
    let authority = Authority::new();
    let builder = ServiceBuilder::new(Echo).threads(1).configure(still_listening);
    let (service, address) = serve(builder, authority.files("one", &["localhost"]));
    let mut slow = Settings::trusting(&authority).connect(address);
    let handle = service.handle();
    let count = fill(&mut slow, &handle);
    slow.close(None).unwrap();
    until(&handle, |stats| stats.closes(CloseKind::Peer) == 1);
    for _ in 0..count {
        assert_eq!(slow.read().unwrap().into_data().len(), LARGE);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(matches!(slow.read().unwrap(), Message::Close(_)));
    drop(slow);
    nothing_left(&handle);
}

/// A flood of tiny messages, each in its own record.
#[test]
fn tiny_records_are_taken_many_at_once() {
    let authority = Authority::new();
    let (service, address) =
        serve(ServiceBuilder::new(Echo).threads(1), authority.files("one", &["localhost"]));
    let mut client = Settings::trusting(&authority).connect(address);
    for round in 0..20 {
        for number in 0..500 {
            client.write(format!("{round} {number}").into()).unwrap();
        }
        client.flush().unwrap();
        for number in 0..500 {
            assert_eq!(text(&mut client), format!("{round} {number}"));
        }
    }
    drop(client);
    nothing_left(&service.handle());
}
