//! A place to search for trails.

/// A place to search for trails: a bucket and a prefix.
pub(crate) type SourcePlace = (String, String);
