//! The versions of an object in S3.

use super::{MAX_REDIRECTS, S3Objects};
use crate::error::store_error;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::EncodingType;
use jiff::Timestamp;
use trailseal::names::location::ObjectLocation;
use trailseal::names::url_encoding::url_decode;
use trailseal::world::{ListVersions, ObjectVersion, StoreError, Versions};

/// The maximum number of pages of versions of one object that are listed: 4,000 versions.
const MAX_VERSION_PAGES: usize = 4;

impl ListVersions for S3Objects {
    /// Lists with the key as the prefix. The versions of the key itself are the first ones, because
    /// every other key with this prefix is longer, and S3 lists keys in order
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html>).
    async fn versions(&self, at: &ObjectLocation) -> Result<Versions, StoreError> {
        let mut found = Versions::default();
        let (mut key_marker, mut version_marker) = (None, None);
        for _ in 0..MAX_VERSION_PAGES {
            // URL-encoded: a key may contain characters that XML cannot represent.
            let answer = in_region!(self, &at.bucket, |client| client
                .list_object_versions()
                .bucket(&at.bucket)
                .prefix(&at.key)
                .encoding_type(EncodingType::Url)
                .set_key_marker(key_marker.clone())
                .set_version_id_marker(version_marker.clone())
                .set_expected_bucket_owner(self.owner()));
            let output = answer
                .map_err(|error| store_error("list the versions of", at.to_string(), &error))?;
            let next = output
                .next_key_marker()
                .map(|key| decoded(&output, key))
                .filter(|key| *key == at.key);
            version_marker = output.next_version_id_marker().map(str::to_owned);
            add(&mut found, &output, &at.key);
            found.more = output.is_truncated() == Some(true) && next.is_some();
            if !found.more {
                break;
            }
            key_marker = next;
        }
        Ok(found)
    }
}

/// Adds the versions of exactly this key.
fn add(found: &mut Versions, output: &ListObjectVersionsOutput, key: &str) {
    let is_it = |named: Option<&str>| named.is_some_and(|named| decoded(output, named) == key);
    let versions = output.versions().iter();
    found.versions.extend(
        versions
            .filter(|it| is_it(it.key()))
            .map(|it| ObjectVersion {
                id: it.version_id().unwrap_or("null").to_owned(),
                is_current: it.is_latest() == Some(true),
                written: time(it.last_modified()),
            }),
    );
    let markers = output.delete_markers().iter();
    found.markers.extend(
        markers
            .filter(|it| is_it(it.key()))
            .map(|it| ObjectVersion {
                id: it.version_id().unwrap_or("null").to_owned(),
                is_current: it.is_latest() == Some(true),
                written: time(it.last_modified()),
            }),
    );
}

fn decoded(output: &ListObjectVersionsOutput, key: &str) -> String {
    let is_encoded = output.encoding_type() == Some(&EncodingType::Url);
    let decoded = is_encoded.then(|| url_decode(key)).flatten();
    decoded.unwrap_or_else(|| key.to_owned())
}

fn time(time: Option<&DateTime>) -> Option<Timestamp> {
    Timestamp::from_second(time?.secs()).ok()
}
