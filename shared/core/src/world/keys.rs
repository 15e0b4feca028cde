//! CloudTrail's public keys.

use super::StoreError;
use crate::names::ids::Region;
use crate::trust::public_key::{PublicKey, SigningPeriod};

/// Requests CloudTrail's public keys.
pub trait ListPublicKeys: Send + Sync {
    /// Returns the keys of a Region whose validity overlaps `period`.
    ///
    /// # Errors
    /// [`StoreError`]; [`Cause::RegionDisabled`](super::Cause::RegionDisabled) for a Region that
    /// the account has not opted into.
    fn list_public_keys(
        &self,
        region: &Region,
        period: SigningPeriod,
    ) -> impl Future<Output = Result<Vec<PublicKey>, StoreError>> + Send;
}
