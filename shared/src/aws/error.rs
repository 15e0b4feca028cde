//! SDK errors, sorted into the classes that lead to different verdicts.

use crate::store::{Absence, Cause, StoreError};
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use std::error::Error;

/// Codes that say "not now", with whatever status.
const UNAVAILABLE: [&str; 14] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InternalError",
    "InternalFailure",
    "KMS.ThrottlingException",
    "LimitExceededException",
    "RequestLimitExceeded",
    "RequestTimeTooSkewed",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// Codes that say "not you", with whatever status. A Region that is not opted into knows no
/// client at all.
const DENIED: [&str; 8] = [
    "AccessDenied",
    "AccessDeniedException",
    "AllAccessDisabled",
    "AuthFailure",
    "InvalidClientTokenId",
    "OptInRequired",
    "SubscriptionRequiredException",
    "UnrecognizedClientException",
];

/// Says what was being done to which object, and why it failed.
pub(super) fn store_error<E>(
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

/// The same for a `HEAD` request, whose answer has no body that could name a code: 404 alone says
/// that there is no such object.
pub(super) fn head_error<E>(
    action: &'static str,
    subject: impl Into<String>,
    error: &SdkError<E, HttpResponse>,
) -> StoreError
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let response = error.raw_response();
    match response.filter(|response| response.status().as_u16() == 404) {
        Some(response) => StoreError {
            action,
            subject: subject.into(),
            cause: Cause::Absent(absence(response)),
        },
        None => store_error(action, subject, error),
    }
}

fn cause<E>(error: &SdkError<E, HttpResponse>) -> Cause
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let text = || match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => told(error),
    };
    let Some(response) = error.raw_response() else {
        return match error {
            SdkError::ConstructionFailure(_) => Cause::Failed(text()),
            _ => Cause::Unavailable(text()),
        };
    };
    let status = response.status().as_u16();
    match error.code() {
        Some("NoSuchBucket") => Cause::Absent(Absence::NoBucket),
        Some("NoSuchKey" | "NotFoundException") => Cause::Absent(absence(response)),
        Some("InvalidObjectState") => Cause::Archived(text()),
        Some(code) if UNAVAILABLE.contains(&code) => Cause::Unavailable(text()),
        Some(code) if DENIED.contains(&code) => Cause::Denied(text()),
        // S3 on the key of an object: disabled, deleted, or refused.
        Some(code) if code.starts_with("KMS.") => Cause::Denied(text()),
        _ => match status {
            401 | 403 => Cause::Denied(text()),
            // A 404 without a code is somebody's between S3 and here.
            404 | 408 | 429 | 500.. => Cause::Unavailable(text()),
            _ if matches!(error, SdkError::ResponseError(_)) => Cause::Unavailable(text()),
            _ => Cause::Failed(text()),
        },
    }
}

/// An error and what led to it, in one line.
pub(super) fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        // Some repeat what they wrap.
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = cause.source();
    }
    text
}

fn absence(response: &HttpResponse) -> Absence {
    if response.headers().get("x-amz-delete-marker") == Some("true") {
        Absence::DeleteMarker
    } else {
        Absence::NoObject
    }
}
