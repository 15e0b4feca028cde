//! What an answer says about an object, compared with what the SDK's deserializer finds.

use super::{of_answer, of_output};
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::config::{ConfigBag, RuntimePlugin as _};
use aws_sdk_s3::operation::get_object::{GetObject, GetObjectOutput};
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_smithy_runtime_api::client::ser_de::{
    DeserializeResponse as _, SharedResponseDeserializer,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use trailseal::world::Object;

/// The headers of an object, each with values that S3 sends.
const HEADERS: [(&str, [&str; 2]); 9] = [
    ("content-length", ["0", "9"]),
    (
        "etag",
        ["\"abc\"", "\"d41d8cd98f00b204e9800998ecf8427e-2\""],
    ),
    (
        "last-modified",
        [
            "Thu, 15 Jan 2026 01:00:00 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT",
        ],
    ),
    (
        "x-amz-version-id",
        ["null", "3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY="],
    ),
    ("x-amz-server-side-encryption", ["AES256", "aws:kms:new"]),
    (
        "x-amz-server-side-encryption-aws-kms-key-id",
        ["arn:aws:kms:us-east-1:111122223333:key/a", ""],
    ),
    ("x-amz-meta-signature", ["00ff", " 00 ff\t"]),
    ("x-amz-meta-", ["without a name", "ü"]),
    ("content-type", ["application/json", "application/x-gzip"]),
];

/// Values that a header of an object may not have.
const WRONG: [(&str, &str); 4] = [
    ("content-length", "-"),
    ("content-length", "9,9"),
    ("last-modified", "yesterday"),
    ("last-modified", "2026-01-15T01:00:00Z"),
];

fn answer(headers: &[(&str, &str)]) -> HttpResponse {
    let mut answer = HttpResponse::new(200.try_into().unwrap(), SdkBody::from("123456789"));
    for (name, value) in headers {
        let (name, value) = ((*name).to_owned(), (*value).to_owned());
        answer.headers_mut().append(name, value);
    }
    answer
}

/// Returns what the SDK finds.
fn of_sdk(mut answer: HttpResponse) -> Option<Object<ByteStream>> {
    let mut config = ConfigBag::base();
    config.push_shared_layer(GetObject::new().config().unwrap());
    let deserializer = config.load::<SharedResponseDeserializer>().unwrap();
    let output = deserializer.deserialize_streaming_with_config(&mut answer, &config);
    let output: GetObjectOutput = output.unwrap().ok()?.downcast().unwrap();
    Some(of_output(output))
}

/// Returns everything but the content.
pub(in crate::s3) fn facts<B>(object: &Object<B>) -> String {
    let Object {
        version_id,
        e_tag,
        last_modified,
        size,
        metadata,
        encryption,
        body: _,
    } = object;
    let mut metadata: Vec<_> = metadata.iter().collect();
    metadata.sort();
    format!("{version_id:?} {e_tag:?} {last_modified:?} {size:?} {metadata:?} {encryption:?}")
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let some = subsequence(HEADERS.to_vec(), 0..=HEADERS.len());
    let valued = (some, proptest::array::uniform9(0..2_usize)).prop_map(|(some, values)| {
        let valued = some.into_iter().zip(values);
        valued
            .map(|((name, of), at)| (name, of[at]))
            .collect::<Vec<_>>()
    });
    valued.prop_shuffle()
}

proptest! {
    #[test]
    fn an_answer_says_what_the_sdk_finds(headers in headers()) {
        let found = of_answer(&mut answer(&headers)).as_ref().map(facts);
        prop_assert!(found.is_some());
        prop_assert_eq!(found, of_sdk(answer(&headers)).as_ref().map(facts));
    }

    #[test]
    fn what_the_sdk_refuses_is_no_object(mut headers in headers(), wrong in select(&WRONG)) {
        headers.retain(|(name, _)| *name != wrong.0);
        headers.push(wrong);
        prop_assert!(of_answer(&mut answer(&headers)).is_none());
        prop_assert!(of_sdk(answer(&headers)).is_none());
    }

    #[test]
    fn a_header_that_occurs_twice_says_nothing(at in 0..HEADERS.len() - 1, again in 0..2_usize) {
        let (name, values) = HEADERS[at];
        let twice = [(name, values[0]), (name, values[again])];
        prop_assert!(of_answer(&mut answer(&twice)).is_none());
        prop_assert!(of_sdk(answer(&twice)).is_none());
    }
}

#[tokio::test]
async fn the_content_is_that_of_the_answer() {
    let mut answer = answer(&[]);
    let object = of_answer(&mut answer).unwrap();
    let content = object.body.collect().await.unwrap();
    assert_eq!(content.into_bytes(), "123456789");
}

/// Anybody who may write an object can give it such headers.
#[test]
fn headers_that_an_object_does_not_need_may_have_any_value() {
    for strange in [
        ("expires", "never"),
        ("x-amz-mp-parts-count", "many"),
        ("x-amz-missing-meta", "few"),
    ] {
        let headers = [("content-length", "9"), strange];
        assert_eq!(of_answer(&mut answer(&headers)).unwrap().size, Some(9));
        assert!(of_sdk(answer(&headers)).is_none());
    }
}
