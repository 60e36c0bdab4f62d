//! Quantities on the command line, as people write them: with their unit.

use std::time::Duration;

/// A duration, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience(pub(crate) Option<Duration>);

/// Parses `500ms`, `3s` or `1m 30s`, for clap's `value_parser`.
///
/// # Errors
///
/// What is wrong with the text; a bare number is an error, because its unit would be a guess.
pub(crate) fn duration(text: &str) -> Result<Duration, humantime::DurationError> {
    humantime::parse_duration(text)
}

/// Parses a duration or `off`.
///
/// # Errors
///
/// What is wrong with the text, and what would be right.
pub(crate) fn patience(text: &str) -> Result<Patience, String> {
    if text == "off" {
        return Ok(Patience(None));
    }
    duration(text)
        .map(|duration| Patience(Some(duration)))
        .map_err(|error| format!("{error} (such as 500ms, 30s, 2m, or off)"))
}

/// Parses `64KiB`, `16MiB` or a number of bytes.
///
/// # Errors
///
/// What is wrong with the text, and what would be right.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    let bytes: bytesize::ByteSize =
        text.parse().map_err(|error| format!("{error} (such as 4096, 64KiB, 16MiB)"))?;
    usize::try_from(bytes.as_u64()).map_err(|_| "more than this machine can address".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_understood() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
    }

    #[test]
    fn a_number_without_a_unit_is_refused() {
        assert!(duration("3").is_err());
        assert!(duration("-1s").is_err());
    }

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
