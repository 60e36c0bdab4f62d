//! A running service. The tests with independent clients use it too.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long anything here may take before the test gives up. Nothing is measured by it.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The binary, as if nothing of this machine configured it.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ws-service"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("WS_SERVICE_") {
            command.env_remove(name);
        }
    }
    command.env("WS_SERVICE_CONFIG", "/dev/null");
    command.env("WS_SERVICE_ADMIN", "off");
    command.stdin(Stdio::null()).stderr(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// A running service on a free port; killed when it goes out of scope.
pub(crate) struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    pub(crate) addresses: Vec<SocketAddr>,
    /// Where administrators are heard, if a test asks for that.
    pub(crate) admin: Option<SocketAddr>,
}

impl Server {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = command();
        command.args(arguments);
        if !arguments.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        Self::spawn(&mut command)
    }

    /// A service by a command of one's own.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        // What it logs goes with what the test prints.
        Self::spawn_logging(command, Stdio::inherit())
    }

    /// The same, logging elsewhere.
    pub(crate) fn spawn_logging(command: &mut Command, log: impl Into<Stdio>) -> Self {
        let mut child = command.stderr(log).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        // Whatever comes now, it is killed in the end.
        let mut server = Self { child, out, addresses: Vec::new(), admin: None };
        let mut line = String::new();
        server.out.read_line(&mut line).unwrap();
        server.addresses = line
            .trim()
            .strip_prefix("ws-service listening on ")
            .unwrap_or_else(|| panic!("not ready: {line:?}"))
            .split(' ')
            .filter(|endpoint| !endpoint.starts_with("unix:"))
            .map(|address| address.parse().unwrap())
            .collect();
        let arguments: Vec<_> = command.get_args().collect();
        let has_admin = arguments.windows(2).any(|it| it[0] == "--admin" && it[1] != "off");
        server.admin = has_admin.then(|| {
            line.clear();
            server.out.read_line(&mut line).unwrap();
            let address = line.trim().strip_prefix("admin listening on http://");
            address.and_then(|it| it.strip_suffix('/')).unwrap().parse().unwrap()
        });
        server
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.id().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// The counters, by SIGUSR1.
    pub(crate) fn stats(&mut self) -> serde_json::Value {
        self.signal(Signal::USR1);
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Waits until the counters are as they should be.
    pub(crate) fn until(
        &mut self,
        is_right: impl Fn(&serde_json::Value) -> bool,
    ) -> serde_json::Value {
        let start = Instant::now();
        loop {
            let stats = self.stats();
            if is_right(&stats) {
                return stats;
            }
            assert!(start.elapsed() < PATIENCE, "never came to be: {stats}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The exit status, and what it still printed.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
