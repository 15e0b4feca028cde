//! S3's own checksum of an object, compared as the object is read.
//!
//! Content that did not arrive as S3 has it is not the object's, and says nothing about it:
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_checksums::ChecksumAlgorithm;
use aws_smithy_checksums::body::validate::ChecksumBody;
use aws_smithy_checksums::http::CHECKSUM_ALGORITHMS_IN_PRIORITY_ORDER;
use aws_smithy_types::base64;
use bytes::Bytes;

/// What the names of headers with checksums start with.
const CHECKSUM: &str = "x-amz-checksum-";

/// Has the content of an answer end with an error if it does not have the checksum that the answer
/// states. The checksum of an object that was uploaded in parts is one of their checksums, and is not
/// compared. CloudTrail uploads its files as a whole.
pub(super) fn compare(answer: &mut HttpResponse) {
    let mut headers = answer.headers().iter_bytes();
    let states_one = headers.any(|(name, _)| name.starts_with(CHECKSUM));
    drop(headers);
    if !states_one {
        return;
    }
    let stated = CHECKSUM_ALGORITHMS_IN_PRIORITY_ORDER
        .into_iter()
        .filter_map(|name| name.parse::<ChecksumAlgorithm>().ok())
        .find_map(|algorithm| {
            let header = answer.headers().get(algorithm.into_impl().header_name())?;
            Some((algorithm, base64::decode(header).ok()?))
        });
    let Some((algorithm, stated)) = stated else {
        return;
    };
    let body = std::mem::replace(answer.body_mut(), SdkBody::taken());
    let compared = ChecksumBody::new(body, algorithm.into_impl(), Bytes::from(stated));
    *answer.body_mut() = SdkBody::from_body_1_x(compared);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_each_algorithm_is_one_with_a_checksum() {
        for name in CHECKSUM_ALGORITHMS_IN_PRIORITY_ORDER {
            let algorithm: ChecksumAlgorithm = name.parse().unwrap();
            let header = algorithm.into_impl().header_name();
            assert!(header.starts_with(CHECKSUM), "{header}");
        }
    }
}
