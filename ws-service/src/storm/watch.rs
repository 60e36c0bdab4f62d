//! A look at the server's process from outside: its descriptors and its memory, from `/proc`.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::Serialize;

/// The process to look at.
#[derive(Debug)]
pub(super) struct Watch {
    process: PathBuf,
}

/// What a server holds at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Holdings {
    pub(super) descriptors: u64,
    pub(super) rss_bytes: u64,
}

impl Watch {
    /// # Errors
    ///
    /// There is no such process, or its descriptors are not ours to see.
    pub(super) fn new(pid: u32) -> io::Result<Self> {
        let watch = Self { process: PathBuf::from(format!("/proc/{pid}")) };
        watch.descriptors()?;
        Ok(watch)
    }

    /// How many descriptors it has open. Since Linux 6.2 this is one cheap `stat`.
    ///
    /// # Errors
    ///
    /// The process is gone.
    pub(super) fn descriptors(&self) -> io::Result<u64> {
        let directory = self.process.join("fd");
        let count = match fs::metadata(&directory)?.len() {
            0 => fs::read_dir(&directory)?.count() as u64,
            count => count,
        };
        // A zombie is still listed, and a server without a single descriptor serves nobody.
        if count > 0 { Ok(count) } else { Err(io::Error::other("it has ended")) }
    }

    /// Its resident memory (`VmRSS`) in bytes.
    ///
    /// # Errors
    ///
    /// The process is gone.
    pub(super) fn rss_bytes(&self) -> io::Result<u64> {
        let status = fs::read_to_string(self.process.join("status"))?;
        resident(&status).ok_or_else(|| io::Error::other("no VmRSS: the process has ended"))
    }
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn our_own_descriptors_are_counted() {
        let watch = Watch::new(std::process::id()).unwrap();
        let files: Vec<_> = (0..500).map(|_| fs::File::open("/dev/null").unwrap()).collect();
        let with = watch.descriptors().unwrap();
        assert!(with >= 500);
        drop(files);
        assert!(watch.descriptors().unwrap() < with);
        assert!(watch.rss_bytes().unwrap() > 0);
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        assert!(Watch::new(u32::MAX).is_err());
    }

    #[test]
    fn the_resident_size_is_read_in_bytes() {
        assert_eq!(resident("Name: x\nVmRSS:\t  12 kB\nVmData: 1 kB\n"), Some(12_288));
        assert_eq!(resident("Name: zombie\n"), None);
    }
}
