//! The output formats.

pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod text;
