//! Lines of JSON out of a pipe that may have half a line, or twenty.

use std::io::{self, ErrorKind, Read};

use serde::de::DeserializeOwned;

/// A line longer than this is not ours: the longest carries a few thousand numbers.
const MAX_LINE: usize = 1 << 20;

/// The reading end of a pipe.
#[derive(Debug)]
pub(in crate::storm) struct Lines<R> {
    pipe: R,
    unfinished: Vec<u8>,
}

impl<R: Read> Lines<R> {
    pub(in crate::storm) fn new(pipe: R) -> Self {
        Self { pipe, unfinished: Vec::new() }
    }

    pub(in crate::storm) fn pipe(&mut self) -> &mut R {
        &mut self.pipe
    }

    /// Reads until the pipe is empty and hands over each whole line; false once it is closed.
    ///
    /// # Errors
    ///
    /// The pipe failed, or a line is not what was agreed on.
    pub(in crate::storm) fn read<T: DeserializeOwned>(
        &mut self,
        mut each: impl FnMut(T),
    ) -> io::Result<bool> {
        let mut piece = [0; 16 << 10];
        loop {
            match self.pipe.read(&mut piece) {
                Ok(0) => return Ok(false),
                Ok(count) => self.unfinished.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            let Some(end) = self.unfinished.iter().rposition(|&byte| byte == b'\n') else {
                if self.unfinished.len() > MAX_LINE {
                    return Err(io::Error::new(ErrorKind::InvalidData, "an endless line"));
                }
                continue;
            };
            let rest = self.unfinished.split_off(end + 1);
            let whole = std::mem::replace(&mut self.unfinished, rest);
            for line in whole.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
                each(serde_json::from_slice(line)?);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// A pipe that gives these pieces, then is empty for now, then closed.
    struct Pieces(VecDeque<Option<&'static str>>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.pop_front() {
                Some(Some(piece)) => {
                    buffer[..piece.len()].copy_from_slice(piece.as_bytes());
                    Ok(piece.len())
                }
                Some(None) => Err(ErrorKind::WouldBlock.into()),
                None => Ok(0),
            }
        }
    }

    #[test]
    fn torn_and_joined_lines_come_out_whole() {
        let pieces = [Some("1"), Some("2\n3"), None, Some("\n4\n5\n"), None];
        let mut lines = Lines::new(Pieces(pieces.into()));
        let mut seen = Vec::new();
        assert!(lines.read(|number: u32| seen.push(number)).unwrap());
        assert_eq!(seen, [12]);
        assert!(lines.read(|number: u32| seen.push(number)).unwrap());
        assert_eq!(seen, [12, 3, 4, 5]);
        assert!(!lines.read(|number: u32| seen.push(number)).unwrap());
    }

    #[test]
    fn a_foreign_line_is_an_error() {
        let mut lines = Lines::new(Pieces([Some("hello\n")].into()));
        assert!(lines.read(|_: u32| ()).is_err());
    }
}
