//! The edge to Lambda: start-up, batches, deadlines, and one summary line an object.

mod batch;
mod deadline;
mod metrics;
mod start;
mod unrelated;

pub use crate::arrival::Arrival;
pub use batch::{Check, Checked};
pub use deadline::Deadline;
pub use start::{Edge, StartError};
