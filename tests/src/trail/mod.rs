//! A generator of CloudTrail trails, untouched and tampered with.
//!
//! It is a second, independent implementation of the digest format: nothing here uses the
//! `trailseal` core, so the core is tested against data that it did not write.
//!
//! ```
//! use trailseal_tests::trail::{TrailSpec, tamper};
//!
//! let trail = TrailSpec::default().build();
//! let noon = trail.digest("111122223333", "us-east-1", 12);
//! let stripped = tamper::digest::without_metadata(&noon.object);
//! assert!(stripped.metadata.is_empty());
//! assert_eq!(stripped.body, noon.object.body);
//! ```
//!
//! The same spec and seed produce the same bytes on the same machine: randomness is from a seeded
//! generator, PKCS#1 v1.5 signatures are deterministic, and gzip headers contain no time.

mod build;
mod deeds;
pub mod deliver;
mod digest;
mod extras;
pub mod gzip;
pub mod hostile;
mod json;
mod keys;
mod kms;
mod names;
mod object;
mod output;
mod plan;
mod records;
mod region;
pub mod rng;
mod schedule;
mod services;
mod spec;
pub mod tamper;
#[cfg(test)]
mod tests;
mod time;

pub use deeds::{Deed, DeedKind};
pub use digest::{DigestDocument, LogEntry, Sealed};
pub use keys::{PoolKey, Signer};
pub use kms::{EnclaveSpec, KmsAnomaly, KmsAnomalyKind, KmsEvent, KmsSpec, Reader};
pub use object::{Change, Encryption, Location, Object};
pub use output::{DigestFile, DigestKind, LogFile, Planted, Trail};
pub use region::partition;
pub use schedule::{KeyForm, KeySchedule, PublishedKey, ResponseStyle};
pub use spec::{
    Backfill, BackfillLink, BucketChange, FirstDigest, OrganizationChange, Stop, TrailSpec,
};
