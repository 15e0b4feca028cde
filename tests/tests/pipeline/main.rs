//! From a new object in the bucket to an alert: the real template, the real functions, a local AWS,
//! and the AWS CLI's verdict on the same bucket.
//!
//! Each case asserts the exact findings, that the rest is valid, and the output of `validate-logs`.
//! If the AWS CLI's verdict differs, the case says why.

mod alerts;
mod deletions;
mod doctor;
mod events;
mod evidence_log;
mod faults;
mod guard;
mod history;
mod hostile;
mod kms;
mod object_lock;
mod operations;
mod outputs;
mod privileges;
mod receipts;
mod second_look;
mod tampering;
mod trail_status;
mod trails;
mod watchdog;
mod weakening;
mod world;
