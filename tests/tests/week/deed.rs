//! One tampering: what it is, and which findings it explains.

use crate::kinds::Kind;
use crate::world::Act;
use jiff::Timestamp;
use trailseal::alert::sent_finding::SentFinding;

/// A tampering in the week.
#[derive(Debug, Clone)]
pub(crate) struct Deed {
    pub(crate) kind: Kind,
    /// The place, for the person who reads a failure.
    pub(crate) what: String,
    /// The time from which it can be found.
    pub(crate) at: Timestamp,
    /// The time from which the stated limit counts.
    pub(crate) since: Timestamp,
    /// The findings that it explains. The first is the one that must report it.
    pub(crate) claims: Vec<Claim>,
    /// The time at which somebody undoes it.
    pub(crate) repaired_at: Option<Timestamp>,
}

/// Findings that a tampering explains.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    pub(crate) kind: &'static str,
    pub(crate) about: About,
    /// Later findings are not explained.
    pub(crate) until: Timestamp,
}

/// What a finding is about.
#[derive(Debug, Clone)]
pub(crate) enum About {
    /// The object with this key.
    Key(String),
    /// Any object of this bucket.
    Bucket(String),
    /// Its message contains all of these texts.
    Texts(Vec<String>),
    /// Anything.
    Anything,
}

impl Claim {
    pub(crate) fn of_key(kind: &'static str, key: &str) -> Self {
        Self {
            kind,
            about: About::Key(key.to_owned()),
            until: Timestamp::MAX,
        }
    }

    pub(crate) fn explains(&self, finding: &SentFinding) -> bool {
        let is_about_it = match &self.about {
            About::Key(key) => finding.object.key == *key,
            About::Bucket(bucket) => finding.object.bucket == *bucket,
            About::Texts(texts) => texts.iter().all(|text| finding.message.contains(text)),
            About::Anything => true,
        };
        finding.kind == self.kind && is_about_it && finding.detected_at <= self.until
    }
}

impl Deed {
    /// Returns whether the tampering explains a finding.
    pub(crate) fn explains(&self, finding: &SentFinding) -> bool {
        finding.detected_at >= self.at && self.claims.iter().any(|claim| claim.explains(finding))
    }

    /// Returns whether a finding is the one that must report it, from the function that must find
    /// it.
    pub(crate) fn is_found_by(&self, finding: &SentFinding) -> bool {
        self.is_about(finding) && finding.function == self.kind.facts().function
    }

    /// Returns whether a finding is the one that must report it, from any function.
    pub(crate) fn is_about(&self, finding: &SentFinding) -> bool {
        finding.detected_at >= self.at && self.claims[0].explains(finding)
    }
}

/// A tampering, and everything that is done for it.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) deed: Deed,
    pub(crate) acts: Vec<(Timestamp, Act)>,
}
