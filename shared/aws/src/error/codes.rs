//! The codes of errors, by their meaning.

/// Codes that mean "not now", with any status.
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

/// Codes that mean "not you", with any status.
pub(super) const DENIED: [&str; 4] = [
    "AccessDenied",
    "AccessDeniedException",
    "AllAccessDisabled",
    "SubscriptionRequiredException",
];

/// Codes that mean "not under this key": those of S3 and those of KMS.
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
