//! The pinned keys of a function, which are read and checked when it starts.

use aws_config::SdkConfig;
use trailseal::names::bucket_name::bucket_name;
use trailseal::names::ids::AccountId;
use trailseal::names::location::ObjectLocation;
use trailseal::names::sha256::Sha256;
use trailseal::trust::public_key::{KeySet, PublicKeyError};
use trailseal::world::{Body as _, ReadObject as _, StoreError};
use trailseal_aws::S3Objects;

/// The maximum number of bytes of a saved list-public-keys response: 10,000 keys take about 6 MB.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The place of a saved list-public-keys response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinnedKeys {
    /// In a file of the function's package or layer.
    File(String),
    /// In an S3 object.
    Object(ObjectLocation),
}

impl PinnedKeys {
    /// Parses a path or an `s3://BUCKET/KEY` URI.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("s3://") {
            None => Some(Self::File(text.to_owned())),
            Some(rest) => {
                let (bucket, key) = rest.split_once('/').filter(|(_, key)| !key.is_empty())?;
                Some(Self::Object(ObjectLocation::new(bucket_name(bucket)?, key)))
            }
        }
    }
}

/// The reason why a function does not accept the pinned keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PinnedError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// The reason.
        source: std::io::Error,
    },
    /// The object cannot be read.
    #[error("{0}")]
    Object(#[from] StoreError),
    /// There are more bytes than keys can take up.
    #[error("the saved response has more than {MAX_BYTES} bytes")]
    TooLarge,
    /// The bytes are not the ones that the stack's owner pinned.
    #[error(
        "the SHA-256 of the saved response is {actual}, but TRAILSEAL_PINNED_KEYS_SHA256 is {expected}: somebody changed the saved keys, or the parameter PinnedKeysSha256 belongs to an earlier response"
    )]
    Hash {
        /// The hash in the variable.
        expected: Sha256,
        /// The hash of the bytes.
        actual: Sha256,
    },
    /// The bytes are not keys.
    #[error("{0}")]
    Keys(#[from] PublicKeyError),
    /// The response contains no key.
    #[error(
        "the saved response contains no key: save it again for the time of the digests (trailseal keys --start-time …)"
    )]
    None,
    /// A key without a Region would count for every Region.
    #[error(
        "the entry of the key {fingerprint} does not name a Region: save the keys with `trailseal keys`, which adds it, or add \"Region\" to each entry of the response of `aws cloudtrail list-public-keys`"
    )]
    NoRegion {
        /// The key's fingerprint.
        fingerprint: String,
    },
}

/// Reads the keys at `place`, whose bytes have the hash `expected`, if one is given. Without a
/// place, returns no keys.
///
/// The bucket must belong to the owner of the log buckets, if that is configured.
///
/// # Errors
/// [`PinnedError`] if the keys cannot be read or cannot be trusted.
pub(crate) async fn read(
    sdk: &SdkConfig,
    place: Option<&PinnedKeys>,
    expected: Option<Sha256>,
    bucket_owner: Option<&AccountId>,
) -> Result<KeySet, PinnedError> {
    let json = match place {
        None => return Ok(KeySet::default()),
        Some(PinnedKeys::File(path)) => {
            std::fs::read(path).map_err(|source| PinnedError::File {
                path: path.clone(),
                source,
            })?
        }
        Some(PinnedKeys::Object(at)) => {
            read_object(&S3Objects::new(sdk, bucket_owner.cloned()), at).await?
        }
    };
    accept(&json, expected)
}

/// Returns the keys in a saved response if all of it can be trusted: the response has the pinned
/// hash, and each key names its Region. CloudTrail has different keys in each Region, so a key
/// without one would vouch for digests that it never signs:
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListPublicKeys.html>.
fn accept(json: &[u8], expected: Option<Sha256>) -> Result<KeySet, PinnedError> {
    let actual = Sha256::of(json);
    if let Some(expected) = expected.filter(|expected| *expected != actual) {
        return Err(PinnedError::Hash { expected, actual });
    }
    let keys = KeySet::from_saved_response(json)?;
    if keys.is_empty() {
        return Err(PinnedError::None);
    }
    match keys.without_region() {
        Some(key) => Err(PinnedError::NoRegion {
            fingerprint: key.fingerprint.clone(),
        }),
        None => Ok(keys),
    }
}

async fn read_object(objects: &S3Objects, at: &ObjectLocation) -> Result<Vec<u8>, PinnedError> {
    let mut object = objects.read(at).await?;
    let mut json = Vec::new();
    if object.body.collect(&mut json, MAX_BYTES).await? {
        Ok(json)
    } else {
        Err(PinnedError::TooLarge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHED: &str = include_str!("../../../core/testdata/list-public-keys.json");

    fn named() -> String {
        PUBLISHED.replace("\"Value\"", "\"Region\":\"eu-west-1\",\"Value\"")
    }

    #[test]
    fn every_pinned_key_names_its_region() {
        assert!(accept(named().as_bytes(), None).is_ok());
        let one = named().replacen("\"Region\":\"eu-west-1\",", "", 1);
        for json in [PUBLISHED, &one] {
            assert!(matches!(
                accept(json.as_bytes(), None),
                Err(PinnedError::NoRegion { .. })
            ));
        }
        let nothing = accept(b"{\"PublicKeyList\":[]}", None);
        assert!(matches!(nothing, Err(PinnedError::None)));
    }

    #[test]
    fn pinned_keys_with_another_hash_are_refused() {
        let json = named();
        let hash = Sha256::of(json.as_bytes());
        assert!(accept(json.as_bytes(), Some(hash)).is_ok());
        let changed = json + "\n";
        let error = accept(changed.as_bytes(), Some(hash)).unwrap_err();
        assert!(matches!(error, PinnedError::Hash { expected, .. } if expected == hash));
    }
}
