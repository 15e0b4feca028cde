//! Signatures from a file, for digests whose own signatures a copy on disk does not hold.

use super::keys::{FileError, read};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use trailseal::alert::printable;
use trailseal::format::saved::{self, SavedError};
use trailseal::trust::given::GivenSignatures;

/// The maximum number of names in a message.
const MAX_NAMES: usize = 10;

/// Reads signatures: JSON objects that map digests' keys, paths or file names to signatures in hex,
/// or to the output of `aws s3api head-object` for the digest.
///
/// # Errors
/// [`FileError`], if the file holds something else, or signatures that contradict each other.
pub(crate) fn read_signatures(path: &Path) -> Result<Arc<GivenSignatures>, FileError> {
    let named = || path.display().to_string();
    let no_signatures = |error: SavedError| FileError::NoSignatures {
        path: named(),
        error: error.to_string(),
    };
    let bytes = read(path)?;
    let text = saved::text(&bytes).map_err(no_signatures)?;
    let mut pairs = Vec::new();
    for document in saved::documents(&text).map_err(no_signatures)? {
        for (name, value) in saved::entries::<Value>(document).map_err(no_signatures)? {
            let signature = signature_in(&value);
            pairs.push((name, signature));
        }
    }
    GivenSignatures::new(pairs)
        .map(Arc::new)
        .map_err(|error| FileError::WrongSignature {
            path: named(),
            error,
        })
}

/// Returns the signature itself, or the one in the metadata of a whole `head-object` response. Any
/// other value is returned unchanged, for the message that refuses it.
fn signature_in(value: &Value) -> String {
    let in_metadata = || value.get("Metadata")?.get("signature")?.as_str();
    match value.as_str().or_else(in_metadata) {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    }
}

/// Returns the messages, at the end of a run, about signatures that were not useful. `from` says
/// where they are given.
pub(crate) fn unused_messages(given: &GivenSignatures, from: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let wrong: Vec<&str> = given.contradicted().collect();
    if !wrong.is_empty() {
        lines.push(format!(
            "{from} gives wrong signatures for {}. The digests were verified with the correct signatures, which later digests contain. Correct the signatures that you give. If the metadata of the objects in the bucket contains the wrong ones (aws s3api head-object), somebody changed the metadata",
            names(&wrong)
        ));
    }
    let unused: Vec<&str> = given.unused().collect();
    if !unused.is_empty() {
        lines.push(format!(
            "{from} gives signatures that were not used, because no digest with that name was read: {}",
            names(&unused)
        ));
    }
    lines
}

fn names(names: &[&str]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(MAX_NAMES)
        .map(|name| printable(name))
        .collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(MAX_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
