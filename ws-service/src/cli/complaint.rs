//! What is wrong with a configuration: one line each, with its place and what would be right.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Where a setting's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// Nobody has said anything.
    Default,
    /// A line of a file.
    File(Arc<Path>, usize),
    /// An environment variable.
    Variable(String),
    /// A flag.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

/// One mistake.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub(super) struct Complaint {
    place: String,
    what: String,
}

impl Complaint {
    pub(super) fn new(place: &impl ToString, what: impl Into<String>) -> Self {
        // One line each, whatever the libraries say.
        Self { place: place.to_string(), what: what.into().replace('\n', " ") }
    }
}

/// What clap has against a value, without its talk of flags.
pub(super) fn objection(error: &clap::Error) -> String {
    let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) else {
        return first_line(error);
    };
    match (error.kind(), error.get(ContextKind::ValidValue)) {
        (ErrorKind::InvalidValue, Some(ContextValue::Strings(allowed))) => {
            format!("{value:?} is none of {}", allowed.join(", "))
        }
        _ => match std::error::Error::source(error) {
            Some(reason) => format!("{value:?}: {reason}"),
            None => first_line(error),
        },
    }
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}
