//! The codes of errors, by what they say.

/// Codes that say "not now", with whatever status.
pub(super) const UNAVAILABLE: [&str; 14] = [
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
pub(super) const DENIED: [&str; 4] = [
    "AccessDenied",
    "AccessDeniedException",
    "AllAccessDisabled",
    "SubscriptionRequiredException",
];

/// Codes that say "not under this key": S3's, and KMS's own.
pub(super) const KEY_UNUSABLE: [&str; 8] = [
    "DisabledException",
    "InvalidKeyUsageException",
    "KMS.DisabledException",
    "KMS.InvalidKeyUsageException",
    "KMS.InvalidStateException",
    "KMS.KMSInvalidStateException",
    "KMS.NotFoundException",
    "KMSInvalidStateException",
];
