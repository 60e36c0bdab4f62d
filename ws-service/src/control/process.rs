//! What the system says about this process.

use std::fs;

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use utoipa::ToSchema;

/// The process as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Process {
    /// Open descriptors.
    pub(super) descriptors: u64,
    /// Descriptors that it may have open; null if there is no limit.
    pub(super) max_descriptors: Option<u64>,
    /// Memory that it holds, in bytes.
    pub(super) resident_bytes: u64,
    /// Processor time that it has used, all threads together, in seconds.
    pub(super) cpu_seconds: f64,
}

impl Process {
    pub(super) fn now() -> Self {
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        Self {
            descriptors: descriptors(),
            max_descriptors: getrlimit(Resource::Nofile).current,
            resident_bytes: resident_bytes(),
            cpu_seconds: seconds(cpu.tv_sec, cpu.tv_nsec),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a plot needs no more")]
fn seconds(whole: i64, nanos: i64) -> f64 {
    whole as f64 + nanos as f64 / 1e9
}

/// Systems since Linux 6.2 know the number; on others each is looked at. 0 where neither can be.
fn descriptors() -> u64 {
    const OWN: &str = "/proc/self/fd";
    match fs::metadata(OWN).map(|own| own.len()) {
        Ok(count) if count > 0 => count,
        _ => fs::read_dir(OWN).map_or(0, |entries| entries.count() as u64),
    }
}

fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kibibytes =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
    kibibytes.and_then(|count| count.parse::<u64>().ok()).map_or(0, |count| count * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_itself() {
        let before = Process::now();
        let _more: Vec<_> = (0..8).map(|_| fs::File::open("/dev/null").unwrap()).collect();
        let after = Process::now();
        // Other tests of this process open and close some, too.
        assert!(before.descriptors >= 3 && after.descriptors >= 8, "{before:?} {after:?}");
        assert!(after.max_descriptors.is_none_or(|max| max >= after.descriptors));
        assert!(after.resident_bytes > 100_000 && after.cpu_seconds >= before.cpu_seconds);
    }
}
