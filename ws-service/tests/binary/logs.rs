//! What the service logs, and how much of it.

use std::fs::{self, File};
use std::io::Read;

use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::support::{Server, command};

/// Logs of a service with these flags, from its start to its end; `meanwhile` it is used.
fn logged(flags: &[&str], meanwhile: impl FnOnce(&mut Server)) -> String {
    let log = NamedTempFile::new().unwrap();
    let mut command = command();
    command.args(["--listen", "127.0.0.1:0", "--threads", "1"]).args(flags);
    let mut server = Server::spawn_logging(&mut command, log.reopen().unwrap());
    meanwhile(&mut server);
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
    fs::read_to_string(&log).unwrap()
}

fn lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Connects so many clients, one after the other, and waits until they have gone.
fn visits(count: u64) -> impl FnOnce(&mut Server) {
    move |server| {
        for _ in 0..count {
            drop(server.connect("/echo"));
        }
        server.until(|stats| stats["opened"] == count && stats["connections"] == 0);
    }
}

#[test]
fn lines_of_a_connection_name_it_and_its_peer() {
    let log = lines(&logged(&["--log-level", "debug"], visits(1)));
    let find = |message| {
        let line = log.iter().find(|line| line["fields"]["message"] == message);
        line.unwrap_or_else(|| panic!("no {message:?} in {log:#?}"))
    };
    let (opened, ended) = (&find("opened")["fields"], &find("ended")["fields"]);
    assert_eq!((&opened["connection"], &opened["peer"]), (&ended["connection"], &ended["peer"]));
    assert!(opened["peer"].as_str().unwrap().starts_with("127.0.0.1:"), "{opened}");
    assert_eq!(ended["why"], "disconnected");
    assert_eq!(find("opened")["level"], "DEBUG");
}

#[test]
fn lines_that_repeat_are_left_out_and_counted() {
    let flags = ["--log-level", "debug", "--log-burst", "5"];
    let log = lines(&logged(&flags, visits(40)));
    let count = |message: &str| log.iter().filter(|it| it["fields"]["message"] == message).count();
    assert!(count("opened") >= 5);
    let told = log.iter().filter(|it| it["fields"]["message"] == "lines were left out");
    let told = told.filter(|it| it["fields"]["line"] == "opened");
    let told: u64 = told.map(|it| it["fields"]["count"].as_u64().unwrap()).sum();
    assert_eq!(count("opened") as u64 + told, 40, "{log:#?}");
    assert!(told > 0, "40 connections take less than a minute");
}

#[test]
fn it_is_text_for_people_and_json_for_machines() {
    let text = logged(&["--log-format", "text"], |_| {});
    assert!(text.contains("INFO ws_service") && text.contains(" ready endpoints="), "{text}");
    assert!(!text.contains('\u{1b}'), "no colours in a file");
    let log = lines(&logged(&[], |_| {}));
    assert_eq!(log[0]["fields"]["message"], "ready");
    assert!(logged(&["--log-level", "off"], |_| {}).is_empty());
}

#[test]
fn on_a_terminal_it_is_text_with_colours() {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let terminal = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
    let terminal = File::options().write(true).open(terminal).unwrap();
    let mut command = command();
    command.args(["--listen", "127.0.0.1:0", "--threads", "1"]).env_remove("NO_COLOR");
    let server = Server::spawn_logging(&mut command, terminal);
    // It holds the terminal, which ends when nobody does.
    drop(command);
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
    let (mut seen, mut ours) = (Vec::new(), File::from(ours));
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = ours.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..count]);
    }
    let seen = String::from_utf8_lossy(&seen);
    assert!(seen.contains("ready") && seen.contains("INFO"), "{seen}");
    assert!(seen.contains('\u{1b}') && !seen.contains('{'), "{seen}");
}
