//! Every way in which somebody may tamper with a trail. Each function takes an object as it was
//! delivered and returns its new state, to be written over it; the original is unchanged.

pub mod digest;
pub mod log;

use super::object::{Change, Object};
use super::output::DigestFile;

/// Deletes an object.
pub fn delete(object: &Object) -> Change {
    Change::Delete(object.location())
}

/// Deletes digests: one, or several consecutive ones.
pub fn delete_digests(digests: &[&DigestFile]) -> Vec<Change> {
    digests
        .iter()
        .map(|digest| delete(&digest.object))
        .collect()
}
