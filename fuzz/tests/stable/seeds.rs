//! Every committed seed: what fuzzing found stays found.
//!
//! Seeds that code makes are compared with what is committed; with `SEEDS=write` they are written.

use std::fs;

use crate::corpus;

/// Runs `body` on each seed of a target and returns how many there were.
fn run_all(target: &str, body: fn(&[u8])) -> usize {
    let seeds = corpus::seeds(target);
    for (path, seed) in &seeds {
        println!("{}", path.display());
        body(seed);
    }
    seeds.len()
}

/// The same, once it is sure that the seeds that code makes are among them.
fn run_made(target: &str, body: fn(&[u8]), made: &[(&'static str, Vec<u8>)]) {
    let is_writing = std::env::var_os("SEEDS").is_some_and(|it| it == "write");
    let directory = corpus::directory("corpus", target);
    for (name, seed) in made {
        let path = directory.join(name);
        if is_writing {
            fs::create_dir_all(&directory).expect("a directory");
            fs::write(&path, seed).expect("a file");
        }
        assert!(fs::read(&path).is_ok_and(|it| it == *seed), "{}: SEEDS=write", path.display());
    }
    assert!(run_all(target, body) >= made.len());
}

#[test]
fn timer_list() {
    assert!(run_all("timer_list", fuzz::timer_list::local) > 0);
}

#[test]
fn timer_list_sync() {
    assert!(run_all("timer_list_sync", fuzz::timer_list::shared) > 0);
}

#[test]
fn frames() {
    run_made("frames", fuzz::frames::run, &fuzz::frames::seeds());
}

#[test]
fn handshake() {
    run_made("handshake", fuzz::handshake::run, &fuzz::handshake::seeds());
}

#[test]
fn deflate() {
    run_made("deflate", fuzz::deflate::run, &fuzz::deflate::seeds());
}

#[test]
fn connection() {
    run_made("connection", fuzz::connection::run, &fuzz::connection::seeds());
}
