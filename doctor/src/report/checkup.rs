//! All checks of a stack.

use super::check::{Check, Status};

/// All checks of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checkup {
    /// The stack's name.
    pub(crate) stack: String,
    /// Its Region.
    pub(crate) region: String,
    /// The checks, in the order of the parts.
    pub(crate) checks: Vec<Check>,
}

impl Checkup {
    /// Returns how many checks have a status.
    pub(crate) fn count(&self, status: Status) -> usize {
        let checks = self.checks.iter();
        checks.filter(|check| check.status == status).count()
    }

    /// Returns the exit code: 1 if anything is wrong, otherwise 2 if anything could not be read.
    pub(crate) fn exit_code(&self) -> u8 {
        let has = |status| self.count(status) > 0;
        match (has(Status::Wrong), has(Status::CannotTell)) {
            (true, _) => 1,
            (false, true) => 2,
            (false, false) => 0,
        }
    }
}
