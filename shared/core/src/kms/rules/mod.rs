//! The rules for the KMS events of a trail, in the order of `docs/kms.md`.
//!
//! Each is a function of one event and the expectations; none sends a request. Their tests are in
//! `tests/tests/kms/`: they judge whole log files.

mod calls;
mod context;
mod enclaves;
mod keys;
mod reading;
mod rule;
mod ruling;
mod standing;
mod writing;

pub(super) use calls::is_reading;
pub(super) use context::{object, trail, trail_is_known};
pub(super) use enclaves::{attestation, attested, image};
pub(super) use keys::{key, key_health, key_material, key_of_object, key_policy};
pub(super) use reading::reader;
pub use rule::Rule;
pub(super) use ruling::Ruling;
pub(super) use standing::{Standing, is_of_our_accounts, is_ours, standing, standing_by_object};
pub(super) use writing::{caller, delivery, encryption, foreign, present};
