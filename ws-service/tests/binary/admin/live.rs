//! The feed of the status page.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::support::{PATIENCE, Server};

use super::start;

/// A feed that is being read.
pub(super) struct Feed(BufReader<TcpStream>);

impl Feed {
    pub(super) fn open(server: &Server) -> Self {
        let address = server.admin.unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET /api/v1/live HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
        Self(BufReader::new(stream))
    }

    pub(super) fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.0.read_line(&mut line).unwrap(), 0, "the feed has ended");
        line.trim_end().to_owned()
    }

    /// The next event: what it is called, and what it says.
    fn event(&mut self) -> (String, Value) {
        let mut name = String::new();
        loop {
            let line = self.line();
            if let Some(event) = line.strip_prefix("event: ") {
                event.clone_into(&mut name);
            } else if let Some(data) = line.strip_prefix("data: ") {
                return (name, serde_json::from_str(data).unwrap());
            }
        }
    }
}

#[test]
fn the_feed_tells_what_was_and_then_what_is() {
    let server = start(&[]);
    let client = server.connect("/echo");
    let mut feed = Feed::open(&server);
    assert_eq!(feed.line(), "HTTP/1.1 200 OK");
    let (name, history) = feed.event();
    assert_eq!(name, "history");
    assert!(!history.as_array().unwrap().is_empty(), "what is there from the start");
    loop {
        let (name, tick) = feed.event();
        assert_eq!(name, "tick");
        if tick["moment"]["connections"] == 1 {
            assert_eq!(tick["status"]["total"]["counters"]["connections"], 1);
            break;
        }
    }
    drop(client);
}

#[test]
fn no_more_feeds_are_read_than_may_be_and_one_that_is_left_makes_room() {
    let server = start(&[]);
    let mut feeds: Vec<_> = (0..16).map(|_| Feed::open(&server)).collect();
    for feed in &mut feeds {
        assert_eq!(feed.line(), "HTTP/1.1 200 OK");
    }
    assert!(server.get("/api/v1/live").problem(503).contains("feeds"));
    feeds.pop();
    // Seen when the next second is written.
    while Feed::open(&server).line() != "HTTP/1.1 200 OK" {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn a_feed_that_is_read_keeps_no_service_from_ending() {
    let server = start(&[]);
    let mut feed = Feed::open(&server);
    assert_eq!(feed.line(), "HTTP/1.1 200 OK");
    server.signal(rustix::process::Signal::TERM);
    assert_eq!(server.end().0, Some(0));
}
