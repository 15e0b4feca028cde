//! The content of an object in S3.

use super::error::chain;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use trailseal::world::{Body, Cause, StoreError};

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

impl Body for S3Body {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        match self.stream.next().await {
            None => Ok(None),
            Some(Ok(bytes)) => {
                let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                self.read.fetch_add(count, Ordering::Relaxed);
                Ok(Some(bytes))
            }
            Some(Err(error)) => Err(StoreError {
                action: "finish reading",
                subject: self.subject.clone(),
                cause: Cause::Unavailable(chain(&error)),
            }),
        }
    }
}
