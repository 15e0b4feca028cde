//! Alerts: one SNS message for everything that arrived in a batching window.
//!
//! Limits: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>: a message of 256 KiB with
//! all its attributes, and a subject of less than 100 printable ASCII characters.
//!
//! The files, from the lowest to the highest:
//!
//! - [`findings_message`], [`sent_finding`], [`received`]: what functions send, and what the
//!   `alerter` receives
//! - [`baseline`]: what is not published
//! - `verified_again`, [`notice`], [`incident`]: what is on record about an incident
//! - [`case`]: an incident with new arrivals
//! - [`incident_pages`], [`second_look`]: the open incidents, and what is verified again because of
//!   them
//! - [`acknowledgment`]: who knows of an incident, and does not want to hear of it again
//! - [`checkpoint_notice`]: the checkpoint of a day
//! - `entry`, `counts`, `document`, `text`, `message`, `whole_list`: what is published

pub mod acknowledgment;
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
pub mod incident_pages;
mod message;
pub mod notice;
pub mod received;
#[cfg(test)]
mod sample;
pub mod second_look;
pub mod sent_finding;
#[cfg(test)]
mod tests;
mod text;
mod verified_again;
mod whole_list;

pub use crate::names::printable::printable;
pub use document::SCHEMA;
pub(crate) use entry::choose;
pub use entry::{AlertEntry, rank};
pub use message::{Alert, Composed, compose, plain};
pub use whole_list::{WholeList, whole_list};
