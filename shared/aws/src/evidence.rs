//! The evidence bucket.

use super::body::S3Body;
use super::error::store_error;
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{ChecksumAlgorithm, ObjectLockMode};
use jiff::Timestamp;
use trailseal::names::evidence_lock::{EvidenceLock, LockMode};
use trailseal::world::{
    AddEvidence, Body as _, Cause, KeepEvidence, ListEvidence, SettleEvidence, StoreError,
    WaitingPage,
};

/// The evidence bucket, if one is configured: without it, nothing is kept.
#[derive(Debug, Clone)]
pub struct EvidenceBucket {
    s3: Client,
    bucket: Option<String>,
    lock: Option<EvidenceLock>,
}

impl EvidenceBucket {
    /// Returns a store of documents in `bucket`.
    #[must_use]
    pub fn new(config: &SdkConfig, bucket: Option<String>) -> Self {
        Self {
            s3: Client::new(config),
            bucket,
            lock: None,
        }
    }

    /// Locks the documents that it writes.
    #[must_use]
    pub fn locking(mut self, lock: Option<EvidenceLock>) -> Self {
        self.lock = lock;
        self
    }

    /// Returns the request that writes a document, with the retention that it needs; `None` if no
    /// bucket is configured.
    ///
    /// "The Content-MD5 or x-amz-sdk-checksum-algorithm header is required for any request to upload
    /// an object with a retention period configured using Amazon S3 Object Lock"
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>).
    pub(super) fn put(&self, key: &str) -> Option<PutObjectFluentBuilder> {
        let bucket = self.bucket.as_deref()?;
        let put = self.s3.put_object().bucket(bucket).key(key);
        let locked = self.lock.and_then(|lock| {
            let until = lock.retain_until(key, Timestamp::now())?;
            Some((lock.mode, until))
        });
        let Some((mode, until)) = locked else {
            return Some(put);
        };
        let mode = match mode {
            LockMode::Governance => ObjectLockMode::Governance,
            LockMode::Compliance => ObjectLockMode::Compliance,
        };
        let until = DateTime::from_secs(until.as_second());
        let put = put.object_lock_mode(mode);
        let put = put.object_lock_retain_until_date(until);
        Some(put.checksum_algorithm(ChecksumAlgorithm::Crc32))
    }

    /// Returns the location of a document.
    pub(super) fn named(&self, key: &str) -> String {
        named(self.bucket.as_deref().unwrap_or_default(), key)
    }

    /// Returns the client and the bucket, if one is configured.
    fn place(&self) -> Option<(&Client, &str)> {
        Some((&self.s3, self.bucket.as_deref()?))
    }

    /// Reads a document of at most `limit` bytes, with its `ETag`. Returns `None` if it does not
    /// exist.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) async fn read(
        &self,
        key: &str,
        limit: usize,
    ) -> Result<Option<(Vec<u8>, String)>, StoreError> {
        let Some((s3, bucket)) = self.place() else {
            return Ok(None);
        };
        let name = named(bucket, key);
        match s3.get_object().bucket(bucket).key(key).send().await {
            Ok(answer) => {
                let document = read_within(answer.body, limit, &name).await?;
                Ok(Some((document, answer.e_tag.unwrap_or_default())))
            }
            Err(error) => {
                let error = store_error("read", name, &error);
                match error.absence() {
                    Some(_) => Ok(None),
                    None => Err(error),
                }
            }
        }
    }

    /// Returns a page of a listing: objects below a prefix, or the folders if there is a delimiter.
    ///
    /// `StartAfter` "is where you want Amazon S3 to start listing from. Amazon S3 starts listing
    /// after this specified key. `StartAfter` can be any key in the bucket"
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>).
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) async fn page(
        &self,
        prefix: &str,
        after: Option<&str>,
        delimiter: Option<&str>,
    ) -> Result<ListObjectsV2Output, StoreError> {
        let Some((s3, bucket)) = self.place() else {
            return Ok(ListObjectsV2Output::builder().build());
        };
        s3.list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .set_start_after(after.map(str::to_owned))
            .set_delimiter(delimiter.map(str::to_owned))
            .send()
            .await
            .map_err(|error| store_error("list", named(bucket, prefix), &error))
    }
}

fn named(bucket: &str, key: &str) -> String {
    format!("s3://{bucket}/{key}")
}

/// Reads a document of at most `limit` bytes; errors call it `name`.
pub(super) async fn read_within(
    stream: ByteStream,
    limit: usize,
    name: &str,
) -> Result<Vec<u8>, StoreError> {
    let failed = |cause| StoreError {
        action: "read",
        subject: name.to_owned(),
        cause,
    };
    let mut body = S3Body::new(stream, name.to_owned());
    let mut document = Vec::new();
    let read = body.collect(&mut document, limit).await;
    if read.map_err(|error| failed(error.cause))? {
        Ok(document)
    } else {
        Err(failed(Cause::TooLarge(format!(
            "it has more than {limit} bytes"
        ))))
    }
}

impl KeepEvidence for EvidenceBucket {
    async fn keep(&self, key: &str, document: String) -> Result<(), StoreError> {
        let Some(put) = self.put(key) else {
            return Ok(());
        };
        put.content_type("application/json")
            .body(document.into_bytes().into())
            .send()
            .await
            .map_err(|error| store_error("write", self.named(key), &error))?;
        Ok(())
    }
}

impl AddEvidence for EvidenceBucket {
    /// 412 means that the document exists: an earlier try of the same request wrote it. 409, that
    /// another request for the key was in progress, is an error, because that request may fail.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
    async fn add(&self, key: &str, document: String) -> Result<(), StoreError> {
        let Some(put) = self.put(key) else {
            return Ok(());
        };
        let put = put
            .content_type("application/json")
            .if_none_match("*")
            .body(document.into_bytes().into());
        match put.send().await {
            Err(error) if error.code() != Some("PreconditionFailed") => {
                Err(store_error("write", self.named(key), &error))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

impl ListEvidence for EvidenceBucket {
    async fn list_documents(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<WaitingPage, StoreError> {
        let answer = self.page(prefix, after, None).await?;
        let objects = answer.contents.unwrap_or_default().into_iter();
        Ok(WaitingPage {
            keys: objects.filter_map(|object| object.key).collect(),
            more: answer.is_truncated == Some(true),
        })
    }
}

impl SettleEvidence for EvidenceBucket {
    async fn waiting(&self, prefix: &str, after: Option<&str>) -> Result<WaitingPage, StoreError> {
        self.list_documents(prefix, after).await
    }

    async fn recall(&self, key: &str, limit: usize) -> Result<Vec<u8>, StoreError> {
        let bucket = self.bucket.as_deref().unwrap_or_default();
        let name = named(bucket, key);
        let answer = self.s3.get_object().bucket(bucket).key(key).send().await;
        let answer = answer.map_err(|error| store_error("read", &name, &error))?;
        read_within(answer.body, limit, &name).await
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
