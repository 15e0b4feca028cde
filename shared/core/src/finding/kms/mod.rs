//! The findings of KMS events in log files: typed evidence, and one constructor for each finding.
//!
//! Only these files hold the sentences of these findings. Their tests are in `tests/tests/kms/`:
//! they judge whole log files, and check every text of each finding.

mod call;
mod context;
mod delivery;
mod enclave;
mod evidence;
mod group;
mod key;
mod log_file;
mod reading;
mod unsettled;
mod writing;

pub use call::EventReference;
pub use context::{
    ContextMismatch, ForeignContext, context_mismatch, foreign_context, too_many_foreign_calls,
};
pub use delivery::{
    MissingLogFile, UnlistedLogFile, missing_after_delivery, missing_before_listed,
    unlisted_log_file,
};
pub use enclave::{
    MalformedAttestation, MissingAttestation, UnlistedImage, malformed_attestation,
    missing_attestation, unlisted_image,
};
pub use evidence::{Evidence, FindingSubject};
pub use group::{findings_left_out, with_similar};
pub use key::{
    ExpiringKey, KeyMismatch, OpenPolicy, UnusableKey, expiring_key, key_mismatch, open_policy,
    unusable_key,
};
pub use log_file::not_a_log_file;
pub use reading::{UnlistedReader, UnlistedReads, unlisted_reader};
pub use unsettled::{GivenUp, LeftOver, WhyUnsettled};
pub use writing::{
    ChangedEncryption, ForeignCaller, RefusedCall, RefusedKey, changed_encryption, foreign_caller,
    refused_key,
};
