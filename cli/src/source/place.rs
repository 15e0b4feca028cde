//! Where trails are looked for.

/// A place to look for trails in: a bucket and a prefix.
pub(crate) type SourcePlace = (String, String);
