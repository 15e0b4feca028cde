//! From the environment to a running function.

mod alerter;
mod checks;
mod logging;

pub use alerter::{AlerterStartup, AnswerBatch};
pub use checks::{StartError, Startup};
pub use logging::start as start_logging;
