//! Peers that are gone at the worst moment.

use crate::driver::Driver;
use crate::driver::client::{FIN, TEXT, close, frame, ping, request, text};
use crate::driver::echo::Echo;

/// lws: an abort at every step, of the upgrade and of all that can follow it.
#[test]
fn a_reset_after_every_byte_of_a_conversation_leaves_nothing() {
    let conversation = [
        request("/", &[]),
        text("/sub t; timer 50; pub t x"),
        frame(TEXT, b"frag"),
        ping(b"ping"),
        frame(FIN, b"ment"),
        close(1000, "bye"),
    ]
    .concat();
    for end in 0..=conversation.len() {
        let mut driver = Driver::new();
        let key = driver.connect();
        for byte in &conversation[..end] {
            driver.say(key, &[*byte]);
        }
        driver.hang_up(key);
        assert!(driver.is_closed(key), "after {end} bytes");
        let closed = driver.log().iter().filter(|line| line.starts_with("closed")).count();
        assert_eq!(closed, usize::from(end >= request("/", &[]).len()), "after {end} bytes");
        driver.settle();
        assert_eq!((driver.shard.timers(), driver.stats().topics), (0, 0));
    }
}

/// The same without a look in between: the reset comes in the same turn as the bytes.
#[test]
fn a_reset_in_the_turn_of_the_bytes_leaves_nothing() {
    let conversation = [request("/", &[]), text("/sub t; pub t x; timer 9"), text("hi")].concat();
    for end in 0..=conversation.len() {
        let mut driver = Driver::new();
        let key = driver.connect();
        driver.shard.receive(key, &mut conversation[..end].to_vec(), driver.now);
        driver.hang_up(key);
        assert!(driver.is_closed(key));
        assert_eq!(driver.output(key), b"", "to whom?");
    }
}

/// A peer that ends its side inside its request may still read: but there is nothing to tell it.
#[test]
fn a_transport_that_ends_inside_its_request_leaves_nothing() {
    let whole = request("/", &[]);
    for end in 0..whole.len() {
        for is_half in [true, false] {
            let mut driver = Driver::new();
            let key = driver.connect();
            driver.say(key, &whole[..end]);
            if is_half {
                driver.shard.ended(key, driver.now);
                driver.turn();
            } else {
                driver.hang_up(key);
            }
            assert!(driver.is_closed(key));
            assert_eq!(driver.output(key), b"");
            assert_eq!(driver.stats().handshakes_failed, 1);
            assert_eq!(driver.log(), [""; 0]);
        }
    }
}

/// Aborted upgrades, again and again, at every byte: what the first round took up is enough for all.
#[test]
fn aborts_without_end_take_up_no_more_than_one_round_of_them() {
    let whole = [request("/", &[]), text("hi")].concat();
    let mut driver = Driver::of(Echo::default(), |_| {});
    let round = |driver: &mut Driver<Echo>| {
        for end in 0..=whole.len() {
            let key = driver.connect();
            driver.say(key, &whole[..end]);
            driver.hang_up(key);
        }
    };
    round(&mut driver);
    let bill = driver.bill(|driver| (0..20).for_each(|_| round(driver)));
    assert_eq!(bill.kept, 0, "{bill:?}");
    assert!(bill.peak < 8 * 1024, "{bill:?}");
}
