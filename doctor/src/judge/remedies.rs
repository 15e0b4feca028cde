//! Remedies that several checks share.

use crate::report::Remedy;

/// Returns the step that brings back what the template says.
pub(super) fn deploy_again() -> Remedy {
    Remedy::Do("deploy the stack again (sam deploy), which sets it as the template says".to_owned())
}

/// Returns the command, or the step in words if a name in it cannot be written safely.
pub(super) fn or_do(command: Option<Remedy>, steps: &str) -> Vec<Remedy> {
    vec![command.unwrap_or_else(|| Remedy::Do(steps.to_owned()))]
}
