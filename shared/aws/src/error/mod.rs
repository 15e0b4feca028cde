//! SDK errors, classified by the verdicts that they lead to.

mod chain;
mod codes;
mod credentials;
mod opt_in;
#[cfg(test)]
mod tests;

pub(crate) use chain::chain;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use codes::{DENIED, KEY_UNUSABLE, UNAVAILABLE};
use credentials::{credential_trouble, is_of_credentials};
use opt_in::is_opted_into;
use std::error::Error;
use trailseal::world::{Absence, Cause, CredentialTrouble, StoreError};

/// The reason for a 400 answer to a `HEAD` request, which has no text.
const HEAD_REFUSED: &str = "S3 answers 400 (Bad Request) without a reason: the credentials may have expired, or the bucket may be in another Region";

/// Returns an error that names the action, the object, and the reason for the failure.
pub fn store_error<E>(
    action: &'static str,
    subject: impl Into<String>,
    error: &SdkError<E, HttpResponse>,
) -> StoreError
where
    E: Error + ProvideErrorMetadata + 'static,
{
    StoreError {
        action,
        subject: subject.into(),
        cause: cause(error),
    }
}

/// Returns the answer, or `None` if the service answers with the code of an absence.
///
/// # Errors
/// [`StoreError`] for any other error.
pub(super) fn unless_absent<T, E>(
    action: &'static str,
    subject: impl Into<String>,
    answer: Result<T, SdkError<E, HttpResponse>>,
    absent: &str,
) -> Result<Option<T>, StoreError>
where
    E: Error + ProvideErrorMetadata + 'static,
{
    match answer {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.code() == Some(absent) => Ok(None),
        Err(error) => Err(store_error(action, subject, &error)),
    }
}

/// Returns the same for a request to a service in `region`: an account that has not opted into a
/// Region has no credentials there.
pub(super) fn regional_error<E>(
    action: &'static str,
    subject: impl Into<String>,
    region: &str,
    error: &SdkError<E, HttpResponse>,
) -> StoreError
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let mut failed = store_error(action, subject, error);
    if is_opted_into(region)
        && let Cause::Credentials(CredentialTrouble::Unknown, text) = failed.cause
    {
        failed.cause = Cause::RegionDisabled(text);
    }
    failed
}

/// Returns the same for a `HEAD` request, whose answer has no body that could contain a code: only
/// 404 means that there is no such object, and nothing explains a 400.
pub(super) fn head_error<E>(
    action: &'static str,
    subject: impl Into<String>,
    error: &SdkError<E, HttpResponse>,
) -> StoreError
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let cause = match error.raw_response() {
        Some(response) if response.status().as_u16() == 404 => Cause::Absent(absence(response)),
        Some(response) if response.status().as_u16() == 400 && error.code().is_none() => {
            Cause::Failed(HEAD_REFUSED.to_owned())
        }
        _ => cause(error),
    };
    StoreError {
        action,
        subject: subject.into(),
        cause,
    }
}

fn cause<E>(error: &SdkError<E, HttpResponse>) -> Cause
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let text = || match (error.code(), error.message()) {
        // The text around it continues, or ends the sentence.
        (Some(code), Some(message)) => {
            format!("{code}: {}", message.trim_end().trim_end_matches('.'))
        }
        (Some(code), None) => code.to_owned(),
        _ => chain(error),
    };
    let Some(response) = error.raw_response() else {
        return match error {
            _ if is_of_credentials(error) => {
                Cause::Credentials(CredentialTrouble::NotLoaded, text())
            }
            SdkError::ConstructionFailure(_) => Cause::Failed(text()),
            _ => Cause::Unavailable(text()),
        };
    };
    let trouble = |code| credential_trouble(code, error.message());
    if let Some(trouble) = error.code().and_then(trouble) {
        return Cause::Credentials(trouble, text());
    }
    let status = response.status().as_u16();
    let is_broken = matches!(error, SdkError::ResponseError(_));
    match error.code() {
        Some("NoSuchBucket") => Cause::Absent(Absence::NoBucket),
        Some("NoSuchKey" | "NotFoundException") => Cause::Absent(absence(response)),
        Some("InvalidObjectState") => Cause::Archived(text()),
        Some("OptInRequired") => Cause::RegionDisabled(text()),
        Some(code) if UNAVAILABLE.contains(&code) => Cause::Unavailable(text()),
        Some(code) if DENIED.contains(&code) => Cause::Denied(text()),
        Some(code) if KEY_UNUSABLE.contains(&code) => Cause::KeyUnusable(text()),
        // S3 reports an error of KMS about the key of an object.
        Some(code) if code.starts_with("KMS.") => Cause::Denied(text()),
        _ => match status {
            401 | 403 => Cause::Denied(text()),
            // A 404 without a code is from something between S3 and this program.
            404 | 408 | 429 | 500.. => Cause::Unavailable(text()),
            _ if is_broken => Cause::Unavailable(text()),
            _ => Cause::Failed(text()),
        },
    }
}

fn absence(response: &HttpResponse) -> Absence {
    if response.headers().get("x-amz-delete-marker") == Some("true") {
        Absence::DeleteMarker
    } else {
        Absence::NoObject
    }
}
