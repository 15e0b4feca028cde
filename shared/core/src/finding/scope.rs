//! The scope of a finding.

use crate::format::digest::UnverifiedDigest;
use crate::names::ids::TrailArn;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{Chain, DigestKey, LogFileKey};
use crate::names::region_folder::RegionFolder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The account, Region and trail that a finding is about, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Scope {
    /// The account whose events are recorded.
    pub account: Option<String>,
    /// The Region in which the events occurred.
    pub region: Option<String>,
    /// The trail's ARN, or only its name if the owning account is unknown.
    pub trail: Option<String>,
    /// The trail's home Region.
    pub home_region: Option<String>,
}

impl Scope {
    /// Returns the scope of a digest chain. `trails` are the configured trails: the ARN of an
    /// organization trail names an account that its digests do not name.
    #[must_use]
    pub fn of_chain(chain: &Chain, trails: &[TrailArn]) -> Self {
        let configured = trails.iter().find(|arn| chain.is_of(arn));
        let trail = match (configured, &chain.folder.organization) {
            (Some(arn), _) => arn.to_string(),
            (None, None) => TrailArn::new(
                chain.home_region.clone(),
                chain.folder.account.clone(),
                chain.trail.clone(),
            )
            .to_string(),
            (None, Some(_)) => chain.trail.to_string(),
        };
        Self {
            account: Some(chain.folder.account.to_string()),
            region: Some(chain.region.to_string()),
            trail: Some(trail),
            home_region: Some(chain.home_region.to_string()),
        }
    }

    /// Returns the scope of a log file. Its key does not name the trail: it is the configured one,
    /// if there is exactly one.
    #[must_use]
    pub fn of_log_file(key: &LogFileKey, trails: &[TrailArn]) -> Self {
        let only = match trails {
            [trail] => Some(trail),
            _ => None,
        };
        Self {
            account: Some(key.folder.account.to_string()),
            region: Some(key.region.to_string()),
            trail: only.map(TrailArn::to_string),
            home_region: only.map(|trail| trail.home_region.to_string()),
        }
    }

    /// Returns the scope of a finding about the folder of an account and Region.
    #[must_use]
    pub fn of_region_folder(folder: &RegionFolder) -> Self {
        Self {
            account: Some(folder.folder.account.to_string()),
            region: Some(folder.region.to_string()),
            ..Self::default()
        }
    }
}

/// The digest that led to a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DigestReference {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// The start of its range, if the digest could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Timestamp>,
    /// The end of its range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Timestamp>,
}

impl DigestReference {
    /// Returns a reference to a digest that was read, with the time that it covers.
    #[must_use]
    pub fn of(at: &ObjectLocation, digest: &UnverifiedDigest) -> Self {
        Self {
            bucket: at.bucket.clone(),
            key: at.key.clone(),
            start_time: Some(digest.start_time),
            end_time: Some(digest.end_time),
        }
    }

    /// Returns a reference to a digest of which only the key is known.
    #[must_use]
    pub fn by_key(at: &ObjectLocation, key: Option<&DigestKey>) -> Self {
        Self {
            bucket: at.bucket.clone(),
            key: at.key.clone(),
            start_time: None,
            end_time: key.map(|key| key.end_time),
        }
    }
}
