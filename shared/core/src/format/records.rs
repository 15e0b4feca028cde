//! The records of a log file, read one at a time.
//!
//! A log file is `{"Records":[…]}`. Its records are handed over as they stand in the inflated
//! bytes: those of a file of ordinary size are inflated whole, those of a larger one go through a
//! window that holds one record. A record that is odd does not take its neighbours with it.
//!
//! [`RecordReader`] takes an object in pieces, so that whoever reads a large one can stop between
//! two of them.
//!
//! Format: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.

use crate::format::form::Form;
use crate::format::log_file_size::MAX_INFLATED_BYTES;
use crate::format::log_file_size::MAX_OBJECT_BYTES;
use crate::gzip::stream::{Gunzip, GunzipError};
use crate::gzip::whole::Inflater;
use memchr::memmem::Finder;
use serde::Deserialize as _;
use serde_json::value::RawValue;
use std::cell::Cell;

/// The most bytes of one record. CloudTrail's take at most 256 KB, 1 MB with context keys.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>.
pub const MAX_RECORD_BYTES: usize = 8 * 1024 * 1024;

/// How many bytes of an object to take at a time between two looks at the clock. Deflate makes at
/// most 1,032 bytes of one (RFC 1951), so that they inflate to some 1 MiB.
pub const STEP_BYTES: usize = 1024;

/// How much of a large file is held at a time, unless a record takes more.
const WINDOW: usize = 256 * 1024;

/// The most bytes of a file whose records are read without a look at the clock.
const MAX_AT_ONCE: usize = 8 * 1024 * 1024;

/// The most bytes that a thread keeps for the next file.
const KEPT: usize = 8 * 1024 * 1024;

/// What a file begins with, as CloudTrail writes it.
const HEAD: &[u8] = br#"{"Records":["#;

/// What a file ends with.
const TAIL: &[u8] = b"]}";

/// Why bytes are not a log file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// Not one gzip member, or larger than the limit.
    #[error(transparent)]
    Gunzip(#[from] GunzipError),
    /// More bytes than any log file has.
    #[error("it has more than {MAX_OBJECT_BYTES} bytes")]
    TooLarge,
    /// Not `{"Records":[…]}`.
    #[error("it is not a JSON document of records: {0}")]
    Json(String),
    /// A record larger than any of CloudTrail's.
    #[error("a record in it has more than {MAX_RECORD_BYTES} bytes")]
    RecordTooLarge,
}

/// How the records of a log file were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scan {
    /// Whether a search of the bytes was enough: no record has what was looked for, and no JSON
    /// was parsed.
    pub dismissed: bool,
    /// How many records were handed over.
    pub records: u64,
}

/// Hands every record of a gzip log file, as raw JSON, to `each`.
///
/// # Errors
/// [`RecordsError`] when the bytes are not a log file; the records before the fault have been
/// handed over.
pub fn for_each_record(object: &[u8], each: impl FnMut(&str)) -> Result<(), RecordsError> {
    read(object, None, each).map(|_| ())
}

/// Hands the records of a gzip log file that contain `needle`, as raw JSON, to `each`.
///
/// `needle` is looked for in the bytes as they stand, where a letter may also be written as an
/// escape. A file without it that begins and ends as CloudTrail's do is a log file whatever stands
/// between, provided that it inflates to at most some megabytes: nothing of it is parsed.
///
/// # Errors
/// [`RecordsError`] when the bytes are not a log file; the records before the fault have been
/// handed over.
pub fn for_each_record_with(
    object: &[u8],
    needle: &str,
    each: impl FnMut(&str),
) -> Result<Scan, RecordsError> {
    read(object, Some(needle), each)
}

/// The same of a file in a copy on disk, which may hold the records decompressed.
///
/// # Errors
/// [`RecordsError`], as [`for_each_record_with`] gives it.
pub fn for_each_record_in_copy(
    file: &[u8],
    needle: &str,
    each: impl FnMut(&str),
) -> Result<Scan, RecordsError> {
    match Form::of_copy(file) {
        Form::Gzip => for_each_record_with(file, needle, each),
        form @ Form::Inflated => {
            let content = form.inflate(file, MAX_INFLATED_BYTES)?;
            read_whole(&content, &mut Document::new(Some(needle), each))
        }
    }
}

/// The same as [`for_each_record_with`] of an object that takes little time; none, and nothing is
/// handed over, of one that does not: a [`RecordReader`] reads that.
pub fn for_each_record_at_once(
    object: &[u8],
    needle: &str,
    each: impl FnMut(&str),
) -> Option<Result<Scan, RecordsError>> {
    if object.is_empty() {
        return Some(Err(GunzipError::Empty.into()));
    }
    with_inflated(object, |inflated| {
        let mut document = Document::new(Some(needle), each);
        if let Some(scan) = dismissed(inflated, &document) {
            return Some(Ok(scan));
        }
        (inflated.len() <= MAX_AT_ONCE).then(|| read_document(inflated, &mut document))
    })?
}

fn read(object: &[u8], needle: Option<&str>, each: impl FnMut(&str)) -> Result<Scan, RecordsError> {
    let mut document = Document::new(needle, each);
    if let Some(result) = with_inflated(object, |inflated| read_whole(inflated, &mut document)) {
        return result;
    }
    // Large, damaged, or unusual.
    let mut reader = RecordReader::of(document, WINDOW, Form::Gzip);
    reader.push(object)?;
    reader.finish()
}

/// What `f` makes of a gzip object, inflated whole; none if it is large, damaged or unusual.
fn with_inflated<T>(object: &[u8], f: impl FnOnce(&[u8]) -> T) -> Option<T> {
    thread_local! {
        static INFLATER: Cell<Option<Inflater>> = const { Cell::new(None) };
    }
    // Taken, not borrowed: `f` may itself read a log file.
    let mut inflater = INFLATER.take().unwrap_or_default();
    let result = inflater.inflate(object).map(f);
    inflater.keep_at_most(KEPT);
    INFLATER.set(Some(inflater));
    result
}

fn read_whole<F: FnMut(&str)>(
    inflated: &[u8],
    document: &mut Document<'_, F>,
) -> Result<Scan, RecordsError> {
    match dismissed(inflated, document) {
        Some(scan) => Ok(scan),
        None => read_document(inflated, document),
    }
}

fn read_document<F: FnMut(&str)>(
    inflated: &[u8],
    document: &mut Document<'_, F>,
) -> Result<Scan, RecordsError> {
    document.advance(inflated, true)?;
    document.end()
}

/// The scan of a log file in which the needle is not to be found.
fn dismissed<F: FnMut(&str)>(inflated: &[u8], document: &Document<'_, F>) -> Option<Scan> {
    let needle = document.needle.as_ref()?;
    (has_the_shape(inflated) && needle.find(inflated).is_none()).then_some(Scan {
        dismissed: true,
        records: 0,
    })
}

/// Whether bytes begin and end as CloudTrail's log files do.
fn has_the_shape(inflated: &[u8]) -> bool {
    let end = inflated.iter().rposition(|byte| !is_space(*byte));
    end.and_then(|end| inflated.get(..=end))
        .and_then(|document| without_space(document).strip_prefix(HEAD))
        .is_some_and(|rest| rest.ends_with(TAIL))
}

/// Reads the records of a log file that comes in pieces, in memory that does not grow with it.
pub struct RecordReader<'n, F> {
    content: Content,
    /// How many bytes of the object have been taken.
    taken: u64,
    window: Window<'n, F>,
}

/// How the bytes of an object become the document.
enum Content {
    Gzip(Box<Gunzip>),
    Inflated,
}

impl<'n, F: FnMut(&str)> RecordReader<'n, F> {
    /// Hands the records that contain `needle`, as raw JSON, to `each`. The object is of this
    /// `form`: gzip in S3; in a copy on disk it may be decompressed.
    #[must_use]
    pub fn new(form: Form, needle: &'n str, each: F) -> Self {
        Self::of(Document::new(Some(needle), each), WINDOW, form)
    }

    fn of(document: Document<'n, F>, window: usize, form: Form) -> Self {
        Self {
            content: match form {
                Form::Gzip => Content::Gzip(Box::new(Gunzip::new(MAX_INFLATED_BYTES))),
                Form::Inflated => Content::Inflated,
            },
            taken: 0,
            window: Window {
                document,
                held: Vec::new(),
                least: window,
                due: window,
            },
        }
    }

    /// Takes the next bytes of the object.
    ///
    /// # Errors
    /// [`RecordsError`] as soon as the object cannot be a log file: the rest need not be read. The
    /// records before the fault have been handed over.
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
            content, window, ..
        } = self;
        let Content::Gzip(gunzip) = content else {
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
        // What stands before the fault counts, and so does what is wrong with it.
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
    /// [`RecordsError`] when it is no log file.
    pub fn finish(self) -> Result<Scan, RecordsError> {
        let Self {
            content,
            mut window,
            ..
        } = self;
        let inflated = match content {
            Content::Gzip(gunzip) => gunzip.finish().map(|_| ()),
            Content::Inflated => Ok(()),
        };
        if let Err(error) = inflated {
            window.advance(false)?;
            return Err(error.into());
        }
        window.end()
    }
}

/// The part of a document that is held: less than a record, and what has come since.
struct Window<'n, F> {
    document: Document<'n, F>,
    held: Vec<u8>,
    /// The fewest bytes that are looked at.
    least: usize,
    /// How many bytes there must be before they are looked at: of a record that has not ended, as
    /// many new ones at least as were looked at in vain. So reading takes linear time.
    due: usize,
}

impl<F: FnMut(&str)> Window<'_, F> {
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

/// What a document goes on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Start,
    FirstName,
    Name,
    Colon,
    Value,
    AfterValue,
    List,
    FirstRecord,
    Record,
    AfterRecord,
    Nothing,
}

impl Next {
    fn expected(self) -> &'static str {
        match self {
            Self::Start => "an object",
            Self::FirstName => "a name or `}`",
            Self::Name => "a name",
            Self::Colon => "`:`",
            Self::AfterValue => "`,` or `}`",
            Self::List => "a list of records",
            Self::AfterRecord => "`,` or `]`",
            Self::Value | Self::FirstRecord | Self::Record => "a value",
            Self::Nothing => "its end",
        }
    }
}

/// A document of records, read value by value.
struct Document<'n, F> {
    next: Next,
    /// Whether the last name is that of the records.
    named: bool,
    /// Whether there have been records.
    seen: bool,
    /// How many bytes have been taken.
    taken: usize,
    needle: Option<Finder<'n>>,
    records: u64,
    each: F,
}

impl<'n, F: FnMut(&str)> Document<'n, F> {
    fn new(needle: Option<&'n str>, each: F) -> Self {
        Self {
            next: Next::Start,
            named: false,
            seen: false,
            taken: 0,
            needle: needle.map(Finder::new),
            records: 0,
            each,
        }
    }

    /// Reads as far as whole values go, and says how many bytes have been taken. The others come
    /// again, at the beginning of more; `last`: there are no more.
    fn advance(&mut self, bytes: &[u8], last: bool) -> Result<usize, RecordsError> {
        let mut rest = bytes;
        loop {
            rest = without_space(rest);
            let Some((first, after)) = rest.split_first() else {
                break;
            };
            let at = self.taken + (bytes.len() - rest.len());
            self.next = match (self.next, *first) {
                (Next::Start, b'{') => Next::FirstName,
                (Next::FirstName | Next::AfterValue, b'}') => Next::Nothing,
                (Next::AfterValue, b',') => Next::Name,
                (Next::Colon, b':') if self.named => Next::List,
                (Next::Colon, b':') => Next::Value,
                (Next::List, b'[') => Next::FirstRecord,
                (Next::FirstRecord | Next::AfterRecord, b']') => Next::AfterValue,
                (Next::AfterRecord, b',') => Next::Record,
                (Next::FirstName | Next::Name, b'"')
                | (Next::Value | Next::FirstRecord | Next::Record, _) => {
                    let Some(value) = value(rest, last, at)? else {
                        break;
                    };
                    self.next = self.take(value, at)?;
                    rest = rest.get(value.len()..).unwrap_or_default();
                    continue;
                }
                (next, _) => {
                    let expected = next.expected();
                    return Err(RecordsError::Json(format!(
                        "{expected} expected at byte {at}"
                    )));
                }
            };
            rest = after;
        }
        let taken = bytes.len() - rest.len();
        self.taken += taken;
        Ok(taken)
    }

    /// Takes a name, a record or another value.
    fn take(&mut self, value: &str, at: usize) -> Result<Next, RecordsError> {
        match self.next {
            Next::FirstName | Next::Name => {
                let name: String = serde_json::from_str(value).map_err(|e| not_json(&e, at))?;
                self.named = name == "Records";
                if self.named && self.seen {
                    let text = format!("a second list of records at byte {at}");
                    return Err(RecordsError::Json(text));
                }
                self.seen |= self.named;
                Ok(Next::Colon)
            }
            Next::FirstRecord | Next::Record => {
                if self
                    .needle
                    .as_ref()
                    .is_none_or(|needle| needle.find(value.as_bytes()).is_some())
                {
                    self.records += 1;
                    (self.each)(value);
                }
                Ok(Next::AfterRecord)
            }
            _ => Ok(Next::AfterValue),
        }
    }

    fn end(&self) -> Result<Scan, RecordsError> {
        match (self.next, self.seen) {
            (Next::Nothing, true) => Ok(Scan {
                dismissed: false,
                records: self.records,
            }),
            (Next::Nothing, false) => Err(RecordsError::Json("there are no `Records`".to_owned())),
            (next, _) => {
                let expected = next.expected();
                Err(RecordsError::Json(format!("it ends before {expected}")))
            }
        }
    }
}

/// The JSON value that bytes begin with; none if they end before it does. `last`: nothing follows
/// the bytes. `at`: where they stand in the file.
fn value(bytes: &[u8], last: bool, at: usize) -> Result<Option<&str>, RecordsError> {
    // One more than allowed: the same verdict, however much there is at hand.
    let within = bytes.get(..=MAX_RECORD_BYTES).unwrap_or(bytes);
    let cut = !last || within.len() > MAX_RECORD_BYTES;
    let error = match <&RawValue>::deserialize(&mut serde_json::Deserializer::from_slice(within)) {
        Ok(value) if value.get().len() > MAX_RECORD_BYTES => None,
        // The digits of a number may go on.
        Ok(value) if cut && value.get().len() == within.len() && is_number(within) => None,
        Ok(value) => return Ok(Some(value.get())),
        Err(error) => Some(error),
    };
    match error {
        Some(error) if !cut || !is_at_end(&error, within) => Err(not_json(&error, at)),
        _ if within.len() > MAX_RECORD_BYTES => Err(RecordsError::RecordTooLarge),
        _ => Ok(None),
    }
}

fn is_number(value: &[u8]) -> bool {
    value
        .first()
        .is_some_and(|byte| *byte == b'-' || byte.is_ascii_digit())
}

/// Whether an error is one that more bytes may mend.
fn is_at_end(error: &serde_json::Error, bytes: &[u8]) -> bool {
    if error.is_eof() {
        return true;
    }
    // A number cut off after its sign, its point or its exponent's letter is told by the place.
    let line_start = memchr::memrchr(b'\n', bytes).map_or(0, |newline| newline + 1);
    let lines = memchr::memchr_iter(b'\n', bytes).count() + 1;
    (error.line(), error.column()) == (lines, bytes.len() - line_start)
}

fn not_json(error: &serde_json::Error, at: usize) -> RecordsError {
    RecordsError::Json(format!("{error} of the value at byte {at}"))
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn without_space(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !is_space(*byte));
    start
        .and_then(|start| bytes.get(start..))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gzip::stream::tests::gzip;
    use crate::names::sha256::Sha256;
    use crate::trust::log_file::{LogFileCheck, LogFileError};
    use proptest::prelude::*;

    fn records(object: &[u8]) -> (Vec<String>, Result<(), RecordsError>) {
        let mut records = Vec::new();
        let result = for_each_record(object, |record| records.push(record.to_owned()));
        (records, result)
    }

    #[test]
    fn every_record_is_handed_over_as_it_stands() {
        let object = gzip(br#"{"x":[1],"Records":[{"a": "\/"},null,7,{"b":[{}]}],"y":{}}"#);
        let (records, result) = records(&object);
        assert_eq!(result, Ok(()));
        assert_eq!(records, [r#"{"a": "\/"}"#, "null", "7", r#"{"b":[{}]}"#]);
    }

    #[test]
    fn faults_are_told_apart() {
        let whole = gzip(br#"{"Records":[{}]}"#);
        let with = |more: &[u8]| [&whole, more].concat();
        for (object, error) in [
            (vec![], RecordsError::Gunzip(GunzipError::Empty)),
            (b"{}".to_vec(), RecordsError::Gunzip(GunzipError::Corrupt)),
            (
                b"no gzip at all".to_vec(),
                RecordsError::Gunzip(GunzipError::Corrupt),
            ),
            (
                whole[..20].to_vec(),
                RecordsError::Gunzip(GunzipError::Truncated),
            ),
            (
                with(&whole),
                RecordsError::Gunzip(GunzipError::TrailingData),
            ),
            (with(b"x"), RecordsError::Gunzip(GunzipError::TrailingData)),
        ] {
            assert_eq!(records(&object).1, Err(error));
        }
        for json in [
            "",
            "[]",
            "{}",
            r#"{"Records":{}}"#,
            r#"{"Records":[}"#,
            r#"{"Records":[]}x"#,
            r#"{"Records":[],"Records":[]}"#,
        ] {
            assert!(
                matches!(
                    records(&gzip(json.as_bytes())).1,
                    Err(RecordsError::Json(_))
                ),
                "{json}"
            );
        }
    }

    #[test]
    fn records_before_a_fault_are_handed_over() {
        let (records, result) = records(&gzip(br#"{"Records":[{"a":1},{"#));
        assert_eq!(records, [r#"{"a":1}"#]);
        assert!(result.is_err());
    }

    #[test]
    fn a_record_larger_than_any_is_refused_and_many_small_ones_are_not() {
        let large = format!(r#"{{"Records":["{}"]}}"#, "a".repeat(9_000_000));
        assert_eq!(
            records(&gzip(large.as_bytes())).1,
            Err(RecordsError::RecordTooLarge)
        );
        let many = format!(r#"{{"Records":[{}0]}}"#, r#"{"a":1},"#.repeat(1_200_000));
        let (records, result) = records(&gzip(many.as_bytes()));
        assert_eq!((records.len(), result), (1_200_001, Ok(())));
    }

    #[test]
    fn deep_nesting_neither_overflows_nor_hides_neighbours() {
        let deep = format!(
            r#"{{"Records":[{}{},{{"a":1}}]}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        let (records, result) = records(&gzip(deep.as_bytes()));
        assert_eq!(result, Ok(()));
        assert_eq!(records.len(), 2);
    }

    const NEEDLE: &str = "kms.amazonaws.com";

    /// The records with the needle, read as a caller reads them.
    fn selected(object: &[u8]) -> (Vec<String>, Result<Scan, RecordsError>) {
        let mut records = Vec::new();
        let result = for_each_record_with(object, NEEDLE, |record| records.push(record.to_owned()));
        (records, result)
    }

    /// The records of an inflated file held whole, where nothing is dismissed.
    fn in_one_piece(inflated: &[u8]) -> (Vec<String>, Result<Scan, RecordsError>) {
        let mut records = Vec::new();
        let mut document = Document::new(None, |record: &str| records.push(record.to_owned()));
        let result = read_whole(inflated, &mut document);
        (records, result)
    }

    /// The records of an object, read through a window that begins with so many bytes.
    fn through_window(object: &[u8], size: usize) -> (Vec<String>, Result<Scan, RecordsError>) {
        let mut records = Vec::new();
        let document = Document::new(None, |record: &str| records.push(record.to_owned()));
        let mut reader = RecordReader::of(document, size, Form::Gzip);
        let mut pieces = object.chunks(7 * size);
        let result = pieces
            .try_for_each(|piece| reader.push(piece))
            .and_then(|()| reader.finish());
        (records, result)
    }

    #[test]
    fn only_records_with_the_needle_are_handed_over() {
        let with = r#"{"eventSource":"kms.amazonaws.com"}"#;
        let object = gzip(format!(r#"{{"Records":[{{"a":1}},{with},7,"{NEEDLE}"]}}"#).as_bytes());
        let (records, result) = selected(&object);
        assert_eq!(records, [with, r#""kms.amazonaws.com""#]);
        let scan = Scan {
            dismissed: false,
            records: 2,
        };
        assert_eq!(result, Ok(scan));
    }

    #[test]
    fn a_file_without_the_needle_is_dismissed_if_it_looks_like_a_log_file() {
        for (json, dismissed) in [
            (r#"{"Records":[]}"#, true),
            (" {\"Records\":[{\"a\":1}]}\n", true),
            (r#"{"Records":[{}],"x":[{}]}"#, true),
            (r#"{"Records": []}"#, false),
            (r#"{"Records":[] }"#, false),
            (r#"{"x":1,"Records":[]}"#, false),
            (r#"{"x":"kms.amazonaws.com","Records":[]}"#, false),
            (r#"{"Records":[],"x":["kms.amazonaws.com"]}"#, false),
        ] {
            let scan = Scan {
                dismissed,
                records: 0,
            };
            assert_eq!(selected(&gzip(json.as_bytes())).1, Ok(scan), "{json}");
        }
        for json in ["", "{}", r#"{"Records":[}"#, r#"{"Records":["#, "]}", "\0"] {
            assert!(
                matches!(
                    selected(&gzip(json.as_bytes())).1,
                    Err(RecordsError::Json(_))
                ),
                "{json}"
            );
        }
    }

    #[test]
    fn a_dismissed_file_is_one_gzip_member_to_its_end() {
        let object = gzip(br#"{"Records":[{"a":1}]}"#);
        let mut corrupt = object.clone();
        let checksum = object.len() - 8;
        corrupt[checksum] ^= 1;
        for (object, error) in [
            (Vec::new(), GunzipError::Empty),
            (object[..object.len() - 1].to_vec(), GunzipError::Truncated),
            (corrupt, GunzipError::Corrupt),
            ([&object[..], b"\0"].concat(), GunzipError::TrailingData),
            ([&object[..], &object].concat(), GunzipError::TrailingData),
        ] {
            assert_eq!(selected(&object).1, Err(RecordsError::Gunzip(error)));
        }
    }

    #[test]
    fn a_file_too_large_to_hold_goes_through_the_window() {
        let record = format!(r#"{{"a":"{}"}}"#, "a".repeat(8000));
        let kms = format!(r#"{{"b":"{NEEDLE}"}}"#);
        let count = 40_000_000 / record.len();
        let json = format!(
            r#"{{"Records":[{}{kms}]}}"#,
            format!("{record},").repeat(count)
        );
        let object = gzip(json.as_bytes());
        let (records, result) = selected(&object);
        assert_eq!(records, [kms]);
        let scan = Scan {
            dismissed: false,
            records: 1,
        };
        assert_eq!(result, Ok(scan));
        let mut handed_over = 0;
        assert_eq!(for_each_record(&object, |_| handed_over += 1), Ok(()));
        assert_eq!(handed_over, count + 1);
        let trailing = [&object[..], b"x"].concat();
        assert_eq!(selected(&trailing).1, Err(GunzipError::TrailingData.into()));
    }

    /// The same bound for whoever reads a log file, whatever is in it.
    #[test]
    fn a_log_file_inflates_to_as_many_bytes_as_allowed_and_no_more() {
        let most = usize::try_from(MAX_INFLATED_BYTES).unwrap();
        for (more, is_allowed) in [(0, true), (1, false)] {
            let mut json = vec![b' '; most + more];
            json[..HEAD.len()].copy_from_slice(HEAD);
            json[most + more - TAIL.len()..].copy_from_slice(TAIL);
            let object = gzip(&json);
            let limit = MAX_INFLATED_BYTES;
            let too_large = GunzipError::TooLarge { limit };
            let read = through_window(&object, WINDOW).1.map(|_| ());
            let mut check = LogFileCheck::new(Sha256::of(&json));
            let checked = check.push(&object).and_then(|()| check.finish());
            if is_allowed {
                assert_eq!((read, checked), (Ok(()), Ok(limit)));
            } else {
                assert_eq!(read, Err(too_large.into()));
                assert_eq!(checked, Err(LogFileError::Malformed(too_large)));
            }
        }
    }

    #[test]
    fn a_record_may_have_as_many_bytes_as_allowed_whatever_the_window() {
        for (more, result) in [(0, Ok(2)), (1, Err(RecordsError::RecordTooLarge))] {
            let record = format!(r#"["{}"]"#, "a".repeat(MAX_RECORD_BYTES - 4 + more));
            let json = format!(r#"{{"Records":[{record},1]}}"#);
            let object = gzip(json.as_bytes());
            let count = |(_, result): (_, Result<Scan, _>)| result.map(|scan| scan.records);
            assert_eq!(count(in_one_piece(json.as_bytes())), result);
            // From its beginning each time, a window so small would take days.
            assert_eq!(count(through_window(&object, 16)), result);
            assert_eq!(count(through_window(&object, WINDOW)), result);
        }
        // As many bytes as decide that, and then the end.
        let json = format!(r#"{{"Records":[{}"#, "1".repeat(MAX_RECORD_BYTES + 1));
        let result = Err(RecordsError::RecordTooLarge);
        assert_eq!(in_one_piece(json.as_bytes()).1, result);
        assert_eq!(through_window(&gzip(json.as_bytes()), WINDOW).1, result);
    }

    #[test]
    fn what_is_almost_a_document_of_records_is_none() {
        for json in [
            r#"{"Records":[]}{}"#,
            r#"{"Records":[]},"#,
            r#"{"Records":[],}"#,
            r#"{"Records":[]"#,
            r#"{"Records":[]]"#,
            r#"{"Records":[1,]}"#,
            r#"{"Records":[,1]}"#,
            r#"{"Records":[1 2]}"#,
            r#"{"Records":[1:2]}"#,
            r#"{"Records":[{"a"}]}"#,
            r#"{"Records":[01]}"#,
            r#"{"Records":[-]}"#,
            r#"{"Records":[tru]}"#,
            r#"{"Records":"[]"}"#,
            r#"{"Records":}"#,
            r#"{"Records"[]}"#,
            r#"{"Records":[],"x"}"#,
            r#"{,"Records":[]}"#,
            r#"{7:[],"Records":[]}"#,
            r#"["Records",[]]"#,
            "{\"Records\":[\"\n\"]}",
            "{\"Records\":[]}\0",
            "\u{feff}{\"Records\":[]}",
        ] {
            let (_, result) = in_one_piece(json.as_bytes());
            assert!(matches!(result, Err(RecordsError::Json(_))), "{json}");
            for size in [1, 7, WINDOW] {
                assert_eq!(
                    through_window(&gzip(json.as_bytes()), size).1,
                    result,
                    "{json}"
                );
            }
        }
    }

    #[test]
    fn a_log_file_may_be_read_while_another_is() {
        let object = gzip(br#"{"Records":[1,2]}"#);
        let mut all = Vec::new();
        for_each_record(&object, |outer| {
            for_each_record(&object, |inner| all.push(format!("{outer}{inner}"))).unwrap();
        })
        .unwrap();
        assert_eq!(all, ["11", "12", "21", "22"]);
    }

    /// White space, mostly none.
    fn space() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec!["", "", "", "", " ", "\n", "\r\n\t", "   \n "])
    }

    /// A JSON string: brackets, quotes, escapes, and the needle whole, in parts and escaped.
    fn string() -> impl Strategy<Value = String> {
        let parts = vec![
            "a",
            "[",
            "]}",
            "{",
            ",",
            ":",
            r#"\""#,
            r"\\",
            r"\/",
            r"\n",
            r"\u0041",
            r"\u005c",
            r"\ud83d\ude00",
            "é",
            "😀",
            "kms.amazonaws.com",
            "kms.amazonaws",
            ".com",
            r"kms.amazonaws\u002ecom",
            r#"\"kms.amazonaws.com\""#,
            r#"{\"Records\":["#,
        ];
        prop::collection::vec(prop::sample::select(parts), 0..5)
            .prop_map(|parts| format!("\"{}\"", parts.concat()))
    }

    /// A JSON value without values in it.
    fn scalar() -> impl Strategy<Value = String> {
        let scalars = vec![
            "null", "true", "false", "0", "-0", "7", "-12", "3.25", "1e3", "2E-7", "-0.5e+10",
        ];
        prop_oneof![
            prop::sample::select(scalars).prop_map(str::to_owned),
            string(),
        ]
    }

    /// A JSON value of any type, as text.
    fn json() -> impl Strategy<Value = String> {
        scalar().prop_recursive(4, 30, 5, |inner| {
            let spaced = (space(), inner, space())
                .prop_map(|(a, value, b)| format!("{a}{value}{b}"))
                .boxed();
            let member = (space(), string(), space(), spaced.clone())
                .prop_map(|(a, name, b, value)| format!("{a}{name}{b}:{value}"));
            prop_oneof![
                (space(), prop::collection::vec(spaced, 0..5)).prop_map(|(space, values)| {
                    format!(
                        "[{}]",
                        if values.is_empty() {
                            space.to_owned()
                        } else {
                            values.join(",")
                        }
                    )
                }),
                (space(), prop::collection::vec(member, 0..5)).prop_map(|(space, members)| {
                    format!(
                        "{{{}}}",
                        if members.is_empty() {
                            space.to_owned()
                        } else {
                            members.join(",")
                        }
                    )
                }),
            ]
        })
    }

    /// A document of records, most of the time just as CloudTrail writes them.
    fn document() -> impl Strategy<Value = String> {
        let records = || prop::collection::vec(prop_oneof![json(), scalar()], 0..6);
        let others = |most| {
            let other = (string(), json()).prop_map(|(name, value)| format!("{name}:{value}"));
            prop::collection::vec(other, 0..=most)
        };
        let plain =
            records().prop_map(|records| format!(r#"{{"Records":[{}]}}"#, records.join(",")));
        let name = prop::sample::select(vec![r#""Records""#, r#""Rec\u006frds""#]);
        let odd = (
            others(2),
            name,
            records(),
            others(2),
            prop::array::uniform4(space()),
        )
            .prop_map(|(before, name, records, after, [a, b, c, d])| {
                let list = format!(
                    "{a}{name}{b}:{c}[{a}{}{d}]{b}",
                    records.join(&format!("{c},{d}"))
                );
                let members = [before, vec![list], after].concat();
                format!("{d}{{{}}}{c}", members.join(","))
            });
        prop_oneof![2 => plain, 1 => odd]
    }

    /// The records of an inflated file in the simplest way; none if it is no log file.
    fn reference(inflated: &[u8]) -> Option<Vec<serde_json::Value>> {
        let document: serde_json::Value = serde_json::from_slice(inflated).ok()?;
        Some(document.as_object()?.get("Records")?.as_array()?.clone())
    }

    fn parsed(records: &[String]) -> Vec<serde_json::Value> {
        let parse = |record: &String| serde_json::from_str(record).unwrap();
        records.iter().map(parse).collect()
    }

    proptest! {
        #[test]
        fn every_way_of_reading_finds_the_records_of_the_reference(
            json in document(),
            size in 1_usize..=64,
        ) {
            let object = gzip(json.as_bytes());
            let expected = reference(json.as_bytes()).unwrap();
            let (all, result) = records(&object);
            prop_assert_eq!(result, Ok(()));
            prop_assert_eq!(parsed(&all), expected);
            let whole = Scan { dismissed: false, records: u64::try_from(all.len()).unwrap() };
            prop_assert_eq!(in_one_piece(json.as_bytes()), (all.clone(), Ok(whole)));
            prop_assert_eq!(through_window(&object, size), (all.clone(), Ok(whole)));

            let (chosen, scan) = selected(&object);
            let scan = scan.unwrap();
            let with_needle: Vec<String> =
                all.into_iter().filter(|record| record.contains(NEEDLE)).collect();
            prop_assert_eq!(scan.records, u64::try_from(with_needle.len()).unwrap());
            prop_assert_eq!(chosen, with_needle);
            let plain = json.starts_with(r#"{"Records":["#) && json.ends_with("]}");
            if plain || scan.dismissed {
                prop_assert_eq!(scan.dismissed, !json.contains(NEEDLE));
            }
        }

        #[test]
        fn damaged_documents_come_to_the_same_verdict_whole_and_through_any_window(
            json in document(),
            damage in prop::collection::vec(
                (any::<prop::sample::Index>(), prop_oneof![
                    prop::sample::select(b"[]{},:\"\\ -.0eE\n\xff".to_vec()),
                    any::<u8>(),
                ]),
                0..4,
            ),
            cut in prop_oneof![3 => Just(0_usize), 1 => 1_usize..40],
            size in 1_usize..=64,
        ) {
            let mut inflated = json.into_bytes();
            for (at, byte) in damage {
                let at = at.index(inflated.len());
                inflated[at] = byte;
            }
            inflated.truncate(inflated.len().saturating_sub(cut));
            let object = gzip(&inflated);
            let (records, result) = in_one_piece(&inflated);
            let (in_window, verdict) = through_window(&object, size);
            prop_assert_eq!(&in_window, &records);
            prop_assert_eq!(&verdict, &result);
            match (reference(&inflated), result) {
                (Some(expected), Ok(_)) => prop_assert_eq!(parsed(&records), expected),
                // The last of several lists wins there.
                (Some(_), Err(error)) => {
                    prop_assert!(error.to_string().contains("a second list"), "{}", error);
                }
                // What is odd in a record is for whoever reads it.
                (None, Ok(_)) => {
                    prop_assert!(serde_json::from_slice::<&RawValue>(&inflated).is_ok());
                }
                (None, Err(_)) => {}
            }
        }

        #[test]
        fn damaged_objects_never_panic_and_are_never_more_than_their_beginning(
            json in document(),
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            cut in 0_usize..20,
            appended in prop::collection::vec(any::<u8>(), 0..12),
            size in 1_usize..=64,
        ) {
            let mut object = gzip(json.as_bytes());
            for (at, byte) in damage {
                let at = at.index(object.len());
                object[at] = byte;
            }
            object.truncate(object.len().saturating_sub(cut));
            object.extend(appended);
            let (all, result) = records(&object);
            let (in_window, verdict) = through_window(&object, size);
            prop_assert_eq!(result.is_ok(), verdict.is_ok());
            if result.is_ok() {
                prop_assert_eq!(in_window, all);
            }
            let _ = selected(&object);
        }

        #[test]
        fn any_bytes_never_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            size in 1_usize..=64,
        ) {
            for object in [gzip(&bytes), bytes] {
                let _ = records(&object);
                let _ = selected(&object);
                let _ = through_window(&object, size);
            }
        }
    }
}
