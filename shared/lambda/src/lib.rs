//! The code that the Lambda functions share. The modules, from the lowest to the highest:
//!
//! - [`queue`]: the queues and the topic, and what a message carries from one try to the next
//! - [`config`]: the configuration from the environment and the evidence bucket
//! - [`invocation`]: batches, deadlines, retries, metrics and receipts
//! - [`startup`]: from the environment to a running function

pub mod config;
pub mod invocation;
pub mod queue;
pub mod startup;

pub use invocation::{
    Check, Checked, Deadline, Record, Rehearsal, RehearsalSettings, Work, WorkError, in_time,
    send_report, write_alert, write_append, write_known_findings, write_open_incidents,
    write_round, write_settings_look,
};
pub use startup::{AlerterStartup, AnswerBatch, ExporterStartup, Startup, start_logging};
