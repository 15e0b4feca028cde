//! The result of checking an object, before it is published and counted.

use trailseal::finding::{Report, Verdict};
use trailseal::names::location::ObjectLocation;

/// The result of checking an object, to be published.
#[derive(Clone, Copy)]
pub(super) struct Verified<'a> {
    pub(super) object: &'a ObjectLocation,
    pub(super) verdict: Verdict,
    pub(super) report: &'a Report,
    /// Whether this is the verdict on a delivery, and nothing of the object is left for later.
    pub(super) is_settled: bool,
    /// Whether the object is verified again.
    pub(super) is_history: bool,
}
