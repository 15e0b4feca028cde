//! A release: its files, and what a machine without a compiler does with them.
//!
//! The functions are those of `make build`, or of `TRAILSEAL_FUNCTIONS_DIR`; the command is that of
//! `cargo build`. They stand for those of the release, so that nothing is built twice.

mod deployed;
mod files;
mod folder;
mod machine;
