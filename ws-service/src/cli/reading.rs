//! Reading the lower layers, the file and the environment, one setting at a time.

use std::io;
use std::path::Path;

use clap::{Arg, ArgAction, Command};

use super::complaint::{Complaint, Source, objection};
use super::file::{self, Value};
use super::layers::{self, FILE_VARIABLE, Given, Inputs, Layer, PREFIX};

/// From 0, nothing alike, to 1: a name is taken for a misspelt one.
const ALIKE: f64 = 0.6;

/// The file and the environment, while they are read.
pub(super) struct Reading {
    command: Command,
    pub(super) given: Layer,
    pub(super) ignored: Vec<String>,
    pub(super) complaints: Vec<Complaint>,
}

impl Reading {
    /// Reads what `inputs` name, and checks it against the flags of `command`.
    pub(super) fn all(command: Command, inputs: &Inputs) -> Self {
        let given = Layer::new();
        let mut reading = Self { command, given, ignored: Vec::new(), complaints: Vec::new() };
        reading.file(inputs);
        reading.variables(inputs);
        reading
    }

    fn file(&mut self, inputs: &Inputs) {
        let named = inputs.file.clone().or_else(|| inputs.variable(FILE_VARIABLE).map(Into::into));
        let path = named.as_deref().unwrap_or(&inputs.default_file);
        match file::read(path) {
            Ok((entries, complaints)) => {
                self.complaints.extend(complaints);
                for entry in entries {
                    self.entry(entry);
                }
            }
            Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.unreadable(path, &error),
        }
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        let what = format!("the configuration file can't be read: {error}");
        self.complaints.push(Complaint::new(&path.display(), what));
    }

    fn entry(&mut self, entry: file::Entry) {
        let file::Entry { name, value, source } = entry;
        let values = match (self.find(&name), value) {
            (None, value) => {
                let what = self.unknown(&name, &value);
                return self.complaints.push(Complaint::new(&source, what));
            }
            (Some(_), Value::One(value)) => Ok(vec![value]),
            (Some(argument), Value::List(_)) if !is_list(argument) => {
                Err("takes one value, not a list")
            }
            (Some(argument), Value::List(values)) if values.is_empty() => {
                if argument.get_default_values().is_empty() {
                    return;
                }
                Err("takes at least one value")
            }
            (Some(_), Value::List(values)) => Ok(values),
            (Some(_), Value::Other("table")) => Err("is a setting, and settings have no sections"),
            (Some(_), Value::Other(_)) => Err("takes a string, a number, or a list of those"),
        };
        match values {
            Ok(values) => self.take(&name, Given { values, source }),
            Err(what) => self.complaints.push(Complaint::new(&source, format!("{name} {what}"))),
        }
    }

    fn variables(&mut self, inputs: &Inputs) {
        for (variable, value) in &inputs.variables {
            let Some(variable) = variable.to_str().filter(|it| it.starts_with(PREFIX)) else {
                continue;
            };
            let name = variable[PREFIX.len()..].to_lowercase();
            let is_exact = layers::variable(&name) == variable;
            match value.to_str() {
                _ if variable == FILE_VARIABLE => {}
                _ if self.find(&name).is_none() || !is_exact => self.stranger(variable, &name),
                Some(value) => {
                    let source = Source::Variable(variable.to_owned());
                    self.take(&name, Given { values: vec![value.to_owned()], source });
                }
                None => self.complaints.push(Complaint::new(&variable, "is not UTF-8")),
            }
        }
    }

    /// A variable that is none of ours: others have names like that, too, but misspelt ones are told.
    fn stranger(&mut self, variable: &str, name: &str) {
        match self.nearest(name) {
            Some(nearest) => {
                let what = format!("no such setting; did you mean {}?", layers::variable(nearest));
                self.complaints.push(Complaint::new(&variable, what));
            }
            None => self.ignored.push(variable.to_owned()),
        }
    }

    /// Takes what is said of a setting, if it may be said.
    fn take(&mut self, name: &str, given: Given) {
        match self.command.clone().try_get_matches_from(layers::arguments(name, &given.values)) {
            Ok(_) => {
                self.given.insert(name.to_owned(), given);
            }
            Err(error) => {
                let what = format!("{name} = {}", objection(&error));
                self.complaints.push(Complaint::new(&given.source, what));
            }
        }
    }

    fn find(&self, name: &str) -> Option<&Arg> {
        self.command.get_arguments().find(|it| it.get_id() == name)
    }

    fn unknown(&self, name: &str, value: &Value) -> String {
        let hint = match (self.nearest(name), value) {
            (Some(nearest), _) => format!("did you mean {nearest}?"),
            (None, Value::Other("table")) => "settings have no sections".to_owned(),
            (None, _) => "ws-service print-config --default lists all settings".to_owned(),
        };
        format!("no such setting: {name}; {hint}")
    }

    /// The setting that may have been meant.
    fn nearest(&self, name: &str) -> Option<&str> {
        let name = name.replace('-', "_").to_lowercase();
        let names = self.command.get_arguments().map(|it| it.get_id().as_str());
        let alike = |it: &str| strsim::normalized_damerau_levenshtein(it, &name);
        let scored = names.map(|it| (alike(it), it)).filter(|&(score, _)| score > ALIKE);
        scored.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, name)| name)
    }
}

fn is_list(argument: &Arg) -> bool {
    matches!(argument.get_action(), ArgAction::Append)
}
