//! The expectations about the events of a trail.
//!
//! The tests are in `shared/lambda/src/config/checks`.

use super::readers::Readers;
use crate::names::places::Places;

/// The expectations about the events, from the configuration.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// The buckets, and the trails that deliver to them.
    pub places: Places,
    /// The trails' keys, by ARN; empty: any key.
    pub key_arns: Vec<String>,
    /// The principals that may read log files; empty: anybody.
    pub readers: Readers,
    /// The PCR0 of the enclaves that may use KMS, in lower case; empty: any.
    pub enclave_images: Vec<String>,
    /// The number of days for which log files must be kept, if it is stated.
    pub retention_days: Option<u64>,
}

/// Returns an enclave's PCR0, the SHA-384 over its image, in lower case; `None` if it is not 96 hex
/// digits.
///
/// Rule: <https://docs.aws.amazon.com/enclaves/latest/user/set-up-attestation.html>
#[must_use]
pub fn enclave_image(text: &str) -> Option<String> {
    let hex = text.len() == 96 && text.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then(|| text.to_ascii_lowercase())
}
