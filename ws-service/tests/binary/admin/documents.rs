//! What `docs/admin.md` tells people to type, typed, against services of its own.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::support::{Server, command};

use super::{is_missing, start};

const DOCUMENT: &str = include_str!("../../../../docs/admin.md");

/// The fenced blocks of one language.
fn blocks(language: &str) -> impl Iterator<Item = &'static str> {
    let blocks = DOCUMENT.split(&format!("```{language}\n")).skip(1).collect::<Vec<_>>();
    blocks.into_iter().map(|rest| rest.split("```").next().unwrap_or_default())
}

/// The commands of a block, each with what it answers, where that is shown.
fn commands(block: &'static str) -> Vec<(&'static str, Option<&'static str>)> {
    let mut commands = Vec::new();
    for line in block.lines() {
        match line.strip_prefix("$ ") {
            Some(command) => commands.push((command, None)),
            None => commands.last_mut().unwrap().1 = Some(line),
        }
    }
    commands
}

/// Someone who follows the document.
struct Reader {
    directory: TempDir,
    server: Option<Server>,
}

impl Reader {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let curl = "silent\nshow-error\nwrite-out = \"%{stderr}%{http_code}\"\n";
        fs::write(directory.path().join(".curlrc"), curl).unwrap();
        Self { directory, server: None }
    }

    fn follow(&mut self, line: &str, shown: Option<&str>) {
        if let Some(flags) = line.strip_prefix("ws-service") {
            return self.serve(flags);
        }
        let output = shell(&self.here(line), self.directory.path());
        let (said, status) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{line}: {said} {status}");
        if line.contains("curl") {
            let is_problem = shown.is_some_and(|shown| shown.starts_with("{\"status\":4"));
            assert_eq!(status.starts_with('4'), is_problem, "{line}: {said} {status}");
            assert!(is_problem || status.starts_with('2'), "{line}: {said} {status}");
        }
        if let Some(shown) = shown {
            assert_eq!(said.trim_end(), shown, "{line}");
        }
    }

    /// On a free port, whatever the document says of ports.
    fn serve(&mut self, flags: &str) {
        let mut command = command();
        command.current_dir(&self.directory).args(["--listen", "127.0.0.1:0"]);
        command.args(flags.split_whitespace());
        if !flags.contains("--admin ") {
            command.args(["--admin", "127.0.0.1:0"]);
        }
        self.server = Some(Server::spawn(&mut command));
    }

    /// The same for the service that is there, and for a connection that is.
    fn here(&self, line: &str) -> String {
        const ID: &str = "0-100000001";
        let server = self.server.as_ref().expect("a service");
        let Some(admin) = server.admin else { return line.to_owned() };
        let line = line.replace("127.0.0.1:9002", &admin.to_string());
        if !line.contains(ID) {
            return line;
        }
        let page = server.get("/api/v1/connections").json();
        line.replace(ID, page["connections"][0]["id"].as_str().unwrap())
    }
}

fn shell(line: &str, directory: &Path) -> Output {
    let mut shell = Command::new("bash");
    shell.args(["-o", "pipefail", "-c", line]).current_dir(directory);
    shell.env("CURL_HOME", directory).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_command_of_the_document_does_what_it_says() {
    if is_missing("curl") {
        return;
    }
    let mut reader = Reader::new();
    let mut guest = None;
    for (line, shown) in blocks("console").flat_map(commands) {
        if line.contains("DELETE") {
            guest = reader.server.as_ref().map(|server| server.connect("/echo"));
        }
        reader.follow(line, shown);
    }
    drop(guest);
    assert_eq!(reader.server.unwrap().end().0, Some(0), "it was drained");
}

#[test]
fn the_document_names_all_that_can_be_asked() {
    let server = start(&[]);
    let document = server.get("/api/v1/openapi.json").json();
    let mut described = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let methods = item.as_object().unwrap().keys();
        described.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
    }
    let rows = DOCUMENT.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let mut named: Vec<_> = rows.map(ToOwned::to_owned).collect();
    described.sort_unstable();
    named.sort_unstable();
    assert_eq!(named, described);
}

#[test]
fn promtool_accepts_the_configuration_of_the_document() {
    if is_missing("promtool") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let rules = include_str!("../../../monitoring/alerts.yml");
    fs::write(directory.path().join("alerts.yml"), rules).unwrap();
    fs::write(directory.path().join("prometheus.yml"), blocks("yaml").next().unwrap()).unwrap();
    let check = "promtool check config prometheus.yml";
    let output = shell(check, directory.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
}
