//! Every way to end, on a server that behaves.

use super::server::{self, echo, pinging_echo};
use super::{alone, shared, storm};

/// A storm that watches the descriptors of this process, which is the server's too.
fn watched(end: &str) -> super::Outcome {
    let _alone = alone();
    let pid = std::process::id();
    let outcome = storm(server::start(echo), &format!("--end={end} --server-pid={pid} --rounds=2"));
    outcome.assert_fine();
    for round in [outcome.round(0), outcome.round(1)] {
        assert_eq!(round["reclaimed"], true, "{round:#}");
        let server = &round["server"];
        assert!(server["after"]["rss_bytes"].as_u64() > Some(0), "{round:#}");
        let descriptors = |when: &str| server[when]["descriptors"].as_u64();
        // A thread that waits in `accept` counts as one: Linux reserves the descriptor first.
        assert!(descriptors("after") <= descriptors("before"), "{round:#}");
        if end != "churn" {
            assert_eq!(round["opened"], 40, "{round:#}");
            assert!(descriptors("open") >= descriptors("before").map(|n| n + 40), "{round:#}");
        }
    }
    outcome
}

#[test]
fn a_killed_crowd_is_let_go() {
    let outcome = watched("kill");
    assert!(outcome.json["summary"]["after"]["survivors_p999_us"].is_u64());
    assert_eq!(outcome.json["summary"]["rounds"], 2);
    assert_eq!(outcome.json["seed"], 7);
    assert!(outcome.text.contains("seed 7"), "{}", outcome.text);
}

#[test]
fn a_reset_crowd_is_let_go() {
    assert_eq!(watched("reset").number("/parted/clean"), 40);
}

#[test]
fn a_crowd_that_hangs_up_is_let_go() {
    assert_eq!(watched("fin").number("/parted/clean"), 40);
}

#[test]
fn a_crowd_that_closes_gets_its_close_frames() {
    let outcome = watched("close");
    assert_eq!(outcome.number("/parted/clean"), 40);
    assert_eq!(outcome.number("/parted/unclean"), 0);
}

#[test]
fn a_churn_counts_its_handshakes() {
    let outcome = watched("churn");
    assert!(outcome.number("/churn/handshakes") > 0);
    assert_eq!(outcome.number("/churn/failures"), 0);
}

#[test]
fn a_stopped_crowd_is_hung_up_on() {
    let _alone = alone();
    let pid = std::process::id();
    let address = server::start(pinging_echo);
    let outcome = storm(address, &format!("--end=stop --server-pid={pid}"));
    outcome.assert_fine();
    assert_eq!(outcome.round(0)["reclaimed"], true);
}

#[test]
fn a_frozen_crowd_says_when_each_was_hung_up_on() {
    let _shared = shared();
    let outcome = storm(server::start(pinging_echo), "--end=freeze --settle=400ms");
    outcome.assert_fine();
    assert_eq!(outcome.number("/hang_ups/after_last_proof/samples"), 40);
    assert_eq!(outcome.number("/hang_ups/missing"), 0);
    // Not a race: the server cannot hang up before this time has passed since it read the proof,
    // and it read the proof after that was sent.
    let limit = u64::try_from(server::HANG_UP_AFTER.as_micros()).unwrap();
    let least = outcome.number("/hang_ups/after_last_proof/min_us");
    assert!(least + limit / 1_000 >= limit, "{least} µs (to three digits)");
}

#[test]
fn an_idle_crowd_answers_pings() {
    let _shared = shared();
    // Long enough for a server that hangs up on the silent to do so several times.
    let outcome = storm(server::start(pinging_echo), "--end=reset --settle=2s");
    outcome.assert_fine();
    assert_eq!(outcome.number("/lost_before_end"), 0);
}

#[test]
fn big_and_fragmented_echoes_are_put_together() {
    let _shared = shared();
    let outcome = storm(server::start(fragmenting_echo), "--message-size=70000 --interval=5ms");
    outcome.assert_fine();
}

fn fragmenting_echo(stream: std::net::TcpStream) {
    use tungstenite::protocol::frame::Frame;
    use tungstenite::protocol::frame::coding::{Data, OpCode};
    server::each_message(stream, |socket, message| {
        let payload = message.into_data();
        let (first, last) = payload.split_at(payload.len() / 2);
        let (first, last) = (first.to_vec(), last.to_vec());
        let frames = [
            Frame::message(first, OpCode::Data(Data::Binary), false),
            Frame::message(last, OpCode::Data(Data::Continue), true),
        ];
        frames.into_iter().all(|frame| socket.send(tungstenite::Message::Frame(frame)).is_ok())
    });
}
