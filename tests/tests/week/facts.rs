//! What is stated about each kind of tampering: which function finds it, as what, and within which
//! time.

use crate::kinds::{Facts, Kind, Place, Since};
use jiff::SignedDuration;

/// `deletion-monitor` looks within seconds after S3's event.
const SECONDS: SignedDuration = SignedDuration::from_mins(1);

/// A function looks within minutes after a file arrives.
const MINUTES: SignedDuration = SignedDuration::from_mins(5);

/// `watchdog` looks once an hour.
const ROUND: SignedDuration = SignedDuration::from_mins(65);

/// `watchdog` sends a digest whose events are lost within two and a half hours.
const SENT_AGAIN: SignedDuration = SignedDuration::from_mins(155);

/// `deletion-monitor` tries to find the digest of a new file for some two and a half hours.
const TRIES: SignedDuration = SignedDuration::from_mins(160);

/// `watchdog` compares a log file six hours after the time in its name, in the next round.
const COMPARED: SignedDuration = SignedDuration::from_hours(7);

/// `OverdueHours`, and a round.
const OVERDUE: SignedDuration = SignedDuration::from_hours(7);

const fn monitor(deed: &'static str, finding: &'static str, hours: u32) -> Facts {
    Facts {
        deed,
        finding,
        function: "deletion-monitor",
        since: Since::Deed,
        within: SECONDS,
        place: Place::Chain(hours),
        count: (4, 8),
    }
}

const fn verifier(deed: &'static str, finding: &'static str) -> Facts {
    Facts {
        function: "log-verifier",
        since: Since::Digest,
        within: MINUTES,
        ..monitor(deed, finding, 3)
    }
}

const fn validator(deed: &'static str, finding: &'static str) -> Facts {
    Facts {
        function: "digest-validator",
        within: MINUTES,
        ..monitor(deed, finding, 4)
    }
}

const fn next_digest(deed: &'static str, finding: &'static str, hours: u32) -> Facts {
    Facts {
        since: Since::NextDigest,
        place: Place::Chain(hours),
        ..validator(deed, finding)
    }
}

const fn guard(deed: &'static str, finding: &'static str) -> Facts {
    Facts {
        function: "settings-monitor",
        within: ROUND,
        place: Place::Settings,
        count: (2, 5),
        ..monitor(deed, finding, 0)
    }
}

const fn events(deed: &'static str) -> Facts {
    Facts {
        place: Place::Events,
        count: (2, 3),
        ..guard(deed, "monitoring-impaired")
    }
}

const fn record(deed: &'static str, finding: &'static str, count: (usize, usize)) -> Facts {
    Facts {
        function: "kms-context-checker",
        since: Since::LogFile,
        within: MINUTES,
        place: Place::Record,
        count,
        ..monitor(deed, finding, 0)
    }
}

impl Kind {
    /// Returns what is stated about the kind.
    pub(crate) fn facts(self) -> Facts {
        self.of_log_files()
            .or_else(|| self.of_digests())
            .or_else(|| self.of_settings())
            .or_else(|| self.of_records())
            .expect("a kind is about something")
    }

    fn of_log_files(self) -> Option<Facts> {
        Some(match self {
            Self::LogModifiedEarly => verifier(
                "modifies a log file before its digest arrives",
                "log-file-modified",
            ),
            Self::LogCutEarly => verifier(
                "cuts a log file in half before its digest arrives",
                "log-file-malformed",
            ),
            Self::LogNotGzipEarly => verifier(
                "stores a log file without compression before its digest arrives",
                "log-file-malformed",
            ),
            Self::LogAppendedEarly => verifier(
                "appends bytes to a log file before its digest arrives",
                "log-file-trailing-data",
            ),
            Self::LogHiddenEarly => monitor(
                "hides a log file behind a delete marker before its digest arrives",
                "object-deleted",
                3,
            ),
            Self::LogErasedSilently => verifier(
                "deletes a log file permanently before its digest arrives; S3's event is lost",
                "log-file-missing",
            ),
            Self::LogModifiedSilently => Facts {
                within: SENT_AGAIN,
                place: Place::Chain(5),
                ..verifier(
                    "modifies a log file; S3's events about it and about its digest are lost",
                    "log-file-modified",
                )
            },
            Self::LogModifiedLate => monitor(
                "modifies a log file after it was verified",
                "object-overwritten",
                3,
            ),
            Self::LogCutLate => monitor(
                "cuts a log file in half after it was verified",
                "object-overwritten",
                3,
            ),
            Self::LogHiddenLate => monitor(
                "hides a log file behind a delete marker after it was verified",
                "object-deleted",
                3,
            ),
            Self::LogErasedLate => monitor(
                "deletes a log file permanently after it was verified",
                "object-deleted",
                3,
            ),
            Self::LogPlantedNew => Facts {
                within: TRIES,
                ..monitor(
                    "plants a log file in the current hour",
                    "log-file-unlisted",
                    5,
                )
            },
            Self::LogPlantedOld => {
                monitor("plants a log file in a past hour", "log-file-unlisted", 5)
            }
            Self::LogPlantedSilently => Facts {
                function: "watchdog",
                within: COMPARED,
                ..monitor(
                    "plants a log file in the current hour; S3's event is lost",
                    "log-file-unlisted",
                    5,
                )
            },
            Self::LogExpired => monitor(
                "lets a lifecycle rule delete a log file before its retention ends",
                "bucket-guard-weakened",
                3,
            ),
            _ => return None,
        })
    }

    fn of_digests(self) -> Option<Facts> {
        Some(match self {
            Self::DigestHidden => monitor(
                "hides the newest digest behind a delete marker",
                "object-deleted",
                4,
            ),
            Self::DigestHiddenSilently => next_digest(
                "hides the newest digest behind a delete marker; S3's event is lost",
                "digest-missing",
                4,
            ),
            Self::DigestsKeptBack => next_digest(
                "removes two consecutive digests before any function sees them",
                "digest-missing",
                6,
            ),
            Self::DigestErasedLate => monitor(
                "deletes a digest permanently after the next one was verified",
                "object-deleted",
                4,
            ),
            Self::DigestEdited => validator(
                "removes a log file from the newest digest, and keeps the signature",
                "digest-signature-invalid",
            ),
            Self::DigestEditedLate => monitor(
                "removes a log file from a digest after the next one was verified",
                "object-overwritten",
                4,
            ),
            Self::DigestStripped => validator(
                "removes the metadata of the newest digest, with the signature",
                "digest-signature-missing",
            ),
            Self::DigestForged => validator(
                "signs the newest digest with another key",
                "digest-key-unknown",
            ),
            Self::DigestReplaced => validator(
                "puts an older digest in the place of the newest one",
                "digest-moved",
            ),
            Self::DigestJunk => validator(
                "overwrites the newest digest with something else",
                "digest-malformed",
            ),
            Self::ChainGap => Facts {
                since: Since::Digest,
                ..validator(
                    "makes CloudTrail sign a digest that starts ten minutes late",
                    "chain-gap",
                )
            },
            Self::TrailRestarted => Facts {
                count: (3, 5),
                ..next_digest(
                    "stops the trail for three hours, and starts it again",
                    "chain-restarted",
                    7,
                )
            },
            Self::TrailStopped => Facts {
                function: "watchdog",
                since: Since::LastEnd,
                within: OVERDUE,
                count: (3, 5),
                ..next_digest("stops the trail", "digest-overdue", 14)
            },
            Self::TrailUnexpected => Facts {
                since: Since::Digest,
                place: Place::OtherTrail,
                ..validator(
                    "makes another trail deliver to the bucket",
                    "digest-trail-unexpected",
                )
            },
            _ => return None,
        })
    }

    fn of_settings(self) -> Option<Facts> {
        const WEAKENED: &str = "bucket-guard-weakened";
        Some(match self {
            Self::Versioning => guard("suspends versioning", WEAKENED),
            Self::ObjectLock => guard("shortens the default retention of Object Lock", WEAKENED),
            Self::Lifecycle => guard("lets objects expire sooner than before", WEAKENED),
            Self::Retention => guard("lets objects expire before their retention ends", WEAKENED),
            Self::PublicAccess => guard("turns Block Public Access off", WEAKENED),
            Self::Policy => guard("adds a statement to the bucket policy", WEAKENED),
            Self::Replication => guard("disables the replication rule", WEAKENED),
            Self::EventsOff => events("turns the events of a bucket off"),
            Self::RuleOff => events("disables a rule of the stack"),
            Self::TrailOff => guard(
                "stops, changes or deletes a trail whose status `settings-monitor` may read",
                "monitoring-impaired",
            ),
            Self::Unsubscribed => guard(
                "removes the subscription of the alert topic",
                "monitoring-impaired",
            ),
            _ => return None,
        })
    }

    fn of_records(self) -> Option<Facts> {
        Some(match self {
            Self::WeakeningCall => record(
                "stops or weakens the trail or its bucket with an API call",
                "logging-weakened",
                (5, 8),
            ),
            Self::KmsForeignCaller => record(
                "encrypts a log file with the trail's key",
                "kms-foreign-caller",
                (2, 4),
            ),
            Self::KmsPlanted => record(
                "plants a log file that is encrypted with the trail's key",
                "kms-foreign-caller",
                (2, 4),
            ),
            Self::KmsWrongTrail => record(
                "makes another trail use the key",
                "kms-context-mismatch",
                (2, 4),
            ),
            Self::KmsWrongBucket => record(
                "makes the trail deliver to another bucket",
                "kms-context-mismatch",
                (2, 4),
            ),
            Self::KmsWrongKey => record(
                "encrypts a log file with another key",
                "kms-key-mismatch",
                (2, 4),
            ),
            Self::KmsMissing => record(
                "deletes a log file before any digest lists it",
                "log-file-missing",
                (2, 4),
            ),
            Self::KmsReader => record("reads log files", "kms-unlisted-reader", (2, 4)),
            _ => return None,
        })
    }
}
