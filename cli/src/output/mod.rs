//! The output formats.

pub(crate) mod html;
