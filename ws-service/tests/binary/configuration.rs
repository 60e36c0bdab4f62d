//! The configuration file, the environment and the flags, as an operator meets them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::{Server, command, run};

/// A configuration file in a directory of its own.
pub(crate) struct Written {
    _directory: TempDir,
    path: PathBuf,
}

impl Written {
    pub(crate) fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ws-service.toml");
        let written = Self { _directory: directory, path };
        written.rewrite(text);
        written
    }

    pub(crate) fn rewrite(&self, text: &str) {
        fs::write(&self.path, text).unwrap();
    }

    pub(crate) fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }
}

fn check(path: &Path) -> (Option<i32>, String) {
    let output = run(&["check-config", "--config", path.to_str().unwrap()]);
    assert!(output.stdout.is_empty());
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

fn text(output: Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Each tells the file, the line, and the way out.
#[test]
fn a_file_that_is_broken_in_any_of_these_ways() {
    for (broken, line, hint) in [
        ("ping_afer = '5s'", 1, "did you mean ping_after?"),
        ("\nping_after = 5", 2, "such as 500ms, 30s, 2m, or off"),
        ("# nothing\n\nthreads = 'four'", 3, "a whole number from 1 to 65535"),
        ("listen = 127.0.0.1:9001", 1, "text stands in quotes: listen = \"127.0.0.1:9001\""),
        ("listen = 'localhost'", 1, "such as 127.0.0.1:9001 or [::1]:9001"),
        ("listen = ['127.0.0.1:9001', '127.0.0.1:9001']", 1, "127.0.0.1:9001 is named twice"),
        ("origin = 'https://app.example/'", 1, "nothing behind: such as https://app.example"),
        ("unix_mode = 'rw-rw----'", 1, "such as 660"),
        ("compression = 'gzip'", 1, "off, shared, dedicated"),
        ("max_message_size = '16 parsecs'", 1, "such as 4096, 64KiB, 16MiB"),
        ("[timeouts]\nping_after = '5s'", 1, "no sections"),
        ("ping_after = '5s", 1, "expected `'`"),
        ("max_topics = 1\nmax_topics = 2", 2, "max_topics is set twice"),
        ("hangup_after = '20s'", 1, "must be later than ping after 30s"),
        ("max_queue = '64KiB'", 1, "lower high_water, or raise max_queue"),
        ("tls_certificate = 'chain.pem'", 1, "each certificate needs its key"),
        ("listen = 'unix:/x'\nadmin_socket = '/x'", 1, "unix:/x is named twice"),
        ("admin_token_file = '/nowhere/token'", 1, "/nowhere/token: it can't be read"),
    ] {
        let written = Written::new(broken);
        let (status, errors) = check(&written.path);
        assert_eq!(status, Some(78), "{broken}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{broken}: {errors}");
        let place = format!("{}:{line}", written.path());
        assert!(errors.contains(&place) && errors.contains(hint), "{broken}: {errors}");
        let served = run(&["--config", written.path()]);
        assert_eq!(served.status.code(), Some(78), "{broken}");
        assert_eq!(String::from_utf8(served.stderr).unwrap(), errors, "{broken}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let written = Written::new("threads = 0\nfrobnicate = 1\n");
    let output = command()
        .args(["check-config", "--config", written.path()])
        .env("WS_SERVICE_MAX_TOPICS", "none")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(errors.lines().count(), 3, "{errors}");
    assert!(errors.contains("ws-service: WS_SERVICE_MAX_TOPICS: "), "{errors}");
}

#[test]
fn a_good_configuration_is_said_in_silence() {
    let written = Written::new("ping_after = '5s'\nlisten = ['127.0.0.1:0']\n");
    assert_eq!(check(&written.path), (Some(0), String::new()));
}

#[test]
fn what_is_no_text_has_its_line_too() {
    let written = Written::new("");
    fs::write(&written.path, b"threads = 2\norigin = '\xff'\n").unwrap();
    let (status, errors) = check(&written.path);
    assert_eq!(status, Some(78));
    let expected = "ws-service: PATH:2: this is no text: files are in UTF-8\n";
    assert_eq!(errors, expected.replace("PATH", written.path()));
}

#[test]
fn what_is_no_file_is_said() {
    for path in ["/nowhere/at/all.toml", "/proc", "/dev/zero"] {
        let (status, errors) = check(Path::new(path));
        assert_eq!(status, Some(78), "{path}");
        let expected = format!("ws-service: {path}: the configuration file can't be read: ");
        assert!(errors.starts_with(&expected) && errors.lines().count() == 1, "{errors}");
    }
}

#[test]
fn print_config_says_where_each_value_comes_from() {
    let written = Written::new("max_headers = 10\nmax_topics = 10\nmax_mail = 10\n");
    let printed = text(
        command()
            .args(["print-config", "--config", written.path(), "--max-mail", "30"])
            .env("WS_SERVICE_MAX_TOPICS", "20")
            .env("WS_SERVICE_MAX_MAIL", "20")
            .output()
            .unwrap(),
    );
    for line in [
        format!("max_headers = 10 # {}:1", written.path()),
        "max_topics = 20 # WS_SERVICE_MAX_TOPICS".to_owned(),
        "max_mail = 30 # --max-mail".to_owned(),
        "max_fragments = 65536 # default".to_owned(),
    ] {
        assert!(printed.lines().any(|it| it == line), "{line} is missing from:\n{printed}");
    }
    let again = Written::new(&printed);
    assert_eq!(check(&again.path), (Some(0), String::new()), "it is a file that says the same");
}

#[test]
fn the_default_file_is_one_to_begin_with() {
    let written = Written::new(&text(run(&["print-config", "--default"])));
    assert_eq!(check(&written.path), (Some(0), String::new()));
    let effective = |path: &str| text(run(&["print-config", "--config", path]));
    assert_eq!(effective(written.path()), effective("/dev/null"));
}

#[test]
fn the_service_does_as_its_file_says() {
    let written = Written::new("threads = 1\nlisten = ['127.0.0.1:0', '127.0.0.1:0']\n");
    let server = Server::spawn(command().args(["--config", written.path()]));
    assert_eq!(server.addresses.len(), 2);
    server.signal(Signal::TERM);
    assert_eq!(server.end().0, Some(0));
}
