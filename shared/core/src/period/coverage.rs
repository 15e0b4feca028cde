//! The parts of a digest's list of log files that receipts of `log-verifier` are about.

use super::seen_check::SeenCheck;
use crate::check::log_file::LogFileTally;
use crate::finding::Verdict;
use jiff::Timestamp;

/// What the receipts of `log-verifier` say about a whole list of log files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coverage {
    /// All log files are valid.
    Valid {
        /// When all had been verified for the first time.
        first_at: Timestamp,
        /// Each was verified at this time or later.
        last_at: Timestamp,
        /// The number of log files.
        listed: u64,
    },
    /// The newest verification of some log files has findings.
    Finding,
    /// Some log files could not be verified.
    CannotTell,
    /// The receipts contradict themselves or each other.
    Contradiction,
    /// No receipt is about these log files, counted from 0: from the first to the one before the
    /// second.
    Missing(usize, usize),
}

/// Returns whether a receipt's counts are those of its part.
fn is_sound(check: &SeenCheck, part: LogFileTally) -> bool {
    let length = part.until.checked_sub(part.from);
    let length = length.and_then(|length| u64::try_from(length).ok());
    let is_counted = Some(part.counts.total()) == length && part.until <= part.listed;
    let agrees = match check.verdict {
        Verdict::Valid => part.counts.finding == 0 && part.counts.cannot_tell == 0,
        Verdict::Finding | Verdict::CannotTell => true,
        Verdict::Ignored => false,
    };
    is_counted && agrees
}

/// Joins parts, which are all of one content of a digest.
pub(super) fn join(checks: &[&SeenCheck]) -> Coverage {
    let mut parts = Vec::new();
    for check in checks {
        let Some(part) = check.log_files else {
            continue;
        };
        if !is_sound(check, part) {
            return Coverage::Contradiction;
        }
        parts.push((*check, part));
    }
    let Some(listed) = parts.first().map(|(_, part)| part.listed) else {
        return Coverage::Missing(0, 0);
    };
    if parts.iter().any(|(_, part)| part.listed != listed) {
        return Coverage::Contradiction;
    }
    let mut edges: Vec<usize> = parts
        .iter()
        .flat_map(|(_, part)| [part.from, part.until])
        .chain([0, listed])
        .collect();
    edges.sort_unstable();
    edges.dedup();
    // A digest without log files has one empty part.
    if listed == 0 {
        edges = vec![0, 0];
    }
    let mut times: Option<(Timestamp, Timestamp)> = None;
    let mut worst = None;
    for edge in edges.windows(2) {
        let [from, until] = *edge else { continue };
        let about = parts
            .iter()
            .filter(|(_, part)| part.from <= from && part.until >= until);
        let about: Vec<&SeenCheck> = about.map(|(check, _)| *check).collect();
        let decided = about.iter().filter(|check| check.is_decided());
        match decided.max_by_key(|check| (check.at, check.verdict == Verdict::Finding)) {
            Some(newest) if newest.verdict == Verdict::Finding => return Coverage::Finding,
            Some(newest) => {
                let valid = about.iter().filter(|check| check.verdict == Verdict::Valid);
                let first = valid.map(|check| check.at).min().unwrap_or(newest.at);
                let (first_at, last_at) = times.unwrap_or((first, newest.at));
                times = Some((first_at.max(first), last_at.min(newest.at)));
            }
            None if about.is_empty() => worst = worst.or(Some(Coverage::Missing(from, until))),
            None => worst = Some(Coverage::CannotTell),
        }
    }
    match (worst, times) {
        (Some(worst), _) => worst,
        (None, Some((first_at, last_at))) => Coverage::Valid {
            first_at,
            last_at,
            listed: u64::try_from(listed).unwrap_or(u64::MAX),
        },
        (None, None) => Coverage::Missing(0, listed),
    }
}
