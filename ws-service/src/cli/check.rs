//! Whether the settings make sense together; and `check-config`, which says so.

use ws_service::{ConfigError, Limits};

use super::complaint::{Complaint, Source};
use super::layers::Layer;
use super::settings::{Mismatch, Settings};

/// Checks what no setting shows alone.
///
/// # Errors
/// Everything that is wrong.
pub(super) fn settings(settings: &Settings, given: &Layer) -> Result<(), Vec<Complaint>> {
    let mut complaints = Vec::new();
    if let Err(error) = settings.config().validate() {
        complaints.push(complaint(culprits(&error), error.to_string(), given));
    }
    let Limits { high_water, queued_bytes, .. } = settings.config().limits;
    if high_water > queued_bytes {
        let what = format!(
            "above {queued_bytes} bytes a queue overflows, so nobody would be told to slow down at \
             {high_water}: lower high_water, or raise max_queue"
        );
        complaints.push(complaint(&["high_water", "max_queue"], what, given));
    }
    if let Some(endpoint) = settings.listening.twice(settings.admin.endpoints()) {
        let what = format!("{endpoint} is named twice");
        let of_admin = settings.admin.endpoints().any(|it| it == endpoint);
        let names: &[_] = if of_admin { &["listen", "admin", "admin_socket"] } else { &["listen"] };
        complaints.push(complaint(names, what, given));
    }
    if let Err(error) = settings.admin.config() {
        complaints.push(complaint(&["admin_token_file"], error.to_string(), given));
    }
    match settings.tls.load() {
        Err(Mismatch { settings, what }) => complaints.push(complaint(settings, what, given)),
        Ok(None) if settings.listening.needs_tls() => {
            let what = "a listener that speaks TLS needs a certificate and its key";
            complaints.push(complaint(&["listen", "tls_certificate"], what, given));
        }
        Ok(_) => {}
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints) }
}

/// One about several settings.
fn complaint(names: &[&str], what: impl Into<String>, given: &Layer) -> Complaint {
    let source = |name: &str| given.get(name).map_or(&Source::Default, |given| &given.source);
    let places: Vec<_> = names.iter().map(|name| format!("{name} ({})", source(name))).collect();
    let place = if places.is_empty() { "the configuration".to_owned() } else { places.join(", ") };
    Complaint::new(&place, what)
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
