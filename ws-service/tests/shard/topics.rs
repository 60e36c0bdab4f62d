//! Topics: who gets what, in which order, here and on other shards.

use tungstenite::Message;
use ws_service::shard::{ConnectionKey, Frame, Mail};

use crate::driver::Driver;
use crate::driver::client::text;

fn subscribers(driver: &mut Driver, count: usize) -> Vec<ConnectionKey> {
    (0..count)
        .map(|_| {
            let key = driver.upgrade();
            driver.say(key, &text("/sub t"));
            key
        })
        .collect()
}

fn publication(topic: &str, words: &str) -> Mail<String> {
    Mail::Publish(Frame::new(words.into()).to_topic(topic))
}

#[test]
fn all_subscribers_but_the_publisher_get_a_message_in_order() {
    let mut driver = Driver::new();
    let keys = subscribers(&mut driver, 3);
    let stranger = driver.upgrade();
    driver.say(keys[0], &text("/pub t one; pub t two; pub u nobody"));
    driver.say(keys[1], &text("/pub t three"));
    driver.settle();
    assert_eq!(driver.messages(keys[0]), ["three"].map(Message::from));
    assert_eq!(driver.messages(keys[1]), ["one", "two"].map(Message::from));
    assert_eq!(driver.messages(keys[2]), ["one", "two", "three"].map(Message::from));
    assert_eq!(driver.messages(stranger), []);
    assert_eq!(driver.stats().deliveries, 3 * 2);
}

#[test]
fn a_publisher_need_not_subscribe() {
    let mut driver = Driver::new();
    let keys = subscribers(&mut driver, 1);
    let stranger = driver.upgrade();
    driver.say(stranger, &text("/pub t hi"));
    assert_eq!(driver.messages(keys[0]), [Message::from("hi")]);
}

#[test]
fn subscribing_twice_is_once_and_ends_at_once() {
    let mut driver = Driver::new();
    let keys = subscribers(&mut driver, 2);
    driver.say(keys[0], &text("/sub t"));
    driver.say(keys[1], &text("/pub t one"));
    assert_eq!(driver.messages(keys[0]), [Message::from("one")]);
    driver.log();
    driver.say(keys[0], &text("/unsub t; unsub t; unsub u"));
    let expected = ["message", "unsub t -> true", "unsub t -> false", "unsub u -> false"];
    assert_eq!(driver.log(), expected);
    driver.say(keys[1], &text("/pub t two"));
    assert_eq!(driver.messages(keys[0]), []);
}

#[test]
fn nobody_gets_what_was_published_before_they_came() {
    let mut driver = Driver::new();
    let keys = subscribers(&mut driver, 1);
    let late = driver.upgrade();
    let (publish, mut subscribe) = (publication("t", "early"), text("/sub t"));
    driver.shard.deliver(publish, driver.now);
    driver.shard.receive(late, &mut subscribe, driver.now);
    driver.turn();
    assert_eq!(driver.messages(keys[0]), [Message::from("early")]);
    assert_eq!(driver.messages(late), []);
}

#[test]
fn nor_what_was_published_and_not_delivered_when_they_left() {
    let mut driver = Driver::new();
    let keys = subscribers(&mut driver, 2);
    driver.shard.deliver(publication("t", "early"), driver.now);
    driver.say(keys[0], &text("/unsub t; sub t"));
    driver.settle();
    assert_eq!(driver.messages(keys[0]), []);
    assert_eq!(driver.messages(keys[1]), [Message::from("early")]);
}

#[test]
fn other_shards_get_a_publication_by_post_and_hand_it_to_all_by_deliver() {
    let (mut here, mut there) = (Driver::new(), Driver::new());
    let mine = subscribers(&mut here, 2);
    let theirs = subscribers(&mut there, 2);
    here.say(mine[0], &text(&format!("/pub t {}; pub t two", "x".repeat(2_000))));
    assert_eq!(here.posted.len(), 2);
    assert_eq!(here.stats().mail_out, 2);
    for (shard, publication) in std::mem::take(&mut here.posted) {
        assert_eq!(shard, 1);
        there.shard.deliver(Mail::Publish(publication), there.now);
    }
    there.turn();
    let expected = ["x".repeat(2_000), "two".to_owned()].map(Message::from);
    for key in theirs {
        assert_eq!(there.messages(key), expected);
    }
    assert_eq!(here.messages(mine[0]), [], "not back to the publisher");
    assert!(there.posted.is_empty(), "and not on to others");
    assert_eq!((there.stats().mail_in, there.stats().mail_lost), (2, 0));
}

#[test]
fn while_another_shard_takes_nothing_publishing_is_refused_and_reaches_nobody() {
    let mut driver = Driver::with(|config| config.limits.mail = 2);
    driver.mailbox_room = 0;
    let keys = subscribers(&mut driver, 2);
    driver.say(keys[0], &text("/pub t one; pub t two; pub t three"));
    driver.settle();
    assert!(driver.shard.has_mail());
    assert!(driver.log().contains(&"pub t three -> Err(Congested)".to_owned()));
    assert_eq!(driver.messages(keys[1]), ["one", "two"].map(Message::from));
    assert_eq!((driver.stats().congested, driver.stats().staged), (1, 2));
    driver.mailbox_room = 1;
    driver.turn();
    driver.say(keys[0], &text("/pub t four"));
    assert_eq!(driver.messages(keys[1]), [Message::from("four")]);
    driver.turn();
    assert_eq!(driver.posted.len(), 3, "in order, and each once");
    assert!(!driver.shard.has_mail());
    assert_eq!(driver.stats().staged, 0);
}

#[test]
fn the_bytes_that_wait_are_limited_too() {
    let mut driver = Driver::with(|config| config.limits.mail_bytes = 100);
    driver.mailbox_room = 0;
    let key = driver.upgrade();
    driver.say(key, &text(&format!("/pub t {}; pub t x", "x".repeat(100))));
    assert!(driver.log().contains(&"pub t x -> Err(Congested)".to_owned()));
}

#[test]
fn while_too_much_waits_for_its_own_turn_publishing_is_refused() {
    let mut driver = Driver::with(|config| {
        config.limits.mail = 3;
        config.budget.deliveries = 1;
    });
    let keys = subscribers(&mut driver, 2);
    driver.say(keys[0], &text("/pub t 1; pub t 2; pub t 3; pub t 4"));
    assert_eq!(driver.stats().congested, 1);
    driver.settle();
    assert_eq!(driver.messages(keys[1]), ["1", "2", "3"].map(Message::from));
}

#[test]
fn a_connection_has_a_limited_number_of_topics() {
    let mut driver = Driver::with(|config| config.limits.topics_per_connection = 2);
    let key = driver.upgrade();
    driver.log();
    driver.say(key, &text("/sub a; sub b; sub c; sub a; unsub a; sub c"));
    let expected = ["Ok(())", "Ok(())", "Err(TooManyTopics)", "Ok(())", "true", "Ok(())"];
    let log = driver.log();
    let results: Vec<&str> = log[1..].iter().filter_map(|it| it.split(" -> ").nth(1)).collect();
    assert_eq!(results, expected);
    let stats = driver.stats();
    assert_eq!((stats.topics, stats.topics_refused), (2, 1));
}

#[test]
fn topics_vanish_with_their_last_subscriber() {
    let mut driver = Driver::new();
    let keys = subscribers(&mut driver, 2);
    assert_eq!(driver.stats().topics, 1);
    driver.hang_up(keys[0]);
    assert_eq!(driver.stats().topics, 1);
    driver.shard.deliver(publication("t", "unheard"), driver.now);
    driver.hang_up(keys[1]);
    assert_eq!((driver.stats().topics, driver.stats().fanouts), (0, 0));
    let again = subscribers(&mut driver, 1);
    driver.settle();
    assert_eq!(driver.messages(again[0]), []);
}

#[test]
fn a_connection_that_is_closing_gets_nothing_more() {
    let mut driver = Driver::new();
    let keys = subscribers(&mut driver, 2);
    driver.say(keys[0], &text("/close 1000 bye"));
    driver.output(keys[0]);
    driver.say(keys[1], &text("/pub t x"));
    driver.settle();
    assert_eq!(driver.messages(keys[0]), []);
}
