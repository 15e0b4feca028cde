//! Objects that were deleted, overwritten, planted or restored: the exact findings and all-clears.
//!
//! Trails are from the generator, which knows nothing of the core, and are in memory.

mod case;
mod deleted;
mod expired;
mod overwritten;
mod together;
mod unknown;
