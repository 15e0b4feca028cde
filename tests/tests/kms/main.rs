//! The KMS rules, one by one with handwritten events, and with whole trails.
//!
//! Each rule has an event that breaks it and the most similar one that does not. Whole
//! trails are from the generator, which knows nothing of the core; nothing here uses a network.

mod agreement;
mod bombs;
mod case;
mod delivery;
mod documented;
mod few_places;
mod first_look;
mod foreign;
mod grouped;
mod reading;
mod robust;
mod story;
mod trails;
mod unsettled;
mod weakening;
mod world;
mod writing;
