//! Whether the settings make sense together; and `check-config`, which says so.

use ws_service::ConfigError;

use super::complaint::{Complaint, Source};
use super::layers::Layer;
use super::settings::Settings;

/// Checks what no setting shows alone.
///
/// # Errors
/// Everything that is wrong.
pub(super) fn settings(settings: &Settings, given: &Layer) -> Result<(), Vec<Complaint>> {
    match settings.config().validate() {
        Ok(()) => Ok(()),
        Err(error) => Err(vec![complaint(&error, given)]),
    }
}

fn complaint(error: &ConfigError, given: &Layer) -> Complaint {
    let names = culprits(error);
    let source = |name: &str| given.get(name).map_or(&Source::Default, |given| &given.source);
    let places: Vec<_> = names.iter().map(|name| format!("{name} ({})", source(name))).collect();
    let place = if places.is_empty() { "the configuration".to_owned() } else { places.join(", ") };
    Complaint::new(&place, error.to_string())
}

/// The settings that an error is about.
const fn culprits(error: &ConfigError) -> &'static [&'static str] {
    match error {
        ConfigError::HangUpNotAfterPing { .. } | ConfigError::HangUpWithoutPing { .. } => {
            &["ping_after", "hangup_after"]
        }
        ConfigError::LowAboveHighWater { .. } => &["low_water", "high_water"],
        // The others are found where a value is read.
        _ => &[],
    }
}
