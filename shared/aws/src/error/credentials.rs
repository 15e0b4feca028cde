//! The problems of a request's credentials.

use aws_credential_types::provider::error::CredentialsError;
use std::error::Error;
use trailseal::world::CredentialTrouble;

/// The problem of the credentials, by error code: the common errors of the AWS API and those of S3.
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

/// Returns the problem of the credentials that a code reports. A signature is also refused for its
/// time, and then only the message says so ("Signature expired: 20260115T120000Z is now earlier
/// than …").
pub(super) fn credential_trouble(code: &str, message: Option<&str>) -> Option<CredentialTrouble> {
    let (_, trouble) = CREDENTIALS.iter().find(|(known, _)| *known == code)?;
    let of_time = ["Signature expired", "Signature not yet current"];
    let is_of_time = message.is_some_and(|message| of_time.iter().any(|of| message.contains(of)));
    Some(match trouble {
        CredentialTrouble::Signature if is_of_time => CredentialTrouble::Clock,
        trouble => *trouble,
    })
}

/// Returns whether a request was not made because its credentials could not be loaded.
pub(super) fn is_of_credentials(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (*error).source())
        .any(<dyn Error + 'static>::is::<CredentialsError>)
}
