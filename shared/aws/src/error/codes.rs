//! The codes of errors, by their meaning.

/// Codes that mean "not now", with any status. SNS and SQS have codes of their own, for themselves and
/// for the KMS key of a topic or a queue:
/// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html> and
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>.
pub(super) const UNAVAILABLE: [&str; 18] = [
    "InternalError",
    "InternalFailure",
    "KMS.DependencyTimeoutException",
    "KMS.KMSInternalException",
    "KMS.KeyUnavailableException",
    "KMS.ThrottlingException",
    "KMSThrottling",
    "KmsThrottled",
    "LimitExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttled",
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
