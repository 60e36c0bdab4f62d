//! What Prometheus reads.

use std::io::Write;
use std::process::{Command, Stdio};

use super::live::Feed;
use super::{is_missing, start};

#[test]
fn metrics_follow_what_happens() {
    let server = start(&[]);
    let mut echo = server.connect("/echo");
    echo.send("hello".into()).unwrap();
    echo.read().unwrap();
    echo.close(None).unwrap();
    while echo.read().is_ok() {}
    let value = |name: &str| {
        let text = server.get("/metrics").body;
        let lines = text.lines().filter(|line| line.starts_with(name));
        lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum::<f64>()
    };
    while value("ws_service_closes_total") < 0.5 {}
    for (name, expected) in [
        ("ws_service_accepts_total", 1),
        ("ws_service_messages_received_total", 1),
        ("ws_service_received_payload_bytes_total", 5),
        ("ws_service_connections{", 0),
        ("ws_service_close_codes_total", 1),
    ] {
        assert_eq!(value(name).to_string(), expected.to_string(), "{name}");
    }
    let text = server.get("/metrics").body;
    let closed = text.lines().find(|line| line.contains("reason=\"peer\"") && line.ends_with(" 1"));
    assert!(closed.is_some(), "{text}");
    assert!(value("ws_service_turn_duration_seconds_count") >= 1.0);
}

#[test]
fn both_formats_are_spoken() {
    let server = start(&[]);
    let text = server.get("/metrics");
    assert!(text.head.contains("content-type: text/plain; version=0.0.4"), "{}", text.head);
    let header = "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n";
    let open = server.ask("GET /metrics", header, b"");
    assert!(open.head.contains("content-type: application/openmetrics-text"), "{}", open.head);
    assert!(open.body.ends_with("# EOF\n"));
    assert!(open.body.contains("# UNIT ws_service_timer_lateness_seconds seconds"));
}

/// A value with all its labels.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in {text}")).parse().unwrap()
}

#[test]
fn administrators_are_counted_too() {
    let server = start(&[]);
    let scrape = || server.get("/metrics").body;
    let refused = || value(&scrape(), "ws_service_admin_answers_total{class=\"4xx\"}").to_string();
    assert_eq!(refused(), "0");
    server.get("/nowhere").problem(404);
    server.ask("GET /metrics", "Origin: http://evil.example\r\n", b"").problem(403);
    assert_eq!(refused(), "2");
    let mut feed = Feed::open(&server);
    assert_eq!(feed.line(), "HTTP/1.1 200 OK");
    let text = scrape();
    assert!(value(&text, "ws_service_admin_answers_total{class=\"2xx\"}") >= 2.0);
    assert!(value(&text, "ws_service_admin_connections") >= 2.0, "the feed, and this one");
    assert_eq!(value(&text, "ws_service_admin_feeds").to_string(), "1");
    let limits = server.get("/api/v1/status").json()["limits"].clone();
    let feeds = serde_json::json!({ "name": "admin_feeds", "used": 1, "max": 16 });
    assert!(limits.as_array().unwrap().contains(&feeds), "{limits}");
    drop(feed);
}

#[test]
fn the_process_is_measured() {
    let server = start(&[]);
    let text = server.get("/metrics").body;
    for name in ["resident_memory_bytes", "cpu_seconds_total", "descriptors_open"] {
        assert!(value(&text, &format!("ws_service_{name}")) > 0.0, "{name}: {text}");
    }
}

/// Clients name paths, rooms, codes and reasons: none of it makes a new series.
#[test]
fn no_client_can_make_the_metrics_grow() {
    let server = start(&[]);
    let series = || server.get("/metrics").body.lines().count();
    let before = series();
    for number in 0_u16..20 {
        let mut client = server.connect(&format!("/mirror/{number}"));
        let code = tungstenite::protocol::frame::coding::CloseCode::from(4000 + number);
        let frame = tungstenite::protocol::CloseFrame { code, reason: format!("{number}").into() };
        client.close(Some(frame)).unwrap();
        while client.read().is_ok() {}
    }
    assert_eq!(series(), before);
}

/// Alerts and dashboard speak of metrics that there are.
#[test]
fn what_watches_the_metrics_knows_their_names() {
    let server = start(&[]);
    let metrics = server.get("/metrics").body;
    for (file, text) in [
        ("alerts.yml", include_str!("../../../monitoring/alerts.yml")),
        ("grafana.json", include_str!("../../../monitoring/grafana.json")),
    ] {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let names = text.split(|c| !is_name(c)).filter(|word| word.starts_with("ws_service_"));
        for name in names {
            let is_there = metrics.lines().any(|line| {
                line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
            });
            assert!(is_there, "{file} speaks of {name}");
        }
    }
}

#[test]
fn promtool_accepts_the_alerts() {
    if is_missing("promtool") {
        return;
    }
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/monitoring/alerts.yml");
    let output = Command::new("promtool").args(["check", "rules", rules]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Prometheus' own judgement.
#[test]
fn promtool_accepts_the_metrics() {
    if is_missing("promtool") {
        return;
    }
    let server = start(&[]);
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(server.get("/metrics").body.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}
