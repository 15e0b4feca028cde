//! The speed of finding KMS events, relative to the speed of inflating and hashing.

use std::time::Instant;

use anyhow::ensure;

use crate::quiet::Quiet;
use crate::report::{float, median};
use crate::sample::Sample;

use super::{BYTES, Judge, Object};

pub(super) const ROUNDS: usize = 9;
/// In each round, the fastest of this many runs counts for a file.
pub(super) const RUNS: usize = 5;

/// The results of reading.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) records: u64,
    /// The number of files whose JSON was parsed.
    pub(super) parsed: u64,
}

pub(super) struct Measured {
    /// The seconds to inflate and hash.
    pub(super) hash: f64,
    /// The seconds to find the records.
    pub(super) find: f64,
    /// The speed of finding, relative to the speed of hashing, in each round.
    pub(super) speed: Sample,
    pub(super) read: Found,
}

/// Returns the seconds of the fastest of a few runs, and the result of the last one.
fn fastest<T>(
    quiet: &Quiet,
    mut work: impl FnMut() -> anyhow::Result<T>,
) -> anyhow::Result<(f64, T)> {
    let mut run = || {
        quiet.undisturbed(|| {
            let began = Instant::now();
            let result = work()?;
            Ok((began.elapsed().as_secs_f64(), result))
        })
    };
    let mut fastest = run()?;
    for _ in 1..RUNS {
        let (seconds, result) = run()?;
        fastest = (fastest.0.min(seconds), result);
    }
    Ok(fastest)
}

/// Hashes and reads each file in turn, while no other guest of the host disturbs.
pub(super) fn measure(quiet: &Quiet, objects: &[Object]) -> anyhow::Result<Measured> {
    let bytes: u64 = objects.iter().map(|object| object.inflated).sum();
    // A small amount of bytes is read many times, because of the clock's resolution.
    let passes = (BYTES / bytes.max(1)).max(1);
    let judge = Judge::new()?;
    let mut found = Found::default();
    for object in objects {
        object.hash()?;
        let scan = judge.read(&object.body)?;
        found.records += scan.records;
        found.parsed += u64::from(!scan.dismissed);
    }
    let (mut hashes, mut finds) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (mut hash, mut find, mut records) = (0.0, 0.0, 0);
        for _ in 0..passes {
            for object in objects {
                let (seconds, inflated) = fastest(quiet, || object.hash())?;
                let (seconds_to_find, scan) = fastest(quiet, || judge.read(&object.body))?;
                ensure!(
                    inflated == object.inflated,
                    "the log files are not what they were"
                );
                hash += seconds;
                find += seconds_to_find;
                records += scan.records;
            }
        }
        ensure!(
            records == found.records * passes,
            "the same files are read differently"
        );
        hashes.push(hash / float(passes));
        finds.push(find / float(passes));
    }
    let speeds = hashes.iter().zip(&finds).map(|(hash, find)| hash / find);
    Ok(Measured {
        speed: speeds.collect(),
        hash: median(hashes),
        find: median(finds),
        read: found,
    })
}
