//! Counts of unrelated messages: a few lines in the log, and all messages in a metric.

use super::metrics;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use trailseal::event::Tally;
use trailseal::finding::Stamp;

/// The unrelated messages that arrived in one execution environment.
#[derive(Debug, Default)]
pub(crate) struct UnrelatedMessages(Mutex<BTreeMap<&'static str, MessageCount>>);

/// How many messages of one kind arrived.
#[derive(Debug, Default)]
struct MessageCount {
    /// Since the environment started.
    all: u64,
    /// Since the metric was last written.
    new: u64,
}

impl UnrelatedMessages {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, MessageCount>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the messages of one event. The first message of a kind is logged, then the tenth, the
    /// hundredth, and so on: a flood of messages does not flood the log.
    pub(super) fn add(&self, tally: &Tally) {
        let mut counts = self.lock();
        for (kind, seen) in tally.iter() {
            let count = counts.entry(kind.as_str()).or_default();
            let before = count.all;
            count.all = before.saturating_add(seen.count);
            count.new = count.new.saturating_add(seen.count);
            if is_due(before, count.all) {
                tracing::warn!(
                    kind = kind.as_str(),
                    example = ?seen.example,
                    messages = count.all,
                    "messages that are not about a new object in S3 arrived: they are removed from the queue and not checked"
                );
            }
        }
    }

    /// Writes the metric of the messages that arrived since the last time.
    pub(super) fn write(&self, stamp: Stamp<'_>) {
        let mut counts = self.lock();
        let new = counts.iter_mut().filter(|(_, count)| count.new > 0);
        let lines: Vec<_> = new
            .map(|(kind, count)| metrics::unrelated(kind, std::mem::take(&mut count.new), stamp))
            .collect();
        metrics::write_lines(&lines);
    }
}

/// Returns whether the number has one more digit than before.
fn is_due(before: u64, now: u64) -> bool {
    now.checked_ilog10() > before.checked_ilog10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use trailseal::event::Unrelated;

    #[test]
    fn unrelated_messages_are_logged_at_powers_of_ten() {
        let due = (0..100_000_u64).filter(|n| is_due(*n, n + 1)).count();
        assert_eq!(due, 6);
        assert!(is_due(0, 1) && is_due(3, 400) && !is_due(400, 999) && !is_due(7, 7));
    }

    #[test]
    fn logged_messages_are_not_counted_twice() {
        let messages = UnrelatedMessages::default();
        let mut tally = Tally::default();
        tally.add(Unrelated::AwsConfig, "ScheduledNotification");
        tally.add(Unrelated::AwsConfig, "ScheduledNotification");
        messages.add(&tally);
        messages.add(&tally);
        let stamp = Stamp::by_function("log-verifier", jiff::Timestamp::UNIX_EPOCH);
        assert_eq!(messages.lock()["aws-config"].new, 4);
        messages.write(stamp);
        let counts = messages.lock();
        assert_eq!((counts["aws-config"].new, counts["aws-config"].all), (0, 4));
    }
}
