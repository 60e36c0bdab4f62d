//! Every committed seed, on stable: what fuzzing found stays found.

use std::fs;
use std::path::Path;

/// Runs `body` on each file of a corpus and returns how many there were.
fn run_all(target: &str, body: fn(&[u8])) -> usize {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
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

#[test]
fn timer_list() {
    assert!(run_all("timer_list", fuzz::timer_list::local) > 0);
}

#[test]
fn timer_list_sync() {
    assert!(run_all("timer_list_sync", fuzz::timer_list::shared) > 0);
}
