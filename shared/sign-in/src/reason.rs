//! The causes of an SDK error, in one line.
//!
//! The line holds no secret: no part of a credentials file, no command line, and no output of a
//! `credential_process` except the start of its error text.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_cloudtrail::error::ErrorMetadata;
use std::error::Error;

/// The maximum number of characters of an error text that are repeated.
const MAX_TEXT_CHARS: usize = 400;

/// The length from which a word may be a secret. A secret access key has 40 characters.
const SECRET_CHARS: usize = 40;

/// Texts of the SDK that only say that something failed.
const EMPTY_WORDS: [&str; 3] = ["service error", "unhandled error", "dispatch failure"];

/// Returns the causes of an error, in one line, without words that may be secrets.
pub(super) fn reason(error: &(dyn Error + 'static)) -> String {
    without_secrets(&causes(error))
}

/// Returns the causes of an error: the service's code and message if it gave one, otherwise the
/// texts of all causes that say more than that something failed.
pub(super) fn causes(error: &(dyn Error + 'static)) -> String {
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

/// Returns the start of a text, in one line, without its last period, and with `…` for each word
/// that is as long as a secret.
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
    fn a_reason_contains_no_filler_and_no_secret() {
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
