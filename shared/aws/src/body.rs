//! The content of an object in S3.

use super::error::chain;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::timeout;
use trailseal::world::{Body, Cause, StoreError};

/// How long nothing may arrive, as in the SDK's protection against stalled streams:
/// <https://docs.aws.amazon.com/sdk-for-rust/latest/dg/timeouts.html>.
const STALLED_AFTER: Duration = Duration::from_secs(5);

/// An object's content, read as it arrives.
#[derive(Debug)]
pub struct S3Body {
    stream: ByteStream,
    subject: String,
    /// How many bytes of objects were read.
    read: Arc<AtomicU64>,
}

impl S3Body {
    /// Returns the content of `subject`, whose bytes are counted in `read`.
    pub(crate) fn new(stream: ByteStream, subject: String, read: Arc<AtomicU64>) -> Self {
        Self {
            stream,
            subject,
            read,
        }
    }
}

impl S3Body {
    fn unfinished(&self, why: impl Into<String>) -> StoreError {
        StoreError {
            action: "finish reading",
            subject: self.subject.clone(),
            cause: Cause::Unavailable(why.into()),
        }
    }
}

impl Body for S3Body {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let Ok(next) = timeout(STALLED_AFTER, self.stream.next()).await else {
            return Err(self.unfinished(format!("nothing arrived for {STALLED_AFTER:?}")));
        };
        match next {
            None => Ok(None),
            Some(Ok(bytes)) => {
                let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                self.read.fetch_add(count, Ordering::Relaxed);
                Ok(Some(bytes))
            }
            Some(Err(error)) => Err(self.unfinished(chain(&error))),
        }
    }
}
