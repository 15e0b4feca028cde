//! The story of each check, over the capabilities of [`crate::world`].

mod archived;
pub mod arrival;
pub mod key_ring;
pub mod kms_events;
pub mod pending;
mod retention;
mod turn;
pub mod validation;
pub mod verification;
pub mod walk;
