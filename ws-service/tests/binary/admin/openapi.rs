//! The document of the API says what there is.

use std::io::Write;
use std::process::Command;

use super::{is_missing, start};

#[test]
fn the_document_names_every_path_and_every_path_answers() {
    let server = start(&[]);
    let document = server.get("/api/v1/openapi.json").json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let paths = document["paths"].as_object().unwrap();
    let mut named: Vec<_> = paths.keys().map(String::as_str).collect();
    named.sort_unstable();
    assert_eq!(
        named,
        [
            "/api/v1/connections",
            "/api/v1/connections/{id}",
            "/api/v1/drain",
            "/api/v1/live",
            "/api/v1/status",
            "/api/v1/timers",
            "/api/v1/topics",
            "/api/v1/topics/{topic}",
            "/health/live",
            "/health/ready",
            "/metrics",
        ]
    );
    for path in named.into_iter().filter(|path| paths[*path]["get"].is_object()) {
        let answer = match path {
            "/api/v1/live" => continue,
            "/api/v1/connections/{id}" => server.get("/api/v1/connections/0-100000001"),
            path => server.get(path),
        };
        let status = answer.status.to_string();
        assert!(paths[path]["get"]["responses"][&status].is_object(), "{path} {status}");
    }
}

/// Every reference leads somewhere.
#[test]
fn the_document_is_complete() {
    let server = start(&[]);
    let text = server.get("/api/v1/openapi.json").body;
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    let token = &document["components"]["securitySchemes"]["token"];
    assert_eq!((&token["type"], &token["scheme"]), (&"http".into(), &"bearer".into()));
}

/// The judgement of a validator that others have written.
#[test]
fn the_document_is_valid() {
    if is_missing("openapi-spec-validator") {
        return;
    }
    let server = start(&[]);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(server.get("/api/v1/openapi.json").body.as_bytes()).unwrap();
    let output = Command::new("openapi-spec-validator").arg(file.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
