//! Alerts: one SNS message for everything that arrived in a batching window.
//!
//! Limits: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>: a message of 256 KiB with
//! all its attributes, and a subject of less than 100 printable ASCII characters.
//!
//! The files, from the lowest to the highest: what functions send ([`findings_message`]) and the
//! `alerter` receives ([`sent_finding`], [`received`]); what is not published ([`baseline`]); what is on record about it ([`incident`],
//! [`notice`], [`case`]); the checkpoint of a day ([`checkpoint_notice`]); and what is published (`entry`, `counts`, `document`, `text`, `message`,
//! `whole_list`).

pub mod baseline;
pub mod case;
pub mod checkpoint_notice;
mod counts;
mod document;
#[cfg(test)]
mod documented;
mod entry;
pub mod findings_message;
pub mod incident;
mod message;
pub mod notice;
pub mod received;
#[cfg(test)]
mod sample;
pub mod sent_finding;
#[cfg(test)]
mod tests;
mod text;
mod whole_list;

pub use crate::names::printable::printable;
pub use document::SCHEMA;
pub use entry::{AlertEntry, rank};
pub use message::{Alert, Composed, compose, plain};
pub use whole_list::{WholeList, whole_list};
