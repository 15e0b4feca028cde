//! The work of other guests of the host, on the cores that they share with this machine.
//!
//! It slows a program to half of its speed, and neither `/proc/stat` nor the load shows it. It
//! starts and ends within milliseconds. A fixed piece of work shows it: reading JSON uses the same
//! parts of a core as the programs that are measured.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::de::IgnoredAny;

/// The work of other guests counts as noise if it slows the fixed work by more than this share on
/// average.
pub(crate) const MAX_SLOWDOWN: f64 = 0.15;

/// A run is undisturbed if the fixed work before and after it takes at most this share longer than
/// at best.
const UNDISTURBED: f64 = 0.1;
/// The time within which a run is repeated. Most disturbances are shorter.
const PATIENCE: Duration = Duration::from_secs(1);
/// The time that the runs of a benchmark may take, with the attempts that are repeated.
const PATIENCE_OF_A_BENCHMARK: Duration = Duration::from_mins(5);
/// The time to find the shortest time of the fixed work.
const CALIBRATION: Duration = Duration::from_secs(2);
/// The number of records in the document that is read, and how often it is: half a millisecond.
const RECORDS: usize = 500;
const TIMES: usize = 4;

/// Finds moments without the work of other guests.
#[derive(Debug)]
pub(crate) struct Quiet {
    document: String,
    /// The shortest time of the fixed work, in seconds, once it was looked for.
    best: Cell<Option<f64>>,
    slowdowns: RefCell<Vec<f64>>,
    /// The rest of the patience of the benchmark.
    patience: Cell<Duration>,
}

impl Quiet {
    pub(crate) fn new() -> Self {
        Self {
            document: document(),
            best: Cell::default(),
            slowdowns: RefCell::default(),
            patience: Cell::new(PATIENCE_OF_A_BENCHMARK),
        }
    }

    /// Looks at the work of other guests now.
    pub(crate) fn look(&self) {
        let slowdown = self.slowdown();
        self.slowdowns.borrow_mut().push(slowdown);
    }

    /// Works until no other guest disturbs, but not longer than a second, and with all runs of a
    /// benchmark not longer than some minutes. Returns the last result. Looks within the work do not
    /// count.
    pub(crate) fn undisturbed<T>(
        &self,
        work: impl FnMut() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let began = Instant::now();
        let patience = self.patience.get();
        let looks = self.slowdowns.borrow().len();
        let (result, slowdown) = within(PATIENCE.min(patience), || self.slowdown(), work)?;
        self.patience.set(patience.saturating_sub(began.elapsed()));
        let mut slowdowns = self.slowdowns.borrow_mut();
        slowdowns.truncate(looks);
        slowdowns.push(slowdown);
        Ok(result)
    }

    /// Ends a benchmark. Returns the share by which other guests slowed the fixed work on average,
    /// where it was looked at.
    pub(crate) fn end(&self) -> f64 {
        self.patience.set(PATIENCE_OF_A_BENCHMARK);
        let slowdowns = self.slowdowns.take();
        let count = u32::try_from(slowdowns.len().max(1)).unwrap_or(u32::MAX);
        slowdowns.iter().sum::<f64>() / f64::from(count)
    }

    /// Returns the share by which the fixed work takes longer than at best. The first call takes two
    /// seconds, to find the shortest time.
    fn slowdown(&self) -> f64 {
        let best = self.best.get().unwrap_or_else(|| self.shortest());
        let time = self.work();
        let best = best.min(time);
        self.best.set(Some(best));
        time / best - 1.0
    }

    fn shortest(&self) -> f64 {
        let began = Instant::now();
        let mut shortest = self.work();
        while began.elapsed() < CALIBRATION {
            shortest = shortest.min(self.work());
        }
        shortest
    }

    /// Does the fixed work, and returns its time in seconds.
    fn work(&self) -> f64 {
        let began = Instant::now();
        for _ in 0..TIMES {
            let read: Result<IgnoredAny, _> = serde_json::from_str(&self.document);
            let _ = black_box(read);
        }
        began.elapsed().as_secs_f64()
    }
}

/// Works until the slowdown before and after it is small, or until patience ends: work that takes
/// longer is never repeated. Returns the last result and its slowdown.
fn within<T>(
    patience: Duration,
    mut slowdown: impl FnMut() -> f64,
    mut work: impl FnMut() -> anyhow::Result<T>,
) -> anyhow::Result<(T, f64)> {
    let began = Instant::now();
    loop {
        let before = slowdown();
        if before > UNDISTURBED && began.elapsed() < patience {
            continue;
        }
        let result = work()?;
        let most = before.max(slowdown());
        if most <= UNDISTURBED || began.elapsed() >= patience {
            return Ok((result, most));
        }
    }
}

/// Returns a JSON document with records.
fn document() -> String {
    let mut document = String::from("[");
    for number in 0..RECORDS {
        let _ = write!(
            document,
            r#"{}{{"eventID":"{number:032x}","eventName":"GetObject","readOnly":true,"requestParameters":{{"bucketName":"amzn-s3-demo-bucket","key":"{number}"}},"resources":[{{"accountId":"111122223333","type":"AWS::S3::Object"}}],"bytes":{number}}}"#,
            if number == 0 { "" } else { "," },
        );
    }
    document.push(']');
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the number of runs until one counts, and its slowdown.
    fn runs(patience: Duration, slowdowns: &[f64]) -> (usize, f64) {
        let mut slowdowns = slowdowns.iter().copied();
        let mut runs = 0;
        within(
            patience,
            || slowdowns.next().unwrap(),
            || {
                runs += 1;
                Ok(runs)
            },
        )
        .unwrap()
    }

    #[test]
    fn the_fixed_work_reads_a_document() {
        let read: serde_json::Value = serde_json::from_str(&document()).unwrap();
        assert_eq!(read.as_array().map(Vec::len), Some(RECORDS));
    }

    #[test]
    fn work_waits_for_quiet_and_is_repeated_if_it_was_disturbed() {
        let hour = Duration::from_hours(1);
        assert_eq!(runs(hour, &[0.05, 0.0]), (1, 0.05));
        assert_eq!(runs(hour, &[0.8, 0.8, 0.0, 0.0]), (1, 0.0));
        assert_eq!(runs(hour, &[0.0, 0.8, 0.8, 0.05, 0.01]), (2, 0.05));
    }

    #[test]
    fn long_work_is_not_repeated() {
        let mut runs = 0;
        let long = || {
            runs += 1;
            std::thread::sleep(Duration::from_millis(5));
            Ok(())
        };
        within(Duration::from_millis(5), || 0.8, long).unwrap();
        assert_eq!(runs, 1);
    }

    #[test]
    fn disturbed_work_counts_when_patience_ends() {
        assert_eq!(runs(Duration::ZERO, &[0.8, 0.9]), (1, 0.9));
        assert_eq!(runs(Duration::ZERO, &[0.0, 0.7]), (1, 0.7));
    }

    fn after(slowdowns: &[f64]) -> Quiet {
        Quiet {
            document: document(),
            best: Cell::default(),
            slowdowns: RefCell::new(slowdowns.to_vec()),
            patience: Cell::default(),
        }
    }

    #[test]
    fn a_look_within_work_does_not_count() {
        let quiet = after(&[0.1]);
        let look = || {
            quiet.look();
            quiet.look();
            Ok(())
        };
        quiet.undisturbed(look).unwrap();
        assert_eq!(quiet.slowdowns.borrow().len(), 2);
    }

    #[test]
    fn each_benchmark_has_its_own_average() {
        let quiet = after(&[0.1, 0.5]);
        assert!((quiet.end() - 0.3).abs() < 1e-9);
        assert!(quiet.end() < 1e-9);
    }
}
