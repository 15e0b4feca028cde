//! The KMS rules, one by one over events written by hand and over whole trails.
//!
//! Each rule has an event that breaks it and the nearest innocent one that does not. Whole trails
//! come from the generator, which knows nothing of the core; nothing here touches a network.

mod agreement;
mod bombs;
mod case;
mod delivery;
mod documented;
mod first_look;
mod foreign;
mod grouped;
mod reading;
mod robust;
mod story;
mod trails;
mod unsettled;
mod world;
mod writing;
