//! The small traits by which the checks reach the outside, and the ways in which that can fail.
//!
//! The traits are capabilities: the signature of a check says what it may access. Adapters are in
//! the crates `trailseal-aws` and `trailseal-lambda`. Tests use in-memory adapters.

mod attempts;
mod error;
mod evidence;
mod evidence_log;
mod guard;
mod keys;
mod kms;
mod objects;
mod trails;
mod versions;

pub use attempts::with_attempts;
pub use error::{Absence, Cause, CredentialTrouble, StoreError};
pub use evidence::{
    AddEvidence, KeepEvidence, ListEvidence, ReplaceEvidence, SettleEvidence, Versioned,
    WaitingPage,
};
pub use evidence_log::{
    FetchEvidence, ListStored, SignCheckpoint, StoreLog, StoredDocument, StoredPage,
};
pub use guard::{
    BucketSettings, ExpirationRule, Lifecycle, ObjectLock, Policy, PublicAccess,
    ReadBucketSettings, Replication, Versioning,
};
pub use keys::ListPublicKeys;
pub use kms::{DescribeKey, KeyDescription, ReadKeyPolicy};
pub use objects::{
    Body, Depth, Encryption, Headers, ListAfter, ListObjects, Object, Page, ReadEncryption,
    ReadObject,
};
pub use trails::{ReadTrailStatus, TrailStatus};
pub use versions::{ListVersions, ObjectVersion, Versions};
