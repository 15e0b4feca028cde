//! The day before the cuts of `docs/scale.md`: the settings of the template, a message for each past
//! digest, and the log lines with a metric line for each object. With batches of one digest,
//! everything else takes the same.

use super::settings::{Function, Settings};

/// Returns the settings before the cuts.
pub(crate) fn settings(now: &Settings) -> Settings {
    let mut before = now.clone();
    for (function, settings) in &mut before.functions {
        match function {
            Function::DigestValidator => settings.window = 0.0,
            Function::LogVerifier => {
                settings.window = 0.0;
                settings.batch = 1;
            }
            Function::HistoryDigestValidator => settings.batch = 10,
            Function::HistoryLogVerifier => {
                settings.batch = 10;
                settings.memory_mb = 1769.0;
            }
            _ => {}
        }
    }
    before
}

/// Returns the bytes of log lines for each message, as this benchmark counted them before the cuts,
/// with 500 accounts. `watchdog` writes the same lines.
pub(crate) const fn logged(function: Function) -> Option<f64> {
    match function {
        Function::DigestValidator => Some(1739.0),
        Function::LogVerifier => Some(1727.0),
        Function::KmsContextChecker => Some(1060.0),
        Function::HistoryDigestValidator => Some(743.0),
        Function::HistoryLogVerifier => Some(739.0),
        Function::DeletionMonitor
        | Function::Watchdog
        | Function::SettingsMonitor
        | Function::Alerter => None,
    }
}
