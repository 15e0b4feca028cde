//! The edge to Lambda: start-up, batches, deadlines, and one summary line an object.

mod batch;
mod deadline;
mod item;
mod lists;
mod metrics;
mod pinned;
mod retry;
mod start;
mod unrelated;

pub use crate::arrival::Arrival;
pub use deadline::Deadline;
pub use item::{Check, Checked};
pub use lists::ListsError;
pub use metrics::write_alert;
pub use pinned::PinnedError;
pub use start::{Edge, StartError};
