//! The reason why credentials cannot be loaded, in one line that says what to do.
//!
//! The line holds no secret: no part of a credentials file, no command line, and no output of a
//! `credential_process` except the start of its error text.

use super::profile::Profile;
use super::reason::{causes, reason};
use aws_credential_types::provider::error::CredentialsError;

/// The advice if there are no credentials at all.
pub(super) const NONE: &str = "no AWS credentials were found: run `aws configure` or `aws sso login`, or give a profile with --profile; to verify a directory without AWS, give --keys FILE";

/// Returns why a profile gives no credentials, and what to do.
pub(super) fn explain(profile: &Profile, error: &CredentialsError) -> String {
    let name = profile.name();
    if let Some(missing) = profile.missing_source() {
        return missing.to_string();
    }
    if matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
        return if profile.is_there() {
            format!(
                "the profile `{name}` has no credentials, and no others were found: run `aws configure --profile {name}` or `aws sso login --profile {name}`"
            )
        } else {
            NONE.to_owned()
        };
    }
    // A path or message can contain text that looks like a secret. The unredacted text identifies
    // the cause.
    let (said, why) = (causes(error), reason(error));
    let of_sso = profile.first_with(&["sso_session", "sso_start_url"]);
    if let Some((name, _)) = of_sso
        && is_of_sso_session(&said)
    {
        return format!(
            "nobody is signed in for the profile `{name}`, or the session has expired: run `aws sso login --profile {name}` ({why})"
        );
    }
    if let Some((name, _)) = profile.first_with(&["login_session"])
        && ["Login token", "login/cache"]
            .iter()
            .any(|sign| said.contains(sign))
    {
        return format!(
            "nobody is signed in for the profile `{name}`, or the session has expired: run `aws login --profile {name}`"
        );
    }
    if let Some((name, _)) = profile.first_with(&["credential_process"])
        && said.contains("external process")
    {
        return format!(
            "the credential_process of the profile `{name}` returned no credentials: {why}"
        );
    }
    if let Some((name, _)) = profile.first_with(&["mfa_serial"]) {
        return format!(
            "the role of the profile `{name}` needs an MFA code (mfa_serial), which Trailseal does not ask for: run `eval \"$(aws configure export-credentials --profile {name} --format env)\"`, and leave --profile out ({why})"
        );
    }
    if let Some((name, role)) = profile.first_with(&["role_arn"]) {
        return format!("the profile `{name}` cannot assume the role {role}: {why}");
    }
    format!("the credentials of the profile `{name}` cannot be loaded: {why}")
}

/// Returns whether SSO needs a new sign-in: no token exists, it has expired, or SSO does not know
/// it.
fn is_of_sso_session(why: &str) -> bool {
    ["SSO token", "sso/cache", "UnauthorizedException"]
        .iter()
        .any(|sign| why.contains(sign))
}
