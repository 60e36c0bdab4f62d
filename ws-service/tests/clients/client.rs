//! A client in a process of its own, and what it has to say.

use std::io::{BufRead, BufReader, PipeReader, pipe};
use std::iter::from_fn;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::server::PATIENCE;

/// A client that runs; killed, with whatever it has started, when it goes out of scope.
pub(crate) struct Client {
    child: Child,
    lines: Receiver<String>,
}

impl Client {
    /// Starts a client that says all it has to say on standard output or standard error.
    pub(crate) fn start(mut command: Command) -> Self {
        let (reader, writer) = pipe().unwrap();
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        Self::spawn(command, reader)
    }

    /// Starts a client whose standard output goes where the command says, and whose log is to be heard.
    pub(crate) fn start_logging(mut command: Command) -> Self {
        let (reader, writer) = pipe().unwrap();
        command.stderr(writer);
        Self::spawn(command, reader)
    }

    /// The pipe ends when the client does: the command, which has our end of it, is gone by then.
    fn spawn(mut command: Command, reader: PipeReader) -> Self {
        let child = command.process_group(0).spawn().unwrap();
        Self { child, lines: lines(reader) }
    }

    /// The next line; `None` at the end, or when patience is.
    fn line(&self) -> Option<String> {
        let line = self.lines.recv_timeout(PATIENCE).ok()?;
        println!("{line}");
        Some(line)
    }

    /// All its lines.
    pub(crate) fn log(&self) -> Vec<String> {
        from_fn(|| self.line()).collect()
    }

    /// Whether it says such a line before its end.
    pub(crate) fn says(&self, is_it: impl Fn(&String) -> bool) -> bool {
        from_fn(|| self.line()).any(|line| is_it(&line))
    }

    /// Its verdicts, up to the one on how the connection was closed.
    pub(crate) fn verdicts(&self) -> Vec<String> {
        let mut verdicts: Vec<String> = Vec::new();
        while !verdicts.last().is_some_and(|verdict| verdict.starts_with("closed ")) {
            let Some(line) = self.line() else { break };
            verdicts.extend(verdict(&line).map(str::to_owned));
        }
        verdicts
    }
}

/// What follows the word, without what Chromium adds: `INFO:CONSOLE(12)] "verdict …", source: …`.
fn verdict(line: &str) -> Option<&str> {
    let (_, verdict) = line.split_once("verdict ")?;
    Some(verdict.split_once("\", source: ").map_or(verdict, |(verdict, _)| verdict))
}

/// Reads lines on a thread, so that who waits for them can lose patience.
fn lines(reader: PipeReader) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        let all = BufReader::new(reader).lines().map_while(Result::ok);
        all.map(|line| sender.send(line)).take_while(Result::is_ok).for_each(drop);
    });
    lines
}

impl Drop for Client {
    fn drop(&mut self) {
        let group = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        // It may have ended already.
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
    }
}
