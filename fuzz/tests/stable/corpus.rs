//! What is committed.

use std::fs;
use std::path::{Path, PathBuf};

/// Where everything of a kind, `corpus` or `artifacts`, lies that belongs to a target.
pub(crate) fn directory(kind: &str, target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(kind).join(target)
}

/// The committed seeds of a target, by name, and where they are.
pub(crate) fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let corpus = directory("corpus", target);
    let mut paths: Vec<_> = fs::read_dir(&corpus)
        .unwrap_or_else(|error| panic!("{}: {error}", corpus.display()))
        .map(|entry| entry.expect("a directory entry").path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let seed = fs::read(&path).expect("a seed can be read");
        (path, seed)
    };
    paths.into_iter().map(read).collect()
}
