//! The objects of the evidence log, and listings of documents with their times.

use super::error::store_error;
use super::evidence::EvidenceBucket;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::types::Object;
use jiff::Timestamp;
use trailseal::world::{
    Cause, FetchEvidence, ListStored, StoreError, StoreLog, StoredDocument, StoredPage,
};

impl FetchEvidence for EvidenceBucket {
    async fn fetch(&self, key: &str, limit: usize) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.read(key, limit).await?;
        Ok(found.map(|(document, _)| document))
    }
}

impl StoreLog for EvidenceBucket {
    /// 412 means that the key is not free. 409, that another request for the key was in progress,
    /// is an error, because that request may fail.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
    async fn create(&self, key: &str, content: Vec<u8>) -> Result<bool, StoreError> {
        let Some(put) = self.put(key) else {
            return Ok(true);
        };
        let put = put
            .content_type(content_type(key))
            .if_none_match("*")
            .body(content.into());
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("PreconditionFailed") => Ok(false),
            Err(error) => Err(store_error("write", self.named(key), &error)),
        }
    }

    async fn overwrite(&self, key: &str, content: Vec<u8>) -> Result<(), StoreError> {
        let Some(put) = self.put(key) else {
            return Ok(());
        };
        put.content_type(content_type(key))
            .body(content.into())
            .send()
            .await
            .map_err(|error| store_error("write", self.named(key), &error))?;
        Ok(())
    }
}

/// Returns the media type of an object of the log. <https://c2sp.org/tlog-tiles>
fn content_type(key: &str) -> &'static str {
    if key.rsplit('.').next() == Some("json") {
        "application/json"
    } else if key.ends_with("/checkpoint") || key.ends_with("/public-key") {
        "text/plain; charset=utf-8"
    } else {
        "application/octet-stream"
    }
}

impl ListStored for EvidenceBucket {
    async fn list_stored(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<StoredPage, StoreError> {
        let answer = self.page(prefix, after, None).await?;
        let objects = answer.contents.unwrap_or_default().into_iter();
        let documents: Option<Vec<StoredDocument>> = objects.map(stored).collect();
        // S3 documents both for each object. Without them, a document would be left out.
        let documents = documents.ok_or_else(|| StoreError {
            action: "list",
            subject: prefix.to_owned(),
            cause: Cause::Failed(
                "the answer of S3 has an object without a key or a time".to_owned(),
            ),
        })?;
        Ok(StoredPage {
            documents,
            more: answer.is_truncated == Some(true),
        })
    }

    async fn list_folders(&self, prefix: &str) -> Result<(Vec<String>, bool), StoreError> {
        let answer = self.page(prefix, None, Some("/")).await?;
        let folders = answer.common_prefixes.unwrap_or_default().into_iter();
        let folders = folders.filter_map(|folder| folder.prefix).collect();
        Ok((folders, answer.is_truncated == Some(true)))
    }
}

fn stored(object: Object) -> Option<StoredDocument> {
    let at = object.last_modified?;
    let nanoseconds = at.subsec_nanos().try_into().ok()?;
    Some(StoredDocument {
        key: object.key?,
        last_modified: Timestamp::new(at.secs(), nanoseconds).ok()?,
    })
}
