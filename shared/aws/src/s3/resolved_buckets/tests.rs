//! Objects that are read with what the SDK resolved before, over a connection that tests script.

use crate::limited::RequestPlaces;
use crate::s3::S3Objects;
use crate::s3::answer::tests::facts;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::http::{HttpRequest, HttpResponse};
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{
    ConfigBag, HttpClient, Intercept, ResponseChecksumValidation, RuntimeComponents,
    SharedAsyncSleep,
};
use aws_sdk_s3::error::{BoxError, ConnectorError};
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use bytes::Bytes;
use http_body::Frame;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;
use trailseal::names::ids::AccountId;
use trailseal::names::location::ObjectLocation;
use trailseal::world::{Body, Object, ReadObject as _, StoreError};

const BUCKET: &str = "amzn-s3-demo-bucket";

/// The CRC-64/NVME of `123456789`, in Base64: ae8b14860a799888.
const CHECKSUM: &str = "rosUhgp5mIg=";

/// An answer of S3.
#[derive(Debug, Clone)]
struct Answer {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: &'static str,
    /// Whether the connection breaks before the answer.
    breaks: bool,
    /// Whether there is no answer.
    hangs: bool,
    /// Whether the body never ends.
    stalls: bool,
}

impl Answer {
    fn object() -> Self {
        Self {
            status: 200,
            headers: vec![
                ("content-length", "9"),
                ("etag", "\"abc\""),
                ("last-modified", "Thu, 15 Jan 2026 01:00:00 GMT"),
                ("x-amz-version-id", "v1"),
                ("x-amz-meta-signature", "00ff"),
                ("x-amz-server-side-encryption", "aws:kms"),
                ("x-amz-server-side-encryption-aws-kms-key-id", "key"),
                ("x-amz-checksum-crc64nvme", CHECKSUM),
            ],
            body: "123456789",
            breaks: false,
            hangs: false,
            stalls: false,
        }
    }

    /// Returns the object, with another header.
    fn with(name: &'static str, value: &'static str) -> Self {
        let mut answer = Self::object();
        answer.headers.retain(|(header, _)| *header != name);
        answer.headers.push((name, value));
        answer
    }

    fn error(status: u16, body: &'static str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
            breaks: false,
            hangs: false,
            stalls: false,
        }
    }
}

/// A body of which nothing arrives.
struct Stalled;

impl http_body::Body for Stalled {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

/// S3, which answers in turn, and then always with the object.
#[derive(Debug, Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    requests: Arc<Mutex<Vec<HttpRequest>>>,
}

impl HttpConnector for Script {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.requests.lock().unwrap().push(request);
        let answer = self.answers.lock().unwrap().pop_front();
        let answer = answer.unwrap_or_else(Answer::object);
        if answer.hangs {
            return HttpConnectorFuture::new(std::future::pending());
        }
        if answer.breaks {
            let error = std::io::Error::other("the connection broke");
            return HttpConnectorFuture::ready(Err(ConnectorError::io(error.into())));
        }
        let status = answer.status.try_into().unwrap();
        let body = if answer.stalls {
            SdkBody::from_body_1_x(Stalled)
        } else {
            SdkBody::from(answer.body)
        };
        let mut response = HttpResponse::new(status, body);
        for (name, value) in answer.headers {
            response.headers_mut().insert(name, value);
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl HttpClient for Script {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl Script {
    fn objects(&self) -> S3Objects {
        S3Objects::new(
            &self.config().build(),
            Some(AccountId::new("111122223333").unwrap()),
        )
    }

    fn config(&self) -> aws_types::sdk_config::Builder {
        let key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let credentials = Credentials::new(
            "AKIAIOSFODNN7EXAMPLE",
            key,
            Some("token".into()),
            None,
            "test",
        );
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .http_client(self.clone())
    }

    fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().unwrap().extend(answers);
    }

    /// Returns for each request since the last call whether the SDK made it.
    fn made(&self) -> Vec<bool> {
        self.take().iter().map(|(_, of_sdk)| *of_sdk).collect()
    }

    /// Returns the requests since the last call: their URIs, and whether the SDK made them.
    fn take(&self) -> Vec<(String, bool)> {
        let requests = std::mem::take(&mut *self.requests.lock().unwrap());
        let requests = requests.iter().map(|request| {
            let of_sdk = request.headers().contains_key("amz-sdk-invocation-id");
            (request.uri().to_owned(), of_sdk)
        });
        requests.collect()
    }
}

fn at(key: &str) -> ObjectLocation {
    ObjectLocation::new(BUCKET, key)
}

async fn content<B: Body>(mut object: Object<B>) -> Result<Vec<u8>, StoreError> {
    let mut content = Vec::new();
    while let Some(bytes) = object.body.next().await? {
        content.extend_from_slice(&bytes);
    }
    Ok(content)
}

#[tokio::test]
async fn after_the_first_request_the_sdk_resolves_nothing_again() {
    let s3 = Script::default();
    let objects = s3.objects();
    let first = objects.read(&at("a/b.json.gz")).await.unwrap();
    let second = objects.read(&at("a/b.json.gz")).await.unwrap();
    assert_eq!(facts(&first), facts(&second));
    assert_eq!(first.version_id.as_deref(), Some("v1"));
    assert_eq!(first.metadata["signature"], "00ff");
    assert_eq!(content(first).await.unwrap(), b"123456789");
    assert_eq!(content(second).await.unwrap(), b"123456789");
    let sent = std::mem::take(&mut *s3.requests.lock().unwrap());
    let names = |request: &HttpRequest| {
        let own = ["amz-sdk-invocation-id", "amz-sdk-request"];
        let names = request.headers().iter().map(|(name, _)| name.to_owned());
        let mut names: Vec<String> = names.filter(|it| !own.contains(&&**it)).collect();
        names.sort();
        names
    };
    assert_eq!(sent.len(), 2);
    assert_eq!(names(&sent[0]), names(&sent[1]));
    for name in names(&sent[0]) {
        if name != "authorization" && name != "x-amz-date" {
            assert_eq!(
                sent[0].headers().get(&name),
                sent[1].headers().get(&name),
                "{name}"
            );
        }
    }
    let scope = |request: &HttpRequest| {
        let signed = request.headers().get("authorization").unwrap().to_owned();
        signed.split_once(", ").unwrap().0.to_owned()
    };
    assert_eq!(scope(&sent[0]), scope(&sent[1]));
    let owner = sent[1].headers().get("x-amz-expected-bucket-owner");
    assert_eq!(owner, Some("111122223333"));
}

#[tokio::test]
async fn keys_and_versions_are_written_as_the_sdk_writes_them() {
    let s3 = Script::default();
    for key in [
        "a b+c/ü%20?x=y&z",
        "/a//b/../c",
        ".",
        "\u{1}\u{fffe}",
        "x~!*'()",
    ] {
        for version in [None, Some("3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY=")] {
            let mut at = at(key);
            at.version_id = version.map(str::to_owned);
            // The first request of each is the SDK's.
            let objects = s3.objects();
            let (first, second) = (objects.read(&at).await, objects.read(&at).await);
            assert_eq!(first.is_ok(), second.is_ok());
            let sent = s3.take();
            let [(of_sdk, true), (own, false)] = &sent[..] else {
                panic!("{key}: {sent:?}");
            };
            assert_eq!(of_sdk, own);
        }
    }
    // The SDK refuses it.
    let objects = resolved(&s3).await;
    objects.read(&at(" ")).await.unwrap_err();
    assert!(s3.made().is_empty());
}

const MISSING: &str = "<Error><Code>NoSuchKey</Code><Message>x</Message></Error>";
const SKEWED: &str = "<Error><Code>RequestTimeTooSkewed</Code><Message>x</Message></Error>";
const SLOW: &str = "<Error><Code>SlowDown</Code><Message>x</Message></Error>";

/// Returns objects of a bucket for which the SDK resolved everything.
async fn resolved(s3: &Script) -> S3Objects {
    let objects = s3.objects();
    objects.read(&at("first")).await.unwrap();
    assert_eq!(s3.made(), [true]);
    objects
}

#[tokio::test]
async fn what_is_not_a_plain_answer_is_asked_again_by_the_sdk() {
    for answer in [
        Answer::error(500, ""),
        Answer::error(304, ""),
        Answer::error(403, SKEWED),
        Answer::with("last-modified", "yesterday"),
    ] {
        let s3 = Script::default();
        let objects = resolved(&s3).await;
        let status = answer.status;
        s3.answer([answer]);
        objects.read(&at("b")).await.unwrap();
        assert_eq!(s3.made(), [false, true], "{status}");
        // Nothing is wrong with the next one.
        objects.read(&at("c")).await.unwrap();
        assert_eq!(s3.made(), [false], "{status}");
    }
}

#[tokio::test]
async fn an_object_that_does_not_exist_is_requested_once() {
    let s3 = Script::default();
    let objects = resolved(&s3).await;
    s3.answer([Answer::error(404, MISSING)]);
    let error = objects.read(&at("b")).await.unwrap_err();
    assert_eq!(s3.made(), [false]);
    let other = s3.objects();
    s3.answer([Answer::error(404, MISSING)]);
    let of_sdk = other.read(&at("b")).await.unwrap_err();
    assert_eq!(s3.made(), [true]);
    assert_eq!(error.absence(), of_sdk.absence());
    assert!(error.absence().is_some());
    assert_eq!(error.to_string(), of_sdk.to_string());
}

/// A request may be refused because of the time in its signature, which only the SDK corrects.
#[tokio::test]
async fn after_refusals_the_sdk_makes_all_requests() {
    let s3 = Script::default();
    let objects = resolved(&s3).await;
    for _ in 0..2 {
        s3.answer([Answer::error(403, SKEWED)]);
        objects.read(&at("b")).await.unwrap();
        assert_eq!(s3.made(), [false, true]);
    }
    // Not in a row.
    objects.read(&at("c")).await.unwrap();
    assert_eq!(s3.made(), [false]);
    for _ in 0..3 {
        s3.answer([Answer::error(403, SKEWED)]);
        objects.read(&at("d")).await.unwrap();
        assert_eq!(s3.made(), [false, true]);
    }
    for key in ["e", "f"] {
        objects.read(&at(key)).await.unwrap();
    }
    assert_eq!(s3.made(), [true, true]);
}

/// A first answer that is not the object may come from another Region than that of the bucket.
#[tokio::test]
async fn nothing_rests_on_a_request_that_failed() {
    let s3 = Script::default();
    let objects = s3.objects();
    s3.answer([Answer::error(404, MISSING)]);
    objects.read(&at("a")).await.unwrap_err();
    objects.read(&at("b")).await.unwrap();
    assert_eq!(s3.made(), [true, true]);
}

#[tokio::test(start_paused = true)]
async fn throttled_requests_take_places_away_and_wait() {
    let broken = Answer {
        breaks: true,
        ..Answer::object()
    };
    for answer in [Answer::error(503, SLOW), broken] {
        let s3 = Script::default();
        let wait = Duration::from_millis(200);
        let retries = RetryConfig::standard().with_initial_backoff(wait);
        let config = s3.config().retry_config(retries).build();
        let places = RequestPlaces::growing(8, 8);
        let objects = S3Objects::new(&config, None).with_places(Arc::clone(&places));
        objects.read(&at("a")).await.unwrap();
        assert_eq!(places.free(), 8);
        let mut waited = Vec::new();
        for _ in 0..3 {
            let start = Instant::now();
            s3.answer([answer.clone()]);
            objects.read(&at("b")).await.unwrap();
            waited.push(start.elapsed());
        }
        assert!(places.free() < 8);
        // A random part of it.
        assert!(waited.iter().all(|waited| *waited <= wait), "{waited:?}");
        assert!(waited.iter().any(|waited| *waited > Duration::ZERO));
        objects.read(&at("c")).await.unwrap();
        let made = [true, false, true, false, true, false, true, false];
        assert_eq!(s3.made(), made);
    }
}

#[tokio::test]
async fn content_with_another_checksum_is_not_the_objects() {
    for (name, value, is_right) in [
        ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=", false),
        ("x-amz-checksum-crc64nvme", CHECKSUM, true),
        ("x-amz-checksum-crc32", "AAAAAA==", false),
        ("x-amz-checksum-crc32", "y/Q5Jg==", true),
        // Of the parts of an upload, or not one at all.
        ("x-amz-checksum-crc32", "AAAAAA==-2", true),
        ("x-amz-checksum-crc32", "?", true),
    ] {
        let s3 = Script::default();
        let objects = resolved(&s3).await;
        let mut answer = Answer::with(name, value);
        let crc64 = |(header, _): &(&str, &str)| *header == "x-amz-checksum-crc64nvme";
        answer
            .headers
            .retain(|header| header.0 == name || !crc64(header));
        s3.answer([answer]);
        let read = content(objects.read(&at("b")).await.unwrap()).await;
        assert_eq!(read.is_ok(), is_right, "{name}: {value}");
        assert_eq!(s3.made(), [false]);
    }
    // Whoever wants none gets none.
    let s3 = Script::default();
    let when_required = ResponseChecksumValidation::WhenRequired;
    let config = s3.config().response_checksum_validation(when_required);
    let objects = S3Objects::new(&config.build(), None);
    let wrong = || Answer::with("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=");
    s3.answer([wrong(), wrong()]);
    for _ in 0..2 {
        let object = objects.read(&at("a")).await.unwrap();
        assert!(content(object).await.is_ok());
    }
    for request in s3.requests.lock().unwrap().iter() {
        assert_eq!(request.headers().get("x-amz-checksum-mode"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn content_that_does_not_arrive_is_not_the_objects() {
    let stalled = Answer {
        stalls: true,
        ..Answer::object()
    };
    for (answer, why) in [
        (
            Answer::with("content-length", "20"),
            "9 of 20 bytes arrived",
        ),
        (stalled, "nothing arrived for 6s"),
    ] {
        let s3 = Script::default();
        let objects = resolved(&s3).await;
        s3.answer([answer]);
        let object = objects.read(&at("b")).await.unwrap();
        assert_eq!(s3.made(), [false]);
        let start = Instant::now();
        let error = content(object).await.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert!(start.elapsed() < Duration::from_secs(7));
    }
    // Of an answer without the object, too.
    let s3 = Script::default();
    let objects = resolved(&s3).await;
    let stalled = Answer {
        stalls: true,
        ..Answer::error(404, "")
    };
    s3.answer([stalled]);
    let start = Instant::now();
    objects.read(&at("b")).await.unwrap();
    assert_eq!(s3.made(), [false, true]);
    assert!(start.elapsed() < Duration::from_secs(7));
}

/// Anybody who may write an object can give it such a header.
#[tokio::test]
async fn an_object_with_a_strange_time_of_expiry_is_read_once() {
    let s3 = Script::default();
    let objects = resolved(&s3).await;
    s3.answer([Answer::with("expires", "never")]);
    objects.read(&at("b")).await.unwrap();
    assert_eq!(s3.made(), [false]);
}

/// The clients refer to what is kept, which has the connections and the credentials.
#[tokio::test]
async fn nothing_that_is_kept_keeps_itself() {
    let s3 = Script::default();
    let objects = resolved(&s3).await;
    let alive = Arc::downgrade(&s3.answers);
    drop((s3, objects));
    assert_eq!(alive.strong_count(), 0);
    // A request that is given up before its answer.
    let s3 = Script::default();
    let objects = s3.objects();
    let alive = Arc::downgrade(&s3.answers);
    s3.answer([Answer {
        hangs: true,
        ..Answer::object()
    }]);
    let reading = at("a");
    let mut reading = Box::pin(objects.read(&reading));
    assert!(futures::poll!(&mut reading).is_pending());
    drop(reading);
    drop((s3, objects));
    assert_eq!(alive.strong_count(), 0);
}

/// Collects the steps of the SDK.
#[derive(Debug, Default)]
struct Steps(Arc<Mutex<Vec<String>>>);

impl Intercept for Steps {
    fn name(&self) -> &'static str {
        "Steps"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let names = components.interceptors().map(|it| it.name().to_owned());
        *self.0.lock().unwrap() = names.collect();
        Ok(())
    }
}

/// A version of the SDK that has another step fails here: does it matter for the objects that are read
/// without it?
#[tokio::test]
async fn the_steps_of_the_sdk_are_those_that_were_thought_of() {
    let s3 = Script::default();
    let steps = Steps::default();
    let found = Arc::clone(&steps.0);
    let config = aws_sdk_s3::config::Builder::from(&s3.config().build()).interceptor(steps);
    let client = aws_sdk_s3::Client::from_conf(config.build());
    let object = client.get_object().bucket(BUCKET).key("a").send().await;
    object.unwrap();
    let mut found = std::mem::take(&mut *found.lock().unwrap());
    found.sort();
    let steps = [
        // See the documentation of the module.
        "ConnectionPoisoningInterceptor",
        // Features in the header `user-agent`, which is kept.
        "EndpointOverrideFeatureTrackerInterceptor",
        "EnforceContentLength",
        // The endpoint is kept; refuses an empty bucket or key.
        "GetObjectEndpointParamsInterceptor",
        "GetObjectTelemetryInputCaptureInterceptor",
        // Headers that tell tries from each other; there is one.
        "InvocationIdInterceptor",
        // Metrics, which nobody collects.
        "MetricsInterceptor",
        "ObservabilityFeatureTrackerInterceptor",
        // A header with which Lambda finds functions that invoke each other; S3 invokes none for a read.
        "RecursionDetectionInterceptor",
        "RequestInfoInterceptor",
        "ResponseChecksumInterceptor",
        "RetryModeFeatureTrackerInterceptor",
        "S3ExpiresInterceptor",
        "ServiceClockSkewInterceptor",
        "StalledStreamProtectionInterceptor",
        "Steps",
        "TelemetryBytesInterceptor",
        // Retries, which the SDK makes.
        "TokenBucketProvider",
        "UserAgentInterceptor",
    ];
    assert_eq!(found, steps);
}
