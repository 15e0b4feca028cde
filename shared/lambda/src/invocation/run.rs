//! One invocation of a function.

use super::deadline::Deadline;
use lambda_runtime::Context;
use std::sync::Arc;
use trailseal::finding::Stamp;
use trailseal::receipt::ReceiptStamp;

/// An invocation: the time that it has left, and the names by which Lambda knows it.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(super) deadline: Deadline,
    pub(super) request_id: Arc<str>,
    pub(super) function_version: Arc<str>,
}

impl Run {
    /// Returns the invocation with this context.
    pub(crate) fn of(context: &Context) -> Self {
        Self {
            deadline: Deadline::of_invocation(context.deadline()),
            request_id: context.request_id.as_str().into(),
            function_version: context.env_config.version.as_str().into(),
        }
    }

    /// Returns the stamp of a receipt of this invocation.
    pub(super) fn stamp<'a>(&'a self, stamp: Stamp<'a>) -> ReceiptStamp<'a> {
        ReceiptStamp {
            function: stamp.function,
            function_version: &self.function_version,
            request_id: &self.request_id,
            checked_at: stamp.detected_at,
        }
    }
}
