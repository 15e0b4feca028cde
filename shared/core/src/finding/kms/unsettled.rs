//! Unsettled deliveries. Trailseal reports each limit that is reached and each delivery it gives
//! up.
//!
//! The tests are in `tests/tests/kms/unsettled.rs`.

use crate::finding::{DigestReference, Finding, FindingKind, Scope};
use crate::names::location::ObjectLocation;
use std::collections::BTreeMap;

/// The reason why it is unknown whether a digest lists a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhyUnsettled {
    /// There were too many log files to look at.
    NotLookedAt,
    /// S3 does not say whether the log file exists.
    Unreadable,
    /// The digests of its time are missing, damaged or unreadable.
    NotCovered,
    /// The backfill digests cannot be listed.
    BackfillsNotListed,
    /// There are too many backfill digests.
    TooManyBackfills,
}

impl WhyUnsettled {
    fn in_words(self) -> &'static str {
        match self {
            Self::NotLookedAt => "there were too many other log files to check",
            Self::Unreadable => "S3 did not say whether the log file is there",
            Self::NotCovered => "no signed digest of that time could be read",
            Self::BackfillsNotListed => "the backfill digests could not be listed",
            Self::TooManyBackfills => "there are too many backfill digests to read",
        }
    }
}

/// The deliveries that are given up.
#[derive(Debug, Default)]
pub struct GivenUp {
    reasons: BTreeMap<WhyUnsettled, u64>,
    example: Option<ObjectLocation>,
}

impl GivenUp {
    /// Adds a delivery.
    pub fn add(&mut self, object: ObjectLocation, why: WhyUnsettled) {
        *self.reasons.entry(why).or_default() += 1;
        // The example is always the same for the same deliveries.
        if self
            .example
            .as_ref()
            .is_none_or(|example| object < *example)
        {
            self.example = Some(object);
        }
    }

    /// Returns the number of deliveries.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.reasons.values().sum()
    }

    /// Returns one finding for any number of deliveries: one incident for each chain.
    #[must_use]
    pub fn finding(&self, scope: &Scope, place: &str, digest: &DigestReference) -> Option<Finding> {
        let example = self.example.clone()?;
        let message = match self.count() {
            1 => {
                "A KMS event shows that CloudTrail delivered the log file. For three days, Trailseal could not find out whether a digest lists it.".to_owned()
            }
            count => format!(
                "KMS events show that CloudTrail delivered {count} log files, including this one. For three days, Trailseal could not find out whether a digest lists them."
            ),
        };
        let reasons: Vec<String> = self
            .reasons
            .iter()
            .map(|(why, count)| format!("{count}: {}", why.in_words()))
            .collect();
        let finding = Finding::new(
            FindingKind::DeliveryUnsettled,
            scope.clone(),
            example,
            message,
        )
        .with_digest(digest.clone())
        .with_evidence("a digest that lists the log file", reasons.join("; "))
        .with_detail("given up")
        .about(place, &digest.key);
        Some(finding)
    }
}

/// Work that one digest did not settle, because there was too much of it.
#[derive(Debug, Default)]
pub struct LeftOver {
    /// Documents beyond the number that one digest settles.
    pub documents: usize,
    /// Indicates whether there are documents that were not listed at all.
    pub more_documents: bool,
    /// Documents that were left for lack of time.
    pub no_time: usize,
    /// Documents that are too large or of an unknown schema.
    pub unreadable: usize,
    /// Documents that keep settled deliveries, because they are too large together.
    pub unwritten: usize,
    /// Deliveries whose log file was not looked at.
    pub looks: usize,
    /// Indicates whether there are too many backfill digests.
    pub backfills: bool,
    /// Indicates whether there are too many earlier digests.
    pub digests: bool,
}

impl LeftOver {
    /// Returns whether anything is left over.
    #[must_use]
    pub fn is_something(&self) -> bool {
        !self.in_words().is_empty()
    }

    fn in_words(&self) -> Vec<String> {
        let counted = [
            (
                self.documents,
                "documents of deliveries beyond those that one digest settles",
            ),
            (
                self.no_time,
                "documents of deliveries for which there was no time",
            ),
            (
                self.unreadable,
                "documents of deliveries that are too large or of an unknown schema",
            ),
            (
                self.unwritten,
                "documents of deliveries, settled in part, that are too large together to be rewritten",
            ),
            (self.looks, "deliveries whose log file was not looked at"),
        ];
        let said = [
            (
                self.more_documents,
                "more documents of deliveries than are listed",
            ),
            (
                self.backfills,
                "more backfill digests, or other objects in their folder, than are read",
            ),
            (self.digests, "more digests in three days than are read"),
        ];
        let counted = counted
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"));
        let said = said
            .into_iter()
            .filter(|(is_so, _)| *is_so)
            .map(|(_, what)| what.to_owned());
        counted.chain(said).collect()
    }

    /// Returns one finding about the chain in `place`; `None` if everything was settled.
    #[must_use]
    pub fn finding(
        &self,
        scope: &Scope,
        at: &ObjectLocation,
        place: &str,
        digest: &DigestReference,
    ) -> Option<Finding> {
        let left = self.in_words();
        (!left.is_empty()).then(|| {
            Finding::new(
                FindingKind::DeliveryUnsettled,
                scope.clone(),
                at.clone(),
                "More deliveries wait for the chain's digests than Trailseal settles with one digest. The rest wait for the next digest.",
            )
            .with_digest(digest.clone())
            .with_evidence("every delivery of the chain settled", left.join("; "))
            .with_detail("left")
            // The subject stays the same until everything is settled.
            .about(place, "")
            .with_remedy(
                "Somebody may have planted log files whose KMS records name deliveries that never happened, to hide a deleted log file among them. Look for PutObject calls on the bucket that are not CloudTrail's, and verify the last days of the chain by hand (trailseal verify, or aws cloudtrail validate-logs).",
            )
        })
    }
}
