//! How soon a message that failed is delivered again.

use std::time::Duration;

/// How soon a message that failed is delivered again, in seconds: soon after a brief failure, and
/// for about three hours in an outage.
const RETRY_AFTER: [u64; 6] = [30, 60, 120, 300, 600, 900];

/// Returns how soon a message is delivered again, by its number of tries, counted from 1.
#[must_use]
pub fn retry_after(tries: u32) -> Duration {
    let tries = usize::try_from(tries).unwrap_or(usize::MAX);
    let [.., longest] = RETRY_AFTER;
    let wait = RETRY_AFTER.get(tries.saturating_sub(1)).copied();
    Duration::from_secs(wait.unwrap_or(longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_tries_take_about_three_hours() {
        let seconds = |tries| retry_after(tries).as_secs();
        assert_eq!(
            (seconds(0), seconds(1), seconds(2), seconds(99)),
            (30, 30, 60, 900)
        );
        let total: u64 = (1..15).map(seconds).sum();
        assert!((9000..12_600).contains(&total), "{total}");
    }
}
