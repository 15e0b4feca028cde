//! The rules by which a digest and its predecessor must agree.
//!
//! Rule:
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html>
//! Each digest holds the hash and the signature of its predecessor, and their times meet.
//!
//! The tests are in `tests/tests/stories.rs` and `tests/tests/whole.rs`.

use crate::format::digest::{Predecessor, UnverifiedDigest};
use crate::names::object_key::{DigestKey, DigestSeries, ObjectKind, classify};
use crate::names::sha256::Sha256;
use crate::names::text::clip;
use crate::names::window::Window;
use crate::trust::signature::AuthenticDigest;
use jiff::{SignedDuration, Timestamp};

/// Returns the key of a predecessor, if it can be one: an hourly digest of the same trail that ends
/// before its successor does, so that no chain can loop.
#[must_use]
pub fn predecessor_key(successor: &DigestKey, predecessor: &Predecessor) -> Option<DigestKey> {
    match classify(&predecessor.location.key) {
        ObjectKind::Digest(key)
            if key.series == DigestSeries::Hourly
                && key.chain.same_trail(&successor.chain)
                && key.end_time < successor.end_time =>
        {
            Some(key)
        }
        _ => None,
    }
}

/// The difference between a predecessor and what its successor signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Its inflated bytes have another hash.
    Content {
        /// The hash in the successor.
        expected: Sha256,
        /// The actual hash.
        actual: Sha256,
    },
    /// Its metadata holds another signature, or none.
    Signature {
        /// The signature in the successor, in hex.
        expected: String,
        /// The signature in the metadata.
        actual: Option<String>,
    },
}

/// Compares a predecessor's bytes and metadata signature with what an authentic successor states.
#[must_use]
pub fn difference(
    named: &Predecessor,
    hash: Sha256,
    metadata_signature: Option<&str>,
) -> Option<Difference> {
    if hash != named.hash {
        return Some(Difference::Content {
            expected: named.hash,
            actual: hash,
        });
    }
    // The signature is the same in upper-case and lower-case hex.
    let same = metadata_signature.is_some_and(|s| s.eq_ignore_ascii_case(&named.signature));
    (!same).then(|| Difference::Signature {
        expected: named.signature.clone(),
        actual: metadata_signature.map(|s| clip(s, 2048).to_owned()),
    })
}

/// The relation between the times of two neighbors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meeting {
    /// One starts where the other ends.
    Meets,
    /// There is time between them that neither covers.
    Gap(Window),
    /// Both cover the same time.
    Overlap(Window),
}

/// Returns whether the range of a digest starts where its predecessor's ends.
#[must_use]
pub fn meeting(predecessor: &UnverifiedDigest, successor: &AuthenticDigest) -> Meeting {
    let (end, start) = (predecessor.end_time, successor.digest().start_time);
    let window = |from, to| Window {
        from: Some(from),
        to,
    };
    match end.cmp(&start) {
        std::cmp::Ordering::Equal => Meeting::Meets,
        std::cmp::Ordering::Less => Meeting::Gap(window(end, start)),
        std::cmp::Ordering::Greater => Meeting::Overlap(window(start, end)),
    }
}

/// Returns how many hourly digests fit a window, at least one; `None` if its start is unknown.
#[must_use]
pub fn hourly_digests(window: Window) -> Option<i64> {
    let from = window.from?;
    let seconds = window.to.duration_since(from).as_secs();
    let hour = SignedDuration::from_hours(1).as_secs();
    Some(((seconds + hour / 2) / hour).max(1))
}

/// Returns the window that a restart leaves: from the last digest to the start of the starting
/// digest.
///
/// A starting digest's range is the hour before logging started. If logging stopped within that
/// hour, the uncovered time reaches to its end.
#[must_use]
pub fn restart_window(last_end: Timestamp, starting: &UnverifiedDigest) -> Window {
    let to = if starting.start_time > last_end {
        starting.start_time
    } else {
        starting.end_time
    };
    Window {
        from: Some(last_end),
        to,
    }
}
