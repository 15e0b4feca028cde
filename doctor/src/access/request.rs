//! A request of a role, with the condition keys that it has.

use std::collections::BTreeMap;

/// Condition keys that a request of one of the functions never has: the functions use no VPC, and
/// no AWS service calls on their behalf of a resource.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
const ABSENT: [&str; 7] = [
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpcsourceip",
    "aws:multifactorauthpresent",
];

/// What is known about a condition key of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KnownKey<'a> {
    /// The request has it, with this value.
    Value(&'a str),
    /// The request does not have it.
    Absent,
    /// Only the request itself shows it.
    Unknown,
}

/// A request of a role, or of a service.
#[derive(Debug, Clone)]
pub(crate) struct AccessRequest {
    /// The role's ARN, or the service principal.
    pub(crate) principal: String,
    /// The role's account; empty for a service.
    pub(crate) account: String,
    /// The action, such as `s3:GetObject`.
    pub(crate) action: &'static str,
    /// The ARN of the resource.
    pub(crate) resource: String,
    /// The values of condition keys, in lower case; `None` for a key that the request does not have.
    keys: BTreeMap<String, Option<String>>,
}

impl AccessRequest {
    /// Returns the request of a role of `account`.
    pub(crate) fn of_role(
        role: &str,
        account: &str,
        action: &'static str,
        resource: impl Into<String>,
    ) -> Self {
        let absent = ABSENT.iter().map(|key| ((*key).to_owned(), None));
        let request = Self {
            principal: role.to_owned(),
            account: account.to_owned(),
            action,
            resource: resource.into(),
            keys: absent.collect(),
        };
        request
            .with("aws:PrincipalArn", role)
            .with("aws:PrincipalAccount", account)
            .with("aws:PrincipalType", "AssumedRole")
            .with("aws:PrincipalIsAWSService", "false")
            .with("aws:SecureTransport", "true")
            .with("kms:CallerAccount", account)
            .without("kms:ViaService")
    }

    /// Returns the request of an AWS service, about a resource with this ARN.
    pub(crate) fn of_service(
        service: &str,
        source: &str,
        action: &'static str,
        resource: impl Into<String>,
    ) -> Self {
        let request = Self {
            principal: service.to_owned(),
            account: String::new(),
            action,
            resource: resource.into(),
            keys: BTreeMap::new(),
        };
        request
            .with("aws:SourceArn", source)
            .with("aws:PrincipalIsAWSService", "true")
            .with("aws:SecureTransport", "true")
            .without("aws:PrincipalArn")
    }

    /// Sets a condition key.
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.keys
            .insert(key.to_ascii_lowercase(), Some(value.to_owned()));
        self
    }

    /// Says that the request does not have a condition key.
    pub(crate) fn without(mut self, key: &str) -> Self {
        self.keys.insert(key.to_ascii_lowercase(), None);
        self
    }

    /// Returns what is known about a condition key.
    pub(super) fn key(&self, key: &str) -> KnownKey<'_> {
        match self.keys.get(&key.to_ascii_lowercase()) {
            Some(Some(value)) => KnownKey::Value(value),
            Some(None) => KnownKey::Absent,
            None => KnownKey::Unknown,
        }
    }

    /// Returns whether a service makes the request.
    pub(super) fn is_of_service(&self) -> bool {
        self.account.is_empty()
    }
}
