//! The storm against servers that behave, and against each way in which they may not.
//!
//! The servers here are plain tungstenite on a thread per connection: nothing of this crate.
#![cfg(feature = "cli")]

mod command_line;
mod ends;
mod misbehaviour;
mod server;

use std::net::SocketAddr;
use std::process::Command;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde_json::Value;

/// The servers are threads of this process, so a storm that counts its descriptors must be alone.
static DESCRIPTORS: RwLock<()> = RwLock::new(());

fn shared() -> RwLockReadGuard<'static, ()> {
    DESCRIPTORS.read().unwrap_or_else(PoisonError::into_inner)
}

fn alone() -> RwLockWriteGuard<'static, ()> {
    DESCRIPTORS.write().unwrap_or_else(PoisonError::into_inner)
}

/// How a storm ended.
struct Outcome {
    status: Option<i32>,
    json: Value,
    text: String,
}

impl Outcome {
    fn round(&self, number: usize) -> &Value {
        &self.json["rounds"][number]
    }

    /// A number of the first round, by its JSON pointer.
    fn number(&self, pointer: &str) -> u64 {
        let value = self.round(0).pointer(pointer).and_then(Value::as_u64);
        value.unwrap_or_else(|| panic!("no number {pointer} in {:#}", self.json))
    }

    fn assert_fine(&self) {
        assert_eq!(self.status, Some(0), "{}\n{:#}", self.text, self.json);
        assert_eq!(self.json["summary"]["verdict"], "fine");
        assert_eq!(self.number("/echoes/sent"), self.number("/echoes/echoed"));
        assert!(self.number("/before/survivors/samples") > 0);
        assert!(self.number("/after/survivors/samples") > 0);
        let sent = self.number("/after/survivors_uncorrected/samples");
        assert!(self.number("/after/survivors/samples") >= sent);
    }

    fn assert_lost(&self, complaint: &str) {
        assert_eq!(self.status, Some(1), "{}\n{:#}", self.text, self.json);
        assert_eq!(self.json["summary"]["verdict"], "lost");
        assert!(self.text.contains(complaint), "{complaint:?} is not in:\n{}", self.text);
        assert!(!self.text.contains("panicked"), "{}", self.text);
    }
}

/// Runs a storm of a size fit for a test; later arguments override these.
fn storm(address: SocketAddr, arguments: &str) -> Outcome {
    let directory = std::env::temp_dir();
    let file = directory.join(format!("storm-{}-{}.json", std::process::id(), address.port()));
    let mut defaults = vec!["--connections=40", "--survivors=5", "--settle=200ms", "--seconds=1"];
    defaults.extend(["--fresh-interval=50ms", "--timeout=5s", "--reclaim-within=10s", "--seed=7"]);
    let given: Vec<_> = arguments.split_whitespace().collect();
    // clap takes each option once.
    let name = |argument: &str| argument.split('=').next().map(str::to_owned);
    defaults.retain(|default| given.iter().all(|argument| name(argument) != name(default)));
    let output = Command::new(env!("CARGO_BIN_EXE_ws-service"))
        .args(["storm", &format!("ws://{address}/echo")])
        .args(defaults)
        .args(given)
        .arg(format!("--json={}", file.display()))
        .output()
        .expect("the storm runs");
    let text = [output.stdout, output.stderr].concat();
    let json = std::fs::read(&file).ok().and_then(|json| serde_json::from_slice(&json).ok());
    let _ = std::fs::remove_file(&file);
    Outcome {
        status: output.status.code(),
        json: json.unwrap_or(Value::Null),
        text: String::from_utf8_lossy(&text).into_owned(),
    }
}
