//! Durations on the command line: `500ms`, `3s`, `1m 30s`.

use std::time::Duration;

/// Parses a duration with its unit, for clap's `value_parser`.
///
/// # Errors
///
/// What is wrong with the text; a bare number is an error, because its unit would be a guess.
pub(crate) fn parse(text: &str) -> Result<Duration, humantime::DurationError> {
    humantime::parse_duration(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_understood() {
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("1m 30s"), Ok(Duration::from_secs(90)));
    }

    #[test]
    fn a_number_without_a_unit_is_refused() {
        assert!(parse("3").is_err());
        assert!(parse("-1s").is_err());
    }
}
