//! What is refused, and that no child outlives its storm.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use super::{server, shared};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_ws-service"))
}

#[test]
fn usage_errors_are_one_clear_line_and_status_2() {
    let _shared = shared();
    let cases = [
        ("ws://192.0.2.1:1/", "--i-own-the-target"),
        ("http://127.0.0.1:1/", "ws://"),
        ("ws://127.0.0.1:1/ --interval=0ms", "--interval"),
        ("ws://127.0.0.1:1/ --interval=7", "--interval"),
        ("ws://127.0.0.1:1/ --connections=99999999", "ulimit"),
        ("ws://127.0.0.1:1/ --end=politely", "--end"),
    ];
    for (arguments, part) in cases {
        let output = program().arg("storm").args(arguments.split(' ')).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments}: {error}");
        assert!(error.contains(part), "{arguments}: {error}");
    }
}

#[test]
fn a_server_process_that_is_not_there_is_said() {
    let _shared = shared();
    let arguments = ["storm", "ws://127.0.0.1:1/", "--server-pid=4294967295"];
    let output = program().args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("4294967295"));
}

#[test]
fn a_child_ends_with_its_stdin() {
    let _shared = shared();
    let idle = program().arg("storm-child").stdin(Stdio::piped()).output().unwrap();
    assert_eq!(idle.status.code(), Some(0));

    let address = server::start(server::echo);
    let mut child =
        program().arg("storm-child").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut orders = child.stdin.take().unwrap();
    let target = format!(r#"{{"address":"{address}","host":"{address}","path":"/"}}"#);
    let opening = r#""connections":3,"first":0,"concurrent":2,"timeout_ms":5000,"seed":1"#;
    writeln!(orders, r#"{{"Open":{{"target":{target},{opening}}}}}"#).unwrap();
    let mut news = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("Opened") {
        line.clear();
        assert!(news.read_line(&mut line).unwrap() > 0, "the child ended early");
    }
    assert!(line.contains(r#""open":3"#), "{line}");
    drop(orders);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_child_that_is_told_nonsense_says_so() {
    let _shared = shared();
    let mut child =
        program().arg("storm-child").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"hello\n").unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("Complaint"), "{said}");
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_full_backlog_is_a_timeout_not_a_hang() {
    let _shared = shared();
    // Nobody accepts: the system completes the TCP handshakes, and no answer ever comes.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let outcome = super::storm(listener.local_addr().unwrap(), "--timeout=300ms");
    outcome.assert_lost("the handshake took too long");
}
