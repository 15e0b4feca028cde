//! The objects of the evidence log, and listings of documents with their times.

use super::error::store_error;
use super::evidence::{EvidenceBucket, named, read_within};
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use jiff::Timestamp;
use trailseal::world::{
    FetchEvidence, ListStored, StoreError, StoreLog, StoredDocument, StoredPage,
};

impl FetchEvidence for EvidenceBucket {
    async fn fetch(&self, key: &str, limit: usize) -> Result<Option<Vec<u8>>, StoreError> {
        let Some((s3, bucket)) = self.place() else {
            return Ok(None);
        };
        let name = named(bucket, key);
        match s3.get_object().bucket(bucket).key(key).send().await {
            Ok(answer) => Ok(Some(read_within(answer.body, limit, &name).await?)),
            Err(error) => {
                let error = store_error("read", name, &error);
                match error.absence() {
                    Some(_) => Ok(None),
                    None => Err(error),
                }
            }
        }
    }
}

impl StoreLog for EvidenceBucket {
    /// 412 means that the key is not free. 409, that another request for the key was in progress,
    /// is an error, because that request may fail.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
    async fn create(&self, key: &str, content: Vec<u8>) -> Result<bool, StoreError> {
        let Some((s3, bucket)) = self.place() else {
            return Ok(true);
        };
        let put = s3
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type(content_type(key))
            .if_none_match("*")
            .body(content.into());
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("PreconditionFailed") => Ok(false),
            Err(error) => Err(store_error("write", named(bucket, key), &error)),
        }
    }

    async fn overwrite(&self, key: &str, content: Vec<u8>) -> Result<(), StoreError> {
        let Some((s3, bucket)) = self.place() else {
            return Ok(());
        };
        s3.put_object()
            .bucket(bucket)
            .key(key)
            .content_type(content_type(key))
            .body(content.into())
            .send()
            .await
            .map_err(|error| store_error("write", named(bucket, key), &error))?;
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
        let Some((s3, bucket)) = self.place() else {
            return Ok(StoredPage::default());
        };
        let answer = s3
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .set_start_after(after.map(str::to_owned))
            .send()
            .await
            .map_err(|error| store_error("list", named(bucket, prefix), &error))?;
        let objects = answer.contents.unwrap_or_default().into_iter();
        let documents = objects.filter_map(|object| {
            let last_modified = object.last_modified?;
            Some(StoredDocument {
                key: object.key?,
                last_modified: Timestamp::new(
                    last_modified.secs(),
                    last_modified.subsec_nanos().try_into().unwrap_or_default(),
                )
                .ok()?,
                size: object
                    .size
                    .unwrap_or_default()
                    .try_into()
                    .unwrap_or_default(),
            })
        });
        Ok(StoredPage {
            documents: documents.collect(),
            more: answer.is_truncated == Some(true),
        })
    }

    async fn list_folders(&self, prefix: &str) -> Result<(Vec<String>, bool), StoreError> {
        let Some((s3, bucket)) = self.place() else {
            return Ok((Vec::new(), false));
        };
        let answer = s3
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .delimiter("/")
            .send()
            .await
            .map_err(|error| store_error("list", named(bucket, prefix), &error))?;
        let folders = answer.common_prefixes.unwrap_or_default().into_iter();
        let folders = folders.filter_map(|folder| folder.prefix).collect();
        Ok((folders, answer.is_truncated == Some(true)))
    }
}
