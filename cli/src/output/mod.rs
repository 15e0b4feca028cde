//! The output formats.

pub(crate) mod copy;
pub(crate) mod file_name;
pub(crate) mod finding;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod target;
pub(crate) mod text;
