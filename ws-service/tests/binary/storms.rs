//! Losing thousands at once, in every way there is: nothing is lost, and everything comes back.

use std::fs::File;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Server, command};

/// One storm at a time, or they fight for the processors and feel each other. The lock is a file's,
/// because a test runner may give each test a process.
pub(crate) fn alone() -> File {
    let file = File::create(concat!(env!("CARGO_TARGET_TMPDIR"), "/storms.lock")).unwrap();
    file.lock().unwrap();
    file
}

/// Runs a storm against the server; its report, after it has said that nothing was lost.
pub(crate) fn storm(server: &Server, end: &str, more: &[&str]) -> Value {
    let _alone = alone();
    let report = tempfile::NamedTempFile::new().unwrap();
    let status = command()
        .arg("storm")
        .arg(format!("ws://{}/echo", server.addresses[0]))
        .args(["--server-pid", &server.id().to_string(), "--end", end])
        .args(["--settle", "300ms", "--json", report.path().to_str().unwrap()])
        .args(more)
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit())
        .status()
        .unwrap();
    let report: Value = serde_json::from_reader(report.reopen().unwrap()).unwrap();
    assert!(status.success(), "{report:#}");
    report
}

/// What the service has, once the storm is over: as before it.
pub(crate) fn calm(server: &mut Server) -> Value {
    let stats = server.until(|stats| stats["connections"] == 0);
    for gauge in ["sessions", "timers", "topics", "queued_bytes", "fanouts", "staged", "panics"] {
        assert_eq!(stats[gauge], 0, "{gauge} in {stats}");
    }
    let armed: u64 = stats["armed"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(armed, 0, "{stats}");
    let closes = stats["closes"].as_object().unwrap().values().filter_map(Value::as_u64);
    assert_eq!(stats["opened"].as_u64(), Some(closes.sum()), "each ended once: {stats}");
    stats
}

/// Descriptors are exactly where they were; memory has stopped growing.
pub(crate) fn all_back(report: &Value) {
    let rounds = report["rounds"].as_array().unwrap();
    for round in rounds {
        let server = &round["server"];
        assert_eq!(server["after"]["descriptors"], server["before"]["descriptors"], "{server}");
        assert_eq!(round["reclaimed"], true);
    }
    let rss = |round: &Value| round["server"]["after"]["rss_bytes"].as_u64().unwrap();
    let (first, last) = (rss(&rounds[0]), rss(&rounds[rounds.len() - 1]));
    // Chance gives a loop more of one round's connections than it had room for, but none may stay.
    let more = rounds.len() as u64 - 1;
    assert!(last <= first + more * 2000 * 100, "{first} bytes, then {last}");
}

const TWO_THOUSAND: [&str; 6] = ["--connections", "2000", "--seconds", "1", "--rounds", "3"];

#[test]
fn two_thousand_killed() {
    let mut server = Server::start(&["--threads", "2"]);
    let report = storm(&server, "kill", &TWO_THOUSAND);
    all_back(&report);
    let stats = calm(&mut server);
    assert!(stats["closes"]["disconnected"].as_u64() >= Some(6000), "{stats}");
}

#[test]
fn two_thousand_reset() {
    let mut server = Server::start(&["--threads", "2"]);
    let report = storm(&server, "reset", &TWO_THOUSAND);
    all_back(&report);
    calm(&mut server);
}

#[test]
fn two_thousand_close_properly() {
    let mut server = Server::start(&["--threads", "2"]);
    let report = storm(&server, "close", &TWO_THOUSAND);
    all_back(&report);
    let stats = calm(&mut server);
    assert!(stats["closes"]["peer"].as_u64() >= Some(6000), "{stats}");
}

/// lws 5.0 with two threads hung up on none of them.
#[test]
fn two_thousand_frozen_are_hung_up_on() {
    let patience = ["--ping-after", "2s", "--hangup-after", "4s"];
    let mut server = Server::start(&[&["--threads", "2"][..], &patience].concat());
    let report =
        storm(&server, "freeze", &["--connections", "2000", "--seconds", "1", "--rounds", "1"]);
    let hang_ups = &report["rounds"][0]["hang_ups"];
    assert_eq!(hang_ups["missing"], 0);
    let earliest = hang_ups["after_last_proof"]["min_us"].as_u64();
    assert!(earliest >= Some(4_000_000), "never early: {hang_ups}");
    let stats = calm(&mut server);
    assert_eq!(stats["closes"]["hang_up"], 2000);
}

/// lws 5.0 dies of this in 0.7 s.
#[test]
fn ten_seconds_of_churn_on_two_threads() {
    let mut server = Server::start(&["--threads", "2"]);
    let report = storm(&server, "churn", &["--seconds", "10", "--rounds", "1"]);
    let churn = &report["rounds"][0]["churn"];
    assert_eq!(churn["failures"], 0);
    assert!(churn["handshakes"].as_u64() > Some(0));
    all_back(&report);
    let stats = calm(&mut server);
    assert!(stats["handshakes"].as_u64() >= churn["handshakes"].as_u64(), "{stats}");
}
