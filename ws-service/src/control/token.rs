//! The secret that whoever uses the admin listener must know.

use std::fmt;
use std::path::Path;
use std::{fs, io};

use subtle::ConstantTimeEq;

/// Shorter ones are too easily guessed.
const SHORTEST: usize = 16;

/// A bearer token (RFC 6750).
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(Box<str>);

/// Why there is no token in a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("it can't be read: {0}")]
    Io(#[from] io::Error),
    #[error("a token has from {SHORTEST} to 512 letters, digits or any of -._~+/=, on one line")]
    Malformed,
}

impl Token {
    /// Reads the file's one line.
    pub(crate) fn read(path: &Path) -> Result<Self, TokenError> {
        fs::read_to_string(path)?.trim_ascii().parse()
    }

    /// Whether it is this one; how long that takes says nothing about it but its length.
    pub(super) fn is(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.as_bytes()).into()
    }
}

impl std::str::FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
        if (SHORTEST..=512).contains(&text.len()) && text.chars().all(is_allowed) {
            Ok(Self(text.into()))
        } else {
            Err(TokenError::Malformed)
        }
    }
}

/// A secret is not for logs.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_itself_and_no_other() {
        let token: Token = "0123456789abcdef".parse().unwrap();
        assert!(token.is("0123456789abcdef"));
        assert!(!token.is("0123456789abcdeg") && !token.is("0123456789abcde") && !token.is(""));
        assert_eq!(format!("{token:?}"), "Token");
    }

    #[test]
    fn what_could_not_stand_in_a_header_or_is_too_short_is_none() {
        for text in ["", "short", "with a space in it", "0123456789abcde\n0", "0123456789abcdeé"] {
            assert!(text.parse::<Token>().is_err(), "{text:?}");
        }
    }
}
