//! Handlers run to completion: none inside another, whatever they ask for. The puppet panics if one
//! does, which every test would see; here they ask for everything at once.

use tungstenite::Message;
use ws_service::shard::Mail;

use crate::driver::Driver;
use crate::driver::client::text;

#[test]
fn no_handler_runs_inside_another() {
    let everything = "sub t; pub t x; send x; timer 0; alive; fill 200; fill 200";
    let mut driver = Driver::with(|config| {
        config.limits.high_water = 100;
        config.limits.queued_bytes = 300;
    });
    for handler in ["opened", "drained", "timer"] {
        driver.protocol.when(handler, everything);
    }
    driver.protocol.when("closed", "pub t x; sub t; send x");
    for _ in 0..4 {
        let key = driver.connect();
        driver.say(key, &crate::driver::client::request("/", &[]));
        driver.say(key, &text(&format!("/{everything}")));
        driver.mail(Mail::Note(key, format!("/{everything}")));
    }
    driver.protocol.when("timer", "");
    driver.protocol.when("drained", "");
    driver.settle();
    assert_eq!(driver.stats().panics, 0);
}

/// Effects are settled after the handler: the close it asked for takes nothing back.
#[test]
fn what_a_handler_records_happens_after_it_in_its_order() {
    let mut driver = Driver::new();
    let (key, listener) = (driver.upgrade(), driver.upgrade());
    driver.say(listener, &text("/sub t"));
    driver.log();
    driver.say(key, &text("/close 1000 bye; pub t heard; queued"));
    assert_eq!(driver.log().last().unwrap(), "closed Local(Normal)");
    assert_eq!(driver.messages(listener), [Message::from("heard")]);
}

#[test]
fn a_handler_knows_its_time_its_peer_and_its_queue() {
    let mut driver = Driver::new();
    let key = driver.upgrade();
    driver.limit_room(key, 0);
    driver.say(key, &text("/now; queued; send 123; queued"));
    let expected = [
        "message",
        "now -> 1.000000s 127.0.0.1:40000",
        "queued -> 0",
        "send 123 -> Ok(Queued)",
        "queued -> 5",
    ];
    assert_eq!(driver.log()[1..], expected);
}
