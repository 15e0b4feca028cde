//! Decides whether the record of an AWS account is still what CloudTrail wrote.
//!
//! # What is verified, and what is not
//!
//! A digest file that verifies was signed by a CloudTrail key of its Region, states the place where
//! it was found, and continues the digest that it names as its predecessor. A log file that
//! verifies has the bytes that such a digest lists. Not verified: that CloudTrail recorded every
//! call, or that the bucket holds nothing besides what the digests list.
//!
//! # How the crate is built
//!
//! The crate takes bytes and values and returns verdicts. It uses no clock, no environment and no
//! network. Its folders are its layers. A file uses its own layer and those below it; a test finds
//! every other dependency. From the lowest to the highest:
//!
//! - [`names`]: the names that AWS gives to accounts, Regions, buckets, keys, ARNs, hashes
//! - [`gzip`]: exactly one gzip member
//! - [`format`](mod@format): the contents of digest files, log files and saved files
//! - [`trust`]: public keys, signatures, chains, and the hash of a log file
//! - [`world`]: what a check needs from outside, each as a small trait, and how that can fail
//! - [`finding`]: what was done to the trail, and the result of a check
//! - [`bucket`]: what a bucket holds, and where
//! - [`weakening`]: calls that weaken what a trail records, or how its files are kept
//! - [`kms`]: what the KMS events of a log file say about the trail's own files
//! - [`check`]: the steps of each check, over the traits of [`world`]
//! - [`receipt`]: the record of what was verified, in the evidence bucket
//! - [`evidence_log`]: the append-only log of receipts and incidents
//! - [`watch`]: what is looked at once an hour, whether or not an event arrives
//! - [`event`]: the objects that an event names
//! - [`alert`]: which findings form one incident, and what people read about it
//! - [`export`]: alerts in the forms of other systems
//! - [`period`]: what the evidence bucket says about a period, for an auditor
//!
//! # An example
//!
//! Checks a log file against the hash that a digest file lists for it:
//!
//! ```
//! use trailseal::names::object_key::{ObjectKind, classify};
//! use trailseal::names::sha256::Sha256;
//! use trailseal::trust::log_file::{LogFileError, check_whole};
//!
//! let key = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/\
//!     111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.json.gz";
//! assert!(matches!(classify(key), ObjectKind::LogFile(_)));
//!
//! // CloudTrail stores a log file as one gzip member, and hashes what that inflates to.
//! let object = hex::decode("1f8b0800000000000203ab560a4a4dce2f4a2956b28a8ead0500220ae2960e000000")?;
//! let listed = Sha256::of(br#"{"Records":[]}"#);
//! assert_eq!(check_whole(&object, listed), Ok(14));
//!
//! let other = Sha256::of(br#"{"Records":[{}]}"#);
//! assert_eq!(
//!     check_whole(&object, other),
//!     Err(LogFileError::Modified { actual: listed })
//! );
//! # Ok::<(), hex::FromHexError>(())
//! ```
//!
//! The crate `trailseal-aws` has the adapters to AWS. `trailseal-lambda` has what the functions
//! share.

pub mod alert;
pub mod bucket;
pub mod check;
pub mod event;
pub mod evidence_log;
pub mod export;
pub mod finding;
pub mod format;
pub mod gzip;
pub mod kms;
pub mod names;
pub mod period;
pub mod receipt;
pub mod trust;
pub mod watch;
pub mod weakening;
pub mod world;
