//! The steps of each check, over the capabilities of [`crate::world`].

mod archived;
pub mod arrival;
pub mod chain_end;
pub mod changed;
pub mod coverage;
pub mod digest;
pub mod guard;
pub mod key_ring;
pub mod kms_events;
pub mod listed;
pub mod log_file;
pub mod pending;
mod retention;
pub mod second_look;
mod turn;
