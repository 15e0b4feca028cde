//! The result of one check.

use serde::Serialize;
use trailseal::world::{Cause, StoreError};

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Status {
    /// It is as it should be.
    Ok,
    /// It is not, and the remedies mend it.
    Wrong,
    /// Something could not be read.
    CannotTell,
}

/// What mends something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind", content = "text")]
pub(crate) enum Remedy {
    /// A command for a shell.
    Run(String),
    /// A statement to add to the policy that the check is about, as JSON.
    Statement(String),
    /// A statement to add to a policy of the identity that runs the command, as JSON.
    Grant(String),
    /// Steps in words.
    Do(String),
}

/// The result of one check.
#[expect(
    clippy::struct_field_names,
    reason = "it is the name of the field in the document"
)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// What is checked.
    pub(crate) check: &'static str,
    /// The part of the stack or the bucket that the check is about.
    pub(crate) subject: String,
    /// The outcome.
    pub(crate) status: Status,
    /// What was found, in a sentence.
    pub(crate) detail: String,
    /// What to do, in order.
    pub(crate) remedies: Vec<Remedy>,
}

impl Check {
    /// Returns the check of something that is as it should be.
    pub(crate) fn ok(
        check: &'static str,
        subject: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            check,
            subject: subject.into(),
            status: Status::Ok,
            detail: detail.into(),
            remedies: Vec::new(),
        }
    }

    /// Returns the check of something that is wrong.
    pub(crate) fn wrong(
        check: &'static str,
        subject: impl Into<String>,
        detail: impl Into<String>,
        remedies: Vec<Remedy>,
    ) -> Self {
        Self {
            status: Status::Wrong,
            remedies,
            ..Self::ok(check, subject, detail)
        }
    }

    /// Returns the check of something about which nothing can be said.
    pub(crate) fn cannot_tell(
        check: &'static str,
        subject: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status: Status::CannotTell,
            ..Self::ok(check, subject, detail)
        }
    }

    /// Returns the same with remedies.
    pub(crate) fn with(mut self, remedies: impl IntoIterator<Item = Remedy>) -> Self {
        self.remedies.extend(remedies);
        self
    }

    /// Returns the check of something that could not be read. If access is denied, these `actions`
    /// on `resource` are what the identity lacks.
    pub(crate) fn unread(
        check: &'static str,
        subject: impl Into<String>,
        error: &StoreError,
        actions: &[&str],
        resource: &str,
    ) -> Self {
        let unread = Self::cannot_tell(check, subject, error.to_string());
        match error.cause {
            Cause::Denied(_) => unread.with([grant(actions, resource)]),
            _ => unread,
        }
    }
}

/// Returns the statement that allows an identity these actions.
pub(crate) fn grant(actions: &[&str], resource: &str) -> Remedy {
    let statement = serde_json::json!({"Effect": "Allow", "Action": actions, "Resource": resource});
    Remedy::Grant(statement.to_string())
}
