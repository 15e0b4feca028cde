//! The receipts of an account's digests, by the names of their documents.

use crate::names::ids::AccountId;
use crate::receipt::{MAX_RECEIPT_BYTES, Receipt, places};
use crate::world::{Cause, ListEvidence, ReplaceEvidence, StoreError};
use jiff::Timestamp;
use std::collections::HashMap;

/// The maximum number of pages of receipts of an account and a day: a hundred thousand receipts.
const MAX_PAGES: usize = 100;

/// The name of the function that validates digests, as its receipts have it.
pub const VALIDATOR: &str = "digest-validator";

/// The name of the function that verifies log files, as its receipts have it.
pub const VERIFIER: &str = "log-verifier";

/// The receipts of one digest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DigestReceipts {
    /// The name of the newest receipt of `digest-validator`.
    pub(super) validated: Option<String>,
    /// Indicates whether there is a receipt of `log-verifier`.
    pub(super) verified: bool,
}

/// The receipts of an account's digests, by the folder of each digest.
#[derive(Debug, Default)]
pub(super) struct AccountReceipts(HashMap<String, DigestReceipts>);

impl AccountReceipts {
    /// Reads the names of the receipts of the digests that end on these days.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be listed, or if there are too many.
    pub(super) async fn list<E: ListEvidence>(
        evidence: &E,
        account: &AccountId,
        days: &[Timestamp],
    ) -> Result<Self, StoreError> {
        let mut found = Self::default();
        for day in days {
            let folder = places::folder_of_day(*day, account);
            found.list_day(evidence, &folder).await?;
        }
        Ok(found)
    }

    async fn list_day<E: ListEvidence>(
        &mut self,
        evidence: &E,
        folder: &str,
    ) -> Result<(), StoreError> {
        let mut after: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let page = evidence.list_documents(folder, after.as_deref()).await?;
            for key in &page.keys {
                self.add(key);
            }
            after = page.keys.into_iter().next_back();
            if !page.more || after.is_none() {
                return Ok(());
            }
        }
        Err(StoreError {
            action: "list all of",
            subject: folder.to_owned(),
            cause: Cause::TooLarge(format!("it has more than {MAX_PAGES} pages of receipts")),
        })
    }

    fn add(&mut self, key: &str) {
        let Some((folder, name)) = places::split_receipt(key) else {
            return;
        };
        let receipts = self.0.entry(folder.to_owned()).or_default();
        if places::is_receipt_of(VALIDATOR, name) {
            // They are in the order of the times of the checks.
            receipts.validated = Some(name.to_owned());
        }
        receipts.verified |= places::is_receipt_of(VERIFIER, name);
    }

    /// Returns the receipts in the folder of a digest.
    pub(super) fn of(&self, folder: &str) -> DigestReceipts {
        self.0.get(folder).cloned().unwrap_or_default()
    }
}

/// Reads whether the receipt of a digest says that CloudTrail signed it.
///
/// # Errors
/// The cause, if the receipt cannot be read.
pub(super) async fn says_signed<E: ReplaceEvidence>(
    evidence: &E,
    folder: &str,
    name: &str,
) -> Result<bool, Cause> {
    let key = format!("{folder}{name}");
    let found = evidence.look_up(&key, MAX_RECEIPT_BYTES).await;
    let Some(found) = found.map_err(|error| error.cause)? else {
        return Ok(false);
    };
    let receipt =
        Receipt::read(&found.document).map_err(|error| Cause::Failed(error.to_string()))?;
    Ok(receipt.digest.is_some_and(|digest| digest.signed))
}
