//! What a handle does from outside.

use std::sync::mpsc::{Sender, channel};

use http::StatusCode;
use ws_service::{
    Accept, CloseCode, CloseKind, CloseReason, ConnectionId, Context, Message, PostError, Protocol,
    Rejection, Request, ServiceBuilder,
};

use crate::support::{
    PATIENCE, close_code, connect, nothing_left, serve, text, try_connect, until,
};

/// Tells the test who comes, and says what notes say. `/later` is deferred.
struct Porter(Sender<ConnectionId>);

impl Protocol for Porter {
    type Session = String;
    type Note = String;

    fn accept(&self, request: &Request<'_>) -> Accept<String> {
        if request.path() == "/later" {
            self.0.send(request.id()).unwrap();
            return Accept::defer("nobody".to_owned());
        }
        Accept::admit("someone".to_owned())
    }

    fn opened(&self, cx: &mut Context<'_>, name: &mut String) {
        let _ = cx.send(format!("hello {name}").as_str());
        if cx.subscribe("news").is_ok() && name == "someone" {
            self.0.send(cx.id()).unwrap();
        }
    }

    fn message(&self, cx: &mut Context<'_>, name: &mut String, _message: Message<'_>) {
        let _ = cx.send(name.as_str());
    }

    fn note(&self, _cx: &mut Context<'_>, name: &mut String, note: String) {
        *name = note;
    }

    fn closed(&self, cx: &mut Context<'_>, _name: String, reason: CloseReason) {
        assert_eq!(cx.send("too late"), Err(ws_service::SendError::Closed));
        assert!(!matches!(reason, CloseReason::Panicked));
    }
}

#[test]
fn messages_notes_news_and_closing_reach_their_connection() {
    let (tell, told) = channel();
    let (service, address) = serve(ServiceBuilder::new(Porter(tell)).threads(2));
    let handle = service.handle();
    let mut client = connect(address, "/");
    let id = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(text(&mut client), "hello someone");

    handle.send(id, "from outside").unwrap();
    assert_eq!(text(&mut client), "from outside");
    handle.note(id, "renamed".to_owned()).unwrap();
    handle.publish("news", "to all").unwrap();
    assert_eq!(text(&mut client), "to all");
    client.send("who am I?".into()).unwrap();
    assert_eq!(text(&mut client), "renamed");

    handle.close(id, CloseCode::Policy, "enough").unwrap();
    assert_eq!(close_code(&mut client), 1008);
    let stats = until(&handle, |stats| stats.connections == 0);
    assert_eq!(stats.closes(CloseKind::Local), 1);

    handle.send(id, "nobody is there").unwrap();
    until(&handle, |stats| stats.mail_lost == 1);
    drop(client);
    nothing_left(&handle);
}

#[test]
fn a_deferred_request_is_admitted_or_rejected_from_outside() {
    let (tell, told) = channel();
    let (service, address) = serve(ServiceBuilder::new(Porter(tell)).threads(2));
    let handle = service.handle();
    let waiting = std::thread::spawn(move || connect(address, "/later"));
    let id = told.recv_timeout(PATIENCE).unwrap();
    handle.note(id, "admitted".to_owned()).unwrap();
    handle.admit(id).unwrap();
    let mut client = waiting.join().unwrap();
    assert_eq!(text(&mut client), "hello admitted", "notes reach a session that waits");

    let waiting = std::thread::spawn(move || try_connect(address, "/later").err());
    let id = told.recv_timeout(PATIENCE).unwrap();
    handle.reject(id, Rejection::new(StatusCode::FORBIDDEN, "no")).unwrap();
    assert_eq!(waiting.join().unwrap(), Some(403));
    let stats = until(&handle, |stats| stats.connections == 1);
    assert_eq!(stats.closes(CloseKind::Rejected), 1);
    drop(client);
    nothing_left(&handle);
}

#[test]
fn after_the_end_a_handle_says_closed() {
    let (tell, _told) = channel();
    let (service, _) = serve(ServiceBuilder::new(Porter(tell)).threads(2));
    let handle = service.handle();
    handle.drain();
    service.wait().unwrap();
    assert_eq!(handle.publish("news", "to nobody"), Err(PostError::Closed));
}

/// Each letter is delivered in a turn of its own: those that were posted meanwhile have been rung for
/// already, and must not be forgotten.
#[test]
fn no_letter_is_left_in_the_box() {
    let (tell, told) = channel();
    let builder = ServiceBuilder::new(Porter(tell)).threads(1).configure_net(|net| {
        net.budget.letters = 1;
    });
    let (service, address) = serve(builder);
    let handle = service.handle();
    let mut client = connect(address, "/");
    let id = told.recv_timeout(PATIENCE).unwrap();
    assert_eq!(text(&mut client), "hello someone");
    for round in 0..50 {
        for letter in 0..20 {
            handle.send(id, format!("{round} {letter}").as_str()).unwrap();
        }
        for letter in 0..20 {
            assert_eq!(text(&mut client), format!("{round} {letter}"));
        }
    }
    drop(client);
    nothing_left(&handle);
}
