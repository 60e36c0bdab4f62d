//! Values as people write them.

use std::time::Duration;

use super::duration;

/// A duration, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patience(pub(super) Option<Duration>);

/// Parses `30s`, `1m 30s` or `off`.
pub(super) fn patience(text: &str) -> Result<Patience, String> {
    if text == "off" {
        return Ok(Patience(None));
    }
    duration::parse(text)
        .map(|duration| Patience(Some(duration)))
        .map_err(|error| format!("{error} (such as 500ms, 30s, 2m, or off)"))
}

/// Parses `64KiB`, `16MiB` or a number of bytes.
pub(super) fn size(text: &str) -> Result<usize, String> {
    let bytes: bytesize::ByteSize =
        text.parse().map_err(|error| format!("{error} (such as 4096, 64KiB, 16MiB)"))?;
    usize::try_from(bytes.as_u64()).map_err(|_| "more than this machine can address".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_is_no_duration() {
        assert_eq!(patience("off"), Ok(Patience(None)));
        assert_eq!(patience("90s"), Ok(Patience(Some(Duration::from_secs(90)))));
        assert!(patience("soon").unwrap_err().contains("such as"));
    }

    #[test]
    fn sizes_have_units_or_are_bytes() {
        assert_eq!(size("4096"), Ok(4096));
        assert_eq!(size("64KiB"), Ok(65_536));
        assert!(size("much").is_err());
    }
}
