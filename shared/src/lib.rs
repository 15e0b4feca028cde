//! Decides whether the record of an AWS account still is what CloudTrail wrote.
//!
//! # What is proved, and what is not
//!
//! A digest file that verifies was signed by a CloudTrail key of its Region, says it lives where
//! it was found, and continues the digest that it names as its predecessor. A log file that
//! verifies has the bytes that such a digest lists. Not proved: that CloudTrail recorded every
//! call, or that nothing stands in the bucket beside what the digests list.
//!
//! # How the crate is built
//!
//! The core takes bytes and values and returns verdicts; it knows no clock, no environment and
//! no network. Its modules, in the order of their dependencies:
//!
//! - names: [`value`], [`ids`], [`arn`], [`object_key`], [`location`], [`seconds`], [`sha256`],
//!   [`printable`]
//! - formats: [`gunzip`], [`form`], [`digest`], [`records`], [`event`]
//! - checks: [`saved`], [`public_key`], [`given`], [`signature`], [`chain`], [`log_file`], [`kms`]
//! - what is said about them: [`finding`], [`findings_message`], [`incident`],
//!   [`retention`], [`alert`], [`receipt`]
//! - the story of each function, over the capabilities of [`store`]: [`arrival`], [`validation`],
//!   [`verification`], [`kms_check`], [`witness`], [`pinned_keys`], [`config`], [`config_list`]
//! - the story of whole chains: [`selection`], [`discovery`], [`walk`]
//!
//! The edges are behind features: `aws` holds the AWS SDK adapters (module `aws`), `lambda` the
//! Lambda runtime (module `lambda`).

pub mod alert;
mod archived;
pub mod arn;
pub mod arrival;
pub mod chain;
pub mod config;
pub mod config_list;
pub mod digest;
pub mod discovery;
pub mod event;
pub mod finding;
pub mod findings_message;
pub mod form;
pub mod given;
pub mod gunzip;
pub mod ids;
pub mod incident;
pub mod kms;
pub mod kms_check;
pub mod location;
pub mod log_file;
pub mod lookback;
pub mod object_key;
pub mod passage;
pub mod pinned_keys;
pub mod printable;
pub mod public_key;
pub mod receipt;
pub mod records;
pub mod retention;
pub mod saved;
pub mod seconds;
pub mod selection;
pub mod sha256;
pub mod signature;
pub mod store;
mod turn;
pub mod validation;
pub mod value;
pub mod verification;
pub mod walk;
pub mod witness;

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "lambda")]
pub mod lambda;
