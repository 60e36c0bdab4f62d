//! A protocol whose connections are logged is told everything.

use std::time::Duration;

use ws_service::protocols::Logged;
use ws_service::shard::{Frame, Mail, Overflow};

use crate::driver::Driver;
use crate::driver::client::text;
use crate::driver::puppet::Puppet;

#[test]
fn every_handler_is_called() {
    let mut driver = Driver::of(Logged(Puppet::default()), |config| {
        config.limits.overflow = Overflow::Drop;
        config.limits.queued_bytes = 100;
        (config.limits.high_water, config.limits.low_water) = (50, Some(10));
    });
    let key = driver.upgrade();
    driver.say(key, &text("/timer 5"));
    driver.pass(Duration::from_micros(5));
    driver.mail(Mail::Note(key, "psst".to_owned()));
    driver.limit_room(key, 0);
    driver.say(key, &text("/fill 90"));
    driver.mail(Mail::Send(key, Frame::new("no room for this".into())));
    driver.give_room(key, usize::MAX);
    driver.protocol.0.when("accept", "pieces");
    let piecemeal = driver.upgrade();
    driver.say(piecemeal, &text("hello"));
    driver.hang_up(key);
    let log = driver.protocol.0.take_log();
    for handler in
        ["opened", "message", "timer", "note psst", "lost 1", "drained", "piece", "closed Disc"]
    {
        assert!(log.iter().any(|line| line.starts_with(handler)), "no {handler} in {log:?}");
    }
}
