//! A thousand readers that have stopped reading, and somebody who goes on publishing to all of them.

use tungstenite::Message;
use ws_service::shard::{CloseKind, Frame, Mail};

use crate::driver::Driver;
use crate::driver::bill::Bill;
use crate::driver::client::text;

const READERS: usize = 1_000;
/// What may be queued to one of them.
const QUEUE: usize = 16 * 1024;

/// Subscribers that take nothing any more.
fn stopped() -> Driver {
    let mut driver = Driver::with(|config| {
        config.limits.high_water = QUEUE / 2;
        config.limits.queued_bytes = QUEUE;
    });
    for _ in 0..READERS {
        let key = driver.upgrade();
        driver.say(key, &text("/sub news"));
        driver.limit_room(key, 0);
    }
    driver
}

/// Three times what their queues hold, in messages of this size.
fn publish(driver: &mut Driver, size: usize) -> Bill {
    let message = Message::binary(vec![b'x'; size]);
    driver.bill(|driver| {
        for _ in 0..3 * QUEUE / size {
            let frame = Frame::new((&message.clone().into_data()[..]).into());
            driver.mail(Mail::Publish(frame.to_topic("news")));
            driver.settle();
        }
    })
}

/// By default they are let go, and what they did not take with them.
#[test]
fn whoever_takes_nothing_is_let_go_and_costs_nothing_any_more() {
    let mut driver = stopped();
    let bill = publish(&mut driver, 100);
    let stats = driver.stats();
    assert_eq!(stats.closes(CloseKind::Backlog), READERS as u64);
    // A Close each, which they don't take either, and what the pool keeps.
    assert!(stats.queued_bytes < (READERS * 100) as u64);
    assert!(bill.kept < 4 << 20, "{} bytes are kept", bill.kept);
}
