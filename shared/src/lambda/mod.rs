//! The edge to Lambda: start-up, batches, deadlines, and one summary line an object.

mod batch;
mod deadline;
mod item;
mod metrics;
mod retry;
mod start;
mod unrelated;

pub use crate::arrival::Arrival;
pub use deadline::Deadline;
pub use item::{Check, Checked};
pub use start::{Edge, StartError};
