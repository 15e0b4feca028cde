pub mod local;
pub mod trail;
