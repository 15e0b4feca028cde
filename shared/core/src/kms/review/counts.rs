//! The counts of a log file's KMS events.
//!
//! The tests are in `tests/tests/kms/robust.rs` and `tests/tests/kms/delivery.rs`.

use std::collections::BTreeMap;

/// The counts of a log file's KMS events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KmsCounts {
    /// All events, whichever trail they belong to.
    pub kms_events: u64,
    /// Deliveries that are dated after the log file that records them.
    pub deliveries_dated_ahead: u64,
    /// Keys of other accounts, whose policies cannot be read from here.
    pub key_policies_of_other_accounts: u64,
}

impl KmsCounts {
    /// Returns the counts by their names in a receipt, which omits those that are zero.
    #[must_use]
    pub fn by_name(self) -> BTreeMap<&'static str, u64> {
        let rare = [
            ("deliveriesDatedAhead", self.deliveries_dated_ahead),
            (
                "keyPoliciesOfOtherAccounts",
                self.key_policies_of_other_accounts,
            ),
        ];
        let rare = rare.into_iter().filter(|(_, count)| *count > 0);
        [("kmsEvents", self.kms_events)]
            .into_iter()
            .chain(rare)
            .collect()
    }
}
