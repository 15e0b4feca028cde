//! The live display of a verification's progress.

use super::counters::VerifyCounters;
use indicatif::{HumanBytes, HumanCount, HumanDuration};
use std::time::Duration;

/// Returns a line such as
/// `1,234 of 5,678 digests, 45,678 log files, 1.2 GiB, 850 files/s, 2 minutes left`.
pub(super) fn line(progress: &VerifyCounters, elapsed: Duration) -> String {
    let read = VerifyCounters::read;
    let (folders, listed) = (read(&progress.folders), read(&progress.folders_listed));
    if folders == 0 {
        return "searching for trails".to_owned();
    }
    let (digests, log_files) = (read(&progress.digests), read(&progress.log_files));
    let findings = read(&progress.findings);
    let mut parts = vec![match expected(progress) {
        Some(all) if listed >= folders => {
            format!("{} of {} digests", HumanCount(digests), HumanCount(all))
        }
        Some(all) => format!(
            "{} of about {} digests",
            HumanCount(digests),
            HumanCount(all)
        ),
        None => format!("{} digests", HumanCount(digests)),
    }];
    let verified = log_files - log_files.min(read(&progress.resumed));
    parts.extend([
        format!("{} log files", HumanCount(log_files)),
        HumanBytes(read(&progress.bytes)).to_string(),
        format!(
            "{} files/s",
            HumanCount(verified / elapsed.as_secs().max(1))
        ),
    ]);
    if findings > 0 {
        parts.push(format!("{} findings", HumanCount(findings)));
    }
    if let Some(left) = left(progress, elapsed) {
        parts.push(format!("{} left", HumanDuration(left)));
    }
    parts.join(", ")
}

/// Returns the expected number of digests: the remaining folders are assumed to hold as many as the
/// known ones.
fn expected(progress: &VerifyCounters) -> Option<u64> {
    let known = VerifyCounters::read(&progress.digests_known);
    let listed = VerifyCounters::read(&progress.folders_listed);
    let folders = VerifyCounters::read(&progress.folders);
    known.checked_mul(folders)?.checked_div(listed)
}

fn left(progress: &VerifyCounters, elapsed: Duration) -> Option<Duration> {
    let done = VerifyCounters::read(&progress.digests);
    let rest = expected(progress)?.checked_sub(done)?;
    let millis = u64::try_from(elapsed.as_millis()).ok()?;
    if millis < 2000 {
        return None;
    }
    let left = millis.checked_mul(rest)?.checked_div(done)?;
    Some(Duration::from_millis(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_progress_line_shows_how_far_it_is_and_how_long_it_takes() {
        let progress = VerifyCounters::default();
        assert_eq!(line(&progress, Duration::ZERO), "searching for trails");
        for (counter, value) in [
            (&progress.folders, 4),
            (&progress.folders_listed, 2),
            (&progress.digests_known, 100),
            (&progress.digests, 50),
            (&progress.log_files, 2000),
            (&progress.bytes, 1 << 30),
            (&progress.findings, 1),
        ] {
            VerifyCounters::add(counter, value);
        }
        assert_eq!(
            line(&progress, Duration::from_secs(10)),
            "50 of about 200 digests, 2,000 log files, 1.00 GiB, 200 files/s, 1 findings, 30 seconds left"
        );
    }
}
