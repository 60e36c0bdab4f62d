//! What a storm tells of a ws-service, and the page that it writes.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Server, run};

/// A small storm with these flags besides; what it printed, its report and its page.
fn storm(server: &Server, flags: &[&str]) -> (String, Value, String) {
    let directory = TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (json, page) = (path("report.json"), path("report.html"));
    let url = format!("ws://{}/echo", server.addresses[0]);
    let pid = server.id().to_string();
    let common = ["storm", &url, "--connections", "200", "--settle", "300ms", "--seconds", "1"];
    let files = ["--server-pid", &pid, "--json", &json, "--report", &page];
    let output = run(&[&common[..], &files, flags].concat());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said} {output:?}");
    let json = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    (said, json, fs::read_to_string(page).unwrap())
}

#[test]
fn what_the_service_counted_is_told() {
    let server = Server::start(&["--threads", "2", "--admin", "127.0.0.1:0"]);
    let admin = format!("http://{}/", server.admin.unwrap());
    let (said, json, page) = storm(&server, &["--admin", &admin, "--rounds", "2"]);
    for round in json["rounds"].as_array().unwrap() {
        let told = &round["admin"];
        assert_eq!(told["closes"]["disconnected"], 200, "{told}");
        assert!(told["turns"]["count"].as_u64() > Some(200), "{told}");
        assert!(told["turns"]["p99_us"].as_u64() >= told["turns"]["p50_us"].as_u64(), "{told}");
    }
    assert!(said.contains("200 disconnected"), "{said}");
    for part in ["Survivors' echoes", "connections by its count", "Deadlines that are set", "Turns"]
    {
        assert!(page.contains(part), "{part}");
    }
    // Four plots or more a round, and one of both.
    assert!(page.matches("<svg").count() >= 9, "{}", page.matches("<svg").count());
    assert!(page.contains("Reclaimed after") && page.contains("disconnected"));
}

#[test]
fn a_page_needs_no_service_of_ours_and_nothing_from_elsewhere() {
    let server = Server::start(&["--threads", "1"]);
    let (_, json, page) = storm(&server, &["--end", "reset"]);
    assert!(json["rounds"][0]["admin"].is_null());
    assert!(page.contains("Survivors' echoes") && page.contains("descriptors of the server"));
    assert!(page.contains("reclaimed") && !page.contains("connections by its count"));
    for elsewhere in ["src=", "href=", "url(", "@import", "<script"] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
}

#[test]
fn a_token_is_asked_for_and_given() {
    let directory = TempDir::new().unwrap();
    let token = directory.path().join("token").display().to_string();
    fs::write(&token, "correct-horse-battery\n").unwrap();
    let server =
        Server::start(&["--threads", "1", "--admin", "127.0.0.1:0", "--admin-token-file", &token]);
    let admin = format!("http://{}", server.admin.unwrap());
    let (_, json, _) = storm(&server, &["--admin", &admin, "--admin-token-file", &token]);
    assert_eq!(json["rounds"][0]["admin"]["closes"]["disconnected"], 200);
    let url = format!("ws://{}/echo", server.addresses[0]);
    let output = run(&["storm", &url, "--admin", &admin]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("401"), "{output:?}");
}

#[test]
fn an_admin_listener_that_is_none_is_said_before_the_storm() {
    let server = Server::start(&["--threads", "1"]);
    let address = server.addresses[0];
    for admin in [format!("http://{address}"), format!("ws://{address}")] {
        let output = run(&["storm", &format!("ws://{address}/echo"), "--admin", &admin]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(&admin), "{output:?}");
    }
}
