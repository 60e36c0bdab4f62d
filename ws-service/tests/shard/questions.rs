//! What other threads ask about a shard.

use std::net::Ipv4Addr;
use std::time::Duration;

use ws_service::shard::{
    Answer, ConnectionKey, ConnectionState, Deadline, Filter, Mail, Question, Ticket,
};

use crate::driver::Driver;
use crate::driver::client::text;

/// Asks, and turns until there is the answer.
fn ask(driver: &mut Driver, question: Question) -> Answer {
    driver.shard.deliver(Mail::Ask(Ticket(7), question.into()), driver.now);
    driver.settle();
    let (ticket, answer) = driver.shard.next_answer().expect("an answer");
    assert_eq!((ticket, driver.shard.next_answer()), (Ticket(7), None));
    answer
}

/// All that fit, page after page, with the number of pages.
fn list(driver: &mut Driver, limit: usize, filter: &Filter) -> (Vec<ConnectionKey>, usize) {
    let (mut keys, mut from, mut pages) = (Vec::new(), Some(0), 0);
    while let Some(place) = from {
        let filter = filter.clone();
        let question = Question::Connections { from: place, limit, filter };
        let Answer::Connections(page) = ask(driver, question) else { panic!("another answer") };
        assert!(page.items.len() <= limit);
        keys.extend(page.items.iter().map(|facts| facts.id.key));
        (from, pages) = (page.next, pages + 1);
    }
    (keys, pages)
}

#[test]
fn a_connection_is_described() {
    let mut driver = Driver::with(|config| config.keep_paths = true);
    let key = driver.upgrade_at("/a/b?c=d");
    driver.say(key, &text("/sub t"));
    driver.pass(Duration::from_millis(1_500));
    driver.limit_room(key, 0);
    driver.say(key, &text("/fill 100"));
    let Answer::Connection(Some(facts)) = ask(&mut driver, Question::Connection(key)) else {
        panic!("not found");
    };
    assert_eq!((facts.id.key, facts.age), (key, Duration::from_millis(1_500)));
    assert_eq!((facts.path.as_deref(), facts.state), (Some("/a/b"), ConnectionState::Open));
    assert!(facts.queued_bytes >= 100 && facts.topics == 1 && !facts.is_compressed);
    let asking = driver.connect();
    let Answer::Connection(Some(facts)) = ask(&mut driver, Question::Connection(asking)) else {
        panic!("not found");
    };
    assert_eq!((facts.state, facts.path), (ConnectionState::Handshake, None));
    driver.hang_up(asking);
    assert_eq!(ask(&mut driver, Question::Connection(asking)), Answer::Connection(None));
}

#[test]
fn paths_are_kept_only_where_that_is_asked_for() {
    let mut driver = Driver::new();
    let key = driver.upgrade_at("/secret");
    let Answer::Connection(Some(facts)) = ask(&mut driver, Question::Connection(key)) else {
        panic!("not found");
    };
    assert_eq!(facts.path, None);
}

#[test]
fn a_listing_shows_each_that_is_there_once_whatever_comes_and_goes() {
    let mut driver = Driver::new();
    let mut keys: Vec<_> = (0..600).map(|_| driver.connect()).collect();
    for key in keys.drain(100..300).collect::<Vec<_>>() {
        driver.hang_up(key);
    }
    let (mut listed, pages) = list(&mut driver, usize::MAX, &Filter::default());
    assert_eq!(pages, 3, "no answer looks at more than 256 places");
    listed.sort_unstable();
    keys.sort_unstable();
    assert_eq!(listed, keys);
    let (mut listed, _) = list(&mut driver, 7, &Filter::default());
    listed.sort_unstable();
    assert_eq!(listed, keys);
    // One that stays is seen though others go between two pages.
    let question = Question::Connections { from: 0, limit: 10, filter: Filter::default() };
    let Answer::Connections(page) = ask(&mut driver, question) else { panic!("another answer") };
    let (seen, gone) = (page.items.len(), page.items[0].id.key);
    driver.hang_up(gone);
    let question =
        Question::Connections { from: page.next.unwrap(), limit: 1, filter: Filter::default() };
    let Answer::Connections(next) = ask(&mut driver, question) else { panic!("another answer") };
    assert!(seen == 10 && !page.items.contains(&next.items[0]));
}

#[test]
fn a_listing_is_filtered_by_address_path_and_age() {
    let mut driver = Driver::with(|config| config.keep_paths = true);
    let (old, _) = (driver.upgrade_at("/old"), driver.upgrade_at("/other"));
    driver.pass(Duration::from_secs(2));
    let young = driver.upgrade_at("/old/young");
    let mut only = |change: &dyn Fn(&mut Filter)| {
        let mut filter = Filter::default();
        change(&mut filter);
        list(&mut driver, 100, &filter).0
    };
    assert_eq!(only(&|it| it.path = Some("/old".into())), [old, young]);
    assert_eq!(only(&|it| it.max_age = Some(Duration::from_secs(1))), [young]);
    assert_eq!(only(&|it| it.min_age = Some(Duration::from_secs(2))).len(), 2);
    assert_eq!(only(&|it| it.address = Some(Ipv4Addr::LOCALHOST.into())).len(), 3);
    assert_eq!(only(&|it| it.address = Some(Ipv4Addr::BROADCAST.into())), []);
    assert_eq!(only(&|it| it.port = Some(1)), []);
}

#[test]
fn topics_come_in_order_with_their_subscribers() {
    let mut driver = Driver::new();
    let (one, two) = (driver.upgrade(), driver.upgrade());
    driver.say(one, &text("/sub b; sub a; sub c"));
    driver.say(two, &text("/sub b"));
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let question = Question::Topics { after, limit: 2 };
        let Answer::Topics(page) = ask(&mut driver, question) else { panic!("another answer") };
        let items: Vec<_> = page.items.iter().map(|it| (&*it.name, it.subscribers)).collect();
        pages.push(format!("{items:?}"));
        if page.next.is_none() {
            break;
        }
        after = page.items.last().map(|it| (*it.name).into());
    }
    assert_eq!(pages, [r#"[("a", 1), ("b", 2)]"#, r#"[("c", 1)]"#]);
}

#[test]
fn the_next_deadlines_come_first() {
    let mut driver = Driver::new();
    let keys: Vec<_> = (0..5).map(|_| driver.upgrade()).collect();
    driver.say(keys[3], &text("/timer 1000"));
    driver.say(keys[1], &text("/timer 2000"));
    let question = Question::Deadlines { from: 0, limit: 3 };
    let Answer::Deadlines(page) = ask(&mut driver, question) else { panic!("another answer") };
    assert_eq!(page.next, None);
    let facts: Vec<_> = page
        .items
        .iter()
        .map(|it| (it.id.key, it.deadline, it.at.saturating_since(page.now)))
        .collect();
    let millis = Duration::from_millis;
    assert_eq!(facts[0], (keys[3], Deadline::User, millis(1)));
    assert_eq!(facts[1], (keys[1], Deadline::User, millis(2)));
    assert_eq!((facts[2].1, facts[2].2, facts.len()), (Deadline::Ping, millis(30_000), 3));
}

#[test]
fn a_turn_answers_no_more_than_its_budget_and_no_more_wait_than_may() {
    let mut driver = Driver::with(|config| config.budget.answers = 2);
    let key = driver.upgrade();
    for number in 0..70 {
        let question = Question::Connection(key);
        driver.shard.deliver(Mail::Ask(Ticket(number), question.into()), driver.now);
    }
    let busy: Vec<_> = std::iter::from_fn(|| driver.shard.next_answer()).collect();
    assert_eq!(busy, (64..70).map(|it| (Ticket(it), Answer::Busy)).collect::<Vec<_>>());
    driver.turn();
    let stats = driver.stats();
    assert_eq!((stats.questions, stats.questions_refused), (62, 6));
    let answered: Vec<_> = std::iter::from_fn(|| driver.shard.next_answer()).collect();
    assert_eq!(answered.iter().map(|(ticket, _)| ticket.0).collect::<Vec<_>>(), [0, 1]);
    assert!(driver.shard.earliest().is_some_and(|it| it < driver.now), "there is more to do");
    driver.settle();
    assert_eq!(std::iter::from_fn(|| driver.shard.next_answer()).count(), 62);
    assert_eq!(driver.stats().questions, 0);
}

#[test]
fn a_question_weighs_what_it_carries() {
    let weight = |question: Question| Mail::<()>::Ask(Ticket(0), question.into()).weight();
    let topics = |after: Option<&str>| Question::Topics { after: after.map(Into::into), limit: 1 };
    assert_eq!(weight(topics(Some("abc"))), weight(topics(None)) + 3);
    let mut filter = Filter::default();
    filter.path = Some("/abcd".into());
    let listing = Question::Connections { from: 0, limit: 1, filter };
    assert_eq!(weight(listing), weight(topics(None)) + 5);
}
