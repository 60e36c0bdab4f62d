//! The configuration file: TOML, one key for each setting, no sections.

use std::collections::BTreeMap;
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
    let mut bytes = Vec::new();
    let length = File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if length as u64 > LONGEST {
        return Err(io::Error::other("it is longer than 1 MiB"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(parse(path, &text)),
        Err(error) => {
            let (good, _) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
            let place = Source::File(path.into(), line(good));
            Ok((Vec::new(), vec![Complaint::new(&place, "this is no text: files are in UTF-8")]))
        }
    }
}

/// The line that comes behind these bytes.
fn line(before: &[u8]) -> usize {
    before.split(|&it| it == b'\n').count()
}

fn parse(path: &Path, text: &str) -> (Vec<Entry>, Vec<Complaint>) {
    let path: Arc<Path> = path.into();
    let line_at = |offset: usize| line(&text.as_bytes()[..offset]);
    let place = |line: usize| Source::File(Arc::clone(&path), line);
    let (table, errors) = DeTable::parse_recoverable(text);
    // What follows from the first mistake of a line is none of its own.
    let mut mistakes = BTreeMap::new();
    for error in &errors {
        let line = line_at(error.span().map_or(0, |span| span.start));
        mistakes.entry(line).or_insert(error.message());
    }
    let entries = table.get_ref().iter().filter_map(|(key, value)| {
        let lines = line_at(key.span().start)..=line_at(value.span().end);
        let name = key.get_ref().clone().into_owned();
        let is_whole = mistakes.range(lines.clone()).next().is_none();
        let value = as_flag(value.get_ref());
        is_whole.then(|| (*lines.start(), Entry { name, value, source: place(*lines.start()) }))
    });
    let mut entries: Vec<_> = entries.collect();
    entries.sort_by_key(|&(line, _)| line);
    let complaints = mistakes.into_iter().map(|(line, message)| {
        let text = text.lines().nth(line - 1).unwrap_or_default();
        Complaint::new(&place(line), advice(text, message))
    });
    let complaints = complaints.collect();
    (entries.into_iter().map(|(_, entry)| entry).collect(), complaints)
}

/// What is wrong with a line that is no TOML, and what it should be.
fn advice(line: &str, message: &str) -> String {
    let (key, value) = line.split_once('=').unwrap_or(("", line));
    let (key, value) = (key.trim(), value.split('#').next().unwrap_or_default().trim());
    let is_bare = value.starts_with(|it: char| !"'\"[{".contains(it));
    match message {
        "duplicate key" => {
            format!("{key} is set twice: one of the two must go")
        }
        _ if is_bare && !key.is_empty() => {
            format!("text stands in quotes: {key} = {}", toml::Value::from(value))
        }
        _ => format!("{message}; a setting is written name = value, with text in quotes"),
    }
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
        // People write permissions like that, and mean its digits.
        DeValue::Integer(number) if number.radix() == 8 => Some(number.to_string()),
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
        assert_eq!(one("a = 0o660"), Value::One("0o660".to_owned()));
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

    /// What is said of a line, which is one thing only.
    fn said(text: &str) -> String {
        let (_, complaints) = parse(Path::new("f"), text);
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        complaints[0].to_string()
    }

    #[test]
    fn what_is_no_toml_is_told_how_to_be() {
        let quotes = |rest: &str| format!("f:1: text stands in quotes: {rest}");
        assert_eq!(said("listen = 127.0.0.1:9001"), quotes("listen = \"127.0.0.1:9001\""));
        assert_eq!(said("ping_after = 5s # five"), quotes("ping_after = \"5s\""));
        assert!(said("a = 1\na = 2").starts_with("f:2: a is set twice: "));
        assert!(
            said("ping_after: 5s")
                .ends_with("a setting is written name = value, with text in quotes")
        );
        assert!(said("a = 'x").starts_with("f:1: invalid literal string, expected `'`; "));
        assert!(said("a = [1, 2").contains("unclosed array"));
    }

    #[test]
    fn a_line_with_a_mistake_says_nothing_else() {
        let (entries, _) = parse(Path::new("f"), "a = 127.0.0.1:9001\nb = [1,\nx]\nc = 1\n");
        let names: Vec<_> = entries.iter().map(|it| &*it.name).collect();
        assert_eq!(names, ["c"]);
    }
}
