//! Objects in S3.

use super::body::S3Body;
use super::error::{head_error, store_error};
use super::limited::RequestPlaces;
use super::regions::ByRegion;
use aws_config::{Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectInput;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::EncodingType;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use trailseal::names::ids::AccountId;
use trailseal::names::location::ObjectLocation;
use trailseal::names::url_encoding::url_decode;
use trailseal::world::{
    Depth, Encryption, Headers, ListAfter, ListObjects, Object, Page, ReadEncryption, ReadObject,
    StoreError,
};

/// The log buckets, and all other buckets that digests name.
#[derive(Debug)]
pub struct S3Objects {
    config: SdkConfig,
    clients: ByRegion<Client>,
    /// The Region of each bucket for which S3 has named one.
    known: Mutex<HashMap<String, String>>,
    /// What requests for objects need not resolve again.
    resolved: ResolvedBuckets,
    /// Sent with each request, so that a bucket that changed owners is refused.
    owner: Option<AccountId>,
    /// How many bytes of objects were read.
    read: Arc<AtomicU64>,
    /// The places whose number shrinks if S3 throttles requests.
    places: Option<Arc<RequestPlaces>>,
}

/// The maximum number of buckets whose Region is remembered.
const MAX_BUCKETS: usize = 1000;

/// How many times a request follows a bucket to another Region. One answer is enough for a bucket
/// that stays in its Region; one that is being moved or deleted may name another Region.
const MAX_REDIRECTS: usize = 3;

/// Sends a request, and sends it again if the answer says that the bucket is in another Region.
macro_rules! in_region {
    ($self:ident, $bucket:expr, |$client:ident| $request:expr) => {{
        let mut region = $self.region_of($bucket);
        let mut redirects = 0;
        loop {
            let $client = $self.client(&region);
            let error = match $request.send().await {
                Err(error) if redirects < MAX_REDIRECTS => error,
                answer => break answer,
            };
            redirects += 1;
            match $self.elsewhere($bucket, &region, &error).await {
                Some(elsewhere) => region = elsewhere,
                None => break Err(error),
            }
        }
    }};
}

// After the macro, which they use.
mod answer;
mod checksum;
mod resolved;
mod resolved_buckets;
mod settings;
mod throttling;
mod versions;

use answer::timestamp;
use resolved::ObjectAnswer;
use resolved_buckets::{KeepResolved, ResolvedBuckets};
use throttling::{Throttling, unlimited_retries};

impl S3Objects {
    /// Reads objects in buckets of `owner`, or of any owner.
    #[must_use]
    pub fn new(config: &SdkConfig, owner: Option<AccountId>) -> Self {
        Self {
            config: config.clone(),
            clients: ByRegion::default(),
            known: Mutex::default(),
            resolved: ResolvedBuckets::default(),
            owner,
            read: Arc::default(),
            places: None,
        }
    }

    /// Has fewer requests at a time in `places` if S3 throttles requests.
    #[must_use]
    pub fn with_places(mut self, places: Arc<RequestPlaces>) -> Self {
        self.places = Some(places);
        self
    }

    /// Returns the settings of every client. S3's own checksum of an object is compared, as is the
    /// SDK's default: content that did not arrive as S3 has it is not the object's, and says nothing
    /// about it. <https://docs.aws.amazon.com/sdkref/latest/guide/feature-dataintegrity.html>
    fn settings(&self) -> Builder {
        let keep = KeepResolved(self.resolved.clone());
        let settings = Builder::from(&self.config).interceptor(keep);
        match &self.places {
            Some(places) => settings
                .interceptor(Throttling(Arc::clone(places)))
                .retry_partition(unlimited_retries()),
            None => settings,
        }
    }

    /// Counts in `read` the bytes of objects that are read.
    #[must_use]
    pub fn counting(mut self, read: Arc<AtomicU64>) -> Self {
        self.read = read;
        self
    }

    /// Returns the Region that requests to a bucket go to: the bucket's Region if it is known,
    /// otherwise the program's own.
    fn region_of(&self, bucket: &str) -> String {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let own = || self.config.region().map(ToString::to_string);
        known.get(bucket).cloned().or_else(own).unwrap_or_default()
    }

    fn client(&self, region: &str) -> Client {
        self.clients.client(region, || {
            let named = (!region.is_empty()).then(|| Region::new(region.to_owned()));
            Client::from_conf(self.settings().region(named).build())
        })
    }

    /// Returns the Region in which to ask again for a bucket, after an answer from `asked` that
    /// says, or may say, that the bucket is elsewhere. Returns `None` if the bucket is not
    /// elsewhere.
    async fn elsewhere<E>(
        &self,
        bucket: &str,
        asked: &str,
        error: &SdkError<E, HttpResponse>,
    ) -> Option<String>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let response = error.raw_response()?;
        if !may_redirect(response.status().as_u16(), error.code()) {
            return None;
        }
        let region = match named_region(response) {
            Some(region) => region,
            // Another task may have found it out since then.
            None if self.region_of(bucket) != asked => self.region_of(bucket),
            None if self.is_known(bucket) => return None,
            None => self.head_bucket(bucket, asked).await?,
        };
        self.remember(bucket, &region);
        (region != asked).then_some(region)
    }

    fn is_known(&self, bucket: &str) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains_key(bucket)
    }

    /// Keeps a bucket's Region. If too many are kept, it is found out again each time.
    fn remember(&self, bucket: &str, region: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MAX_BUCKETS || known.contains_key(bucket) {
            known.insert(bucket.to_owned(), region.to_owned());
        }
    }

    /// Asks S3 for a bucket's Region. `HeadBucket` names it in a header, even in an answer that
    /// refuses or redirects.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>
    async fn head_bucket(&self, bucket: &str, asked: &str) -> Option<String> {
        let head = self.client(asked).head_bucket().bucket(bucket);
        match head.send().await {
            Ok(output) => output.bucket_region.filter(|region| is_region(region)),
            Err(error) => named_region(error.raw_response()?),
        }
    }

    async fn head(&self, at: &ObjectLocation) -> Result<HeadObjectOutput, StoreError> {
        let answer = in_region!(self, &at.bucket, |client| client
            .head_object()
            .bucket(&at.bucket)
            .key(&at.key)
            .set_version_id(at.version_id.clone())
            .set_expected_bucket_owner(self.owner()));
        answer.map_err(|error| head_error("read the headers of", at.to_string(), &error))
    }

    /// Has the SDK request an object.
    async fn get(&self, at: &ObjectLocation) -> ObjectAnswer {
        let output = in_region!(self, &at.bucket, |client| client
            .get_object()
            .bucket(&at.bucket)
            .key(&at.key)
            .set_version_id(at.version_id.clone())
            .set_expected_bucket_owner(self.owner()));
        output.map(answer::of_output)
    }

    fn owner(&self) -> Option<String> {
        self.owner.as_ref().map(AccountId::to_string)
    }
}

fn is_region(name: &str) -> bool {
    trailseal::names::ids::Region::new(name).is_ok()
}

/// Returns the Region that an answer names for the bucket.
fn named_region(response: &HttpResponse) -> Option<String> {
    let region = response.headers().get("x-amz-bucket-region")?;
    is_region(region).then(|| region.to_owned())
}

/// Returns whether an answer can mean that the bucket is in another Region. An answer to a `HEAD`
/// request has no code.
fn may_redirect(status: u16, code: Option<&str>) -> bool {
    const CODES: [&str; 4] = [
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "PermanentRedirect",
        "TemporaryRedirect",
    ];
    match status {
        301 | 307 => true,
        400 => code.is_none_or(|code| CODES.contains(&code)),
        _ => false,
    }
}

impl ReadObject for S3Objects {
    type Body = S3Body;

    async fn read(&self, at: &ObjectLocation) -> Result<Object<S3Body>, StoreError> {
        let input = GetObjectInput::builder()
            .bucket(&at.bucket)
            .key(&at.key)
            .set_version_id(at.version_id.clone())
            .set_expected_bucket_owner(self.owner());
        let known = match input.build() {
            Ok(input) => self.resolved.request(input, self.places.as_deref()).await,
            Err(_) => None,
        };
        let answer = match known {
            Some(answer) => answer,
            None => Box::pin(self.get(at)).await,
        };
        let object = answer.map_err(|error| store_error("read", at.to_string(), &error))?;
        let size = object.size;
        Ok(object.map_body(|content| {
            let body = S3Body::new(content, at.to_string()).of_size(size);
            body.counting(Arc::clone(&self.read))
        }))
    }

    async fn headers(&self, at: &ObjectLocation) -> Result<Headers, StoreError> {
        let output = self.head(at).await?;
        Ok(Headers {
            last_modified: output.last_modified.as_ref().and_then(timestamp),
            answered: Some(Timestamp::now()),
            metadata: output.metadata.unwrap_or_default(),
        })
    }
}

impl ReadEncryption for S3Objects {
    async fn encryption(&self, at: &ObjectLocation) -> Result<Encryption, StoreError> {
        let output = self.head(at).await?;
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
        // URL-encoded: a key may contain characters that XML cannot represent.
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

impl ListAfter for S3Objects {
    /// `StartAfter` "is where you want Amazon S3 to start listing from"
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>).
    async fn list_after(
        &self,
        bucket: &str,
        prefix: &str,
        after: &str,
    ) -> Result<Page, StoreError> {
        let answer = in_region!(self, bucket, |client| client
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .start_after(after)
            .encoding_type(EncodingType::Url)
            .set_expected_bucket_owner(self.owner()));
        let output = answer
            .map_err(|error| store_error("list", format!("s3://{bucket}/{prefix}"), &error))?;
        let decode = |key: String| url_decode(&key).unwrap_or(key);
        let objects = output.contents.unwrap_or_default().into_iter();
        let keys: Vec<String> = objects
            .filter_map(|object| object.key.map(decode))
            .collect();
        let is_truncated = output.is_truncated == Some(true);
        Ok(Page {
            next: keys.last().filter(|_| is_truncated).cloned(),
            keys,
            folders: Vec::new(),
        })
    }
}
