//! Quantities on the command line, as people write them: with their unit.

use std::time::Duration;

use humantime::DurationError;

/// A duration, or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience(pub(crate) Option<Duration>);

/// Parses `500ms`, `3s` or `1m 30s`, for clap's `value_parser`.
///
/// # Errors
///
/// What is wrong with the text; a bare number is an error, because its unit would be a guess.
pub(crate) fn duration(text: &str) -> Result<Duration, DurationError> {
    humantime::parse_duration(text)
}

/// The same, but more than nothing.
///
/// # Errors
///
/// What is wrong with the text, and what would be right.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    const ALLOWED: &str = "such as 500ms, 30s, 2m";
    match duration(text) {
        Ok(Duration::ZERO) => Err(format!("must be more than nothing ({ALLOWED})")),
        Ok(duration) => Ok(duration),
        Err(DurationError::NumberOverflow) => Err(format!("is too long ({ALLOWED})")),
        Err(error @ DurationError::UnknownUnit { .. }) => Err(format!("{error} ({ALLOWED})")),
        Err(_) => Err(format!("is no time ({ALLOWED})")),
    }
}

/// Parses such a time or `off`.
///
/// # Errors
///
/// What is wrong with the text, and what would be right.
pub(crate) fn patience(text: &str) -> Result<Patience, String> {
    match text {
        "off" => Ok(Patience(None)),
        text => time(text)
            .map(|time| Patience(Some(time)))
            .map_err(|error| error.replace("2m)", "2m, or off)")),
    }
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

/// The same, but more than nothing.
///
/// # Errors
///
/// What is wrong with the text, and what would be right.
pub(crate) fn room(text: &str) -> Result<usize, String> {
    match size(text)? {
        0 => Err("must be more than nothing (such as 4096, 64KiB, 16MiB)".to_owned()),
        size => Ok(size),
    }
}

/// Parses the permissions of a file, in octal, whether marked as such or not.
///
/// # Errors
///
/// What is right.
pub(crate) fn mode(text: &str) -> Result<u32, String> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let mode = u32::from_str_radix(digits, 8).ok().filter(|&it| it <= 0o777);
    mode.ok_or_else(|| "must be octal, from 0 to 777, such as 660".to_owned())
}

/// Parses a whole number from `MIN` to `MAX`, for what is counted.
///
/// # Errors
///
/// What is right.
pub(crate) fn number<T: TryFrom<u64>, const MIN: u64, const MAX: u64>(
    text: &str,
) -> Result<T, String> {
    let number = text.parse().ok().filter(|it| (MIN..=MAX).contains(it));
    number.and_then(|it| T::try_from(it).ok()).ok_or_else(|| match MAX {
        u64::MAX => format!("must be a whole number, {MIN} or more"),
        _ => format!("must be a whole number from {MIN} to {MAX}"),
    })
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
        assert_eq!(patience("soon").unwrap_err(), "is no time (such as 500ms, 30s, 2m, or off)");
        assert!(patience("5").unwrap_err().starts_with("time unit needed"));
        assert!(patience("99999999999999y").unwrap_err().starts_with("is too long"));
    }

    #[test]
    fn no_time_at_all_is_refused() {
        assert!(time("0s").is_err());
        assert!(patience("0ms").is_err());
        assert!(room("0").is_err());
        assert_eq!(size("0"), Ok(0));
    }

    #[test]
    fn permissions_are_octal() {
        assert_eq!(mode("660"), Ok(0o660));
        assert_eq!(mode("0600"), Ok(0o600));
        assert_eq!(mode("0o640"), Ok(0o640));
        assert!(mode("1000").is_err() && mode("680").is_err() && mode("").is_err());
    }

    #[test]
    fn a_number_says_its_range() {
        assert_eq!(number::<u8, 1, 9>("9"), Ok(9));
        let error = Err("must be a whole number from 1 to 9".to_owned());
        for text in ["0", "10", "", "-1", "1.5", "many", "99999999999999999999"] {
            assert_eq!(number::<u8, 1, 9>(text), error);
        }
        let error = Err("must be a whole number, 1 or more".to_owned());
        assert_eq!(number::<usize, 1, { u64::MAX }>("0"), error);
    }

    #[test]
    fn sizes_have_units_or_are_bytes() {
        assert_eq!(size("4096"), Ok(4096));
        assert_eq!(size("64KiB"), Ok(65_536));
        assert!(size("much").is_err());
    }
}
