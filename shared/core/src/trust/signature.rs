//! The signature of a digest.
//!
//! Rule: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html>.
//!
//! The tests are in `trust/public_key/tests.rs`, with signatures that CloudTrail made, and in
//! `tests/tests/stories.rs`, with digests that another implementation signs.

use crate::format::digest::UnverifiedDigest;
use crate::trust::public_key::{PublicKey, SigningPeriod};

/// Returns the bytes that CloudTrail signs: the end time as the digest spells it, the location of
/// its delivery, the hash of its inflated bytes, and its predecessor's signature or the word
/// `null`.
#[must_use]
pub fn signing_string(digest: &UnverifiedDigest) -> String {
    format!(
        "{}\n{}/{}\n{}\n{}",
        digest.end_time_text,
        digest.location.bucket,
        digest.location.key,
        digest.hash,
        digest
            .predecessor
            .as_ref()
            .map_or("null", |predecessor| &predecessor.signature),
    )
}

/// A digest that CloudTrail signed. Only [`verify`] makes one.
#[derive(Debug, Clone)]
pub struct AuthenticDigest {
    digest: UnverifiedDigest,
    signature: Vec<u8>,
    out_of_period: Option<Box<OutOfPeriod>>,
}

impl AuthenticDigest {
    /// Returns the content of the digest.
    #[must_use]
    pub fn digest(&self) -> &UnverifiedDigest {
        &self.digest
    }

    /// Returns whether `hex` is this digest's signature.
    #[must_use]
    pub fn has_signature(&self, hex: &str) -> bool {
        hex::decode(hex).is_ok_and(|bytes| bytes == self.signature)
    }

    /// Returns the time for which CloudTrail lists the digest's key, if that is not the digest's
    /// time. The signature is still right.
    #[must_use]
    pub fn out_of_period(&self) -> Option<&OutOfPeriod> {
        self.out_of_period.as_deref()
    }

    /// Records that the key is listed for another time.
    pub(crate) fn with_out_of_period(mut self, out_of_period: Option<OutOfPeriod>) -> Self {
        self.out_of_period = out_of_period.map(Box::new);
        self
    }
}

/// A key that signed a digest of another time than its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutOfPeriod {
    /// The key.
    pub key: PublicKey,
    /// The time at which the digest was signed.
    pub signed: SigningPeriod,
}

/// The reason why a signature is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The text is not hex.
    #[error("the signature is not hexadecimal")]
    NotHex,
    /// The key did not make it over these bytes.
    #[error("the signature is not one of this key over this digest")]
    Mismatch,
}

/// Verifies RSASSA-PKCS1-v1_5 with SHA-256 over the signing string.
///
/// # Errors
/// [`SignatureError`] if `signature` (hex) is not the key's signature of this digest.
pub fn verify(
    digest: UnverifiedDigest,
    signature: &str,
    key: &PublicKey,
) -> Result<AuthenticDigest, SignatureError> {
    let signature = hex::decode(signature).map_err(|_| SignatureError::NotHex)?;
    if key.signed(signing_string(&digest).as_bytes(), &signature) {
        Ok(AuthenticDigest {
            digest,
            signature,
            out_of_period: None,
        })
    } else {
        Err(SignatureError::Mismatch)
    }
}
