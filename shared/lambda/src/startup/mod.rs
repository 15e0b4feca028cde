//! From the environment to a running function.

mod alerter;
mod checks;

pub use alerter::{AlerterStartup, AnswerBatch};
pub use checks::{StartError, Startup};
