//! The edge to Lambda: start-up, batches, deadlines, and one summary line an object.

mod batch;
pub mod config;
pub mod config_list;
mod deadline;
mod findings;
mod item;
mod lists;
mod metrics;
pub mod passage;
mod pinned;
pub mod ports;
pub mod receipt;
mod retry;
mod sns;
mod sqs;
mod start;
mod unrelated;

pub use deadline::Deadline;
pub use findings::FindingsQueue;
pub use item::{Check, Checked};
pub use lists::ListsError;
pub use metrics::write_alert;
pub use pinned::PinnedError;
pub use sns::AlertTopic;
pub use sqs::OwnQueue;
pub use start::{Edge, StartError};
pub use trailseal::check::arrival::Arrival;
