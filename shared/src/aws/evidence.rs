//! The evidence bucket.

use super::error::store_error;
use crate::store::{Cause, KeepEvidence, SettleEvidence, StoreError};
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;

/// The evidence bucket, if there is one: without it nothing is kept.
#[derive(Debug, Clone)]
pub struct EvidenceBucket {
    s3: Client,
    bucket: Option<String>,
}

impl EvidenceBucket {
    /// Documents in `bucket`.
    #[must_use]
    pub fn new(config: &SdkConfig, bucket: Option<String>) -> Self {
        Self {
            s3: Client::new(config),
            bucket,
        }
    }

    /// The client and the bucket, if there is one.
    pub(super) fn place(&self) -> Option<(&Client, &str)> {
        Some((&self.s3, self.bucket.as_deref()?))
    }

    /// Writes a document if none is there, and says whether none was.
    pub(super) async fn create(&self, key: &str, document: &str) -> Result<bool, StoreError> {
        let Some(bucket) = &self.bucket else {
            return Ok(true);
        };
        let put = self
            .s3
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type("application/json")
            .if_none_match("*")
            .body(document.as_bytes().to_vec().into())
            .send()
            .await;
        match put {
            Ok(_) => Ok(true),
            // The second says that another write of it is under way.
            Err(error)
                if matches!(
                    error.code(),
                    Some("PreconditionFailed" | "ConditionalRequestConflict")
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(store_error("write", named(bucket, key), &error)),
        }
    }
}

fn named(bucket: &str, key: &str) -> String {
    format!("s3://{bucket}/{key}")
}

impl KeepEvidence for EvidenceBucket {
    async fn keep(&self, key: &str, document: String) -> Result<(), StoreError> {
        let Some(bucket) = &self.bucket else {
            return Ok(());
        };
        self.s3
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type("application/json")
            .body(document.into_bytes().into())
            .send()
            .await
            .map_err(|error| store_error("write", named(bucket, key), &error))?;
        Ok(())
    }
}

impl SettleEvidence for EvidenceBucket {
    async fn waiting(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let Some(bucket) = &self.bucket else {
            return Ok(Vec::new());
        };
        let answer = self
            .s3
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .send()
            .await
            .map_err(|error| store_error("list", named(bucket, prefix), &error))?;
        let objects = answer.contents.unwrap_or_default().into_iter();
        Ok(objects.filter_map(|object| object.key).collect())
    }

    async fn recall(&self, key: &str, limit: usize) -> Result<Vec<u8>, StoreError> {
        let bucket = self.bucket.as_deref().unwrap_or_default();
        let answer = self.s3.get_object().bucket(bucket).key(key).send().await;
        let mut body = answer
            .map_err(|error| store_error("read", named(bucket, key), &error))?
            .body;
        let failed = |cause| StoreError {
            action: "read",
            subject: named(bucket, key),
            cause,
        };
        let mut document = Vec::new();
        while let Some(piece) = body.next().await {
            let piece =
                piece.map_err(|error| failed(Cause::Unavailable(super::error::told(&error))))?;
            if document.len().saturating_add(piece.len()) > limit {
                return Err(failed(Cause::Failed(format!(
                    "it has more than {limit} bytes"
                ))));
            }
            document.extend_from_slice(&piece);
        }
        Ok(document)
    }

    async fn discard(&self, key: &str) -> Result<(), StoreError> {
        let Some(bucket) = &self.bucket else {
            return Ok(());
        };
        self.s3
            .delete_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await
            .map_err(|error| store_error("remove", named(bucket, key), &error))?;
        Ok(())
    }
}
