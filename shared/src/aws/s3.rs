//! Objects in S3.

use super::error::{head_error, store_error, told};
use super::regions::ByRegion;
use crate::ids::AccountId;
use crate::location::ObjectLocation;
use crate::object_key::url_decode;
use crate::store::{
    Body, Cause, Depth, Encryption, ListObjects, Object, Page, ReadEncryption, ReadObject,
    StoreError,
};
use aws_config::{Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::{Builder, ResponseChecksumValidation};
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::EncodingType;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The log buckets and whatever else digests name.
#[derive(Debug)]
pub struct S3Objects {
    config: SdkConfig,
    home: Client,
    clients: ByRegion<Client>,
    /// Where a bucket is, if not in our own Region.
    elsewhere: Mutex<HashMap<String, String>>,
    /// Sent with each request, so that a bucket that changed hands is refused.
    owner: Option<AccountId>,
}

/// What every client has: S3's own checksums are not computed, since whatever matters is hashed
/// here.
fn settings(config: &SdkConfig) -> Builder {
    Builder::from(config).response_checksum_validation(ResponseChecksumValidation::WhenRequired)
}

/// The most buckets whose Region is remembered.
const MAX_BUCKETS: usize = 1000;

impl S3Objects {
    /// Objects in buckets of `owner`, or of anybody.
    #[must_use]
    pub fn new(config: &SdkConfig, owner: Option<AccountId>) -> Self {
        Self {
            config: config.clone(),
            home: Client::from_conf(settings(config).build()),
            clients: ByRegion::default(),
            elsewhere: Mutex::default(),
            owner,
        }
    }

    fn client(&self, bucket: &str) -> Client {
        let elsewhere = self
            .elsewhere
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match elsewhere.get(bucket) {
            None => self.home.clone(),
            Some(region) => self.clients.client(region, || {
                let config = settings(&self.config)
                    .region(Region::new(region.clone()))
                    .build();
                Client::from_conf(config)
            }),
        }
    }

    /// Learns a bucket's Region from an answer that says it is elsewhere. Whether to ask again.
    fn learn<E>(&self, bucket: &str, error: &SdkError<E, HttpResponse>) -> bool {
        let Some(response) = error.raw_response() else {
            return false;
        };
        let redirected = matches!(response.status().as_u16(), 301 | 307 | 400);
        let Some(region) = response.headers().get("x-amz-bucket-region") else {
            return false;
        };
        if !redirected || crate::ids::Region::new(region).is_err() {
            return false;
        }
        let mut elsewhere = self
            .elsewhere
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if elsewhere.len() >= MAX_BUCKETS {
            return false;
        }
        elsewhere
            .insert(bucket.to_owned(), region.to_owned())
            .as_deref()
            != Some(region)
    }

    fn owner(&self) -> Option<String> {
        self.owner.as_ref().map(AccountId::to_string)
    }
}

/// Sends a request, and once more where the answer says that the bucket is in another Region.
macro_rules! in_region {
    ($self:ident, $bucket:expr, |$client:ident| $request:expr) => {{
        let $client = $self.client($bucket);
        match $request.send().await {
            Err(error) if $self.learn($bucket, &error) => {
                let $client = $self.client($bucket);
                $request.send().await
            }
            answer => answer,
        }
    }};
}

impl ReadObject for S3Objects {
    type Body = S3Body;

    async fn read(&self, at: &ObjectLocation) -> Result<Object<S3Body>, StoreError> {
        let answer = in_region!(self, &at.bucket, |client| client
            .get_object()
            .bucket(&at.bucket)
            .key(&at.key)
            .set_version_id(at.version_id.clone())
            .set_expected_bucket_owner(self.owner()));
        let output = answer.map_err(|error| store_error("read", at.to_string(), &error))?;
        Ok(Object {
            version_id: output.version_id,
            size: output.content_length.and_then(|n| u64::try_from(n).ok()),
            metadata: output.metadata.unwrap_or_default(),
            encryption: Encryption {
                algorithm: output.server_side_encryption.map(|a| a.as_str().to_owned()),
                kms_key_id: output.ssekms_key_id,
            },
            body: S3Body {
                stream: output.body,
                subject: at.to_string(),
            },
        })
    }
}

/// An object's content as it arrives.
#[derive(Debug)]
pub struct S3Body {
    stream: ByteStream,
    subject: String,
}

impl Body for S3Body {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        match self.stream.next().await {
            None => Ok(None),
            Some(Ok(bytes)) => Ok(Some(bytes)),
            Some(Err(error)) => Err(StoreError {
                action: "read on in",
                subject: self.subject.clone(),
                cause: Cause::Unavailable(told(&error)),
            }),
        }
    }
}

impl ReadEncryption for S3Objects {
    async fn encryption(&self, at: &ObjectLocation) -> Result<Encryption, StoreError> {
        let answer = in_region!(self, &at.bucket, |client| client
            .head_object()
            .bucket(&at.bucket)
            .key(&at.key)
            .set_expected_bucket_owner(self.owner()));
        let output =
            answer.map_err(|error| head_error("read the headers of", at.to_string(), &error))?;
        Ok(Encryption {
            algorithm: output.server_side_encryption.map(|a| a.as_str().to_owned()),
            kms_key_id: output.ssekms_key_id,
        })
    }
}

impl ListObjects for S3Objects {
    async fn list(
        &self,
        bucket: &str,
        prefix: &str,
        depth: Depth,
        next: Option<&str>,
    ) -> Result<Page, StoreError> {
        let delimiter = match depth {
            Depth::All => None,
            Depth::Folders => Some("/".to_owned()),
        };
        // URL-encoded: a key may hold characters that XML cannot.
        let answer = in_region!(self, bucket, |client| client
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .set_delimiter(delimiter.clone())
            .encoding_type(EncodingType::Url)
            .set_continuation_token(next.map(str::to_owned))
            .set_expected_bucket_owner(self.owner()));
        let output = answer
            .map_err(|error| store_error("list", format!("s3://{bucket}/{prefix}"), &error))?;
        let decode = |key: String| url_decode(&key).unwrap_or(key);
        Ok(Page {
            keys: output
                .contents
                .unwrap_or_default()
                .into_iter()
                .filter_map(|object| object.key.map(decode))
                .collect(),
            folders: output
                .common_prefixes
                .unwrap_or_default()
                .into_iter()
                .filter_map(|folder| folder.prefix.map(decode))
                .collect(),
            next: output.next_continuation_token,
        })
    }
}
