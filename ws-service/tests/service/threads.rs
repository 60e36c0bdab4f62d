//! What crosses threads arrives on all of them, in order.

use ws_service::ServiceBuilder;
use ws_service::protocols::{Echo, Mirror};

use crate::support::{Client, connect, eventually, nothing_left, serve, text, until};

#[test]
fn a_room_spans_all_threads_and_keeps_each_senders_order() {
    let builder = ServiceBuilder::routes().route("/mirror/{room}", Mirror).unwrap().threads(3);
    let (service, address) = serve(builder);
    let handle = service.handle();
    let mut clients: Vec<Client> = (0..24).map(|_| connect(address, "/mirror/tea")).collect();
    let mut stranger = connect(address, "/mirror/coffee");
    until(&handle, |stats| stats.handshakes == 25);
    let busy = handle.shard_stats().iter().filter(|stats| stats.connections > 0).count();
    assert!(busy > 1, "the system spreads connections over the threads");

    for round in 0..20 {
        for (sender, client) in clients.iter_mut().take(2).enumerate() {
            client.send(format!("{sender} {round}").into()).unwrap();
        }
    }
    for (place, client) in clients.iter_mut().enumerate() {
        let count = if place < 2 { 20 } else { 40 };
        let got: Vec<String> = (0..count).map(|_| text(client)).collect();
        for sender in (0..2).filter(|&sender| sender != place) {
            let mine = format!("{sender} ");
            let from: Vec<_> = got.iter().filter_map(|it| it.strip_prefix(&mine)).collect();
            let expected: Vec<_> = (0..20).map(|round| round.to_string()).collect();
            assert_eq!(from, expected, "to {place} from {sender}");
        }
    }
    stranger.send("alone".into()).unwrap();
    drop((clients, stranger));
    nothing_left(&handle);
}

#[test]
fn a_large_message_comes_back_whole_through_a_small_receive_buffer() {
    let builder = ServiceBuilder::new(Echo).threads(1).configure_net(|net| {
        net.receive_buffer = 1000;
    });
    let (service, address) = serve(builder);
    let mut client = connect(address, "/");
    let message: Vec<u8> = (0..3_000_000_u32).map(|byte| (byte % 251) as u8).collect();
    client.send(message.clone().into()).unwrap();
    assert_eq!(client.read().unwrap().into_data(), message);
    drop(client);
    nothing_left(&service.handle());
}

/// A mailbox that is full makes its senders wait: nothing is lost, and two threads that publish to
/// each other don't wait for each other for ever.
#[test]
fn small_mailboxes_delay_but_lose_nothing() {
    let builder =
        ServiceBuilder::routes().route("/mirror/{room}", Mirror).unwrap().threads(2).configure(
            |config| {
                config.limits.mail = 4;
                config.budget.deliveries = 3;
            },
        );
    let (service, address) = serve(builder);
    let handle = service.handle();
    let mut clients: Vec<Client> = (0..10).map(|_| connect(address, "/mirror/tea")).collect();
    until(&handle, |stats| stats.handshakes == 10);
    for number in 0..500 {
        let text = number.to_string();
        eventually(|| handle.publish("mirror/tea", text.as_str()).ok());
    }
    for client in &mut clients {
        for number in 0..500 {
            assert_eq!(text(client), number.to_string());
        }
    }
    drop(clients);
    nothing_left(&handle);
}

#[test]
fn turns_are_timed_and_mail_wakes_a_sleeping_thread() {
    let (service, address) = serve(ServiceBuilder::new(Echo).threads(1));
    let mut client = connect(address, "/");
    client.send("hello".into()).unwrap();
    assert_eq!(text(&mut client), "hello");
    let handle = service.handle();
    handle.publish("nobody's", "hello").unwrap();
    let stats = until(&handle, |stats| stats.mail_in == 1 && stats.turn_time.count() > 1);
    assert_eq!(stats.wakeups, 1);
    drop(client);
    nothing_left(&handle);
}
