//! The records of a log file, read one at a time.
//!
//! A log file is `{"Records":[…]}`. Its records are passed on as they are in the inflated bytes. A
//! file of ordinary size is inflated completely. A larger one goes through a window that holds one
//! record. An unusual record does not affect its neighbors.
//!
//! [`RecordReader`] reads an object in pieces, so that the reader of a large one can stop between
//! two of them.
//!
//! Format: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.

mod document;
mod error;
mod needles;
mod reader;
mod visitor;

pub use document::Scan;
pub use error::{MAX_RECORD_BYTES, RecordsError};
pub use needles::Needles;
pub use reader::{RecordReader, STEP_BYTES};
pub use visitor::RecordVisitor;

use crate::format::form::Form;
use crate::format::log_file_size::MAX_INFLATED_BYTES;
use crate::gzip::stream::GunzipError;
use crate::gzip::whole::Inflater;
use document::{RecordsDocument, is_space, without_space};
use reader::WINDOW;
use std::cell::Cell;

/// The maximum size in bytes of a file whose records are read without checking the time.
const MAX_AT_ONCE: usize = 8 * 1024 * 1024;

/// The maximum number of bytes that a thread keeps for the next file.
const KEPT: usize = 8 * 1024 * 1024;

/// The start of a file as CloudTrail writes it.
const HEAD: &[u8] = br#"{"Records":["#;

/// The end of a file.
const TAIL: &[u8] = b"]}";

/// Passes every record of a gzip log file, as raw JSON, to `each`.
///
/// # Errors
/// [`RecordsError`] if the bytes are not a log file. The records before the fault have been passed
/// on.
pub fn for_each_record(object: &[u8], each: impl FnMut(&str)) -> Result<(), RecordsError> {
    read(object, None, each).map(|_| ())
}

/// Passes the records of a gzip log file that contain one of `needles`, to `visitor`.
///
/// Searches for the texts in the raw bytes, where a letter may also be written as an escape. A file
/// without them that starts and ends like CloudTrail's is a log file whatever is between, provided
/// that it inflates to at most some megabytes: nothing of it is parsed.
///
/// # Errors
/// [`RecordsError`] if the bytes are not a log file. The records before the fault have been passed
/// on.
pub fn for_each_record_with(
    object: &[u8],
    needles: &Needles,
    visitor: impl RecordVisitor,
) -> Result<Scan, RecordsError> {
    read(object, Some(needles), visitor)
}

/// Does the same for a file in a copy on disk, which may hold the records decompressed.
///
/// # Errors
/// [`RecordsError`], as for [`for_each_record_with`].
pub fn for_each_record_in_copy(
    file: &[u8],
    needles: &Needles,
    each: impl FnMut(&str),
) -> Result<Scan, RecordsError> {
    match Form::of_copy(file) {
        Form::Gzip => for_each_record_with(file, needles, each),
        form @ Form::Inflated => {
            let content = form.inflate(file, MAX_INFLATED_BYTES)?;
            read_whole(&content, &mut RecordsDocument::new(Some(needles), each))
        }
    }
}

/// Does the same as [`for_each_record_with`] for an object that takes little time. For any other,
/// returns `None` and passes nothing on: a [`RecordReader`] reads that.
pub fn for_each_record_at_once(
    object: &[u8],
    needles: &Needles,
    visitor: impl RecordVisitor,
) -> Option<Result<Scan, RecordsError>> {
    if object.is_empty() {
        return Some(Err(GunzipError::Empty.into()));
    }
    with_inflated(object, |inflated| {
        let mut document = RecordsDocument::new(Some(needles), visitor);
        if let Some(scan) = dismissed(inflated, &document) {
            return Some(Ok(scan));
        }
        (inflated.len() <= MAX_AT_ONCE).then(|| read_document(inflated, &mut document))
    })?
}

fn read(
    object: &[u8],
    needles: Option<&Needles>,
    visitor: impl RecordVisitor,
) -> Result<Scan, RecordsError> {
    let mut document = RecordsDocument::new(needles, visitor);
    if let Some(result) = with_inflated(object, |inflated| read_whole(inflated, &mut document)) {
        return result;
    }
    // The object is large, damaged, or unusual.
    let mut reader = RecordReader::of(document, WINDOW, Form::Gzip);
    reader.push(object)?;
    reader.finish()
}

/// Returns the result of `f` for a gzip object that is inflated completely; `None` if it is large,
/// damaged or unusual.
fn with_inflated<T>(object: &[u8], f: impl FnOnce(&[u8]) -> T) -> Option<T> {
    thread_local! {
        static INFLATER: Cell<Option<Inflater>> = const { Cell::new(None) };
    }
    // Taken, not borrowed: `f` may read a log file itself.
    let mut inflater = INFLATER.take().unwrap_or_default();
    let result = inflater.inflate(object).map(f);
    inflater.keep_at_most(KEPT);
    INFLATER.set(Some(inflater));
    result
}

fn read_whole<V: RecordVisitor>(
    inflated: &[u8],
    document: &mut RecordsDocument<'_, V>,
) -> Result<Scan, RecordsError> {
    match dismissed(inflated, document) {
        Some(scan) => Ok(scan),
        None => read_document(inflated, document),
    }
}

fn read_document<V: RecordVisitor>(
    inflated: &[u8],
    document: &mut RecordsDocument<'_, V>,
) -> Result<Scan, RecordsError> {
    document.advance(inflated, true)?;
    document.end()
}

/// Returns the scan of a log file that contains none of the needles.
fn dismissed<V: RecordVisitor>(inflated: &[u8], document: &RecordsDocument<'_, V>) -> Option<Scan> {
    let needles = document.needles?;
    (has_the_shape(inflated) && !needles.are_in(inflated)).then_some(Scan {
        dismissed: true,
        records: 0,
    })
}

/// Returns whether bytes start and end like CloudTrail's log files.
fn has_the_shape(inflated: &[u8]) -> bool {
    let end = inflated.iter().rposition(|byte| !is_space(*byte));
    end.and_then(|end| inflated.get(..=end))
        .and_then(|document| without_space(document).strip_prefix(HEAD))
        .is_some_and(|rest| rest.ends_with(TAIL))
}

#[cfg(test)]
pub(crate) mod tests;
