//! What protects the log buckets and Trailseal itself, compared with what was recorded before.
//!
//! A setting that protects the log files is recorded when it is first read. A stronger setting
//! replaces the record. A weaker one is a finding until the setting is strong again, or until somebody
//! deletes the record to accept it.

mod lifecycle;
mod message;
mod policy;
mod record;
mod setting;
mod state;
#[cfg(test)]
mod tests;
mod trail;

pub use message::{NoLook, read_message};
pub use record::{GuardRecord, SeenBucket};
pub use state::{GuardSeen, GuardState, GuardStep, MAX_STATE_BYTES, NamedAnswer, STATE_KEY, step};
pub use trail::ExpectedTrails;
