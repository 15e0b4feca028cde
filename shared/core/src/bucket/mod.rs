//! What a bucket holds, and where.

pub mod discovery;
pub mod listing;
pub mod lookback;
pub mod selection;
pub mod wanted;
