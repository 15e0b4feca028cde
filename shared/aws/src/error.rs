//! SDK errors, sorted into the classes that lead to different verdicts.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use std::error::Error;
use trailseal::names::ids::Region;
use trailseal::world::{Absence, Cause, CredentialTrouble, StoreError};

/// Codes that say "not now", with whatever status.
const UNAVAILABLE: [&str; 14] = [
    "InternalError",
    "InternalFailure",
    "KMS.DependencyTimeoutException",
    "KMS.KMSInternalException",
    "KMS.KeyUnavailableException",
    "KMS.ThrottlingException",
    "LimitExceededException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// Codes that say "not you", with whatever status.
const DENIED: [&str; 4] = [
    "AccessDenied",
    "AccessDeniedException",
    "AllAccessDisabled",
    "SubscriptionRequiredException",
];

/// Codes that say "not under this key": S3's, and KMS's own.
const KEY_UNUSABLE: [&str; 8] = [
    "DisabledException",
    "InvalidKeyUsageException",
    "KMS.DisabledException",
    "KMS.InvalidKeyUsageException",
    "KMS.InvalidStateException",
    "KMS.KMSInvalidStateException",
    "KMS.NotFoundException",
    "KMSInvalidStateException",
];

/// What is wrong with the credentials, by the code that says so: the common errors of the AWS API
/// and those of S3.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
const CREDENTIALS: [(&str, CredentialTrouble); 15] = [
    ("AuthFailure", CredentialTrouble::Unknown),
    ("ExpiredToken", CredentialTrouble::Expired),
    ("ExpiredTokenException", CredentialTrouble::Expired),
    ("IncompleteSignature", CredentialTrouble::Signature),
    ("InvalidAccessKeyId", CredentialTrouble::Unknown),
    ("InvalidClientTokenId", CredentialTrouble::Unknown),
    ("InvalidSignatureException", CredentialTrouble::Signature),
    ("InvalidToken", CredentialTrouble::Unknown),
    ("MissingAuthenticationToken", CredentialTrouble::Unknown),
    ("RequestExpired", CredentialTrouble::Clock),
    ("RequestInTheFuture", CredentialTrouble::Clock),
    ("RequestTimeTooSkewed", CredentialTrouble::Clock),
    ("SignatureDoesNotMatch", CredentialTrouble::Signature),
    ("TokenRefreshRequired", CredentialTrouble::Expired),
    ("UnrecognizedClientException", CredentialTrouble::Unknown),
];

/// The Regions of the partition `aws` that every account has. The list does not grow: since March
/// 2019 an account has to opt into each new Region.
/// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html>
const ALWAYS_ENABLED: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// What a 400 to a `HEAD` request is for, which has no text.
const HEAD_REFUSED: &str = "S3 answers 400 and does not say why, as it does where credentials have expired or the bucket is in another Region";

/// Says what was being done to which object, and why it failed.
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

/// The same for a request to a service in `region`: an account that has not opted into a Region has
/// no credentials there.
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

/// Whether an account has to opt into a Region.
fn is_opted_into(region: &str) -> bool {
    Region::new(region).is_ok_and(|region| region.partition() == "aws")
        && !ALWAYS_ENABLED.contains(&region)
}

/// The same for a `HEAD` request, whose answer has no body that could name a code: 404 alone says
/// that there is no such object, and nothing says what 400 is for.
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
        // Whoever quotes it goes on, or ends the sentence.
        (Some(code), Some(message)) => {
            format!("{code}: {}", message.trim_end().trim_end_matches('.'))
        }
        (Some(code), None) => code.to_owned(),
        _ => told(error),
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
    match error.code() {
        Some("NoSuchBucket") => Cause::Absent(Absence::NoBucket),
        Some("NoSuchKey" | "NotFoundException") => Cause::Absent(absence(response)),
        Some("InvalidObjectState") => Cause::Archived(text()),
        Some("OptInRequired") => Cause::RegionDisabled(text()),
        Some(code) if UNAVAILABLE.contains(&code) => Cause::Unavailable(text()),
        Some(code) if DENIED.contains(&code) => Cause::Denied(text()),
        Some(code) if KEY_UNUSABLE.contains(&code) => Cause::KeyUnusable(text()),
        // S3 on the key of an object.
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

/// What a code says of the credentials. A signature is also refused for its time, which then the
/// message alone says ("Signature expired: 20260115T120000Z is now earlier than …").
fn credential_trouble(code: &str, message: Option<&str>) -> Option<CredentialTrouble> {
    let (_, trouble) = CREDENTIALS.iter().find(|(known, _)| *known == code)?;
    let of_time = ["Signature expired", "Signature not yet current"];
    let is_of_time = message.is_some_and(|message| of_time.iter().any(|of| message.contains(of)));
    Some(match trouble {
        CredentialTrouble::Signature if is_of_time => CredentialTrouble::Clock,
        trouble => *trouble,
    })
}

/// Whether a request was not made because its credentials could not be loaded.
fn is_of_credentials(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (*error).source())
        .any(<dyn Error + 'static>::is::<CredentialsError>)
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

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_s3::error::ErrorMetadata;
    use aws_sdk_s3::operation::get_object::GetObjectError;
    use aws_sdk_s3::primitives::SdkBody;

    fn answered(status: u16, code: &str, message: &str) -> SdkError<GetObjectError, HttpResponse> {
        let metadata = ErrorMetadata::builder().code(code).message(message).build();
        let response = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        SdkError::service_error(GetObjectError::generic(metadata), response)
    }

    fn cause_of(status: u16, code: &str, message: &str) -> Cause {
        cause(&answered(status, code, message))
    }

    #[test]
    fn what_is_wrong_with_credentials_says_nothing_of_the_object() {
        for (status, code, message, trouble) in [
            (
                400,
                "ExpiredToken",
                "The provided token has expired.",
                CredentialTrouble::Expired,
            ),
            (
                403,
                "ExpiredTokenException",
                "expired",
                CredentialTrouble::Expired,
            ),
            (
                403,
                "RequestTimeTooSkewed",
                "too large.",
                CredentialTrouble::Clock,
            ),
            (
                403,
                "InvalidAccessKeyId",
                "does not exist",
                CredentialTrouble::Unknown,
            ),
            (
                400,
                "UnrecognizedClientException",
                "invalid.",
                CredentialTrouble::Unknown,
            ),
            (
                403,
                "InvalidClientTokenId",
                "invalid.",
                CredentialTrouble::Unknown,
            ),
            (
                403,
                "SignatureDoesNotMatch",
                "Check your key.",
                CredentialTrouble::Signature,
            ),
            (
                400,
                "InvalidSignatureException",
                "Signature expired: 20260115T120000Z is now earlier than 20260115T121500Z",
                CredentialTrouble::Clock,
            ),
        ] {
            let text = format!("{code}: {}", message.trim_end_matches('.'));
            assert_eq!(
                cause_of(status, code, message),
                Cause::Credentials(trouble, text)
            );
        }
    }

    #[test]
    fn an_answer_to_head_without_a_text_is_no_verdict() {
        for (status, absent) in [(404, true), (400, false), (403, false), (500, false)] {
            let response = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
            let nothing = GetObjectError::generic(ErrorMetadata::builder().build());
            let error = SdkError::service_error(nothing, response);
            let failed = head_error("read the headers of", "s3://b/k", &error);
            assert_eq!(failed.absence().is_some(), absent, "{status}: {failed}");
            let is_explained = failed.to_string().contains("credentials have expired");
            assert_eq!(is_explained, status == 400, "{failed}");
        }
    }

    #[test]
    fn a_key_that_is_disabled_is_no_missing_permission() {
        for code in [
            "KMS.DisabledException",
            "KMS.KMSInvalidStateException",
            "KMS.NotFoundException",
            "DisabledException",
            "KMSInvalidStateException",
        ] {
            let cause = cause_of(400, code, "arn:aws:kms:… is disabled.");
            assert!(matches!(cause, Cause::KeyUnusable(_)), "{code}: {cause:?}");
            assert!(cause.is_refusal());
        }
        for (code, message) in [
            ("KMS.AccessDeniedException", "no"),
            ("AccessDenied", "kms:Decrypt"),
        ] {
            assert!(
                matches!(cause_of(403, code, message), Cause::Denied(_)),
                "{code}"
            );
        }
        for code in [
            "KMS.KeyUnavailableException",
            "KMS.ThrottlingException",
            "SlowDown",
        ] {
            assert!(
                matches!(cause_of(400, code, "later"), Cause::Unavailable(_)),
                "{code}"
            );
        }
    }

    #[test]
    fn only_a_region_to_opt_into_may_not_be_opted_into() {
        let of = |region| {
            let error = answered(400, "UnrecognizedClientException", "invalid");
            regional_error("list the keys of", region, region, &error).cause
        };
        for region in ["af-south-1", "eu-south-2", "me-central-1", "xx-south-9"] {
            assert!(matches!(of(region), Cause::RegionDisabled(_)), "{region}");
        }
        for region in ["us-east-1", "eu-west-3", "cn-north-1", "us-gov-east-1", ""] {
            let cause = of(region);
            let unknown = matches!(cause, Cause::Credentials(CredentialTrouble::Unknown, _));
            assert!(unknown, "{region}: {cause:?}");
        }
        // Whatever else fails there has its own cause.
        let denied = answered(400, "AccessDeniedException", "no");
        let denied = regional_error("list the keys of", "x", "af-south-1", &denied).cause;
        assert!(matches!(denied, Cause::Denied(_)), "{denied:?}");
    }

    #[test]
    fn credentials_that_cannot_be_loaded_are_no_service_that_is_down() {
        let expired = CredentialsError::provider_error("the SSO token has expired");
        let error: SdkError<GetObjectError, HttpResponse> =
            SdkError::construction_failure(CredentialsError::provider_error(expired));
        let cause = cause(&error);
        let is_of_them = matches!(&cause, Cause::Credentials(CredentialTrouble::NotLoaded, text)
            if text.contains("the SSO token has expired"));
        assert!(is_of_them, "{cause:?}");
    }
}
