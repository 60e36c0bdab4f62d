//! What the documents tell people to type, typed; and the configurations they show, checked.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use rcgen::{CertificateParams, KeyPair};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Server, command};

const DOCUMENTS: [(&str, &str); 4] = [
    ("README.md", include_str!("../../../README.md")),
    ("docs/operating.md", include_str!("../../../docs/operating.md")),
    ("docs/proxies.md", include_str!("../../../docs/proxies.md")),
    ("docs/sizing.md", include_str!("../../../docs/sizing.md")),
];

/// The fenced blocks of one language.
pub(crate) fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let blocks = text.split(&fence).skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap_or_default()).collect()
}

/// The commands of a block; those of cargo are what CI itself consists of.
fn commands(block: &str) -> impl Iterator<Item = &str> {
    let lines = block.lines().filter_map(|line| line.strip_prefix("$ "));
    lines.filter(|line| !line.starts_with("cargo "))
}

/// A shell that finds the binary as `ws-service`, and serves on free ports.
fn shell(line: &str, directory: &Path) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_ws-service")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("bash");
    shell.args(["-c", line]).current_dir(directory).env("PATH", path);
    shell.env("WS_SERVICE_LISTEN", "127.0.0.1:0").env("WS_SERVICE_CONFIG", "/dev/null");
    shell.env("WS_SERVICE_ADMIN", "off");
    shell.stdin(Stdio::null()).stdout(Stdio::piped());
    shell
}

/// A command, and the first line that it has printed.
struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
    said: String,
}

impl Running {
    fn start(line: &str, directory: &Path) -> Self {
        let mut child = shell(line, directory).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        out.read_line(&mut said).unwrap();
        Self { child, out, said }
    }

    /// A service is told to end.
    fn terminate(&self) {
        if self.said.starts_with("ws-service listening on ") {
            let pid = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
            kill_process(pid, Signal::TERM).unwrap();
        }
    }

    fn end(mut self, line: &str) {
        self.out.read_to_string(&mut self.said).unwrap();
        assert!(self.child.wait().unwrap().success(), "{line}: {}", self.said);
    }
}

/// Runs a block's commands one after the other; one behind which `&` stands ends by what the others do.
fn run(block: &str, directory: &Path) -> usize {
    let (mut behind, mut count) = (Vec::new(), 0);
    for line in commands(block) {
        count += 1;
        let running = Running::start(line.trim_end_matches('&'), directory);
        if line.ends_with('&') {
            behind.push((running, line));
        } else {
            running.terminate();
            running.end(line);
        }
    }
    for (running, line) in behind {
        running.end(line);
    }
    count
}

/// A directory with the certificates and keys that the documents speak of.
fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, pem: String| fs::write(directory.path().join(name), pem).unwrap();
    for prefix in ["", "other-"] {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![format!("{prefix}host.example")]).unwrap();
        write(&format!("{prefix}chain.pem"), params.self_signed(&key).unwrap().pem());
        write(&format!("{prefix}key.pem"), key.serialize_pem());
        write("authorities.pem", params.self_signed(&key).unwrap().pem());
    }
    directory
}

#[test]
fn every_command_does_what_it_says() {
    let mut count = 0;
    for (_, text) in DOCUMENTS {
        let directory = directory();
        let path = directory.path();
        let server = Server::start(&[]);
        let address = server.addresses[0].to_string();
        for block in blocks(text, "console") {
            let block = block.replace("127.0.0.1:9001", &address);
            count += run(&block.replace("/run/ws-service", path.to_str().unwrap()), path);
        }
    }
    assert!(count >= 10, "only {count} commands");
}

#[test]
fn every_configuration_makes_sense() {
    for (name, text) in DOCUMENTS {
        for block in blocks(text, "toml") {
            let directory = directory();
            fs::write(directory.path().join("f.toml"), block).unwrap();
            let mut check = command();
            check.args(["check-config", "--config", "f.toml"]).current_dir(directory.path());
            let output = check.output().unwrap();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{name}:\n{block}\n{errors}");
        }
    }
}

#[test]
fn every_setting_of_the_kernel_is_one() {
    let sizing = include_str!("../../../docs/sizing.md");
    let lines = blocks(sizing, "sysctl").into_iter().flat_map(str::lines);
    for line in lines.filter(|line| !line.starts_with('#')) {
        let (name, value) = line.split_once(" = ").unwrap();
        let now = fs::read_to_string(format!("/proc/sys/{}", name.replace('.', "/"))).unwrap();
        assert_eq!(now.split_whitespace().count(), value.split(' ').count(), "{name}");
    }
}

/// What lies below a directory, as one text.
fn sources(directory: &Path, text: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

/// Those who move look for what the table names.
#[test]
fn every_name_in_the_way_from_lws_exists() {
    let mut text = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
    let table = include_str!("../../../docs/from-lws.md");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").nth(1));
    let names = rows.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let is_a_name = |name: &&str| name.chars().all(|it| it.is_alphanumeric() || "_:".contains(it));
    let mut count = 0;
    for name in names.filter(is_a_name) {
        let (holder, member) = name.rsplit_once("::").unwrap_or(("", name));
        let is_a_type = |name: &str| {
            ["struct", "enum", "trait", "type"].iter().any(|it| {
                let rest = text.split(&format!("pub {it} {name}")).nth(1);
                rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
            })
        };
        let is_a_member = [format!("fn {member}"), format!(" {member}:"), format!(" {member},")];
        let is_a_member = is_a_member.iter().any(|it| text.contains(it))
            || text.contains(&format!(" {member}(PathBuf)"))
            || text.contains(&format!("type {member}:"));
        assert!(holder.is_empty() || is_a_type(holder), "{name}: no such type");
        assert!(is_a_member || holder.is_empty() && is_a_type(member), "there is no {name}");
        count += 1;
    }
    assert!(count > 60, "only {count} names");
}
