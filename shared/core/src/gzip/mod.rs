//! Gzip streams, as CloudTrail writes them.

pub mod stream;
pub mod whole;
