//! What packages install beside the binary.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::run;

#[test]
fn completions_are_what_the_shell_takes() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(String::from_utf8(output.stdout).unwrap().contains("hangup-after"), "{shell}");
    }
    let script = run(&["completions", "bash"]).stdout;
    let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(&script).unwrap();
    assert!(bash.wait().unwrap().success());
}

#[test]
fn there_is_a_manual_page_for_each_subcommand() {
    let page = String::from_utf8(run(&["man"]).stdout).unwrap();
    assert!(page.contains(".TH ws-service 1"), "{page}");
    assert!(page.contains("hangup\\-after") && page.contains("SIGUSR1"), "{page}");
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("man");
    assert!(run(&["man", "--out", out.to_str().unwrap()]).status.success());
    let mut pages: Vec<_> = fs::read_dir(&out)
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    let expected =
        ["-check-config", "-completions", "-man", "-print-config", "-serve", "-storm", ""];
    assert_eq!(pages, expected.map(|it| format!("ws-service{it}.1")));
}
