//! Every committed seed, on stable: what fuzzing found stays found.
//!
//! Seeds that code makes are compared with what is committed; with `SEEDS=write` they are written.

use std::fs;
use std::path::{Path, PathBuf};

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

/// Runs `body` on each file of a corpus and returns how many there were.
fn run_all(target: &str, body: fn(&[u8])) -> usize {
    let corpus = corpus(target);
    let mut seeds: Vec<_> = fs::read_dir(&corpus)
        .unwrap_or_else(|error| panic!("{}: {error}", corpus.display()))
        .map(|entry| entry.expect("a directory entry").path())
        .collect();
    seeds.sort();
    for seed in &seeds {
        println!("{}", seed.display());
        body(&fs::read(seed).expect("a seed can be read"));
    }
    seeds.len()
}

/// The same, once it is sure that the seeds that code makes are among them.
fn run_made(target: &str, body: fn(&[u8]), made: &[(&'static str, Vec<u8>)]) {
    let is_writing = std::env::var_os("SEEDS").is_some_and(|it| it == "write");
    for (name, seed) in made {
        let path = corpus(target).join(name);
        if is_writing {
            fs::create_dir_all(corpus(target)).expect("a directory");
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
