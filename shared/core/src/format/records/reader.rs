//! The records of a log file that arrives in pieces.

use super::document::{RecordsDocument, Scan};
use super::error::RecordsError;
use super::needles::Needles;
use super::visitor::RecordVisitor;
use crate::format::form::Form;
use crate::format::log_file_size::{MAX_INFLATED_BYTES, MAX_OBJECT_BYTES};
use crate::gzip::stream::{Gunzip, GunzipError};

/// The number of bytes of an object that are read between two checks of the time. Deflate makes at
/// most 1,032 bytes of one (RFC 1951), so that they inflate to about 1 MiB.
pub const STEP_BYTES: usize = 1024;

/// The part of a large file that is held in memory, unless a record takes more.
pub(super) const WINDOW: usize = 256 * 1024;

/// Reads the records of a log file that arrives in pieces. Its memory does not grow with the file.
pub struct RecordReader<'n, V> {
    inflating: Inflating,
    /// The number of bytes of the object that were read.
    taken: u64,
    window: RecordsWindow<'n, V>,
}

/// The decoder for the bytes of an object.
enum Inflating {
    Gzip(Box<Gunzip>),
    Inflated,
}

impl<'n, V: RecordVisitor> RecordReader<'n, V> {
    /// Passes the records that contain one of `needles`, to `visitor`. The object has this `form`:
    /// gzip in S3; in a copy on disk, it may be decompressed.
    #[must_use]
    pub fn new(form: Form, needles: &'n Needles, visitor: V) -> Self {
        Self::of(RecordsDocument::new(Some(needles), visitor), WINDOW, form)
    }

    /// Returns the reader of a `document`. It holds `window` bytes, unless a record takes more.
    pub(super) fn of(document: RecordsDocument<'n, V>, window: usize, form: Form) -> Self {
        Self {
            inflating: match form {
                Form::Gzip => Inflating::Gzip(Box::new(Gunzip::new(MAX_INFLATED_BYTES))),
                Form::Inflated => Inflating::Inflated,
            },
            taken: 0,
            window: RecordsWindow {
                document,
                held: Vec::new(),
                least: window,
                due: window,
            },
        }
    }

    /// Processes the next bytes of the object.
    ///
    /// # Errors
    /// [`RecordsError`] as soon as the object cannot be a log file. The rest need not be read. The
    /// records before the fault have been passed on.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), RecordsError> {
        for step in bytes.chunks(STEP_BYTES) {
            let length = u64::try_from(step.len()).unwrap_or(u64::MAX);
            self.taken = self.taken.saturating_add(length);
            if self.taken > MAX_OBJECT_BYTES {
                return Err(RecordsError::TooLarge);
            }
            self.step(step)?;
        }
        Ok(())
    }

    fn step(&mut self, bytes: &[u8]) -> Result<(), RecordsError> {
        let Self {
            inflating, window, ..
        } = self;
        let Inflating::Gzip(gunzip) = inflating else {
            if self.taken > MAX_INFLATED_BYTES {
                let limit = MAX_INFLATED_BYTES;
                return Err(GunzipError::TooLarge { limit }.into());
            }
            return window.take(bytes);
        };
        let mut read = Ok(());
        let inflated = gunzip.push(bytes, |piece| {
            if read.is_ok() {
                read = window.take(piece);
            }
        });
        read?;
        let Err(error) = inflated else {
            return Ok(());
        };
        // The content before the fault counts, and so does any problem with it.
        if error == GunzipError::TrailingData {
            window.end()?;
        } else {
            window.advance(false)?;
        }
        Err(error.into())
    }

    /// Ends the object.
    ///
    /// # Errors
    /// [`RecordsError`] if it is not a log file.
    pub fn finish(self) -> Result<Scan, RecordsError> {
        let Self {
            inflating,
            mut window,
            ..
        } = self;
        let inflated = match inflating {
            Inflating::Gzip(gunzip) => gunzip.finish().map(|_| ()),
            Inflating::Inflated => Ok(()),
        };
        if let Err(error) = inflated {
            window.advance(false)?;
            return Err(error.into());
        }
        window.end()
    }
}

/// The part of a document that is held: less than a record, and the bytes that arrived since.
struct RecordsWindow<'n, V> {
    document: RecordsDocument<'n, V>,
    held: Vec<u8>,
    /// The minimum number of bytes to look at.
    least: usize,
    /// The number of bytes that must be available before they are looked at. For an incomplete
    /// record, at least as many new ones as were looked at in vain. Reading therefore takes linear
    /// time.
    due: usize,
}

impl<V: RecordVisitor> RecordsWindow<'_, V> {
    fn take(&mut self, inflated: &[u8]) -> Result<(), RecordsError> {
        let mut rest = inflated;
        while !rest.is_empty() {
            let free = self.due.saturating_sub(self.held.len()).max(1);
            let (now, later) = rest.split_at(free.min(rest.len()));
            self.held.extend_from_slice(now);
            rest = later;
            if self.held.len() >= self.due {
                self.advance(false)?;
            }
        }
        Ok(())
    }

    fn advance(&mut self, last: bool) -> Result<(), RecordsError> {
        let taken = self.document.advance(&self.held, last)?;
        self.held.drain(..taken);
        self.due = self.least.max(self.held.len().saturating_mul(2));
        self.held.shrink_to(self.due);
        self.held
            .reserve_exact(self.due.saturating_sub(self.held.len()));
        Ok(())
    }

    fn end(&mut self) -> Result<Scan, RecordsError> {
        self.advance(true)?;
        self.document.end()
    }
}
