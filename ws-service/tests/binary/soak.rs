//! A soak of some seconds: every part of it plays, and the judgement is the right one.

use std::process::Stdio;

use serde_json::Value;

use crate::storms::{alone, calm};
use crate::support::{Server, command};

/// Soaks a server for some seconds; the exit status and the report.
fn soak(server: &Server, more: &[&str]) -> (Option<i32>, Value) {
    let _alone = alone();
    let report = tempfile::NamedTempFile::new().unwrap();
    let status = command()
        .args(["storm", &format!("ws://{}/echo", server.addresses[0])])
        .args(["--server-pid", &server.id().to_string(), "--json", report.path().to_str().unwrap()])
        .args(["--connections", "300", "--settle", "100ms", "--seconds", "1", "--companions", "4"])
        // How slow a busy machine is, is no matter here.
        .args(["--p99-below", "1min"])
        .args(more)
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit())
        .status()
        .unwrap();
    let report = serde_json::from_reader(report.reopen().unwrap()).unwrap_or_default();
    (status.code(), report)
}

const PATIENCE: [&str; 8] =
    ["--threads", "2", "--ping-after", "500ms", "--hangup-after", "3s", "--high-water", "64KiB"];

#[test]
fn everything_at_once_for_some_seconds_leaves_nothing() {
    let mut server = Server::start(&PATIENCE);
    let (status, report) = soak(&server, &["--soak", "8s"]);
    assert_eq!(status, Some(0), "{report:#}");
    let ends: Vec<_> = report["rounds"].as_array().unwrap().iter().map(|it| &it["end"]).collect();
    assert_eq!(ends[..4], ["kill", "freeze", "churn", "close"]);
    assert!(report["rounds"][2]["churn"]["handshakes"].as_u64() > Some(0), "{report:#}");
    assert_eq!(report["rounds"][2]["opened"], 300, "there is a crowd in a churn, too");
    let companions = &report["companions"];
    assert_eq!(companions["losses"], 0);
    assert!(companions["heard"].as_u64() > companions["sent"].as_u64(), "a room has four members");
    let left = calm(&mut server);
    let silent = ends.iter().filter(|end| **end == "freeze" || **end == "stop").count();
    assert_eq!(left["closes"]["hang_up"], 300 * silent, "those, and nobody else: {left}");
}

#[test]
fn a_server_without_rooms_is_not_soaked() {
    let server = Server::start(&PATIENCE);
    let (status, report) = soak(&server, &["--soak", "2s", "--rooms", "/nowhere"]);
    assert_eq!((status, report), (Some(1), Value::Null));
}
