//! The queues and the topic: where findings, alerts and messages go.

mod events;
mod findings;
mod own;
pub mod passage;
pub mod ports;
mod sqs;
mod stack_parts;
mod topic;

pub use events::EventQueue;
pub use findings::FindingsQueue;
pub use own::OwnQueue;
pub use sqs::receive_count;
pub use stack_parts::{PartNames, StackParts};
pub use topic::AlertTopic;
