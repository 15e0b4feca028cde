//! A function and everything that it acts through.

use super::publisher::Publisher;
use super::resender::Resender;
use super::unrelated::UnrelatedMessages;
use crate::queue::ports::Ports;
use crate::queue::{FindingsQueue, OwnQueue};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use trailseal::names::places::Places;
use trailseal_aws::EvidenceBucket;

/// A function's check, and everything that the check acts through.
pub(crate) struct Service<C, P: Ports> {
    pub(crate) check: C,
    pub(crate) places: Places,
    /// Whether the messages are about past digests, which are verified again.
    pub(crate) is_history: bool,
    pub(crate) publisher: Publisher<P>,
    pub(crate) resender: Resender<P>,
    pub(crate) unrelated: UnrelatedMessages,
    /// How many bytes of objects were read since the last invocation ended.
    pub(crate) bytes_read: Arc<AtomicU64>,
}

/// The queues and the evidence bucket of the stack.
pub(crate) struct Stack;

impl Ports for Stack {
    type Findings = FindingsQueue;
    type Queue = OwnQueue;
    type Evidence = EvidenceBucket;
}
