//! The contents of a bucket, and their locations.

pub mod discovery;
pub mod listing;
pub mod lookback;
pub mod selection;
pub mod wanted;
