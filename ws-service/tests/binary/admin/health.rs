//! Health, drain and status.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::configuration::Written;
use crate::support::PATIENCE;

use super::start;

#[test]
fn a_service_is_ready_until_it_drains() {
    let mut server = start(&["--close-timeout", "1h"]);
    assert_eq!(server.get("/health/live").json()["status"], "live");
    assert_eq!(server.get("/health/ready").json()["status"], "ready");
    assert_eq!(server.get("/api/v1/status").json()["state"], "serving");
    let silent = server.connect("/echo");
    let answer = server.post("/api/v1/drain", "text/plain", b"");
    assert_eq!(answer.status, 202);
    assert_eq!(answer.json(), serde_json::json!({ "state": "draining", "connections": 1 }));
    server.until(|stats| stats["armed"]["close"] == 1);
    let answer = server.get("/health/ready");
    assert!(answer.problem(503).contains("draining") && answer.head.contains("retry-after: 1"));
    assert_eq!(server.get("/health/live").status, 200);
    assert_eq!(server.get("/api/v1/status").json()["state"], "draining");
    assert_eq!(server.post("/api/v1/drain", "", b"").status, 202, "again is the same as once");
    drop(silent);
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn a_signal_to_drain_is_one_too() {
    let server = start(&["--close-timeout", "1h"]);
    let silent = server.connect("/echo");
    server.signal(Signal::TERM);
    while server.get("/health/ready").status != 503 {}
    drop(silent);
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn the_status_knows_the_limits_that_are_in_force() {
    let file = Written::new("max_mail = 100");
    let server = start(&["--config", file.path()]);
    let max = || {
        let status = server.get("/api/v1/status").json();
        let mut limits = status["limits"].as_array().unwrap().iter();
        limits.find(|limit| limit["name"] == "publications_staged").unwrap()["max"].clone()
    };
    assert_eq!(max(), 100);
    file.rewrite("max_mail = 200");
    server.signal(Signal::HUP);
    let deadline = Instant::now() + PATIENCE;
    while max() != 200 {
        assert!(Instant::now() < deadline, "the limit is that of the start");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_status_counts_what_happens() {
    let server = start(&["--max-connections", "100"]);
    let mut echo = server.connect("/echo");
    echo.send("hello".into()).unwrap();
    echo.read().unwrap();
    let status = server.get("/api/v1/status").json();
    assert_eq!(status["total"]["counters"]["connections"], 1);
    assert_eq!(status["total"]["counters"]["messages_in"], 1);
    assert_eq!(status["total"]["armed"]["ping"], 1);
    let shards = status["shards"].as_array().unwrap();
    let connections =
        |shard: &serde_json::Value| shard["counters"]["connections"].as_u64().unwrap();
    assert_eq!(shards.iter().map(connections).sum::<u64>(), 1);
    assert_eq!(shards.len(), 2);
    let limits = status["limits"].as_array().unwrap();
    assert_eq!(limits[0], serde_json::json!({ "name": "connections", "used": 1, "max": 100 }));
    let bounds = status["bucket_bounds_seconds"].as_array().unwrap().len();
    let counts = status["total"]["turn_time"]["counts"].as_array().unwrap();
    assert_eq!(counts.len(), bounds + 1);
    assert!(counts.iter().any(|count| count != 0), "it has turned");
    assert_eq!(status["endpoints"][0], server.addresses[0].to_string());
    assert!(status["process"]["descriptors"].as_u64().unwrap() > 5);
}
