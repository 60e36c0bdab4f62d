//! Upgrade requests, as the shard answers them and as a plain reading of the RFCs judges them.

mod answer;
mod decode;
mod judge;

use std::time::Duration;

use tungstenite::Message as Said;
use ws_service::shard::{Accept, Context, Message, Origins, Protocol, Request};

use crate::choices::Choices;
use crate::driver::Driver;
use answer::Answer;
use judge::{Judgement, Rules};

/// Subprotocols that the service speaks.
const OURS: [&str; 2] = ["one", "two"];
/// What is behind every request, as the client reads it when it comes back.
const BEHIND: &str = "hi";

/// Echoes, in the subprotocol that the client likes best.
struct Polyglot;

impl Protocol for Polyglot {
    type Session = ();
    type Note = ();

    fn accept(&self, request: &Request<'_>) -> Accept<()> {
        Accept::admit(()).subprotocol(request.choose_subprotocol(&OURS))
    }

    fn message(&self, cx: &mut Context<'_>, (): &mut (), message: Message<'_>) {
        let _ = cx.send(message);
    }
}

/// Answers the request that `input` stands for: cut somehow, as it is or made of lines.
///
/// # Panics
/// The answer depends on the cuts, or is none that a rule of the RFCs gives; or the shard breaks its own law.
pub fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let sizes = choices.sizes();
    let origins = match choices.byte() % 3 {
        0 => Origins::SameHost,
        1 => Origins::Any,
        _ => Origins::List(vec!["https://good.example".into()]),
    };
    let rules = Rules { bytes: 500, fields: 12, origins };
    let is_made = choices.flag();
    let request = if is_made { decode::request(&mut choices) } else { choices.rest().to_vec() };
    let answer = ask(&request, &sizes, &rules);
    assert_eq!(ask(&request, &[usize::MAX], &rules), answer, "cut or not");
    let expected = judge::judge(&request, &rules);
    check(answer.as_ref(), &expected);
}

/// What has reached the client before, and what at its handshake deadline.
fn ask(request: &[u8], sizes: &[usize], rules: &Rules) -> Option<Answer> {
    let mut driver = Driver::of(Polyglot, |config| {
        config.limits.handshake_bytes = rules.bytes;
        config.limits.headers = rules.fields;
        config.origins = rules.origins.clone();
        // A thread's one compressor is not the request's to pay for.
        config.compression.threshold = usize::MAX;
    });
    let key = driver.connect();
    let bill = driver.bill(|driver| driver.say_cut(key, request, sizes));
    // What follows the request may have made an inflater, too.
    assert!(bill.peak < 96 * 1024, "{bill:?}");
    let bytes = driver.output(key);
    if bytes.is_empty() {
        driver.pass(Duration::from_secs(10));
        let late = Answer::parse(&driver.output(key));
        assert_eq!(late.status, 408, "a request that never ends");
        return None;
    }
    Some(Answer::parse(&bytes))
}

fn check(answer: Option<&Answer>, expected: &Judgement) {
    let Some(answer) = answer else {
        assert!(expected.is_unfinished, "no answer: {expected:?}");
        return;
    };
    assert!(!expected.is_unfinished, "{answer:?}");
    if answer.status == 101 {
        assert!(expected.faults.is_empty(), "admitted: {expected:?}");
        assert_eq!(answer.subprotocol, expected.subprotocol);
        assert!(answer.extension.is_none() || expected.is_deflate_offered);
        assert_eq!(answer.accept.as_deref(), expected.accept.as_deref());
        let is_served = answer.messages == [Said::from(BEHIND)];
        assert!(is_served || !expected.is_followed, "{answer:?}");
    } else {
        let is_known =
            expected.faults.contains(&answer.status) || expected.doubts.contains(&answer.status);
        assert!(is_known, "{answer:?} to {expected:?}");
    }
}

/// Inputs to begin with.
#[must_use]
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    decode::seeds()
}
