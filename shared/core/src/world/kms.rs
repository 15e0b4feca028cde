//! What KMS says of keys.

use super::StoreError;
use crate::names::ids::Region;
use jiff::Timestamp;

/// What KMS says of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDescription {
    /// The key's ARN.
    pub arn: String,
    /// `SYMMETRIC_DEFAULT`, `RSA_2048`, …
    pub spec: String,
    /// `ENCRYPT_DECRYPT`, `SIGN_VERIFY`, …
    pub usage: String,
    /// `Enabled`, `Disabled`, `PendingDeletion`, …
    pub state: String,
    /// When imported key material expires.
    pub expires: Option<Timestamp>,
}

/// Asks KMS about keys.
pub trait DescribeKey: Send + Sync {
    /// Describes the key with this id, ARN or alias ARN; what is no ARN is looked up in `region`.
    ///
    /// # Errors
    /// [`StoreError`]; [`Cause::Absent`](super::Cause::Absent) when there is no such key.
    fn describe_key(
        &self,
        key: &str,
        region: Option<&Region>,
    ) -> impl Future<Output = Result<KeyDescription, StoreError>> + Send;
}

/// Reads key policies.
pub trait ReadKeyPolicy: Send + Sync {
    /// The policy of the key with this ARN, as JSON.
    ///
    /// # Errors
    /// [`StoreError`]; [`Cause::Denied`](super::Cause::Denied) always for a key of another account.
    fn key_policy(&self, key_arn: &str) -> impl Future<Output = Result<String, StoreError>> + Send;
}
