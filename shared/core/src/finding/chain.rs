//! The findings about a digest and its neighbors in the chain, with their sentences.
//!
//! The tests are in `tests/tests/stories.rs`: each kind is found in a trail to which one thing was
//! done.

use super::digest::DigestSubject;
use super::{Finding, FindingKind};
use crate::format::digest::{DigestError, Predecessor, UnverifiedDigest};
use crate::names::location::ObjectLocation;
use crate::names::window::Window;
use crate::trust::chain::{self, Difference, Meeting};
use crate::world::Absence;
use jiff::Timestamp;

/// The number of hours of a day.
const HOURS_OF_A_DAY: i64 = 24;

/// The result of a look back through the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LastSigned {
    /// The last digest that CloudTrail signed, and its end.
    Found(ObjectLocation, Timestamp),
    /// The chain has no earlier digest.
    NoneExists,
    /// There are earlier digests, or Trailseal could not see whether there are, and CloudTrail
    /// signed none of those that were tried.
    NotFound,
    /// There are more digests than may be tried, and CloudTrail signed none of those that were
    /// tried.
    TooMany {
        /// The number of digests that were tried.
        tried: usize,
    },
}

impl LastSigned {
    /// Treats "no earlier digest" as "not found": there may be some.
    #[must_use]
    pub fn or_not_found(self) -> Self {
        match self {
            Self::NoneExists => Self::NotFound,
            other => other,
        }
    }
}

/// `digest-malformed`: the object that a digest names cannot be its predecessor.
#[must_use]
pub fn no_predecessor(subject: DigestSubject<'_>, named: &ObjectLocation) -> Finding {
    subject
        .finding(
            FindingKind::DigestMalformed,
            "The digest names a predecessor that is not an earlier digest of its chain.",
        )
        .with_evidence(
            "an earlier hourly digest of the same account, Region and trail",
            named.to_string(),
        )
}

/// `digest-missing`: the predecessor of a digest is missing, and so are the digests before it, back
/// to `last`. The digest itself covers the time from `to` on.
#[must_use]
pub fn predecessor_missing(
    subject: DigestSubject<'_>,
    to: Timestamp,
    last: &LastSigned,
    absence: Absence,
) -> Finding {
    let from = match last {
        LastSigned::Found(_, end) => Some(*end),
        LastSigned::NoneExists | LastSigned::NotFound | LastSigned::TooMany { .. } => None,
    };
    let window = Window { from, to };
    let message = match (from, chain::hourly_digests(window)) {
        (Some(from), Some(1)) => {
            format!(
                "The digest is missing. Nobody can verify the log files that were delivered from {from} to {to}."
            )
        }
        (Some(from), Some(count)) => format!(
            "{count} consecutive hourly digests are missing. Nobody can verify the log files that were delivered from {from} to {to}. The object named here is the newest of the missing digests."
        ),
        _ if *last == LastSigned::NoneExists => format!(
            "The digest and every earlier digest of its chain are missing. Nobody can verify the log files that were delivered before {to}."
        ),
        _ => format!(
            "The digest is missing. Earlier digests may also be missing: Trailseal could not find out how many. Nobody can verify the log files that were delivered before {to}."
        ),
    };
    let last = match last {
        LastSigned::Found(last, _) => format!("the last digest before it is {last}"),
        LastSigned::NoneExists => "no earlier digest exists".to_owned(),
        LastSigned::NotFound => "no earlier digest that CloudTrail signed was found".to_owned(),
        LastSigned::TooMany { tried } => {
            format!("none of the last {tried} digests is signed by CloudTrail, and there are more")
        }
    };
    subject
        .finding(FindingKind::DigestMissing, message)
        .with_window(window)
        .with_evidence(
            "the digest that the next digest names",
            format!("{absence}; {last}"),
        )
}

/// `digest-modified`: a predecessor is not the one that its successor describes under its
/// signature.
#[must_use]
pub fn modified(subject: DigestSubject<'_>, difference: Difference) -> Finding {
    match difference {
        Difference::Content { expected, actual } => not_as_signed(
            subject,
            format!("content with SHA-256 {expected}"),
            format!("content with SHA-256 {actual}"),
        ),
        Difference::Signature { expected, actual } => not_as_signed(
            subject,
            format!("signature {expected}"),
            actual.map_or_else(
                || "no signature in its metadata".to_owned(),
                |actual| format!("signature {actual}"),
            ),
        ),
    }
}

/// `digest-modified`: a predecessor is no longer a digest.
#[must_use]
pub fn destroyed(subject: DigestSubject<'_>, named: &Predecessor, error: &DigestError) -> Finding {
    not_as_signed(
        subject,
        format!("content with SHA-256 {}", named.hash),
        error.to_string(),
    )
}

fn not_as_signed(subject: DigestSubject<'_>, expected: String, actual: String) -> Finding {
    subject
        .finding(
            FindingKind::DigestModified,
            "The digest is not the one that the next digest describes. It was changed or replaced after delivery.",
        )
        .with_evidence(expected, actual)
}

/// `chain-started`.
#[must_use]
pub fn started(subject: DigestSubject<'_>) -> Finding {
    subject.finding(
        FindingKind::ChainStarted,
        "The digest starts a chain, and no earlier digest of the chain exists.",
    )
}

/// `chain-restarted`: a digest starts a chain although `last` is not [`LastSigned::NoneExists`].
#[must_use]
pub fn restarted(
    subject: DigestSubject<'_>,
    starting: &UnverifiedDigest,
    last: &LastSigned,
) -> Finding {
    let (window, continues) = match last {
        LastSigned::Found(last, end) => (chain::restart_window(*end, starting), last.to_string()),
        LastSigned::NoneExists | LastSigned::NotFound | LastSigned::TooMany { .. } => (
            Window {
                from: None,
                to: starting.start_time,
            },
            format!(
                "the previous chain, none of whose {}last digests is signed by CloudTrail",
                match last {
                    LastSigned::TooMany { tried } => format!("{tried} "),
                    _ => String::new(),
                }
            ),
        ),
    };
    let from = window
        .from
        .map_or_else(|| "an unknown time".to_owned(), |from| from.to_string());
    subject
        .finding(
            FindingKind::ChainRestarted,
            format!(
                "The digest starts a new chain although one existed before. No digest covers the time between {from} and {}.",
                window.to
            ),
        )
        .with_window(window)
        .with_evidence(
            format!("a digest that continues {continues}"),
            "a starting digest, which names no predecessor",
        )
}

/// `chain-gap`: the times of a digest and of the one before it, at `predecessor_at`, do not meet.
/// `None` if they do.
#[must_use]
pub fn gap(
    subject: DigestSubject<'_>,
    meeting: Meeting,
    digest: &UnverifiedDigest,
    predecessor: &UnverifiedDigest,
    predecessor_at: &ObjectLocation,
) -> Option<Finding> {
    let (window, what) = match meeting {
        Meeting::Meets => return None,
        Meeting::Gap(window) => (
            window,
            "starts after the previous digest ends: no digest covers the time between them",
        ),
        Meeting::Overlap(window) => (
            window,
            "starts before the previous digest ends: the two overlap",
        ),
    };
    let finding = subject
        .finding(FindingKind::ChainGap, format!("The digest {what}."))
        .with_window(window)
        .with_evidence(
            format!("a range that starts at {}", predecessor.end_time),
            format!(
                "a range that starts at {}, after {predecessor_at}",
                digest.start_time
            ),
        );
    Some(finding)
}

/// `chain-gap`: a digest covers time up to `end` that a newer one, which starts at `newer_start`,
/// also covers.
#[must_use]
pub fn overlap(
    subject: DigestSubject<'_>,
    window: Window,
    newer_start: Timestamp,
    end: Timestamp,
) -> Finding {
    subject
        .finding(
            FindingKind::ChainGap,
            "This digest overlaps a newer signed digest of the same chain, which does not link back to it.",
        )
        .with_window(window)
        .with_evidence(
            format!("a range that ends at {newer_start}, or before"),
            format!("a range that ends at {end}"),
        )
}

/// `digest-overdue`: no digest follows this one, from `from` up to `until`.
#[must_use]
pub fn overdue(subject: DigestSubject<'_>, from: Timestamp, until: Timestamp) -> Finding {
    subject
        .finding(
            FindingKind::DigestOverdue,
            format!(
                "No digest follows this one, although CloudTrail delivers one every hour. Nothing from {from} to {until} is verified."
            ),
        )
        .with_window(Window {
            from: Some(from),
            to: until,
        })
        .with_evidence(
            format!("a digest for every hour up to {until}"),
            "none after this one that CloudTrail signed",
        )
}

/// The silence of a chain.
#[derive(Debug, Clone)]
pub struct Silence<'a> {
    /// The chain as one text; see [`Chain::place_in`](crate::names::object_key::Chain::place_in).
    pub place: String,
    /// The end of the newest digest that CloudTrail signed.
    pub since: Timestamp,
    /// The time of the check, or the time from which the trail continues elsewhere.
    pub until: Timestamp,
    /// What else is known about the end of the chain, such as why an explanation does not apply.
    pub reasons: &'a [String],
}

/// `digest-overdue`: the chain of this newest digest is silent. It is one incident for each chain;
/// each day of the silence is an occurrence.
#[must_use]
pub fn silent(subject: DigestSubject<'_>, silence: &Silence<'_>) -> Finding {
    let Silence {
        place,
        since,
        until,
        reasons,
    } = silence;
    let hours = until.duration_since(*since).as_hours();
    let mut actual = format!("none after this one that CloudTrail signed, for {hours} hours");
    for reason in *reasons {
        actual.push_str("; ");
        actual.push_str(reason);
    }
    subject
        .finding(
            FindingKind::DigestOverdue,
            format!(
                "CloudTrail has not delivered a digest of this trail since the one that ends at {since}, although it delivers one every hour. Nobody can verify log files that were delivered after that time."
            ),
        )
        .with_window(Window {
            from: Some(*since),
            to: *until,
        })
        .with_evidence(format!("a digest for every hour up to {until}"), actual)
        .about(place.clone(), format!("{since} day {}", hours / HOURS_OF_A_DAY))
}

/// `digest-overdue`: the chain of this newest digest continues at another place, and no digest
/// covers the time in between.
#[must_use]
pub fn silent_until(
    subject: DigestSubject<'_>,
    silence: &Silence<'_>,
    continues: &ObjectLocation,
) -> Finding {
    let Silence {
        place,
        since,
        until,
        ..
    } = silence;
    subject
        .finding(
            FindingKind::DigestOverdue,
            format!(
                "The trail continues at another place, but no digest covers the time from {since} to {until}. Nobody can verify log files that were delivered in that time."
            ),
        )
        .with_window(Window {
            from: Some(*since),
            to: *until,
        })
        .with_evidence(
            format!("a digest that starts at {since}"),
            format!("the next digest of the trail starts at {until}: {continues}"),
        )
        .about(place.clone(), format!("{since} to {until}"))
}
