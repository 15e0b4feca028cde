//! Objects that are read with what the SDK resolved before, over a connection that tests script.

use crate::limited::RequestPlaces;
use crate::s3::S3Objects;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::http::{HttpRequest, HttpResponse};
use aws_sdk_s3::config::{HttpClient, RuntimeComponents};
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
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
        }
    }

    fn error(status: u16, body: &'static str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
        }
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
        let status = answer.status.try_into().unwrap();
        let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
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
        let key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let credentials = Credentials::new(
            "AKIAIOSFODNN7EXAMPLE",
            key,
            Some("token".into()),
            None,
            "test",
        );
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(self.clone())
            .build();
        S3Objects::new(&config, Some(AccountId::new("111122223333").unwrap()))
    }

    fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().unwrap().extend(answers);
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

/// Returns everything but the content.
fn facts<B: std::fmt::Debug>(object: &Object<B>) -> String {
    let Object {
        version_id,
        e_tag,
        last_modified,
        size,
        metadata,
        encryption,
        body: _,
    } = object;
    format!("{version_id:?} {e_tag:?} {last_modified:?} {size:?} {metadata:?} {encryption:?}")
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
}

#[tokio::test]
async fn what_is_not_a_plain_success_is_asked_again_by_the_sdk() {
    let missing = "<Error><Code>NoSuchKey</Code><Message>x</Message></Error>";
    for (status, body) in [(404, missing), (500, ""), (304, "")] {
        let s3 = Script::default();
        let objects = s3.objects();
        objects.read(&at("a")).await.unwrap();
        s3.take();
        s3.answer([Answer::error(status, body)]);
        objects.read(&at("b")).await.unwrap();
        let made: Vec<bool> = s3.take().iter().map(|(_, of_sdk)| *of_sdk).collect();
        assert_eq!(made, [false, true], "{status}");
        // Nothing is wrong with the next one.
        objects.read(&at("c")).await.unwrap();
        let made = s3.take()[0].1;
        assert_eq!(made, status == 304, "{status}");
    }
    // The error is that of the SDK.
    let s3 = Script::default();
    let objects = s3.objects();
    objects.read(&at("a")).await.unwrap();
    s3.answer([Answer::error(404, missing), Answer::error(404, missing)]);
    let error = objects.read(&at("b")).await.unwrap_err();
    assert!(error.absence().is_some(), "{error}");
}

/// A request may be refused because of the time in its signature, which only the SDK corrects.
#[tokio::test]
async fn after_a_refusal_the_sdk_makes_all_requests() {
    let s3 = Script::default();
    let objects = s3.objects();
    objects.read(&at("a")).await.unwrap();
    s3.take();
    let skewed = "<Error><Code>RequestTimeTooSkewed</Code><Message>x</Message></Error>";
    s3.answer([Answer::error(403, skewed)]);
    for key in ["b", "c", "d"] {
        objects.read(&at(key)).await.unwrap();
    }
    let made: Vec<bool> = s3.take().iter().map(|(_, of_sdk)| *of_sdk).collect();
    assert_eq!(made, [false, true, true, true]);
}

/// A first answer that is not the object may come from another Region than that of the bucket.
#[tokio::test]
async fn nothing_rests_on_a_request_that_failed() {
    let s3 = Script::default();
    let objects = s3.objects();
    let missing = "<Error><Code>NoSuchKey</Code><Message>x</Message></Error>";
    s3.answer([Answer::error(404, missing)]);
    objects.read(&at("a")).await.unwrap_err();
    objects.read(&at("b")).await.unwrap();
    let made: Vec<bool> = s3.take().iter().map(|(_, of_sdk)| *of_sdk).collect();
    assert_eq!(made, [true, true]);
}

#[tokio::test(start_paused = true)]
async fn throttled_requests_take_places_away() {
    let s3 = Script::default();
    let places = RequestPlaces::growing(8, 8);
    assert_eq!(places.free(), 8);
    let objects = s3.objects().with_places(Arc::clone(&places));
    objects.read(&at("a")).await.unwrap();
    s3.take();
    let slow = "<Error><Code>SlowDown</Code><Message>x</Message></Error>";
    s3.answer([Answer::error(503, slow)]);
    objects.read(&at("b")).await.unwrap();
    assert!(places.free() < 8);
    objects.read(&at("c")).await.unwrap();
    let made: Vec<bool> = s3.take().iter().map(|(_, of_sdk)| *of_sdk).collect();
    assert_eq!(made, [false, true, false]);
}

#[tokio::test]
async fn content_with_another_checksum_is_not_the_objects() {
    for (header, is_right) in [
        (("x-amz-checksum-crc64nvme", "AAAAAAAAAAA="), false),
        (("x-amz-checksum-crc64nvme", CHECKSUM), true),
        (("x-amz-checksum-crc32", "AAAAAA=="), false),
        (("x-amz-checksum-crc32", "y/Q5Jg=="), true),
        // Of the parts of an upload, or not one at all.
        (("x-amz-checksum-crc32", "AAAAAA==-2"), true),
        (("x-amz-checksum-crc32", "?"), true),
    ] {
        let s3 = Script::default();
        let objects = s3.objects();
        objects.read(&at("a")).await.unwrap();
        let mut answer = Answer::object();
        answer
            .headers
            .retain(|(name, _)| *name != "x-amz-checksum-crc64nvme");
        answer.headers.push(header);
        s3.answer([answer]);
        let read = content(objects.read(&at("b")).await.unwrap()).await;
        assert_eq!(read.is_ok(), is_right, "{header:?}");
        assert!(!s3.take()[1].1);
    }
}
