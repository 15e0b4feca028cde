//! The machine's maximum: whole files inflated and hashed, with nothing around it.

use std::cell::RefCell;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use flate2::read::GzDecoder;
use libdeflater::Decompressor;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use sha2::{Digest as _, Sha256};

use crate::content::inflated_size;

/// How many bytes are inflated and hashed at a time when streaming.
const PIECE: usize = 64 * 1024;

/// A pass over all files.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pass {
    /// The seconds on the clock.
    pub(crate) wall: f64,
    /// The seconds on the processors.
    pub(crate) processor: f64,
    /// The number of inflated bytes.
    pub(crate) inflated: u64,
}

/// Runs libdeflate and SHA-256 over whole files, in reused buffers.
pub(crate) fn whole_files(files: &[PathBuf], threads: usize) -> anyhow::Result<Pass> {
    struct Buffers {
        decompressor: Decompressor,
        stored: Vec<u8>,
        inflated: Vec<u8>,
    }
    let make = || {
        RefCell::new(Buffers {
            decompressor: Decompressor::new(),
            stored: Vec::new(),
            inflated: Vec::new(),
        })
    };
    pass(files, threads, make, |path, buffers| {
        let Buffers {
            decompressor,
            stored,
            inflated,
        } = &mut *buffers.borrow_mut();
        stored.clear();
        File::open(path)?.read_to_end(stored)?;
        let size = usize::try_from(inflated_size(stored))?;
        if inflated.len() < size {
            inflated.resize(size, 0);
        }
        let length = decompressor.gzip_decompress(stored, inflated)?;
        std::hint::black_box(Sha256::digest(&inflated[..length]));
        Ok(u64::try_from(length)?)
    })
}

/// Runs zlib-rs and SHA-256 over a stream, in pieces.
pub(crate) fn streamed(files: &[PathBuf], threads: usize) -> anyhow::Result<Pass> {
    let make = || RefCell::new(vec![0; PIECE]);
    pass(files, threads, make, |path, piece| {
        let piece = &mut *piece.borrow_mut();
        let mut stream = GzDecoder::new(BufReader::with_capacity(PIECE, File::open(path)?));
        let mut hash = Sha256::new();
        let mut length = 0;
        loop {
            let read = stream.read(piece)?;
            if read == 0 {
                break;
            }
            hash.update(&piece[..read]);
            length += u64::try_from(read)?;
        }
        std::hint::black_box(hash.finalize());
        Ok(length)
    })
}

fn pass<T>(
    files: &[PathBuf],
    threads: usize,
    make: impl Fn() -> T + Sync,
    work: impl Fn(&Path, &T) -> anyhow::Result<u64> + Sync,
) -> anyhow::Result<Pass> {
    let next = AtomicUsize::new(0);
    let inflated = AtomicU64::new(0);
    let began = Instant::now();
    let before = processor_time()?;
    std::thread::scope(|scope| {
        let worker = || {
            let buffers = make();
            while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                let length = work(path, &buffers).with_context(|| path.display().to_string())?;
                inflated.fetch_add(length, Ordering::Relaxed);
            }
            anyhow::Ok(())
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        for worker in workers {
            worker.join().ok().context("a worker panicked")??;
        }
        anyhow::Ok(())
    })?;
    let inflated = inflated.into_inner();
    ensure!(inflated > 0, "there are no files");
    Ok(Pass {
        wall: began.elapsed().as_secs_f64(),
        processor: processor_time()? - before,
        inflated,
    })
}

/// Returns the seconds that this process has used on the processors.
pub(crate) fn processor_time() -> anyhow::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let used = usage.user_time() + usage.system_time();
    let micros = used.num_microseconds().unsigned_abs();
    Ok(std::time::Duration::from_micros(micros).as_secs_f64())
}
