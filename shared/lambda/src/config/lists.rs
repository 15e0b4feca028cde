//! The lists of the configuration that are documents in the evidence bucket.

use super::list_document::{self, ListError, MAX_LIST_BYTES};
use aws_config::SdkConfig;
use std::collections::HashMap;
use trailseal::world::{SettleEvidence as _, StoreError};
use trailseal_aws::EvidenceBucket;

/// The reason why a list is not available.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListsError {
    /// The variable or its document is wrong.
    #[error("the configuration is wrong: {variable} {problem}")]
    Wrong {
        /// The variable.
        variable: &'static str,
        /// The problem.
        problem: ListError,
    },
    /// No evidence bucket is configured that could contain the document.
    #[error(
        "the configuration is wrong: {variable} names a document of the evidence bucket, but TRAILSEAL_EVIDENCE_BUCKET does not name a bucket"
    )]
    NoBucket {
        /// The variable.
        variable: &'static str,
    },
    /// The document cannot be read.
    #[error("the list that {variable} names is not available: {error}")]
    Unreadable {
        /// The variable.
        variable: &'static str,
        /// The reason.
        error: StoreError,
    },
}

/// Reads the values of the variables that refer to documents, by the variables' names.
///
/// # Errors
/// [`ListsError`] if one of the lists cannot be read. A missing list would turn its check off.
pub(crate) async fn read(sdk: &SdkConfig) -> Result<HashMap<&'static str, String>, ListsError> {
    let mut values = HashMap::new();
    for variable in list_document::VARIABLES {
        let wrong = |problem| ListsError::Wrong { variable, problem };
        let Ok(value) = std::env::var(variable) else {
            continue;
        };
        let Some(key) = list_document::document(&value).map_err(wrong)? else {
            continue;
        };
        let bucket = std::env::var("TRAILSEAL_EVIDENCE_BUCKET").ok();
        let bucket = bucket
            .as_deref()
            .and_then(trailseal::names::bucket_name::bucket_name)
            .ok_or(ListsError::NoBucket { variable })?;
        let document = EvidenceBucket::new(sdk, Some(bucket))
            .recall(key, MAX_LIST_BYTES)
            .await
            .map_err(|error| ListsError::Unreadable { variable, error })?;
        values.insert(variable, list_document::value_of(&document).map_err(wrong)?);
    }
    Ok(values)
}
