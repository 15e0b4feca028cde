//! From the environment to a running function.

mod alerter;
mod batches;
mod checks;
mod exporter;
mod logging;

pub use alerter::AlerterStartup;
pub use batches::AnswerBatch;
pub use checks::{StartError, Startup};
pub use exporter::ExporterStartup;
pub use logging::start as start_logging;
