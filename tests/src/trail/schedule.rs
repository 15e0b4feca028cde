//! The key that signs at each time, and the keys that CloudTrail publishes.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use md5::{Digest as _, Md5};
use serde::Serialize;

use super::keys::{PERIODS, PoolKey, Signer};
use super::region::slot;
use super::time::{hours, iso};

/// How many days before and after a trail's own time its keys are published.
const PUBLISHED_MARGIN_DAYS: i64 = 20;

/// The encoding of a published key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyForm {
    /// `RSAPublicKey`, as `ListPublicKeys` documents it.
    Pkcs1,
    /// `SubjectPublicKeyInfo`, as one of AWS's sample responses shows it.
    Spki,
}

/// The format of the times in a saved `list-public-keys` response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseStyle {
    /// As version 1 of the AWS CLI prints them: seconds since 1970, `1767225600.0`.
    CliV1,
    /// As version 2 of the AWS CLI prints them: `2026-01-01T00:00:00+00:00`.
    CliV2,
}

impl ResponseStyle {
    fn time(self, iso: &str) -> serde_json::Value {
        match self {
            Self::CliV1 => {
                let at: Timestamp = iso.parse().expect("a timestamp");
                at.as_duration().as_secs_f64().into()
            }
            Self::CliV2 => iso.replace('Z', "+00:00").into(),
        }
    }
}

/// The rotation of signing keys, which is the same in every Region; each Region has its own keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySchedule {
    /// The start of rotation period 0.
    pub epoch: Timestamp,
    /// The number of days between new keys.
    pub rotation_days: i64,
    /// The number of days for which a key is valid.
    pub validity_days: i64,
    /// The rotation periods whose keys are published as `SubjectPublicKeyInfo`.
    pub spki_periods: BTreeSet<i64>,
}

impl Default for KeySchedule {
    fn default() -> Self {
        Self {
            epoch: "2026-01-01T00:00:00Z".parse().expect("a timestamp"),
            rotation_days: 20,
            validity_days: 30,
            spki_periods: BTreeSet::new(),
        }
    }
}

/// One key as CloudTrail's `ListPublicKeys` returns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PublishedKey {
    /// The DER public key in base64.
    pub value: String,
    /// The first moment of the key's validity.
    pub validity_start_time: String,
    /// The last moment of the key's validity.
    pub validity_end_time: String,
    /// The hex MD5 of the DER public key.
    pub fingerprint: String,
}

impl KeySchedule {
    /// Returns the rotation period that a moment is in.
    pub fn period_at(&self, at: Timestamp) -> i64 {
        let elapsed = at.as_second() - self.epoch.as_second();
        elapsed.div_euclid(self.rotation_days * 86_400)
    }

    /// Returns the validity of the key of a rotation period.
    pub fn validity(&self, period: i64) -> (Timestamp, Timestamp) {
        let start = self.epoch + hours(24 * self.rotation_days * period);
        (start, start + hours(24 * self.validity_days))
    }

    /// Returns the encoding in which the key of a rotation period is published.
    pub fn form(&self, period: i64) -> KeyForm {
        if self.spki_periods.contains(&period) {
            KeyForm::Spki
        } else {
            KeyForm::Pkcs1
        }
    }

    /// Returns the key of a Region in a rotation period, with its published name.
    pub fn signer(&self, region: &str, period: i64) -> Signer {
        let key = PoolKey::Slot {
            slot: slot(region),
            period: u8::try_from(period.rem_euclid(i64::from(PERIODS))).expect("less than four"),
        };
        Signer {
            key,
            fingerprint: fingerprint(&published_der(key, self.form(period))),
        }
    }

    /// Returns the key that a Region signs with at a moment: the newest valid one.
    pub fn signer_at(&self, region: &str, at: Timestamp) -> Signer {
        self.signer(region, self.period_at(at))
    }

    /// Returns the keys of a Region whose validity overlaps the time from `from` to `to`, oldest
    /// first.
    pub fn published(&self, region: &str, from: Timestamp, to: Timestamp) -> Vec<PublishedKey> {
        let earliest = self.period_at(from - hours(24 * self.validity_days));
        (earliest..=self.period_at(to))
            .filter(|period| self.validity(*period).1 >= from)
            .map(|period| self.published_key(region, period))
            .collect()
    }

    fn published_key(&self, region: &str, period: i64) -> PublishedKey {
        let signer = self.signer(region, period);
        let (start, end) = self.validity(period);
        PublishedKey {
            value: STANDARD.encode(published_der(signer.key, self.form(period))),
            validity_start_time: iso(start),
            validity_end_time: iso(end),
            fingerprint: signer.fingerprint,
        }
    }

    /// Returns the file from which the local AWS answers `ListPublicKeys`: for each Region, the
    /// keys of the time from `from` to `to` and of some weeks around it.
    pub fn public_keys_by_region(
        &self,
        regions: &[String],
        from: Timestamp,
        to: Timestamp,
    ) -> serde_json::Value {
        let margin = hours(24 * PUBLISHED_MARGIN_DAYS);
        let by_region: BTreeMap<&str, Vec<PublishedKey>> = regions
            .iter()
            .map(|region| {
                let keys = self.published(region, from - margin, to + margin);
                (region.as_str(), keys)
            })
            .collect();
        serde_json::to_value(by_region).expect("plain data")
    }

    /// Returns a saved `aws cloudtrail list-public-keys` response of one Region.
    pub fn list_public_keys_response(
        &self,
        region: &str,
        from: Timestamp,
        to: Timestamp,
        style: ResponseStyle,
    ) -> serde_json::Value {
        let keys: Vec<serde_json::Value> = self
            .published(region, from, to)
            .iter()
            .map(|key| {
                serde_json::json!({
                    "Value": key.value,
                    "ValidityStartTime": style.time(&key.validity_start_time),
                    "ValidityEndTime": style.time(&key.validity_end_time),
                    "Fingerprint": key.fingerprint,
                })
            })
            .collect();
        serde_json::json!({ "PublicKeyList": keys })
    }
}

fn published_der(key: PoolKey, form: KeyForm) -> Vec<u8> {
    match form {
        KeyForm::Pkcs1 => key.pkcs1_der(),
        KeyForm::Spki => key.spki_der(),
    }
}

/// Returns the name that CloudTrail gives a key: the hex MD5 of the DER public key.
pub(crate) fn fingerprint(der: &[u8]) -> String {
    hex::encode(Md5::digest(der))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn the_newest_valid_key_signs() {
        let keys = KeySchedule::default();
        let before = keys.signer_at("us-east-1", at("2026-01-20T23:59:59Z"));
        let after = keys.signer_at("us-east-1", at("2026-01-21T00:00:00Z"));
        assert_eq!(before.key, PoolKey::Slot { slot: 0, period: 0 });
        assert_eq!(after.key, PoolKey::Slot { slot: 0, period: 1 });
        assert_eq!(
            keys.signer_at("us-east-1", at("2025-12-31T23:59:59Z")).key,
            PoolKey::Slot { slot: 0, period: 3 }
        );
    }

    #[test]
    fn overlapping_keys_are_published_together() {
        let keys = KeySchedule::default();
        let spans: Vec<_> = keys
            .published(
                "eu-west-1",
                at("2026-01-25T00:00:00Z"),
                at("2026-01-25T01:00:00Z"),
            )
            .into_iter()
            .map(|key| (key.validity_start_time, key.validity_end_time))
            .collect();
        let expected = [
            ("2026-01-01T00:00:00Z", "2026-01-31T00:00:00Z"),
            ("2026-01-21T00:00:00Z", "2026-02-20T00:00:00Z"),
        ]
        .map(|(start, end)| (start.to_owned(), end.to_owned()));
        assert_eq!(spans, expected);
    }

    #[test]
    fn a_fingerprint_is_the_md5_of_the_published_form() {
        let keys = KeySchedule {
            spki_periods: BTreeSet::from([0]),
            ..KeySchedule::default()
        };
        let moment = at("2026-01-15T00:00:00Z");
        let published = keys.published("us-east-1", moment, moment);
        let der = STANDARD.decode(&published[0].value).expect("base64");
        assert_eq!(der, PoolKey::Slot { slot: 0, period: 0 }.spki_der());
        assert_eq!(published[0].fingerprint, fingerprint(&der));
        assert_eq!(
            keys.signer_at("us-east-1", moment).fingerprint,
            fingerprint(&der)
        );
    }
}
