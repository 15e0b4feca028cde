//! From a new object in the bucket to an alert: the real template, the real functions, a local
//! AWS, and the AWS CLI's opinion of the same bucket.
//!
//! Each case asserts the exact findings, that the rest is valid, and what `validate-logs` says.
//! Where the AWS CLI says something else, the case tells why.

mod alerts;
mod events;
mod faults;
mod hostile;
mod kms;
mod tampering;
mod trails;
mod world;
