//! Listing connections and timers, and ending one.

use std::collections::BTreeSet;

use serde_json::Value;
use tungstenite::Message;

use crate::support::Server;

use super::start;

/// All that fit, page after page.
fn list(server: &Server, query: &str) -> Vec<Value> {
    let (mut all, mut next) = (Vec::new(), String::new());
    loop {
        let answer = server.get(&format!("/api/v1/connections?{query}{next}"));
        assert_eq!(answer.status, 200, "{answer:?}");
        let page = answer.json();
        all.extend(page["connections"].as_array().unwrap().iter().cloned());
        match page["next"].as_str() {
            Some(after) => next = format!("&after={after}"),
            None => return all,
        }
    }
}

#[test]
fn connections_are_listed_in_pages_and_by_what_they_are() {
    let server = start(&["--keep-paths", "true"]);
    let clients: Vec<_> = (0..20).map(|_| server.connect("/echo")).collect();
    let mirror = server.connect("/mirror/tea");
    let all = list(&server, "limit=3");
    let ids: BTreeSet<_> = all.iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!((all.len(), ids.len()), (21, 21), "each once");
    let mine = mirror.get_ref().local_addr().unwrap();
    for query in ["path=/mirror/".to_owned(), format!("address={mine}")] {
        let found = list(&server, &query);
        assert_eq!(found.len(), 1, "{query}: {found:?}");
        let it = &found[0];
        assert_eq!(it["address"], mine.to_string());
        assert_eq!((&it["path"], &it["state"]), (&"/mirror/tea".into(), &"open".into()));
        assert_eq!((&it["topics"], &it["queued_bytes"]), (&1.into(), &0.into()));
        let id = it["id"].as_str().unwrap();
        assert_eq!(server.get(&format!("/api/v1/connections/{id}")).json()["id"], *id);
    }
    assert_eq!(list(&server, "address=127.0.0.1&max_age=1h").len(), 21);
    assert_eq!(list(&server, "address=127.0.0.2").len(), 0);
    assert_eq!(list(&server, "min_age=1h").len(), 0);
    drop(clients);
}

#[test]
fn what_can_not_be_listed_says_why() {
    let server = start(&[]);
    for (query, why) in [
        ("limit=0", "from 1 to 1000"),
        ("limit=many", "limit"),
        ("address=somewhere", "192.0.2.1"),
        ("min_age=old", "90s"),
        ("after=x", "next"),
        ("path=/echo", "--keep-paths"),
        ("bogus=1", "bogus"),
    ] {
        let detail = server.get(&format!("/api/v1/connections?{query}")).problem(400);
        assert!(detail.contains(why), "{query}: {detail}");
    }
}

#[test]
fn a_connection_is_closed_with_code_and_reason() {
    let server = start(&[]);
    let (mut one, mut other) = (server.connect("/echo"), server.connect("/echo"));
    let mine = one.get_ref().local_addr().unwrap();
    let id = list(&server, &format!("address={mine}"))[0]["id"].as_str().unwrap().to_owned();
    let kick = |id: &str, query: &str| {
        server.ask(&format!("DELETE /api/v1/connections/{id}{query}"), "", b"")
    };
    let answer = kick(&id, "?code=4321&reason=enough%20of%20this");
    assert_eq!((answer.status, answer.json()["id"].as_str()), (202, Some(&*id)));
    let Message::Close(Some(frame)) = one.read().unwrap() else { panic!("no Close") };
    assert_eq!((u16::from(frame.code), &*frame.reason), (4321, "enough of this"));
    while one.read().is_ok() {}
    while kick(&id, "").status != 404 {}
    kick("0-100000001-", "").problem(400);
    kick("9-100000001", "").problem(404);
    kick(&id, "?code=1006").problem(400);
    kick(&id, &format!("?reason={}", "x".repeat(124))).problem(400);
    other.send("still here".into()).unwrap();
    assert_eq!(other.read().unwrap(), Message::text("still here"));
}

#[test]
fn timers_are_counted_and_the_next_ones_named() {
    let server = start(&["--ping-after", "30s", "--hangup-after", "60s"]);
    let clients: Vec<_> = (0..3).map(|_| server.connect("/echo")).collect();
    let timers = server.get("/api/v1/timers?limit=4").json();
    assert_eq!((&timers["armed"]["ping"], &timers["armed"]["hang_up"]), (&3.into(), &3.into()));
    let next = timers["next"].as_array().unwrap();
    let kinds: Vec<_> = next.iter().map(|it| it["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["ping", "ping", "ping", "hang_up"]);
    assert!(next[0]["in_seconds"].as_f64().unwrap() <= 30.0);
    let id = next[0]["connection"].as_str().unwrap();
    assert_eq!(server.get(&format!("/api/v1/connections/{id}")).status, 200);
    server.get("/api/v1/timers?limit=101").problem(400);
    drop(clients);
}
