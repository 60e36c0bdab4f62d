//! The configuration file: TOML, one key for each setting, no sections.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::complaint::{Complaint, Source};

/// Bytes of a file at most: what is longer is something else.
const LONGEST: u64 = 1024 * 1024;

/// What a file says of one setting.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: Value,
    pub(super) source: Source,
}

/// A value, as it would stand in a flag.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value {
    One(String),
    List(Vec<String>),
    /// Nothing that a flag could say.
    Other(&'static str),
}

/// Reads a file. What can be understood of one with mistakes comes along, so that all are told at once.
///
/// # Errors
/// It can't be read.
pub(super) fn read(path: &Path) -> io::Result<(Vec<Entry>, Vec<Complaint>)> {
    let mut text = String::new();
    let length = File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if length as u64 > LONGEST {
        return Err(io::Error::other("it is longer than 1 MiB"));
    }
    Ok(parse(path, &text))
}

fn parse(path: &Path, text: &str) -> (Vec<Entry>, Vec<Complaint>) {
    let path: Arc<Path> = path.into();
    let place = |offset: usize| {
        let line = 1 + text[..offset].bytes().filter(|&it| it == b'\n').count();
        Source::File(Arc::clone(&path), line)
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    let complaints = errors.iter().map(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        Complaint::new(&place(offset), error.message())
    });
    let entries = table.get_ref().iter().map(|(key, value)| Entry {
        name: key.get_ref().clone().into_owned(),
        value: as_flag(value.get_ref()),
        source: place(key.span().start),
    });
    let mut entries: Vec<_> = entries.collect();
    entries.sort_by_key(|entry| match entry.source {
        Source::File(_, line) => line,
        _ => 0,
    });
    (entries, complaints.collect())
}

fn as_flag(value: &DeValue<'_>) -> Value {
    let DeValue::Array(items) = value else {
        return scalar(value).map_or(Value::Other(value.type_str()), Value::One);
    };
    let texts: Option<Vec<_>> = items.iter().map(|item| scalar(item.get_ref())).collect();
    texts.map_or(Value::Other("list of lists or tables"), Value::List)
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Integer(number) => {
            let value = i128::from_str_radix(number.as_str(), number.radix());
            Some(value.map_or_else(|_| number.to_string(), |value| value.to_string()))
        }
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Value {
        let (mut entries, complaints) = parse(Path::new("f"), text);
        assert_eq!(complaints, []);
        entries.pop().unwrap().value
    }

    #[test]
    fn values_are_what_a_flag_would_say() {
        assert_eq!(one("a = 'x'"), Value::One("x".to_owned()));
        assert_eq!(one("a = 65_536"), Value::One("65536".to_owned()));
        assert_eq!(one("a = 0x10"), Value::One("16".to_owned()));
        assert_eq!(one("a = -1"), Value::One("-1".to_owned()));
        assert_eq!(one("a = 1.5"), Value::One("1.5".to_owned()));
        assert_eq!(one("a = true"), Value::One("true".to_owned()));
        assert_eq!(one("a = ['x', 2]"), Value::List(vec!["x".to_owned(), "2".to_owned()]));
        assert_eq!(one("a = []"), Value::List(vec![]));
        assert_eq!(one("a = 2026-11-24"), Value::Other("datetime"));
        assert_eq!(one("a = [['x']]"), Value::Other("list of lists or tables"));
        assert_eq!(one("[a]"), Value::Other("table"));
    }

    #[test]
    fn entries_know_their_line_and_come_in_order() {
        let (entries, complaints) = parse(Path::new("f"), "# a comment\nb = 1\n\na = 2\n");
        assert_eq!(complaints, []);
        let lines: Vec<_> = entries.iter().map(|it| (&*it.name, it.source.to_string())).collect();
        assert_eq!(lines, [("b", "f:2".to_owned()), ("a", "f:4".to_owned())]);
    }

    #[test]
    fn every_mistake_has_its_line() {
        let (_, complaints) = parse(Path::new("f"), "a = \nb = 1\nb = 2\nc = 'x\n");
        let places: Vec<_> = complaints.iter().map(|it| it.to_string()[..4].to_owned()).collect();
        assert_eq!(places, ["f:1:", "f:3:", "f:4:"], "{complaints:?}");
    }
}
