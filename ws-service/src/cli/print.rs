//! `print-config`: the settings as a file that says the same.

use std::fmt::Write;

use clap::{Arg, ArgAction};

use super::complaint::Source;
use super::layers::{self, Layer};

/// Columns of a comment.
const WIDTH: usize = 96;

/// The settings in force, each with where it comes from.
pub(super) fn effective(given: &Layer) -> String {
    let mut text = "# The settings in force, and where each comes from.\n".to_owned();
    for (heading, arguments) in by_heading() {
        section(&mut text, &heading);
        for argument in &arguments {
            let name = argument.get_id().as_str();
            let (values, source) = match given.get(name) {
                Some(given) => (given.values.clone(), &given.source),
                None => (defaults(argument), &Source::Default),
            };
            // A String takes everything.
            let _ = match value(argument, &values) {
                Some(value) => writeln!(text, "{name} = {value} # {source}"),
                None => writeln!(text, "# {name}: {source}"),
            };
        }
    }
    text
}

/// A file in which every setting stands with its documentation, its default, and a `#` before it.
pub(super) fn default_file() -> String {
    let mut text = format!(
        "# The configuration of ws-service. Looked for in {}, or where --config\n\
         # or {}CONFIG say. What is commented out shows the default.\n\
         #\n\
         # A flag goes before an environment variable, and that before this file: `ping_after` here is\n\
         # --ping-after as a flag and {} as a variable.\n",
        layers::DEFAULT_FILE,
        layers::PREFIX,
        layers::variable("ping_after"),
    );
    for (heading, arguments) in by_heading() {
        section(&mut text, &heading);
        for argument in &arguments {
            text.push('\n');
            comment(&mut text, argument);
            let name = argument.get_id();
            let value = value(argument, &defaults(argument)).unwrap_or_default();
            let _ = writeln!(text, "{}", format!("#{name} = {value}").trim_end());
        }
    }
    text
}

fn by_heading() -> Vec<(String, Vec<Arg>)> {
    let command = layers::command();
    let mut sections: Vec<(String, Vec<Arg>)> = Vec::new();
    for argument in command.get_arguments() {
        let heading = argument.get_help_heading().unwrap_or_default();
        match sections.last_mut() {
            Some((last, arguments)) if last == heading => arguments.push(argument.clone()),
            _ => sections.push((heading.to_owned(), vec![argument.clone()])),
        }
    }
    sections
}

fn section(text: &mut String, heading: &str) {
    let _ = writeln!(text, "\n# ---- {heading} ----");
}

/// What `--help` says of a setting.
fn comment(text: &mut String, argument: &Arg) {
    let help = argument.get_long_help().or(argument.get_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    let end = if help.ends_with([']', '.']) { "" } else { "." };
    paragraph(text, "# ", &format!("{help}{end}"));
    for value in argument.get_possible_values() {
        let help = value.get_help().map(|it| format!(": {it}")).unwrap_or_default();
        paragraph(text, "#   ", &format!("{}{help}", value.get_name()));
    }
}

fn paragraph(text: &mut String, indent: &str, words: &str) {
    let options = textwrap::Options::new(WIDTH).initial_indent(indent).subsequent_indent(indent);
    for line in textwrap::wrap(words, options) {
        let _ = writeln!(text, "{line}");
    }
}

fn defaults(argument: &Arg) -> Vec<String> {
    argument.get_default_values().iter().map(|it| it.to_string_lossy().into_owned()).collect()
}

/// Values in TOML; `None` if there is none.
fn value(argument: &Arg, values: &[String]) -> Option<String> {
    let mut values = values.iter().map(|it| scalar(it));
    let value = match argument.get_action() {
        ArgAction::Append if values.len() == 0 => return None,
        ArgAction::Append => toml::Value::Array(values.collect()),
        _ => values.next()?,
    };
    Some(value.to_string())
}

/// A number as a number, everything else as a string.
fn scalar(text: &str) -> toml::Value {
    match text.parse::<i64>() {
        Ok(number) if number.to_string() == text => number.into(),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::fs;

    use crate::cli::layers::Inputs;

    use super::*;

    fn load(text: &str) -> layers::Configuration {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, text).unwrap();
        let variables = Vec::<(OsString, OsString)>::new();
        let file = Some(file.path().to_owned());
        let default_file = "/nowhere".into();
        Inputs { file, flags: Layer::new(), variables, default_file }.load().unwrap()
    }

    #[test]
    fn the_default_file_says_the_defaults() {
        let text = default_file();
        assert!(load(&text).given.is_empty(), "all of it is a comment");
        let is_set = |line: &&str| line.starts_with('#') && line.contains(" = ");
        let lines: Vec<_> = text.lines().filter(is_set).map(|line| &line[1..]).collect();
        let configuration = load(&lines.join("\n"));
        assert_eq!(configuration.given.len(), lines.len());
        assert!(lines.len() > 30, "{lines:?}");
        let defaults = load("").settings;
        assert_eq!(configuration.settings.config(), defaults.config());
        assert_eq!(configuration.settings.net(), defaults.net());
    }

    #[test]
    fn every_setting_is_documented() {
        let text = default_file();
        for argument in layers::command().get_arguments() {
            assert!(argument.get_help().is_some(), "{argument}");
            assert!(text.contains(&format!("\n#{} =", argument.get_id())), "{argument}");
        }
    }

    #[test]
    fn what_is_printed_says_the_same_again() {
        let text =
            "listen = ['127.0.0.1:1', '[::1]:2']\nthreads = 3\ntls_authorities = 'say \"x\"'\n";
        let configuration = load(text);
        let printed = effective(&configuration.given);
        let again = load(&printed);
        let values = |layer: &Layer| -> Vec<_> {
            ["listen", "threads", "tls_authorities"].map(|name| layer[name].values.clone()).into()
        };
        assert_eq!(values(&again.given), values(&configuration.given));
        assert_eq!(again.settings.config(), configuration.settings.config());
        assert!(printed.contains("threads = 3 # ") && printed.contains(":2\n"), "{printed}");
        assert!(printed.contains("close_timeout = \"5s\" # default\n"), "{printed}");
    }
}
