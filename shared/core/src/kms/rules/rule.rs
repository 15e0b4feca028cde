//! The rules by name.
//!
//! The tests are in `tests/tests/documents.rs` and `tests/tests/kms/`.

/// The rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// 1. The context names an expected trail.
    Trail,
    /// 2. The context names an object of the trail, in a documented form.
    Object,
    /// 3. Event, object and configuration agree on the key.
    Key,
    /// 4. The key can encrypt, will continue to, and serves no other trail.
    KeyHealth,
    /// 5. Only CloudTrail writes.
    Caller,
    /// 6. KMS lets CloudTrail write.
    Delivery,
    /// 7. A delivered log file exists, and is listed by a digest.
    Witness,
    /// 8. Log files are encrypted under the trail's key.
    Encryption,
    /// 9. Only listed readers read.
    Readers,
    /// 10. Enclaves attest themselves, and are known.
    Enclaves,
    /// 11. Nobody weakens what is recorded.
    Logging,
}

impl Rule {
    /// Every rule, in order.
    pub const ALL: [Self; 11] = [
        Self::Trail,
        Self::Object,
        Self::Key,
        Self::KeyHealth,
        Self::Caller,
        Self::Delivery,
        Self::Witness,
        Self::Encryption,
        Self::Readers,
        Self::Enclaves,
        Self::Logging,
    ];

    /// The stable name in receipts and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trail => "trail",
            Self::Object => "object",
            Self::Key => "key",
            Self::KeyHealth => "key-health",
            Self::Caller => "caller",
            Self::Delivery => "delivery",
            Self::Witness => "witness",
            Self::Encryption => "encryption",
            Self::Readers => "readers",
            Self::Enclaves => "enclaves",
            Self::Logging => "logging",
        }
    }
}
