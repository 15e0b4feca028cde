//! A digest that should have come.

use super::DigestVerifier;
use crate::finding::{DigestReference, Finding, FindingKind};
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestKey;
use crate::names::window::Window;
use crate::world::{ListPublicKeys, ReadObject};
use jiff::{SignedDuration, Timestamp};

/// How long after the end of a digest the next one may take. CloudTrail delivers one an hour,
/// some half an hour late, and catches up after an outage.
pub const OVERDUE_AFTER: SignedDuration = SignedDuration::from_hours(6);

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    /// The finding that no digest of a chain follows `newest`, although there should be one:
    /// between `from` and `until` nothing is proven.
    #[must_use]
    pub fn overdue(
        &self,
        newest: &ObjectLocation,
        key: &DigestKey,
        from: Timestamp,
        until: Timestamp,
    ) -> Finding {
        Finding::new(
            FindingKind::DigestOverdue,
            self.scope(key),
            newest.clone(),
            format!(
                "No digest of its chain follows this one, although there should be one every hour: from {from} to {until} nothing is proven."
            ),
        )
        .with_digest(DigestReference::by_key(newest, Some(key)))
        .with_window(Window {
            from: Some(from),
            to: until,
        })
        .with_evidence(
            format!("a digest for every hour up to {until}"),
            "none after this one that CloudTrail signed",
        )
    }
}
