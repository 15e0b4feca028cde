//! The reasons why a digest cannot be trusted.

use crate::finding::{Finding, Report, Scope};
use crate::names::location::ObjectLocation;
use crate::world::{Cause, StoreError};

const UNSIGNED_COPY: &str = "its signature is in the object's metadata, which the copy does not have, and no later digest in the copy has it; give it with --signatures";

/// The reason why a digest cannot be trusted.
#[derive(Debug)]
pub(in crate::check) enum Rejection {
    /// Something was done to it.
    Finding(Box<Finding>),
    /// It could not be read.
    CannotTell(StoreError),
}

impl Rejection {
    /// Returns what was done to it.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub(in crate::check) fn into_result(self) -> Result<Finding, StoreError> {
        match self {
            Self::Finding(finding) => Ok(*finding),
            Self::CannotTell(error) => Err(error),
        }
    }

    /// Adds the rejection to the report on the digest at `at`.
    pub(in crate::check) fn add_to(self, report: &mut Report, scope: &Scope, at: &ObjectLocation) {
        match self {
            Self::Finding(finding) => report.findings.push(*finding),
            Self::CannotTell(error) => report.cannot_tell(error, scope, at),
        }
    }
}

/// Returns the reason why the signature of a digest in a copy without metadata cannot be verified.
pub(in crate::check) fn unsigned_copy(at: &ObjectLocation) -> StoreError {
    StoreError {
        action: "verify the signature of",
        subject: at.to_string(),
        cause: Cause::Failed(UNSIGNED_COPY.to_owned()),
    }
}
