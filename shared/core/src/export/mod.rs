//! Alerts for other systems: events, findings of Security Hub, chat messages, signed webhooks.
//!
//! Everything here takes the JSON form of an alert (`trailseal.alert/1`) and returns values that
//! the function `exporter` sends. The files, from the lowest to the highest:
//!
//! - [`home`]: the partition, the Region and the account of the stack
//! - [`change`]: what changed in an incident
//! - [`summary`]: which changes have a chat message of their own, and what is said about the others
//! - [`incoming`], [`rest`]: what `exporter` receives, and what it sends to itself for later
//! - [`bus_event`], [`detection`], [`security_finding`], [`chat_message`], [`webhook`]: one form of
//!   a change each
//! - [`parcels`]: how many of them fit in a request

pub mod bus_event;
pub mod change;
pub mod chat_message;
pub mod detection;
#[cfg(test)]
mod documented;
pub mod home;
pub mod incoming;
pub mod parcels;
pub mod rest;
#[cfg(test)]
mod sample;
pub mod security_finding;
pub mod summary;
pub mod webhook;
