//! What the checks need from the world, each a small trait; and how it can fail.
//!
//! The traits are capabilities: a check's signature says what it may touch. Adapters are in the
//! crates `trailseal-aws` and `trailseal-lambda`; tests bring memory ones.

mod attempts;
mod error;
mod evidence;
mod keys;
mod kms;
mod objects;

pub use attempts::with_attempts;
pub use error::{Absence, Cause, CredentialTrouble, StoreError};
pub use evidence::{KeepEvidence, ReplaceEvidence, SettleEvidence, Versioned, WaitingPage};
pub use keys::ListPublicKeys;
pub use kms::{DescribeKey, KeyDescription, ReadKeyPolicy};
pub use objects::{
    Body, Depth, Encryption, Headers, ListObjects, Object, Page, ReadEncryption, ReadObject,
};
