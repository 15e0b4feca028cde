//! Descriptions and policies of keys in KMS.

use super::StoreError;
use crate::names::ids::Region;
use jiff::Timestamp;

/// The description of a key in KMS.
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
    /// The time when imported key material expires.
    pub expires: Option<Timestamp>,
}

/// Requests descriptions of keys from KMS.
pub trait DescribeKey: Send + Sync {
    /// Describes the key with this ID, ARN or alias ARN. Anything that is not an ARN is looked up
    /// in `region`.
    ///
    /// # Errors
    /// [`StoreError`]; [`Cause::Absent`](super::Cause::Absent) if the key does not exist.
    fn describe_key(
        &self,
        key: &str,
        region: Option<&Region>,
    ) -> impl Future<Output = Result<KeyDescription, StoreError>> + Send;
}

/// Reads key policies.
pub trait ReadKeyPolicy: Send + Sync {
    /// Returns the policy of the key with this ARN, as JSON.
    ///
    /// # Errors
    /// [`StoreError`]; always [`Cause::Denied`](super::Cause::Denied) for a key of another account.
    fn key_policy(&self, key_arn: &str) -> impl Future<Output = Result<String, StoreError>> + Send;
}
