//! The form of content: as CloudTrail stores it, or already decompressed.
//!
//! CloudTrail stores a digest file or a log file as one gzip member. It hashes and signs the bytes
//! to which the member inflates. Therefore a copy on disk that holds only those bytes can be
//! verified, too. Browsers, SDKs and `gunzip` leave such copies. An object in S3 must always have
//! the first form: there, anything else replaces what CloudTrail wrote.
//!
//! Hashes: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>.

use crate::gzip::stream::{GunzipError, gunzip};
use crate::names::places::Storage;
use std::borrow::Cow;

/// The form of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// One gzip member, as CloudTrail writes it.
    Gzip,
    /// The bytes to which the gzip member inflates.
    Inflated,
}

impl Form {
    /// Returns the form of a file in a copy on disk, by its first byte.
    ///
    /// A gzip member starts with the byte 1f (RFC 1952, section 2.3.1), and the JSON object of a
    /// digest file or a log file with `{`. A file that starts with neither has no content to
    /// verify: it is treated as gzip, and fails.
    #[must_use]
    pub fn of_copy(bytes: &[u8]) -> Self {
        match bytes.first() {
            Some(b'{') => Self::Inflated,
            _ => Self::Gzip,
        }
    }

    /// Returns the form of content that was read: in a copy on disk according to its bytes, and
    /// gzip in S3.
    #[must_use]
    pub fn of(bytes: &[u8], storage: Storage) -> Self {
        match storage {
            Storage::Bucket => Self::Gzip,
            Storage::BareCopy => Self::of_copy(bytes),
        }
    }

    /// Returns the content of `bytes`, which have this form. It has at most `limit` bytes.
    ///
    /// # Errors
    /// [`GunzipError`] if the bytes are not exactly one gzip member, or the content is larger.
    pub fn inflate(self, bytes: &[u8], limit: u64) -> Result<Cow<'_, [u8]>, GunzipError> {
        match self {
            Self::Gzip => gunzip(bytes, limit).map(Cow::Owned),
            Self::Inflated if u64::try_from(bytes.len()).is_ok_and(|size| size <= limit) => {
                Ok(Cow::Borrowed(bytes))
            }
            Self::Inflated => Err(GunzipError::TooLarge { limit }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gzip::stream::tests::gzip;
    use proptest::prelude::*;

    #[test]
    fn decompressed_content_is_not_accepted_in_s3() {
        assert_eq!(Form::of(b"{}", Storage::Bucket), Form::Gzip);
        assert_eq!(Form::of(b"{}", Storage::BareCopy), Form::Inflated);
        assert_eq!(Form::Gzip.inflate(b"{}", 10), Err(GunzipError::Corrupt));
    }

    #[test]
    fn content_that_starts_like_neither_form_is_treated_as_gzip() {
        for bytes in [
            &b""[..],
            b" {}",
            b"\xef\xbb\xbf{}",
            b"[]",
            b"PK\x03\x04",
            b"\x1f\x8b",
        ] {
            assert_eq!(Form::of_copy(bytes), Form::Gzip, "{bytes:?}");
        }
    }

    #[test]
    fn decompressed_content_has_the_limit_of_inflated_content() {
        assert_eq!(Form::Inflated.inflate(b"{}", 2).unwrap(), &b"{}"[..]);
        assert_eq!(
            Form::Inflated.inflate(b"{} ", 2),
            Err(GunzipError::TooLarge { limit: 2 })
        );
    }

    proptest! {
        #[test]
        fn both_forms_of_one_object_have_the_same_content(
            rest in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let content = [b"{", &rest[..]].concat();
            for bytes in [gzip(&content), content.clone()] {
                let form = Form::of_copy(&bytes);
                prop_assert_eq!(&form.inflate(&bytes, 1000).unwrap()[..], &content[..]);
            }
        }
    }
}
