//! The result of the checks, and how they are printed.

mod check;
mod checkup;
mod document;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use check::{Check, Remedy, Status, grant};
pub(crate) use checkup::Checkup;
pub(crate) use document::to_json;
pub(crate) use text::to_text;
