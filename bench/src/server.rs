//! An S3 endpoint for a data set, and CloudTrail's `ListPublicKeys`, which answers after a delay.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::net::Ipv4Addr;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::{SignedDuration, Timestamp};
use s3s::auth::SimpleAuth;
use s3s::dto::{
    CommonPrefix, ETag, GetBucketLocationInput, GetBucketLocationOutput, GetObjectInput,
    GetObjectOutput, HeadObjectInput, HeadObjectOutput, ListObjectsInput, ListObjectsOutput,
    ListObjectsV2Input, ListObjectsV2Output, Metadata, Object, PutObjectInput, PutObjectOutput,
    StreamingBlob,
};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use trailseal_tests::local::server::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
use trailseal_tests::trail::{KeySchedule, ResponseStyle};

use crate::data::{BUCKET, DataSet, REGION};
use crate::throttle::Throttle;

/// The maximum number of keys of a listing.
const PAGE: usize = 1000;

/// A running endpoint. It ends when dropped.
#[derive(Debug)]
pub(crate) struct Endpoint {
    url: String,
    counters: Arc<Counters>,
    _runtime: Runtime,
}

/// The requests that arrived, and how long they waited.
#[derive(Debug, Default)]
struct Counters {
    requests: AtomicU64,
    /// The time from a request to its answer, in microseconds, summed over all requests.
    micros: AtomicU64,
    throttled: AtomicU64,
}

/// The requests that arrived since the last call.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Served {
    /// The number of requests.
    pub(crate) requests: u64,
    /// The average seconds from a request to its answer.
    pub(crate) latency: f64,
    /// The number of requests that were answered with 503.
    pub(crate) throttled: u64,
}

impl Endpoint {
    /// Serves a data set on a free port; every answer waits for `delay`.
    pub(crate) fn start(set: &DataSet, delay: Duration) -> anyhow::Result<Self> {
        Self::serve(set, delay, None, false)
    }

    /// Serves in the same way, and answers requests above `rate` a second with 503 (Slow Down), as
    /// S3 does. Requests of a tenth of a second may come at once.
    pub(crate) fn start_throttling(
        set: &DataSet,
        delay: Duration,
        rate: u32,
    ) -> anyhow::Result<Self> {
        Self::serve(set, delay, Some(Throttle::new(rate)), false)
    }

    /// Serves in the same way, and prints each request, with milliseconds since the endpoint's
    /// start.
    pub(crate) fn start_printing(set: &DataSet, delay: Duration) -> anyhow::Result<Self> {
        Self::serve(set, delay, None, true)
    }

    fn serve(
        set: &DataSet,
        delay: Duration,
        throttle: Option<Throttle>,
        printing: bool,
    ) -> anyhow::Result<Self> {
        let bucket = Bucket::index(&set.directory(), set.signatures()?)?;
        let mut builder = S3ServiceBuilder::new(bucket);
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY_ID, SECRET_ACCESS_KEY));
        let service = builder.build();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let url = format!("http://{}", listener.local_addr()?);
        let counters = Arc::new(Counters::default());
        let shared = Arc::new(Shared {
            service,
            delay,
            throttle,
            printing: printing.then(Instant::now),
            counters: Arc::clone(&counters),
        });
        runtime.spawn(accept(listener, shared));
        Ok(Self {
            url,
            counters,
            _runtime: runtime,
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the requests that arrived since the last call.
    pub(crate) fn take_served(&self) -> Served {
        let requests = self.counters.requests.swap(0, Ordering::Relaxed);
        let micros = self.counters.micros.swap(0, Ordering::Relaxed);
        Served {
            requests,
            latency: Duration::from_micros(micros / requests.max(1)).as_secs_f64(),
            throttled: self.counters.throttled.swap(0, Ordering::Relaxed),
        }
    }
}

struct Shared {
    service: S3Service,
    delay: Duration,
    throttle: Option<Throttle>,
    /// The time from which the printed milliseconds count, if requests are printed.
    printing: Option<Instant>,
    counters: Arc<Counters>,
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let service = service_fn(move |request| {
                let shared = Arc::clone(&shared);
                async move { Ok::<_, Infallible>(answer(&shared, request).await) }
            });
            // A connection that the client cuts is the client's concern.
            let _ = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Response<Body> {
    let began = Instant::now();
    let counters = &shared.counters;
    counters.requests.fetch_add(1, Ordering::Relaxed);
    if let Some(since) = shared.printing {
        let (method, uri) = (request.method(), request.uri());
        println!(
            "{:>9.1} {method} {uri}",
            since.elapsed().as_secs_f64() * 1e3
        );
    }
    if !shared.delay.is_zero() {
        tokio::time::sleep(shared.delay).await;
    }
    if let Some(throttle) = &shared.throttle
        && !throttle.admits()
    {
        counters.throttled.fetch_add(1, Ordering::Relaxed);
        return slow_down();
    }
    let target = request.headers().get("x-amz-target");
    let result = match target.and_then(|target| target.to_str().ok()) {
        Some(target) if target.ends_with(".ListPublicKeys") => list_public_keys(request).await,
        _ => shared
            .service
            .call(request.map(Body::from))
            .await
            .map_err(|error| anyhow::anyhow!("{error:?}")),
    };
    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    counters.micros.fetch_add(micros, Ordering::Relaxed);
    result.unwrap_or_else(|error| {
        eprintln!("the endpoint fails: {error:#}");
        let mut response = Response::new(Body::from(error.to_string()));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}

/// Returns S3's answer to a request above the rate.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
fn slow_down() -> Response<Body> {
    let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
    let mut response = Response::new(Body::from(text.to_owned()));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

/// Returns the keys whose validity overlaps the requested time; a missing time means now.
async fn list_public_keys(request: Request<Incoming>) -> anyhow::Result<Response<Body>> {
    let body = request.into_body().collect().await?.to_bytes();
    let asked: serde_json::Value = serde_json::from_slice(&body)?;
    let time = |name: &str| match asked.get(name).and_then(serde_json::Value::as_f64) {
        Some(seconds) => {
            let since = SignedDuration::try_from_secs_f64(seconds)?;
            anyhow::Ok(Timestamp::UNIX_EPOCH.checked_add(since)?)
        }
        None => Ok(Timestamp::now()),
    };
    let keys = KeySchedule::default().list_public_keys_response(
        REGION,
        time("StartTime")?,
        time("EndTime")?,
        ResponseStyle::CliV1,
    );
    Ok(Response::builder()
        .header("content-type", "application/x-amz-json-1.1")
        .body(Body::from(keys.to_string()))?)
}

/// The objects of the only bucket.
struct Bucket {
    objects: BTreeMap<String, Stored>,
}

struct Stored {
    path: PathBuf,
    size: u64,
    modified: SystemTime,
    signature: Option<String>,
}

impl Stored {
    fn metadata(&self) -> Option<Metadata> {
        self.signature.as_ref().map(|signature| {
            Metadata::from([
                ("signature".to_owned(), signature.clone()),
                ("signature-algorithm".to_owned(), "SHA256withRSA".to_owned()),
            ])
        })
    }

    /// Not the MD5 of the content, because the content would have to be read for it.
    fn e_tag(&self) -> ETag {
        ETag::Strong(format!("{:032x}", self.size))
    }

    fn length(&self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX)
    }
}

impl Bucket {
    fn index(directory: &Path, mut signatures: BTreeMap<String, String>) -> anyhow::Result<Self> {
        let mut objects = BTreeMap::new();
        let mut folders = vec![directory.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                let path = entry.path();
                let about = entry.metadata()?;
                if about.is_dir() {
                    folders.push(path);
                    continue;
                }
                let key = path
                    .strip_prefix(directory)?
                    .to_str()
                    .context("a key is UTF-8")?
                    .to_owned();
                let stored = Stored {
                    size: about.len(),
                    modified: about.modified()?,
                    signature: signatures.remove(&key),
                    path,
                };
                objects.insert(key, stored);
            }
        }
        Ok(Self { objects })
    }

    fn object(&self, bucket: &str, key: &str) -> S3Result<&Stored> {
        if bucket != BUCKET {
            return Err(s3_error!(NoSuchBucket));
        }
        self.objects.get(key).ok_or_else(|| s3_error!(NoSuchKey))
    }

    /// Returns a page of the keys after `after` that begin with `prefix`; keys with the delimiter
    /// after the prefix are returned as one.
    fn list(&self, bucket: &str, asked: &Listing<'_>) -> S3Result<Page> {
        if bucket != BUCKET {
            return Err(s3_error!(NoSuchBucket));
        }
        let most = asked
            .max_keys
            .and_then(|most| usize::try_from(most).ok())
            .map_or(PAGE, |most| most.min(PAGE));
        let mut page = Page::default();
        let mut from = match asked.after {
            Some(after) if after >= asked.prefix => Bound::Excluded(after.to_owned()),
            _ => Bound::Included(asked.prefix.to_owned()),
        };
        // After a common prefix, no key that begins with it is returned again.
        if let Bound::Excluded(after) = &from
            && asked
                .delimiter
                .is_some_and(|delimiter| after.ends_with(delimiter))
        {
            from = Bound::Included(after_prefix(after));
        }
        loop {
            let next = self.objects.range((from, Bound::Unbounded)).next();
            let Some((key, stored)) = next.filter(|(key, _)| key.starts_with(asked.prefix)) else {
                return Ok(page);
            };
            if page.length() == most {
                page.truncated = true;
                return Ok(page);
            }
            let folded = asked.delimiter.and_then(|delimiter| {
                let rest = &key[asked.prefix.len()..];
                let end = rest.find(delimiter)? + delimiter.len();
                Some(key[..asked.prefix.len() + end].to_owned())
            });
            if let Some(folder) = folded {
                from = Bound::Included(after_prefix(&folder));
                page.last.clone_from(&folder);
                page.folders.push(CommonPrefix {
                    prefix: Some(folder),
                });
            } else {
                from = Bound::Excluded(key.clone());
                page.last.clone_from(key);
                page.objects.push(Object {
                    key: Some(key.clone()),
                    size: Some(stored.length()),
                    last_modified: Some(stored.modified.into()),
                    e_tag: Some(stored.e_tag()),
                    ..Object::default()
                });
            }
        }
    }
}

/// Returns the least string greater than all strings that begin with `prefix`.
fn after_prefix(prefix: &str) -> String {
    format!("{prefix}{}", char::MAX)
}

struct Listing<'a> {
    prefix: &'a str,
    delimiter: Option<&'a str>,
    after: Option<&'a str>,
    max_keys: Option<i32>,
}

#[derive(Default)]
struct Page {
    objects: Vec<Object>,
    folders: Vec<CommonPrefix>,
    last: String,
    truncated: bool,
}

impl Page {
    fn length(&self) -> usize {
        self.objects.len() + self.folders.len()
    }
}

#[async_trait::async_trait]
impl S3 for Bucket {
    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let stored = self.object(&request.input.bucket, &request.input.key)?;
        let body = fs::read(&stored.path).map_err(|_| s3_error!(InternalError))?;
        Ok(S3Response::new(GetObjectOutput {
            body: Some(StreamingBlob::from(Body::from(body))),
            content_length: Some(stored.length()),
            content_type: Some("application/json".to_owned()),
            content_encoding: Some("gzip".to_owned()),
            last_modified: Some(stored.modified.into()),
            e_tag: Some(stored.e_tag()),
            metadata: stored.metadata(),
            ..GetObjectOutput::default()
        }))
    }

    /// Accepts a function's receipt and forgets it.
    async fn put_object(
        &self,
        _request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        Ok(S3Response::new(PutObjectOutput::default()))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let stored = self.object(&request.input.bucket, &request.input.key)?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: Some(stored.length()),
            content_type: Some("application/json".to_owned()),
            content_encoding: Some("gzip".to_owned()),
            last_modified: Some(stored.modified.into()),
            e_tag: Some(stored.e_tag()),
            metadata: stored.metadata(),
            ..HeadObjectOutput::default()
        }))
    }

    async fn get_bucket_location(
        &self,
        _request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let asked = request.input;
        let page = self.list(
            &asked.bucket,
            &Listing {
                prefix: asked.prefix.as_deref().unwrap_or_default(),
                delimiter: asked.delimiter.as_deref(),
                after: asked
                    .continuation_token
                    .as_deref()
                    .or(asked.start_after.as_deref()),
                max_keys: asked.max_keys,
            },
        )?;
        Ok(S3Response::new(ListObjectsV2Output {
            key_count: i32::try_from(page.length()).ok(),
            is_truncated: Some(page.truncated),
            next_continuation_token: page.truncated.then_some(page.last),
            contents: Some(page.objects),
            common_prefixes: Some(page.folders),
            name: Some(asked.bucket),
            prefix: asked.prefix,
            delimiter: asked.delimiter,
            max_keys: asked.max_keys,
            start_after: asked.start_after,
            continuation_token: asked.continuation_token,
            // The keys here contain nothing that has to be encoded.
            encoding_type: asked.encoding_type,
            ..ListObjectsV2Output::default()
        }))
    }

    async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        let asked = request.input;
        let page = self.list(
            &asked.bucket,
            &Listing {
                prefix: asked.prefix.as_deref().unwrap_or_default(),
                delimiter: asked.delimiter.as_deref(),
                after: asked.marker.as_deref(),
                max_keys: asked.max_keys,
            },
        )?;
        let folded = page.truncated && asked.delimiter.is_some();
        Ok(S3Response::new(ListObjectsOutput {
            is_truncated: Some(page.truncated),
            next_marker: folded.then_some(page.last),
            contents: Some(page.objects),
            common_prefixes: Some(page.folders),
            name: Some(asked.bucket),
            prefix: asked.prefix,
            delimiter: asked.delimiter,
            max_keys: asked.max_keys,
            marker: asked.marker,
            // The keys here contain nothing that has to be encoded.
            encoding_type: asked.encoding_type,
            ..ListObjectsOutput::default()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(keys: &[&str]) -> Bucket {
        let stored = || Stored {
            path: PathBuf::new(),
            size: 7,
            modified: SystemTime::UNIX_EPOCH,
            signature: None,
        };
        Bucket {
            objects: keys
                .iter()
                .map(|key| ((*key).to_owned(), stored()))
                .collect(),
        }
    }

    /// Returns everything that is listed, page by page.
    fn listed(bucket: &Bucket, prefix: &str, delimiter: Option<&str>) -> Vec<Vec<String>> {
        let mut pages = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = bucket
                .list(
                    BUCKET,
                    &Listing {
                        prefix,
                        delimiter,
                        after: after.as_deref(),
                        max_keys: Some(2),
                    },
                )
                .expect("the bucket");
            let keys = page.objects.into_iter().filter_map(|object| object.key);
            let folders = page.folders.into_iter().filter_map(|folder| folder.prefix);
            pages.push(keys.chain(folders).collect());
            if !page.truncated {
                return pages;
            }
            after = Some(page.last);
        }
    }

    #[test]
    fn a_listing_continues_after_the_end_of_a_page() {
        let bucket = bucket(&["a/1", "a/2", "a/3", "b/1"]);
        assert_eq!(
            listed(&bucket, "a/", None),
            [vec!["a/1", "a/2"], vec!["a/3"]]
        );
        assert_eq!(listed(&bucket, "", None), [["a/1", "a/2"], ["a/3", "b/1"]]);
        assert_eq!(listed(&bucket, "c/", None), [Vec::<&str>::new()]);
    }

    #[test]
    fn keys_with_the_delimiter_are_listed_as_one_prefix() {
        let bucket = bucket(&["a/1", "a/2", "b/1", "b/c/1", "c/1", "d"]);
        assert_eq!(listed(&bucket, "", Some("/")), [["a/", "b/"], ["d", "c/"]]);
        assert_eq!(listed(&bucket, "b/", Some("/")), [["b/1", "b/c/"]]);
        assert_eq!(listed(&bucket, "a", Some("/")), [["a/"]]);
    }

    #[test]
    fn another_bucket_does_not_exist() {
        let asked = Listing {
            prefix: "",
            delimiter: None,
            after: None,
            max_keys: None,
        };
        assert!(bucket(&["a"]).list("another", &asked).is_err());
    }
}
