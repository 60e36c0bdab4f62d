//! Whether what everyone has heard is what was said to them.

use std::collections::BTreeSet;
use std::time::Duration;

use tungstenite::Message;
use ws_service::shard::{CloseReason, Deadline};

use super::client::Client;
use super::witness::{DIRECT, Life, NEWS, Spoken, Witness};
use crate::driver::Driver;

/// What a session has heard, at any time.
pub(super) fn check_life(number: usize, client: &Client, driver: &Driver<Witness>) {
    let notes = driver.protocol.notes();
    let life = &notes.lives[number];
    assert!(life.opened.is_none() || life.accepted);
    let count = life.heard.len().min(client.said.len());
    assert_eq!(life.heard[..count], client.said[..count], "in order, and nothing else");
    assert!(client.is_garbled || life.heard.len() <= client.said.len());
}

/// What a client has heard, at any time.
pub(super) fn check_heard(number: usize, client: &mut Client, driver: &Driver<Witness>) {
    let notes = driver.protocol.notes();
    let life = &notes.lives[number];
    let heard = Heard::new(client);
    assert!(is_prefix(&heard.own, &life.sent), "{:?} of {:?}", heard.own, life.sent);
    assert!(heard.news.is_sorted_by(|one, other| one < other), "{:?}", heard.news);
    assert!(heard.direct.is_sorted_by(|one, other| one < other), "{:?}", heard.direct);
    assert!(heard.news.iter().all(|number| !life.published.contains(number)), "not to itself");
    // A newer one may overtake an older one that is queued already (RFC 6455 §5.5.3).
    let pongs: BTreeSet<_> = heard.pongs.iter().copied().collect();
    let are_asked_for = pongs.len() == heard.pongs.len() && pongs.last() <= Some(&client.pings);
    assert!(client.is_garbled || are_asked_for, "{:?} of {}", heard.pongs, client.pings);
    if let Some(ping) = heard.pinged {
        client.pinged = ping;
    }
}

/// What holds besides once all that was queued has been read.
pub(super) fn check_whole(number: usize, client: &Client, driver: &Driver<Witness>) {
    let notes = driver.protocol.notes();
    let life = &notes.lives[number];
    let is_open = life.opened.is_some() && life.closed.is_none();
    if is_open && !client.is_gone {
        let whole = life.sent.iter().position(|it| !it.is_whole).unwrap_or(life.sent.len());
        assert_eq!(Heard::new(client).own.len(), whole, "all of {:?}", life.sent);
    }
}

/// What holds when all is over.
pub(super) fn check_ends(lives: &[Life]) {
    for life in lives {
        assert_eq!(life.accepted, life.closed.is_some(), "{life:?}");
        let (Some(opened), Some((CloseReason::Timeout(deadline), at))) =
            (life.opened, &life.closed)
        else {
            continue;
        };
        let least = match deadline {
            Deadline::HangUp => 25,
            Deadline::Message => 20,
            Deadline::Write => 15,
            other => panic!("no deadline of an open connection: {other:?}"),
        };
        assert!(at.saturating_since(opened) >= Duration::from_secs(least), "early: {life:?}");
    }
}

/// What a client has heard, sorted.
#[derive(Default)]
struct Heard {
    /// Its own session's messages.
    own: Vec<Vec<u8>>,
    /// The numbers of publications.
    news: Vec<u64>,
    /// The numbers of messages from outside.
    direct: Vec<u64>,
    pongs: Vec<u32>,
    /// What the last ping carried.
    pinged: Option<Vec<u8>>,
}

impl Heard {
    fn new(client: &Client) -> Self {
        let (_, messages) = client.messages();
        let mut heard = Self::default();
        for message in messages {
            match message {
                Message::Text(text) => match (number(&text, NEWS), number(&text, DIRECT)) {
                    (Some(number), _) => heard.news.push(number),
                    (_, Some(number)) => heard.direct.push(number),
                    _ => heard.own.push(text.as_bytes().to_vec()),
                },
                Message::Binary(bytes) => heard.own.push(bytes.to_vec()),
                Message::Ping(payload) => heard.pinged = Some(payload.to_vec()),
                Message::Pong(payload) => {
                    // One that a garbled stream has asked for carries anything.
                    heard.pongs.extend(payload[..].first_chunk().map(|it| u32::from_be_bytes(*it)));
                }
                Message::Close(_) => {}
                Message::Frame(_) => panic!("never read"),
            }
        }
        heard
    }
}

fn number(text: &str, kind: char) -> Option<u64> {
    text.strip_prefix(kind)?.parse().ok()
}

/// What has been heard is the beginning of what was said, of which nothing behind an unfinished message can be heard.
fn is_prefix(heard: &[Vec<u8>], sent: &[Spoken]) -> bool {
    heard.len() <= sent.len()
        && heard.iter().zip(sent).all(|(heard, sent)| sent.is_whole && *heard == sent.payload)
}
