//! Which subprotocol is spoken (RFC 6455 §4.2.2), and whose pages may connect (§10.2).

use ws_service::shard::{Accept, Context, Message, Origins, Protocol, Request};

use crate::driver::Driver;
use crate::driver::client::request;

/// Speaks two subprotocols, and tells which one was chosen.
struct Polyglot;

impl Protocol for Polyglot {
    type Session = String;
    type Note = ();

    fn accept(&self, request: &Request<'_>) -> Accept<String> {
        let chosen = request.choose_subprotocol(&["one.example", "two.example"]);
        let name = chosen.map_or("none", |it| it.name()).to_owned();
        Accept::admit(name).subprotocol(chosen)
    }

    fn opened(&self, cx: &mut Context<'_>, name: &mut String) {
        let _ = cx.send(name.as_str());
    }

    fn message(&self, _: &mut Context<'_>, _: &mut String, _: Message<'_>) {}
}

/// The status, the subprotocol that is answered, and the one that the session knows of.
fn chosen(lines: &[&str]) -> (u16, Option<String>, String) {
    let mut driver = Driver::of(Polyglot, |_| {});
    let key = driver.connect();
    driver.say(key, &request("/", lines));
    let (status, head) = driver.response(key);
    let answered = head.lines().find_map(|line| line.strip_prefix("sec-websocket-protocol: "));
    let output = driver.output(key);
    (status, answered.map(str::to_owned), String::from_utf8_lossy(&output[2..]).into_owned())
}

#[test]
fn the_clients_preference_decides_among_ours() {
    let (two, none) = ("two.example", "none");
    for (lines, expected) in [
        (&["Sec-WebSocket-Protocol: two.example, one.example"][..], two),
        (&["Sec-WebSocket-Protocol: x", "Sec-WebSocket-Protocol: two.example"], two),
        (&["Sec-WebSocket-Protocol: x, TWO.example"], none),
        (&[], none),
    ] {
        let answered = (expected != none).then(|| expected.to_owned());
        assert_eq!(chosen(lines), (101, answered, expected.to_owned()), "{lines:?}");
    }
}

#[test]
fn the_origin_policy_is_the_configurations() {
    for (origins, origin, expected) in [
        (Origins::SameHost, "http://example.com", 101),
        (Origins::SameHost, "http://evil.example", 403),
        (Origins::Any, "http://evil.example", 101),
        (Origins::List(vec!["https://app.example".into()]), "https://app.example", 101),
        (Origins::List(vec!["https://app.example".into()]), "http://example.com", 403),
    ] {
        let mut driver = Driver::of(Polyglot, |config| config.origins = origins.clone());
        let key = driver.connect();
        driver.say(key, &request("/", &[&format!("Origin: {origin}")]));
        assert_eq!(driver.status(key), expected, "{origins:?} {origin}");
    }
}
