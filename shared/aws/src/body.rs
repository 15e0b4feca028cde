//! The content of an object in S3.

use super::error::chain;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::timeout;
use trailseal::world::{Body, Cause, StoreError};

/// The longest time for which nothing may arrive. The SDK's own protection against stalled streams waits
/// as long, where it is used: five seconds after a second without a byte.
/// <https://docs.aws.amazon.com/sdk-for-rust/latest/dg/timeouts.html>
pub(crate) const STALLED_AFTER: Duration = Duration::from_secs(6);

/// An object's content, read as it arrives.
#[derive(Debug)]
pub struct S3Body {
    stream: ByteStream,
    subject: String,
    /// How many bytes of this object were read.
    length: u64,
    /// How many bytes the object has, if that is known.
    size: Option<u64>,
    /// How many bytes of all objects were read.
    read: Arc<AtomicU64>,
}

impl S3Body {
    /// Returns the content of `subject`.
    pub(crate) fn new(stream: ByteStream, subject: String) -> Self {
        Self {
            stream,
            subject,
            length: 0,
            size: None,
            read: Arc::default(),
        }
    }

    /// Has the content end with an error if it has another number of bytes, if a number is given.
    pub(crate) fn of_size(mut self, size: Option<u64>) -> Self {
        self.size = size;
        self
    }

    /// Counts in `read` the bytes of all objects that are read.
    pub(crate) fn counting(mut self, read: Arc<AtomicU64>) -> Self {
        self.read = read;
        self
    }

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
            None => match self.size {
                Some(size) if size != self.length => {
                    let why = format!("{} of {size} bytes arrived", self.length);
                    Err(self.unfinished(why))
                }
                _ => Ok(None),
            },
            Some(Ok(bytes)) => {
                let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                self.length = self.length.saturating_add(count);
                self.read.fetch_add(count, Ordering::Relaxed);
                Ok(Some(bytes))
            }
            Some(Err(error)) => Err(self.unfinished(chain(&error))),
        }
    }
}
