//! SIGHUP: the configuration is loaded again. What can change while the service runs does; what can't is named.

use std::collections::BTreeSet;

use ws_service::{Handle, Protocol};

use super::layers::{Configuration, Given, Inputs, Layer};
use super::log::Switch;
use super::settings::AT_START;

/// What it takes to load the configuration again, and what is in force.
pub(super) struct Reload {
    inputs: Inputs,
    running: Layer,
    log: Switch,
}

impl Reload {
    pub(super) fn new(inputs: Inputs, configuration: &Configuration, log: Switch) -> Self {
        Self { inputs, running: configuration.given.clone(), log }
    }

    /// Loads it, and has the service obey; or says why everything stays as it is.
    pub(super) fn run<P: Protocol>(&mut self, service: &Handle<P>) {
        let configuration = match self.inputs.load() {
            Ok(configuration) => configuration,
            Err(complaints) => {
                for complaint in complaints {
                    tracing::error!(%complaint, "the configuration is not taken");
                }
                return;
            }
        };
        let Configuration { settings, given, .. } = configuration;
        if let Err(error) = service.reconfigure(&settings.config()) {
            tracing::error!(%error, "the configuration is not taken");
            return;
        }
        if let Err(error) = service.reload_tls() {
            tracing::error!(%error, "the certificates are not taken");
        }
        let (left, taken) = split(&self.running, &given);
        self.log.set(&settings.log);
        self.running = given;
        for (name, given) in &left {
            // What is in force is what it was.
            match given {
                Some(given) => self.running.insert(name.clone(), given.clone()),
                None => self.running.remove(name),
            };
        }
        if !left.is_empty() {
            let names: Vec<_> = left.into_iter().map(|(name, _)| name).collect();
            tracing::warn!(settings = names.join(" "), "these settings change with a restart only");
        }
        tracing::info!(changed = taken.join(" "), "the configuration is loaded again");
    }
}

/// The settings that differ: those that wait for a restart with what they are, and the others.
fn split(old: &Layer, new: &Layer) -> (Vec<(String, Option<Given>)>, Vec<String>) {
    let values = |layer: &Layer, name: &str| layer.get(name).map(|given| given.values.clone());
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let differ = names.into_iter().filter(|name| values(old, name) != values(new, name)).cloned();
    let (left, taken): (Vec<_>, _) = differ.partition(|name| AT_START.contains(&&**name));
    (left.into_iter().map(|name| (name.clone(), old.get(&name).cloned())).collect(), taken)
}

#[cfg(test)]
mod tests {
    use crate::cli::complaint::Source;
    use crate::cli::layers;

    use super::*;

    fn layer(values: &[(&str, &str)]) -> Layer {
        let given = |value: &str| Given { values: vec![value.to_owned()], source: Source::Default };
        values.iter().map(|&(name, value)| (name.to_owned(), given(value))).collect()
    }

    #[test]
    fn what_is_said_anew_differently_or_no_more_differs() {
        let old =
            layer(&[("listen", "a"), ("threads", "1"), ("max_mail", "1"), ("overflow", "drop")]);
        let new = layer(&[("listen", "b"), ("threads", "1"), ("max_mail", "2"), ("origin", "*")]);
        let (left, taken) = split(&old, &new);
        assert_eq!(left, [("listen".to_owned(), Some(old["listen"].clone()))]);
        assert_eq!(taken, ["max_mail", "origin", "overflow"]);
        assert_eq!(split(&new, &new), (vec![], vec![]));
    }

    #[test]
    fn what_waits_for_a_restart_exists() {
        let command = layers::command();
        for name in AT_START {
            assert!(command.get_arguments().any(|it| it.get_id() == name), "{name}");
        }
    }
}
