//! Whether a policy allows or denies a request: the part of IAM's evaluation that the checks need,
//! with a third answer for what the policy alone does not say.
//!
//! Rules: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

mod condition;
mod policy;
mod request;
mod statement;
#[cfg(test)]
mod tests;
mod truth;

pub(crate) use policy::AccessPolicy;
pub(crate) use request::AccessRequest;
pub(crate) use truth::Truth;
