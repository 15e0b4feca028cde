//! The edge to Lambda: start-up, batches, deadlines, and one summary line an object.

mod batch;
mod deadline;
mod metrics;
mod start;

pub use batch::{Check, Checked};
pub use deadline::Deadline;
pub use start::{Edge, StartError};
