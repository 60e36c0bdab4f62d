//! The layers of the configuration: flags over environment variables over the file over defaults.
//!
//! clap knows the flags, the defaults, and what each setting may be. What the file and the environment say
//! is checked against that, one setting at a time, so that each mistake is told with its place; then the
//! uppermost layer that says something of a setting is parsed as if it stood on a command line.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::check;
use super::complaint::{Complaint, Source, objection};
use super::reading::Reading;
use super::settings::{Settings, note};

/// Where the file is looked for unless one is named; it may be absent.
pub(super) const DEFAULT_FILE: &str = "/etc/ws-service/ws-service.toml";
/// What the names of all environment variables begin with.
pub(super) const PREFIX: &str = "WS_SERVICE_";
/// Names the file.
pub(super) const FILE_VARIABLE: &str = "WS_SERVICE_CONFIG";

/// What one layer, or all together, say: by the setting's name.
pub(super) type Layer = BTreeMap<String, Given>;

/// What is said of a setting, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) values: Vec<String>,
    pub(super) source: Source,
}

/// What the process was started with: the same for each time the configuration is loaded.
#[derive(Debug, Clone)]
pub(super) struct Inputs {
    /// The file that a flag names.
    pub(super) file: Option<PathBuf>,
    /// What the other flags say.
    pub(super) flags: Layer,
    /// The environment.
    pub(super) variables: Vec<(OsString, OsString)>,
    /// The file that may be absent.
    pub(super) default_file: PathBuf,
}

/// All layers together.
#[derive(Debug)]
pub(super) struct Configuration {
    pub(super) settings: Settings,
    /// What has been said, and by whom; the rest is by default.
    pub(super) given: Layer,
    /// Variables that look like ours, and are none.
    pub(super) ignored: Vec<String>,
}

impl Inputs {
    /// Those of this process, with the flags that clap has found.
    pub(super) fn new(file: Option<PathBuf>, matches: &ArgMatches) -> Self {
        let variables = std::env::vars_os().collect();
        let default_file = DEFAULT_FILE.into();
        Self { file, flags: flags(matches), variables, default_file }
    }

    /// Reads and checks all layers.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub(super) fn load(&self) -> Result<Configuration, Vec<Complaint>> {
        let command = command();
        let Reading { mut given, ignored, complaints, .. } = Reading::all(command.clone(), self);
        given.extend(self.flags.clone());
        if !complaints.is_empty() {
            return Err(complaints);
        }
        let settings = parse(&command, &given)
            .map_err(|error| vec![Complaint::new(&"the configuration", objection(&error))])?;
        check::settings(&settings, &given)?;
        Ok(Configuration { settings, given, ignored })
    }

    /// What a variable says.
    pub(super) fn variable(&self, name: &str) -> Option<&OsString> {
        self.variables.iter().find(|(it, _)| it == name).map(|(_, value)| value)
    }
}

/// A command whose flags are the settings, and nothing else.
pub(super) fn command() -> Command {
    Settings::augment_args(Command::new("ws-service").no_binary_name(true)).mut_args(note)
}

/// A setting's environment variable.
pub(super) fn variable(name: &str) -> String {
    format!("{PREFIX}{}", name.to_uppercase())
}

fn flag(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}

fn flags(matches: &ArgMatches) -> Layer {
    let mut layer = Layer::new();
    for argument in command().get_arguments() {
        let name = argument.get_id().as_str();
        let is_given = matches.value_source(name) == Some(ValueSource::CommandLine);
        if is_given && let Some(values) = matches.get_raw(name) {
            // clap has parsed them: they are text.
            let values = values.map(|it| it.to_string_lossy().into_owned()).collect();
            layer.insert(name.to_owned(), Given { values, source: Source::Flag(flag(name)) });
        }
    }
    layer
}

fn parse(command: &Command, given: &Layer) -> Result<Settings, clap::Error> {
    let arguments = given.iter().flat_map(|(name, given)| arguments(name, &given.values));
    let mut matches = command.clone().try_get_matches_from(arguments)?;
    Settings::from_arg_matches_mut(&mut matches)
}

/// What a command line would say of a setting.
pub(super) fn arguments(name: &str, values: &[String]) -> impl Iterator<Item = String> {
    let flag = flag(name);
    values.iter().map(move |value| format!("{flag}={value}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    /// A file, and the environment; no flags.
    fn inputs(text: &str, variables: &[(&str, &str)]) -> (TempDir, Inputs) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f.toml");
        fs::write(&path, text).unwrap();
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        let inputs = Inputs {
            file: Some(path),
            flags: Layer::new(),
            variables: variables.collect(),
            default_file: "/nowhere/at/all".into(),
        };
        (directory, inputs)
    }

    /// What is said of it all, without the file's directory.
    fn complaints(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
        let (directory, inputs) = inputs(text, variables);
        let prefix = format!("{}/", directory.path().display());
        let complaints = inputs.load().err().unwrap_or_default();
        complaints.iter().map(|it| it.to_string().replace(&prefix, "")).collect()
    }

    fn flag(name: &str, value: &str) -> (String, Given) {
        let given =
            Given { values: vec![value.to_owned()], source: Source::Flag(super::flag(name)) };
        (name.to_owned(), given)
    }

    #[test]
    fn flags_win_over_the_environment_over_the_file_over_defaults() {
        let file = "max_headers = 1\nmax_topics = 1\nmax_mail = 1";
        let environment = [("WS_SERVICE_MAX_TOPICS", "2"), ("WS_SERVICE_MAX_MAIL", "2")];
        let (_directory, mut inputs) = inputs(file, &environment);
        inputs.flags.extend([flag("max_mail", "3")]);
        let configuration = inputs.load().unwrap();
        let limits = configuration.settings.config().limits;
        assert_eq!((limits.headers, limits.topics_per_connection, limits.mail), (1, 2, 3));
        assert_eq!(limits.fragments, 65_536);
        let source = |name| configuration.given.get(name).map(|it| it.source.to_string());
        assert!(source("max_headers").unwrap().ends_with("f.toml:1"));
        assert_eq!(source("max_topics").unwrap(), "WS_SERVICE_MAX_TOPICS");
        assert_eq!(source("max_mail").unwrap(), "--max-mail");
        assert_eq!(source("max_fragments"), None);
    }

    #[test]
    fn a_list_is_replaced_as_a_whole() {
        let (_directory, mut inputs) = inputs(
            "listen = ['127.0.0.1:1', '127.0.0.1:2']",
            &[("WS_SERVICE_ORIGIN", "http://a,http://b")],
        );
        let settings = inputs.load().unwrap().settings;
        assert_eq!(settings.listening.listeners(None).count(), 2);
        assert_eq!(settings.listening.origin, ["http://a".into(), "http://b".into()]);
        inputs.flags.extend([flag("listen", "127.0.0.1:3")]);
        assert_eq!(inputs.load().unwrap().settings.listening.listeners(None).count(), 1);
    }

    #[test]
    fn the_default_file_may_be_absent_and_a_named_one_may_not() {
        let (directory, mut inputs) = inputs("", &[]);
        inputs.file = None;
        assert!(inputs.load().is_ok());
        let missing = directory.path().join("missing");
        inputs.file = Some(missing.clone());
        assert!(inputs.load().unwrap_err()[0].to_string().contains("can't be read"));
        inputs.file = None;
        inputs.variables.push((FILE_VARIABLE.into(), missing.into()));
        assert_eq!(inputs.load().unwrap_err().len(), 1, "named by a variable");
    }

    #[test]
    fn every_mistake_is_told_with_its_place_and_what_would_be_right() {
        let file = "ping-after = '1s'\nthreads = 0\ncompression = 'zip'\nlisten = []\n\
                    max_queue = [1]\nmax_mail = {}\nfrobnicate = 1\nlog_level = 3\n[limits]\nx = 1";
        assert_eq!(
            complaints(file, &[("WS_SERVICE_CLOSE_TIMEOUT", "5")]),
            [
                "f.toml:1: no such setting: ping-after; did you mean ping_after?",
                "f.toml:2: threads = \"0\": must be a whole number from 1 to 65535",
                "f.toml:3: compression = \"zip\" is none of off, shared, dedicated",
                "f.toml:4: listen takes at least one value",
                "f.toml:5: max_queue takes one value, not a list",
                "f.toml:6: max_mail is a setting, and settings have no sections",
                "f.toml:7: no such setting: frobnicate; ws-service print-config --default lists all \
                 settings",
                "f.toml:8: log_level = \"3\" is none of off, error, warn, info, debug, trace",
                "f.toml:9: no such setting: limits; settings have no sections",
                "WS_SERVICE_CLOSE_TIMEOUT: close_timeout = \"5\": time unit needed, for example 5sec \
                 or 5ms (such as 500ms, 30s, 2m)",
            ]
        );
    }

    #[test]
    fn what_makes_no_sense_together_names_both() {
        assert_eq!(
            complaints("ping_after = '5s'", &[("WS_SERVICE_HANGUP_AFTER", "5s")]),
            [
                "ping_after (f.toml:1), hangup_after (WS_SERVICE_HANGUP_AFTER): hang-up after 5s must \
              be later than ping after 5s"
            ]
        );
    }

    #[test]
    fn the_low_water_mark_follows_the_high_one_unless_it_is_given() {
        let (_directory, inputs) = inputs("high_water = '64KiB'", &[]);
        let limits = inputs.load().unwrap().settings.config().limits;
        assert_eq!((limits.low_water, limits.high_water), (None, 64 * 1024));
        let said = complaints("high_water = 9\nlow_water = 10", &[]);
        assert!(said[0].starts_with("low_water (f.toml:2), high_water (f.toml:1): "), "{said:?}");
    }

    /// Some systems put variables there for a service of that name.
    #[test]
    fn variables_of_others_are_let_be_and_misspelt_ones_are_not() {
        let others = ["PORT", "HOST", "SERVICE_HOST", "SERVICE_PORT", "PORT_9001_TCP_ADDR"];
        let others = others.map(|it| format!("{PREFIX}{it}"));
        let variables: Vec<_> = others.iter().map(|it| (&**it, "x")).collect();
        let (_directory, inputs) = inputs("", &variables);
        assert_eq!(inputs.load().unwrap().ignored, others);
        for misspelt in ["WS_SERVICE_PING_AFER", "WS_SERVICE_ping_after"] {
            let said = complaints("", &[(misspelt, "1s")]);
            let expected = "no such setting; did you mean WS_SERVICE_PING_AFTER?";
            assert_eq!(said, [format!("{misspelt}: {expected}")]);
        }
    }
}
