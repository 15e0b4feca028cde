//! The kinds of tampering, and what can be stated about one.

use jiff::SignedDuration;

/// A kind of tampering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    LogModifiedEarly,
    LogCutEarly,
    LogNotGzipEarly,
    LogAppendedEarly,
    LogHiddenEarly,
    LogErasedSilently,
    LogModifiedSilently,
    LogModifiedLate,
    LogCutLate,
    LogHiddenLate,
    LogErasedLate,
    LogPlantedNew,
    LogPlantedOld,
    LogPlantedSilently,
    LogExpired,
    DigestHidden,
    DigestHiddenSilently,
    DigestsKeptBack,
    DigestErasedLate,
    DigestEdited,
    DigestEditedLate,
    DigestStripped,
    DigestForged,
    DigestReplaced,
    DigestJunk,
    ChainGap,
    TrailRestarted,
    TrailStopped,
    TrailUnexpected,
    Versioning,
    ObjectLock,
    Lifecycle,
    Retention,
    PublicAccess,
    Policy,
    Replication,
    EventsOff,
    RuleOff,
    Unsubscribed,
    TrailOff,
    WeakeningCall,
    KmsForeignCaller,
    KmsPlanted,
    KmsWrongTrail,
    KmsWrongBucket,
    KmsWrongKey,
    KmsMissing,
    KmsReader,
}

/// From when on the time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    /// The deed.
    Deed,
    /// The arrival of the digest, or of the one that lists the log file.
    Digest,
    /// The arrival of the next digest of the chain.
    NextDigest,
    /// The end of the last digest before the trail was stopped.
    LastEnd,
    /// The arrival of the log file that records the call.
    LogFile,
}

impl Since {
    /// Returns it in words.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Deed => "the deed",
            Self::Digest => "the digest arrives",
            Self::NextDigest => "the next digest arrives",
            Self::LastEnd => "the end of the last digest",
            Self::LogFile => "the log file with the call arrives",
        }
    }
}

/// Where a deed of a kind takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a chain, which is left alone for this many hours.
    Chain(u32),
    /// In a trail that the stack does not expect.
    OtherTrail,
    /// In the settings of a bucket or of the stack.
    Settings,
    /// In the way of all events, for an hour in which nothing else is done.
    Events,
    /// In the log files of the encrypted trail.
    Record,
}

/// What is stated about a kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    /// What somebody does.
    pub(crate) deed: &'static str,
    /// The kind of finding that reports it.
    pub(crate) finding: &'static str,
    /// The function that finds it.
    pub(crate) function: &'static str,
    /// From when on the time counts.
    pub(crate) since: Since,
    /// The time within which it is found.
    pub(crate) within: SignedDuration,
    /// Where it takes place.
    pub(crate) place: Place,
    /// The least and the most such deeds in a week.
    pub(crate) count: (usize, usize),
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Self; 48] = [
        Self::LogModifiedEarly,
        Self::LogCutEarly,
        Self::LogNotGzipEarly,
        Self::LogAppendedEarly,
        Self::LogHiddenEarly,
        Self::LogErasedSilently,
        Self::LogModifiedSilently,
        Self::LogModifiedLate,
        Self::LogCutLate,
        Self::LogHiddenLate,
        Self::LogErasedLate,
        Self::LogPlantedNew,
        Self::LogPlantedOld,
        Self::LogPlantedSilently,
        Self::LogExpired,
        Self::DigestHidden,
        Self::DigestHiddenSilently,
        Self::DigestsKeptBack,
        Self::DigestErasedLate,
        Self::DigestEdited,
        Self::DigestEditedLate,
        Self::DigestStripped,
        Self::DigestForged,
        Self::DigestReplaced,
        Self::DigestJunk,
        Self::ChainGap,
        Self::TrailRestarted,
        Self::TrailStopped,
        Self::TrailUnexpected,
        Self::Versioning,
        Self::ObjectLock,
        Self::Lifecycle,
        Self::Retention,
        Self::PublicAccess,
        Self::Policy,
        Self::Replication,
        Self::EventsOff,
        Self::RuleOff,
        Self::Unsubscribed,
        Self::TrailOff,
        Self::WeakeningCall,
        Self::KmsForeignCaller,
        Self::KmsPlanted,
        Self::KmsWrongTrail,
        Self::KmsWrongBucket,
        Self::KmsWrongKey,
        Self::KmsMissing,
        Self::KmsReader,
    ];
}
