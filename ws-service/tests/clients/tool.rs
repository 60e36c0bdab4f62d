//! Whether a tool is there: on `PATH`, and with what it needs.

use std::io::{Write, stderr};
use std::process::{Command, Stdio};

/// Tries a tool. If it is missing, says that the test is skipped; with `CLIENTS=required` that is an error.
pub(crate) fn is_missing(name: &str, trial: &mut Command) -> bool {
    let trial = trial.stdin(Stdio::null()).output();
    if trial.is_ok_and(|output| output.status.success()) {
        return false;
    }
    let is_required = std::env::var_os("CLIENTS").is_some_and(|value| value == "required");
    assert!(!is_required, "{name} is missing");
    // Not by `eprintln`, which is heard only when a test fails.
    let _ = writeln!(stderr(), "skipped: {name} is missing");
    true
}
