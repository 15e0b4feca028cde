//! Configuration from the environment, checked as a whole: all problems are reported at once.

mod alerter;
mod checks;
mod exporter;
mod list_document;
mod lists;
mod pinned_keys;
mod settings_monitor;
mod variables;
mod watch_settings;
mod watchdog;

pub use alerter::AlerterConfig;
pub use checks::Config;
pub use exporter::ExporterConfig;
pub use lists::ListsError;
pub use pinned_keys::{PinnedError, PinnedKeys};
pub use settings_monitor::{PartNames, SettingsMonitorConfig};
pub use variables::ConfigError;
pub use watchdog::{EvidenceLogConfig, WatchdogConfig};

pub(crate) use lists::read as read_lists;
pub(crate) use pinned_keys::read as read_pinned_keys;
