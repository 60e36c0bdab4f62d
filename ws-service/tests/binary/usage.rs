//! Mistakes on the command line: one clear line, and the right status.

use std::net::TcpListener;

use crate::support::run;

/// The status and the last line about it on standard error.
fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(arguments);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.stdout.is_empty(), "it never was ready");
    (output.status.code(), errors)
}

#[test]
fn a_wrong_flag_is_wrong_usage() {
    for arguments in [
        &["--lisen", "127.0.0.1:0"][..],
        &["--listen", "nowhere"],
        &["--threads", "0"],
        &["--ping-after", "soon"],
        &["--max-connections", "0"],
        &["--max-message-size", "much"],
        &["--compression", "zip"],
        &["--compression-level", "10"],
        &["--threads", "65536"],
        &["check-config", "--close-timeout", "0s"],
        &["completions", "cmd"],
        &["--admin", "somewhere"],
        &["frobnicate"],
    ] {
        let (status, errors) = refused(arguments);
        assert_eq!(status, Some(2), "{arguments:?}: {errors}");
        assert!(errors.starts_with("error:"), "{errors}");
    }
}

#[test]
fn a_bad_configuration_has_its_own_status() {
    let (status, errors) = refused(&["--ping-after", "5s", "--hangup-after", "5s"]);
    assert_eq!(status, Some(78));
    assert_eq!(
        errors,
        "ws-service: ping_after (--ping-after), hangup_after (--hangup-after): hang-up after 5s must \
         be later than ping after 5s\n"
    );

    let (status, errors) = refused(&["--max-connections", "1000000000"]);
    assert_eq!(status, Some(78));
    assert!(errors.contains("descriptor limit") && errors.lines().count() == 1, "{errors}");
}

#[test]
fn a_token_file_without_a_token_is_bad_configuration() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    for (path, why) in [(path, "from 16 to 512 letters"), ("/nowhere/token", "can't be read")] {
        let (status, errors) = refused(&["--admin", "127.0.0.1:0", "--admin-token-file", path]);
        assert_eq!(status, Some(78), "{errors}");
        assert!(errors.contains(path) && errors.contains(why), "{errors}");
        assert_eq!(errors.lines().count(), 1);
    }
}

#[test]
fn an_admin_address_in_use_is_said_with_the_flag_that_helps() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (status, errors) = refused(&["--listen", "127.0.0.1:0", "--admin", &address]);
    assert_eq!(status, Some(1));
    assert!(errors.contains(&address) && errors.contains("--admin"), "{errors}");
    assert_eq!(errors.lines().count(), 1);
}

#[test]
fn an_address_in_use_is_said_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (status, errors) = refused(&["--listen", &address]);
    assert_eq!(status, Some(1));
    assert!(errors.starts_with(&format!("ws-service: cannot listen on {address}: ")), "{errors}");
    assert_eq!(errors.lines().count(), 1);
}

#[test]
fn help_names_everything_a_person_needs() {
    let output = run(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let help = String::from_utf8(output.stdout).unwrap();
    for word in [
        "--listen",
        "--threads",
        "--ping-after",
        "--hangup-after",
        "--handshake-timeout",
        "--close-timeout",
        "--max-connections",
        "--max-message-size",
        "--admin",
        "--admin-token-file",
        "--admin-socket",
        "storm",
        "/mirror/{room}",
        "SIGUSR1",
        "Exit status",
    ] {
        assert!(help.contains(word), "{word} is missing from:\n{help}");
    }
}
