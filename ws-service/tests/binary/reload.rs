//! SIGHUP: what follows it, what waits for a restart, and what a mistake does.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::NamedTempFile;
use tungstenite::Message;

use crate::configuration::Written;
use crate::support::{PATIENCE, Server, command};

/// A running service, its file, and what it has logged.
pub(crate) struct Running {
    file: Written,
    log: NamedTempFile,
    pub(crate) server: Server,
    seen: usize,
}

impl Running {
    fn start(text: &str) -> Self {
        Self::start_at("127.0.0.1:0", text)
    }

    pub(crate) fn start_at(place: &str, text: &str) -> Self {
        let file = Written::new(text);
        let log = NamedTempFile::new().unwrap();
        let mut command = command();
        command.args(["--listen", place, "--config", file.path()]);
        let server = Server::spawn_logging(&mut command, log.reopen().unwrap());
        let mut running = Self { file, log, server, seen: 0 };
        running.seen = running.lines().len();
        running
    }

    fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.log).unwrap();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What is logged about a new file, up to a line with this message: messages and fields.
    pub(crate) fn reload(&mut self, text: &str, last: &str) -> Vec<Value> {
        self.file.rewrite(text);
        self.server.signal(Signal::HUP);
        let start = Instant::now();
        loop {
            let mut new = self.lines().split_off(self.seen);
            for line in &mut new {
                *line = line["fields"].take();
            }
            if new.iter().any(|line| line["message"] == last) {
                self.seen += new.len();
                return new;
            }
            assert!(start.elapsed() < PATIENCE, "no {last:?} in {new:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether a message of so many bytes comes back.
    fn echoes(&self, size: usize) -> bool {
        let mut client = self.server.connect("/echo");
        client.send(Message::binary(vec![0; size])).unwrap();
        matches!(client.read(), Ok(Message::Binary(_)))
    }
}

pub(crate) const TAKEN: &str = "the configuration is loaded again";
pub(crate) const KEPT: &str = "the configuration is not taken";

#[test]
fn limits_follow_the_file_and_a_mistake_changes_nothing() {
    let mut running = Running::start("max_message_size = '1KiB'\nthreads = 1\n");
    assert!(running.echoes(1024) && !running.echoes(1025));

    let said = running.reload("max_message_size = '2KiB'\nthreads = 1\n", TAKEN);
    assert_eq!(said[0]["changed"], "max_message_size", "{said:?}");
    assert!(running.echoes(2048) && !running.echoes(2049));

    let said = running.reload("max_message_size = '3KiB'\nmax_topics = 0\n", KEPT);
    let expected =
        format!("{}:2: max_topics = \"0\": must be a whole number, 1 or more", running.file.path());
    assert_eq!(said[0]["complaint"], expected.as_str());
    assert!(running.echoes(2048) && !running.echoes(2049));

    let said = running.reload("threads = 1\n", TAKEN);
    assert_eq!(said[0]["changed"], "max_message_size");
    assert!(running.echoes(1 << 20), "back to the default");
}

#[test]
fn what_needs_a_restart_is_named_until_there_is_one() {
    let mut running = Running::start("threads = 1\n");
    for _ in 0..2 {
        let said = running.reload("threads = 2\nmax_topics = 7\nlisten = ['[::1]:0']\n", TAKEN);
        // The flag goes before the file.
        assert_eq!(said[0]["settings"], "threads", "{said:?}");
    }
    let said = running.reload("threads = 1\nmax_topics = 7\n", TAKEN);
    assert_eq!((said.len(), &said[0]["changed"]), (1, &Value::from("")), "{said:?}");
}

#[test]
fn the_log_level_follows() {
    let mut running = Running::start("log_level = 'error'\n");
    assert_eq!(running.seen, 0);
    running.reload("log_level = 'info'\n", TAKEN);
    running.reload("log_level = 'info'\n", TAKEN);
}

/// They were never pinged before.
#[test]
fn connections_that_live_get_the_new_times() {
    let mut running = Running::start("ping_after = 'off'\nhangup_after = 'off'\n");
    let mut client = running.server.connect("/echo");
    running.reload("ping_after = '10ms'\nhangup_after = '1h'\n", TAKEN);
    assert!(matches!(client.read(), Ok(Message::Ping(_))));
}
