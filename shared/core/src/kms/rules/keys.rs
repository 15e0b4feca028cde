//! Rules 3 and 4: event, object and configuration agree on the key; the key can encrypt, will
//! continue to, and serves no other trail.
//!
//! The tests are in `tests/tests/kms/agreement.rs`.

use super::ruling::Ruling;
use crate::finding::kms::{ExpiringKey, KeyMismatch, OpenPolicy, UnusableKey};
use crate::kms::expected::Expected;
use crate::kms::key_name::same_key;
use crate::kms::policy::PolicyVerdict;
use crate::world::{Encryption, KeyDescription};
use jiff::{SignedDuration, Timestamp};

/// The time before the expiration of its imported material at which a key starts to count as
/// expiring.
const EXPIRES_SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Rule 3, the configuration: `key`, by ARN, is one of the configured keys.
pub(crate) fn key(key_arn: &str, expected: &Expected) -> Ruling<KeyMismatch> {
    let keys = &expected.key_arns;
    if keys.is_empty() || keys.iter().any(|arn| arn == key_arn) {
        Ruling::Valid("the key is one of the trail's keys")
    } else {
        Ruling::Wrong(KeyMismatch::NotConfigured {
            used: key_arn.to_owned(),
            configured: keys.clone(),
        })
    }
}

/// Rule 3, the object: it is encrypted under the key of its delivery. Rule 8 applies to an object
/// that is not under a key at all.
pub(crate) fn key_of_object(key_arn: &str, object: &Encryption) -> Ruling<KeyMismatch> {
    match object.kms_key() {
        None => Ruling::Silent,
        Some(key) if same_key(key, key_arn) => {
            Ruling::Valid("the event and the object name the same key")
        }
        Some(key) => Ruling::Wrong(KeyMismatch::NotOfObject {
            used: key_arn.to_owned(),
            of_object: key.to_owned(),
        }),
    }
}

/// Rule 4, the key: symmetric, for encryption, and usable.
pub(crate) fn key_health(key: &KeyDescription) -> Ruling<UnusableKey> {
    // While the primary of a multi-Region key is being changed, the key works.
    let usable = matches!(key.state.as_str(), "Enabled" | "Updating");
    if key.spec == "SYMMETRIC_DEFAULT" && key.usage == "ENCRYPT_DECRYPT" && usable {
        return Ruling::Valid("the key can encrypt log files");
    }
    Ruling::Wrong(UnusableKey {
        spec: key.spec.clone(),
        usage: key.usage.clone(),
        state: key.state.clone(),
    })
}

/// Rule 4, the key's material: if it was imported, it does not expire soon after the time of the
/// events.
///
/// When it expires, KMS deletes it, and the key cannot be used until it is imported again:
/// <https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-delete-key-material.html>.
pub(crate) fn key_material(key: &KeyDescription, at: Timestamp) -> Ruling<ExpiringKey> {
    match key.expires {
        Some(expires) if expires.duration_since(at) < EXPIRES_SOON => Ruling::Wrong(ExpiringKey {
            expires,
            soon: EXPIRES_SOON,
        }),
        Some(_) => Ruling::Valid("the key's material does not expire soon"),
        None => Ruling::Silent,
    }
}

/// Rule 4, the policy: CloudTrail may generate data keys only for named trails.
pub(crate) fn key_policy(verdict: &PolicyVerdict) -> Ruling<OpenPolicy> {
    match verdict {
        PolicyVerdict::Sound => Ruling::Valid("the key's policy names the trails"),
        PolicyVerdict::Open { statements } => Ruling::Wrong(OpenPolicy {
            statements: statements.clone(),
        }),
        PolicyVerdict::Unreadable(_) => Ruling::Silent,
    }
}
