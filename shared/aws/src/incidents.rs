//! Documents of the evidence bucket that several functions may write at the same time.

use super::error::store_error;
use super::evidence::EvidenceBucket;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use trailseal::world::{ReplaceEvidence, StoreError, Versioned};

impl ReplaceEvidence for EvidenceBucket {
    async fn look_up(&self, key: &str, limit: usize) -> Result<Option<Versioned>, StoreError> {
        let found = self.read(key, limit).await?;
        Ok(found.map(|(document, version)| Versioned { document, version }))
    }

    /// S3 writes only if the version is still the one that was read: 412 means that it is not, and
    /// 409 that another write was in progress.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
    async fn replace(
        &self,
        key: &str,
        document: String,
        version: Option<&str>,
    ) -> Result<bool, StoreError> {
        let Some(put) = self.put(key) else {
            return Ok(true);
        };
        let put = put
            .content_type("application/json")
            .body(document.into_bytes().into());
        let put = match version {
            Some(version) => put.if_match(version),
            None => put.if_none_match("*"),
        };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error)
                if matches!(
                    error.code(),
                    // The last code occurs if the document was removed in the meantime.
                    Some("PreconditionFailed" | "ConditionalRequestConflict" | "NoSuchKey")
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(store_error("write", self.named(key), &error)),
        }
    }
}
