//! Several protocols by path in one.

use tungstenite::Message;
use ws_service::shard::{
    Accept, CloseReason, Context, Either, Mail, NotFound, Protocol, Request, Route,
};

use crate::driver::Driver;
use crate::driver::client::{request, text};

/// Tells its name, and what its path, its query and its parameter were.
struct Named(&'static str);

impl Protocol for Named {
    type Session = String;
    type Note = &'static str;

    fn accept(&self, request: &Request<'_>) -> Accept<String> {
        let (path, query) = (request.path(), request.query().unwrap_or("-"));
        let param = request.param("room").unwrap_or("-");
        assert_eq!(request.uri().path(), path);
        assert_eq!(request.peer().to_string(), "127.0.0.1:40000");
        Accept::admit(format!("{} {path} {query} {param}", self.0))
    }

    fn opened(&self, cx: &mut Context<'_>, session: &mut String) {
        let _ = cx.send(session.as_str());
        cx.set_timer(std::time::Duration::from_micros(5));
    }

    fn message(
        &self,
        cx: &mut Context<'_>,
        _: &mut String,
        message: ws_service::shard::Message<'_>,
    ) {
        let _ = cx.send(self.0);
        let _ = cx.send(message);
    }

    fn timer(&self, cx: &mut Context<'_>, _: &mut String) {
        let _ = cx.send(format!("{} timer", self.0).as_str());
    }

    fn drained(&self, cx: &mut Context<'_>, _: &mut String) {
        let _ = cx.send(format!("{} drained", self.0).as_str());
    }

    fn note(&self, cx: &mut Context<'_>, _: &mut String, note: &'static str) {
        let _ = cx.send(format!("{} {note}", self.0).as_str());
    }

    fn closed(&self, cx: &mut Context<'_>, _: String, _: CloseReason) {
        let _ = cx.publish("ends", self.0);
    }
}

type Routes = Route<Named, Route<Named, NotFound>>;

fn driver() -> Driver<Routes> {
    let rest = Route::new("/mirror/{room}", Named("mirror"), NotFound).unwrap();
    let routes = Route::new("/echo", Named("echo"), rest).unwrap();
    Driver::of(routes, |config| {
        config.limits.high_water = 300;
    })
}

#[test]
fn the_first_route_that_fits_serves() {
    let mut driver = driver();
    let (echo, mirror) = (driver.upgrade_at("/echo?a=b"), driver.upgrade_at("/mirror/blue%20sky"));
    assert_eq!(driver.messages(echo), [Message::from("echo /echo a=b -")]);
    let told = "mirror /mirror/blue%20sky - blue%20sky";
    assert_eq!(driver.messages(mirror), [Message::from(told)]);
    for path in ["/", "/echo/", "/Echo", "/mirror", "/mirror/a/b", "*"] {
        let key = driver.connect();
        driver.say(key, &request(path, &[]));
        assert_eq!(driver.status(key), 404, "{path}");
    }
}

#[test]
fn every_handler_is_the_routes_own() {
    for (path, name) in [("/echo", "echo"), ("/mirror/x", "mirror")] {
        let mut driver = driver();
        let key = driver.upgrade_at(path);
        driver.output(key);
        driver.say(key, &text("hi"));
        assert_eq!(driver.messages(key), [name, "hi"].map(Message::from));
        driver.pass(std::time::Duration::from_micros(5));
        assert_eq!(driver.messages(key), [Message::from(format!("{name} timer"))]);
        driver.say(key, &text(&"x".repeat(400)));
        driver.settle();
        let drained = driver.messages(key).pop();
        assert_eq!(drained, Some(Message::from(format!("{name} drained"))));
        driver.hang_up(key);
        let (_, end) = driver.posted.pop().expect("the end is published");
        assert_eq!(end.weight(), "ends".len() + 2 + name.len());
    }
}

#[test]
fn a_note_for_another_route_is_dropped() {
    let mut driver = driver();
    let (echo, mirror) = (driver.upgrade_at("/echo"), driver.upgrade_at("/mirror/x"));
    for key in [echo, mirror] {
        driver.output(key);
        driver.mail(Mail::Note(key, Either::This("for echo")));
        driver.mail(Mail::Note(key, Either::Other(Either::This("for mirror"))));
    }
    assert_eq!(driver.messages(echo), [Message::from("echo for echo")]);
    assert_eq!(driver.messages(mirror), [Message::from("mirror for mirror")]);
}

#[test]
fn a_pattern_that_is_none_is_an_error() {
    for pattern in ["", "echo", "{x}", "/{", "/{}", "/a{*b}c", "/{*x}/y"] {
        let error = Route::new(pattern, NotFound, NotFound).expect_err(pattern);
        assert!(error.to_string().contains(&format!("{pattern:?}")), "{error}");
    }
}
