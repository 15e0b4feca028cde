//! The queues and the topic: where findings, alerts and messages go.

mod events;
mod findings;
mod own;
pub mod passage;
pub mod ports;
mod retry_after;
mod sqs;
mod topic;

pub use events::EventQueue;
pub use findings::FindingsQueue;
pub use own::OwnQueue;
pub use retry_after::retry_after;
pub use sqs::receive_count;
pub use topic::AlertTopic;
