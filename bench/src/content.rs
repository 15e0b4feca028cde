//! The content of log files: records of the tests' generator, compressed as CloudTrail compresses
//! them.

use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use sha2::{Digest as _, Sha256};
use trailseal_tests::trail::{TrailSpec, gzip};

/// The number of log files that one spec makes.
const AT_ONCE: u32 = 8;
/// How much of the one large log file differs; after that, the content repeats, far outside gzip's
/// window.
const DIFFERING: u64 = 64 << 20;

/// The content of a log file.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    /// The bytes as stored.
    pub(crate) body: Bytes,
    /// The hash of the inflated bytes, in hex.
    pub(crate) sha256: String,
    /// How many bytes it inflates to.
    pub(crate) inflated: u64,
}

/// The amount of content to make.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Amount {
    /// This many log files of 20 to 80 records, about 60 KB each.
    Ordinary(u32),
    /// Log files of 800 to 8,000 records, 1 to 10 MB, until they inflate to this many bytes.
    Busy(u64),
    /// One log file that inflates to this many bytes.
    One(u64),
}

impl Amount {
    /// Makes the content, on all processors.
    pub(crate) fn make(self) -> anyhow::Result<Vec<Content>> {
        match self {
            Self::Ordinary(files) => {
                let specs = u64::from(files.div_ceil(AT_ONCE));
                let mut contents = generate(20, 80, |made| made.specs < specs)?;
                contents.truncate(usize::try_from(files)?);
                Ok(contents)
            }
            Self::Busy(bytes) => generate(800, 8000, |made| made.bytes < bytes),
            Self::One(bytes) => Ok(vec![one(bytes)?]),
        }
    }
}

/// The progress of generation.
struct Generated {
    specs: u64,
    bytes: u64,
}

/// Generates log files of this many records each, as long as more are wanted.
fn generate(
    fewest: u32,
    most: u32,
    wanted: impl Fn(&Generated) -> bool + Sync,
) -> anyhow::Result<Vec<Content>> {
    let specs = AtomicU64::new(0);
    let bytes = AtomicU64::new(0);
    let work = || {
        let mut contents = Vec::new();
        loop {
            let made = Generated {
                specs: specs.fetch_add(1, Ordering::Relaxed),
                bytes: bytes.load(Ordering::Relaxed),
            };
            if !wanted(&made) {
                return contents;
            }
            let spec = TrailSpec {
                seed: made.specs,
                hours: 1,
                log_files_per_hour: AT_ONCE..=AT_ONCE,
                records_per_file: fewest..=most,
                ..TrailSpec::default()
            };
            for log in spec.build().log_files {
                let content = Content {
                    inflated: inflated_size(&log.object.body),
                    body: log.object.body,
                    sha256: log.sha256,
                };
                bytes.fetch_add(content.inflated, Ordering::Relaxed);
                contents.push(content);
            }
        }
    };
    let threads = std::thread::available_parallelism()?.get();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut contents = Vec::new();
        for worker in workers {
            contents.extend(worker.join().ok().context("a generator panicked")?);
        }
        Ok(contents)
    })
}

/// Returns the inflated size that the end of a gzip member records, below 4 GiB.
pub(crate) fn inflated_size(body: &[u8]) -> u64 {
    body.last_chunk::<4>()
        .map_or(0, |size| u64::from(u32::from_le_bytes(*size)))
}

/// Makes one large log file.
fn one(bytes: u64) -> anyhow::Result<Content> {
    const HEAD: &[u8] = br#"{"Records":["#;
    let parts = Amount::Busy(DIFFERING).make()?;
    let mut hash = Sha256::new();
    let mut inflated = 0;
    let mut encoder = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::default());
    let mut write = |part: &[u8]| {
        hash.update(part);
        inflated += u64::try_from(part.len()).unwrap_or_default();
        encoder.write_all(part).map(|()| inflated)
    };
    let parts: Vec<Vec<u8>> = parts.iter().map(|part| gzip::inflate(&part.body)).collect();
    write(HEAD)?;
    for (number, part) in parts.iter().cycle().enumerate() {
        let records = part
            .strip_prefix(HEAD)
            .and_then(|part| part.strip_suffix(b"]}"))
            .context("a generated log file looks different")?;
        if number > 0 {
            write(b",")?;
        }
        if write(records)? >= bytes {
            break;
        }
    }
    write(b"]}")?;
    Ok(Content {
        body: encoder.finish()?.into(),
        sha256: hex::encode(hash.finalize()),
        inflated,
    })
}
