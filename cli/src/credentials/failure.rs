//! Why credentials cannot be loaded, in one line that says what to do.
//!
//! The line holds no secret: no part of a file of credentials, no command line and no output of a
//! `credential_process` but the start of its error text.

use super::profile::Profile;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_cloudtrail::error::ErrorMetadata;
use std::error::Error;

/// What to do where there are no credentials at all.
pub(super) const NONE: &str = "no AWS credentials were found: run `aws configure` or `aws sso login`, or name a profile with --profile; a directory is verified without AWS with --keys FILE";

/// The most characters of an error text that are repeated.
const MAX_TEXT_CHARS: usize = 400;

/// From so many characters on, a word may be a secret: a secret access key has 40.
const SECRET_CHARS: usize = 40;

/// Texts of the SDK that only say that something failed.
const EMPTY_WORDS: [&str; 3] = ["service error", "unhandled error", "dispatch failure"];

/// Says why a profile gives no credentials, and what to do.
pub(super) fn explain(profile: &Profile, error: &CredentialsError) -> String {
    let name = profile.name();
    if let Some(missing) = profile.missing_source() {
        return missing.to_string();
    }
    if matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
        return if profile.is_there() {
            format!(
                "the profile `{name}` has no credentials, and there are no others: run `aws configure --profile {name}` or `aws sso login --profile {name}`"
            )
        } else {
            NONE.to_owned()
        };
    }
    // A path or message may hold what looks like a secret: it is told by what was said in full.
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
            "the credential_process of the profile `{name}` gives no credentials: {why}"
        );
    }
    if let Some((name, _)) = profile.first_with(&["mfa_serial"]) {
        return format!(
            "the role of the profile `{name}` asks for an MFA code (mfa_serial), which Trailseal does not ask for: run `eval \"$(aws configure export-credentials --profile {name} --format env)\"`, and leave --profile out ({why})"
        );
    }
    if let Some((name, role)) = profile.first_with(&["role_arn"]) {
        return format!("the profile `{name}` cannot assume the role {role}: {why}");
    }
    format!("the credentials of the profile `{name}` cannot be loaded: {why}")
}

/// Whether SSO asks for a new sign-in: there is no token, it has expired, or SSO does not know it.
fn is_of_sso_session(why: &str) -> bool {
    ["SSO token", "sso/cache", "UnauthorizedException"]
        .iter()
        .any(|sign| why.contains(sign))
}

/// What led to an error, in one line, without what may be a secret.
pub(super) fn reason(error: &(dyn Error + 'static)) -> String {
    without_secrets(&causes(error))
}

/// What led to an error: the service's code and message where it gave one, else the texts of all
/// causes that say more than that something failed.
fn causes(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    let mut texts: Vec<String> = Vec::new();
    for cause in causes {
        if let Some(metadata) = cause.downcast_ref::<ErrorMetadata>() {
            let said = [metadata.code(), metadata.message()];
            texts = vec![said.into_iter().flatten().collect::<Vec<_>>().join(": ")];
            break;
        }
        let text = cause.to_string();
        let is_empty = cause.is::<CredentialsError>() || EMPTY_WORDS.contains(&text.as_str());
        if !is_empty && !texts.iter().any(|said| said.ends_with(&text)) {
            texts.push(text);
        }
    }
    texts.join(": ")
}

/// The start of a text, in one line, without its last full stop, and with `…` for each word that is
/// as long as a secret.
fn without_secrets(text: &str) -> String {
    let is_of_secret = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let mut clean = String::new();
    for word in text.split_whitespace() {
        if !clean.is_empty() {
            clean.push(' ');
        }
        for run in word.split_inclusive(|c| !is_of_secret(c)) {
            let secret = run.trim_end_matches(|c| !is_of_secret(c));
            if secret.len() >= SECRET_CHARS {
                clean.push('…');
                clean.push_str(run.get(secret.len()..).unwrap_or_default());
            } else {
                clean.push_str(run);
            }
        }
    }
    if let Some((end, _)) = clean.char_indices().nth(MAX_TEXT_CHARS) {
        clean.truncate(end);
        clean.push('…');
    }
    clean.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_no_empty_words_and_no_secret() {
        let inner = CredentialsError::provider_error(
            "external process exited with code exit status: 3. Stderr: cannot open\n  vault wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY, sorry.",
        );
        let error = CredentialsError::provider_error(inner);
        assert_eq!(
            reason(&error),
            "external process exited with code exit status: 3. Stderr: cannot open vault …, sorry"
        );
        let metadata = ErrorMetadata::builder()
            .code("AccessDenied")
            .message("not authorized.")
            .build();
        let refused = CredentialsError::provider_error(metadata);
        assert_eq!(reason(&refused), "AccessDenied: not authorized");
        let long = CredentialsError::provider_error("word ".repeat(1000));
        assert_eq!(reason(&long).chars().count(), MAX_TEXT_CHARS + 1);
    }
}
