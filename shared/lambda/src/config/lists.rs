//! The lists of the configuration that are documents of the evidence bucket.

use super::list_document::{self, ListError, MAX_LIST_BYTES};
use aws_config::SdkConfig;
use std::collections::HashMap;
use trailseal::world::{SettleEvidence as _, StoreError};
use trailseal_aws::EvidenceBucket;

/// Why a list is not at hand.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListsError {
    /// The variable or its document is wrong.
    #[error("the configuration is wrong: {variable} {problem}")]
    Wrong {
        /// The variable.
        variable: &'static str,
        /// What is wrong.
        problem: ListError,
    },
    /// There is no evidence bucket that could hold the document.
    #[error(
        "the configuration is wrong: {variable} names a document of the evidence bucket, and TRAILSEAL_EVIDENCE_BUCKET names none"
    )]
    NoBucket {
        /// The variable.
        variable: &'static str,
    },
    /// The document cannot be read.
    #[error("{variable}: {error}")]
    Unreadable {
        /// The variable.
        variable: &'static str,
        /// Why.
        error: StoreError,
    },
}

/// The values of the variables that stand for documents, by name.
///
/// # Errors
/// [`ListsError`] when one of them cannot be had. A list that is missing would be no check.
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
