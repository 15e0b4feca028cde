//! The counts of KMS events and of the deliveries that they show.

use serde::{Deserialize, Serialize};

/// The counts of KMS events and of the deliveries that they show.
///
/// A receipt omits a rare count that is zero, and a count of what was not looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KmsCounts {
    /// Deliveries that are dated after the log file that records them.
    #[serde(skip_serializing_if = "is_zero")]
    pub deliveries_dated_ahead: u64,
    /// Deliveries that remained unsettled for three days.
    #[serde(skip_serializing_if = "is_zero")]
    pub deliveries_given_up: u64,
    /// Deliveries that are too old for a digest to settle them.
    #[serde(skip_serializing_if = "is_zero")]
    pub deliveries_too_old: u64,
    /// Keys of other accounts, whose policies cannot be read from here.
    #[serde(skip_serializing_if = "is_zero")]
    pub key_policies_of_other_accounts: u64,
    /// All KMS events of a log file, whichever trail they belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_events: Option<u64>,
    /// Log files that a digest lists, that no event shows, and that were not looked up.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_looked_at: u64,
    /// Log files under a KMS key that a digest lists and no event shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unwitnessed: Option<u64>,
    /// Log files that a digest lists and an event shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witnessed: Option<u64>,
}

impl KmsCounts {
    /// Adds other counts.
    pub fn merge(&mut self, other: Self) {
        for (count, more) in [
            (
                &mut self.deliveries_dated_ahead,
                other.deliveries_dated_ahead,
            ),
            (&mut self.deliveries_given_up, other.deliveries_given_up),
            (&mut self.deliveries_too_old, other.deliveries_too_old),
            (
                &mut self.key_policies_of_other_accounts,
                other.key_policies_of_other_accounts,
            ),
            (&mut self.not_looked_at, other.not_looked_at),
        ] {
            *count = count.saturating_add(more);
        }
        for (count, more) in [
            (&mut self.kms_events, other.kms_events),
            (&mut self.unwitnessed, other.unwitnessed),
            (&mut self.witnessed, other.witnessed),
        ] {
            if let Some(more) = more {
                *count = Some(count.unwrap_or_default().saturating_add(more));
            }
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_omits_rare_counts_and_what_was_not_looked_for() {
        let json = |counts: KmsCounts| serde_json::to_string(&counts).unwrap();
        assert_eq!(json(KmsCounts::default()), "{}");
        let mut counts = KmsCounts {
            kms_events: Some(0),
            ..KmsCounts::default()
        };
        assert_eq!(json(counts), r#"{"kmsEvents":0}"#);
        counts.merge(KmsCounts {
            deliveries_dated_ahead: 1,
            deliveries_given_up: 2,
            deliveries_too_old: 3,
            key_policies_of_other_accounts: 4,
            kms_events: Some(5),
            not_looked_at: 6,
            unwitnessed: Some(7),
            witnessed: Some(8),
        });
        counts.merge(counts);
        assert_eq!(
            json(counts),
            r#"{"deliveriesDatedAhead":2,"deliveriesGivenUp":4,"deliveriesTooOld":6,"keyPoliciesOfOtherAccounts":8,"kmsEvents":10,"notLookedAt":12,"unwitnessed":14,"witnessed":16}"#
        );
    }
}
