use super::*;
use aws_credential_types::provider::error::CredentialsError;
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
fn an_error_of_the_credentials_is_not_about_the_object() {
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
fn a_head_response_without_a_body_names_no_cause() {
    for (status, absent) in [(404, true), (400, false), (403, false), (500, false)] {
        let response = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        let nothing = GetObjectError::generic(ErrorMetadata::builder().build());
        let error = SdkError::service_error(nothing, response);
        let failed = head_error("read the headers of", "s3://b/k", &error);
        assert_eq!(failed.absence().is_some(), absent, "{status}: {failed}");
        let is_explained = failed.to_string().contains("credentials may have expired");
        assert_eq!(is_explained, status == 400, "{failed}");
    }
}

#[test]
fn a_disabled_key_is_not_a_missing_permission() {
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
        "KMSThrottling",
        "KmsThrottled",
        "RequestThrottled",
        "SlowDown",
        "Throttled",
    ] {
        assert!(
            matches!(cause_of(400, code, "later"), Cause::Unavailable(_)),
            "{code}"
        );
    }
}

#[test]
fn only_an_opt_in_region_can_be_disabled() {
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
    // Any other failure there has its own cause.
    let denied = answered(400, "AccessDeniedException", "no");
    let denied = regional_error("list the keys of", "x", "af-south-1", &denied).cause;
    assert!(matches!(denied, Cause::Denied(_)), "{denied:?}");
}

#[test]
fn credentials_that_fail_to_load_are_not_an_unavailable_service() {
    let expired = CredentialsError::provider_error("the SSO token has expired");
    let error: SdkError<GetObjectError, HttpResponse> =
        SdkError::construction_failure(CredentialsError::provider_error(expired));
    let cause = cause(&error);
    let is_of_them = matches!(&cause, Cause::Credentials(CredentialTrouble::NotLoaded, text)
        if text.contains("the SSO token has expired"));
    assert!(is_of_them, "{cause:?}");
}
