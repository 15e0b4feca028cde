//! The document of records, as a state machine that reads its bytes value by value.

use super::error::{MAX_RECORD_BYTES, RecordsError};
use super::needles::{NeedleSearch, Needles};
use super::visitor::RecordVisitor;
use crate::format::json;
use serde::Deserialize as _;
use serde_json::value::RawValue;

/// The result of reading the records of a log file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scan {
    /// Indicates whether a search of the bytes was enough: no record contains a searched text,
    /// and no JSON was parsed.
    pub dismissed: bool,
    /// The number of records that were passed on.
    pub records: u64,
}

/// The next expected part of a document.
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

/// The maximum number of bytes between the start of a record and a needle in it, so that the record is
/// read in the pass that finds its end. The name of the service is within the first kilobyte of most
/// records.
const NEAR: usize = 2048;

/// A document of records, read value by value.
pub(super) struct RecordsDocument<'n, V> {
    next: Next,
    /// Indicates whether the last name is the name of the records.
    named: bool,
    /// Indicates whether the records have been seen.
    seen: bool,
    /// The number of bytes that were read.
    taken: usize,
    /// The texts of which a record must contain one to be passed on.
    pub(super) needles: Option<&'n Needles>,
    records: u64,
    visitor: V,
}

impl<'n, V: RecordVisitor> RecordsDocument<'n, V> {
    pub(super) fn new(needles: Option<&'n Needles>, visitor: V) -> Self {
        Self {
            next: Next::Start,
            named: false,
            seen: false,
            taken: 0,
            needles,
            records: 0,
            visitor,
        }
    }

    /// Reads as many complete values as there are, and returns the number of bytes that were read.
    /// The next call gets the other bytes again, followed by more. `last`: there are no more.
    pub(super) fn advance(&mut self, bytes: &[u8], last: bool) -> Result<usize, RecordsError> {
        let mut ahead = Ahead {
            text: utf8_at_the_start(bytes),
            needles: NeedleSearch::new(self.needles, bytes),
        };
        let mut rest = bytes;
        loop {
            rest = without_space(rest);
            let Some((first, after)) = rest.split_first() else {
                break;
            };
            let start = bytes.len() - rest.len();
            let at = self.taken + start;
            self.next = match (self.next, *first) {
                (Next::Start, b'{') => Next::FirstName,
                (Next::FirstName | Next::AfterValue, b'}') => Next::Nothing,
                (Next::AfterValue, b',') => Next::Name,
                (Next::Colon, b':') if self.named => Next::List,
                (Next::Colon, b':') => Next::Value,
                (Next::List, b'[') => Next::FirstRecord,
                (Next::FirstRecord | Next::AfterRecord, b']') => Next::AfterValue,
                (Next::AfterRecord, b',') => Next::Record,
                (Next::FirstName | Next::Name, b'"') | (Next::Value, _) => {
                    let text = ahead.text.get(start..).unwrap_or_default();
                    let Some(value) = value(rest, text, last, at)? else {
                        break;
                    };
                    self.next = self.take(value, at)?;
                    rest = rest.get(value.len()..).unwrap_or_default();
                    continue;
                }
                (Next::FirstRecord | Next::Record, _) => {
                    let Some(length) = self.take_record(rest, last, start, &mut ahead)? else {
                        break;
                    };
                    self.next = Next::AfterRecord;
                    rest = rest.get(length..).unwrap_or_default();
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

    /// Passes the record at the start of `rest` on, if it has a needle. Returns its length, or `None`
    /// if the bytes end before it does. `start`: its position in the bytes.
    fn take_record(
        &mut self,
        rest: &[u8],
        last: bool,
        start: usize,
        ahead: &mut Ahead<'_, '_>,
    ) -> Result<Option<usize>, RecordsError> {
        let text = ahead.text.get(start..).unwrap_or_default();
        let distance = ahead.needles.distance_from(start);
        if distance.is_some_and(|distance| distance < NEAR)
            && let Some((length, read)) = V::read_first(text)
            && length <= MAX_RECORD_BYTES
            && let Some(record) = text.get(..length)
        {
            if ahead.needles.is_between(start, start + length) {
                self.records += 1;
                self.visitor.visit_read(record, read);
            }
            return Ok(Some(length));
        }
        let Some(record) = value(rest, text, last, self.taken + start)? else {
            return Ok(None);
        };
        if ahead.needles.is_between(start, start + record.len()) {
            self.records += 1;
            self.visitor.visit(record);
        }
        Ok(Some(record.len()))
    }

    /// Processes a name or a value that is not a record.
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
            _ => Ok(Next::AfterValue),
        }
    }

    pub(super) fn end(&self) -> Result<Scan, RecordsError> {
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

/// What is known about the bytes ahead.
struct Ahead<'n, 'b> {
    /// The bytes up to the first that is not UTF-8.
    text: &'b str,
    needles: NeedleSearch<'n, 'b>,
}

fn utf8_at_the_start(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap_or_else(|error| {
        let valid = bytes.get(..error.valid_up_to());
        valid
            .and_then(|valid| str::from_utf8(valid).ok())
            .unwrap_or_default()
    })
}

/// Returns the JSON value at the start of the bytes, or `None` if they end before it does. `last`:
/// nothing follows the bytes. `text`: the bytes up to the first that is not UTF-8. `at`: their
/// position in the file.
fn value<'b>(
    bytes: &'b [u8],
    text: &'b str,
    last: bool,
    at: usize,
) -> Result<Option<&'b str>, RecordsError> {
    // One byte more than allowed: the verdict is the same, however many are available.
    let within = bytes.get(..=MAX_RECORD_BYTES).unwrap_or(bytes);
    let length = json::length(within).filter(|length| *length <= MAX_RECORD_BYTES);
    if let Some(value) = length.and_then(|length| text.get(..length)) {
        return Ok(Some(value));
    }
    let cut = !last || within.len() > MAX_RECORD_BYTES;
    let error = match <&RawValue>::deserialize(&mut serde_json::Deserializer::from_slice(within)) {
        Ok(value) if value.get().len() > MAX_RECORD_BYTES => None,
        // A number may have more digits.
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

/// Returns whether more bytes may resolve an error.
fn is_at_end(error: &serde_json::Error, bytes: &[u8]) -> bool {
    if error.is_eof() {
        return true;
    }
    // A number that is cut off after its sign, its point or its exponent's letter is recognized by
    // the position.
    let line_start = memchr::memrchr(b'\n', bytes).map_or(0, |newline| newline + 1);
    let lines = memchr::memchr_iter(b'\n', bytes).count() + 1;
    (error.line(), error.column()) == (lines, bytes.len() - line_start)
}

fn not_json(error: &serde_json::Error, at: usize) -> RecordsError {
    RecordsError::Json(format!("{error} of the value at byte {at}"))
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

pub(super) fn without_space(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !is_space(*byte));
    start
        .and_then(|start| bytes.get(start..))
        .unwrap_or_default()
}
