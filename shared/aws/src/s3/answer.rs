//! An object as an answer of S3 has it.
//!
//! The SDK's deserializer looks for some forty headers, one after the other, and collects them in a
//! structure of more than a kilobyte. An object needs six of them, and its user metadata, which are found
//! in one pass.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::{ByteStream, DateTime, DateTimeFormat, SdkBody};
use jiff::Timestamp;
use std::collections::HashMap;
use std::str::FromStr;
use trailseal::world::{Encryption, Object};

/// What the names of headers with user metadata start with:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>.
const USER_METADATA: &str = "x-amz-meta-";

/// Returns the object of an answer, as the SDK's deserializer does. Returns `None` if one of the
/// object's headers occurs twice, or does not have a value of its kind.
pub(super) fn of_answer(answer: &mut HttpResponse) -> Option<Object<ByteStream>> {
    let mut version_id = None;
    let mut e_tag = None;
    let mut written = None;
    let mut size = None;
    let mut metadata = HashMap::new();
    let mut encryption = Encryption::default();
    for (name, value) in answer.headers().iter_bytes() {
        match name {
            "content-length" => once(&mut size, value)?,
            "etag" => once(&mut e_tag, value)?,
            "last-modified" => once(&mut written, value)?,
            "x-amz-server-side-encryption" => once(&mut encryption.algorithm, value)?,
            "x-amz-server-side-encryption-aws-kms-key-id" => {
                once(&mut encryption.kms_key_id, value)?;
            }
            "x-amz-version-id" => once(&mut version_id, value)?,
            _ => {
                if let Some(name) = name.strip_prefix(USER_METADATA)
                    && metadata.insert(name.to_owned(), parsed(value)?).is_some()
                {
                    return None;
                }
            }
        }
    }
    let last_modified = written.and_then(|WrittenAt(time)| timestamp(&time));
    let body = std::mem::replace(answer.body_mut(), SdkBody::taken());
    Some(Object {
        version_id,
        e_tag,
        last_modified,
        size,
        metadata,
        encryption,
        body: ByteStream::new(body),
    })
}

/// Returns the object that the SDK read.
pub(super) fn of_output(output: GetObjectOutput) -> Object<ByteStream> {
    Object {
        version_id: output.version_id,
        e_tag: output.e_tag,
        last_modified: output.last_modified.as_ref().and_then(timestamp),
        size: output.content_length.and_then(|n| u64::try_from(n).ok()),
        metadata: output.metadata.unwrap_or_default(),
        encryption: Encryption {
            algorithm: output.server_side_encryption.map(|a| a.as_str().to_owned()),
            kms_key_id: output.ssekms_key_id,
        },
        body: output.body,
    }
}

/// Returns a time of S3, in seconds.
pub(super) fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::from_second(time.secs()).ok()
}

/// A date of HTTP.
struct WrittenAt(DateTime);

impl FromStr for WrittenAt {
    type Err = ();

    fn from_str(date: &str) -> Result<Self, ()> {
        let time = DateTime::from_str(date, DateTimeFormat::HttpDate);
        time.map(Self).map_err(|_| ())
    }
}

/// Reads the value of a header that occurs once.
fn once<T: FromStr>(found: &mut Option<T>, value: &[u8]) -> Option<()> {
    found.replace(parsed(value)?).is_none().then_some(())
}

fn parsed<T: FromStr>(value: &[u8]) -> Option<T> {
    str::from_utf8(value).ok()?.trim().parse().ok()
}

#[cfg(test)]
pub(super) mod tests;
