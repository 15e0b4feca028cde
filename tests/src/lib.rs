pub mod documents;
pub mod evidence;
pub mod layers;
pub mod local;
pub mod memory;
pub mod trail;
