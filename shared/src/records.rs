//! The records of a log file, read one at a time.
//!
//! A log file is `{"Records":[…]}`. Whatever its size, one record is held at a time, and a record
//! that is odd is counted and does not take its neighbours with it.
//!
//! Format: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.

use crate::gunzip::GunzipError;
use flate2::bufread::GzDecoder;
use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::cell::Cell;
use std::fmt;
use std::io::{self, BufReader, Read};

/// The most bytes a log file may inflate to here. CloudTrail's take kilobytes to tens of
/// megabytes.
pub const MAX_INFLATED_BYTES: u64 = 1024 * 1024 * 1024;

/// The most bytes of one record. CloudTrail's take at most 256 KB, 1 MB with context keys.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>.
pub const MAX_RECORD_BYTES: u64 = 8 * 1024 * 1024;

/// Why bytes are not a log file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordsError {
    /// Not one gzip member, or larger than the limit.
    #[error(transparent)]
    Gunzip(#[from] GunzipError),
    /// Not `{"Records":[…]}`.
    #[error("it is not a JSON document of records: {0}")]
    Json(String),
    /// A record larger than any of CloudTrail's.
    #[error("a record in it has more than {MAX_RECORD_BYTES} bytes")]
    RecordTooLarge,
}

/// Hands every record of a gzip log file, as raw JSON, to `each`.
///
/// # Errors
/// [`RecordsError`] when the bytes are not a log file; the records before the fault have been
/// handed over.
pub fn for_each_record(object: &[u8], mut each: impl FnMut(&str)) -> Result<(), RecordsError> {
    if object.is_empty() {
        return Err(GunzipError::Empty.into());
    }
    let allowance = Cell::new(MAX_RECORD_BYTES);
    let mut input = object;
    let reader = Metered {
        inner: GzDecoder::new(&mut input),
        left: MAX_INFLATED_BYTES,
        record_left: &allowance,
        fault: Cell::new(None),
    };
    // The buffer is small: what it reads ahead counts for the record before.
    let mut reader = BufReader::with_capacity(16 * 1024, reader);
    let mut deserializer = serde_json::Deserializer::from_reader(&mut reader);
    let result = deserializer
        .deserialize_map(Document {
            each: &mut each,
            allowance: &allowance,
        })
        .and_then(|()| deserializer.end());
    drop(deserializer);
    match (reader.get_ref().fault.get(), result) {
        (Some(Fault::TooLarge), _) => Err(GunzipError::TooLarge {
            limit: MAX_INFLATED_BYTES,
        }
        .into()),
        (Some(Fault::RecordTooLarge), _) => Err(RecordsError::RecordTooLarge),
        (Some(Fault::Truncated), _) => Err(GunzipError::Truncated.into()),
        (Some(Fault::Corrupt), _) => Err(GunzipError::Corrupt.into()),
        (None, Err(error)) => Err(RecordsError::Json(error.to_string())),
        (None, Ok(())) => {
            drop(reader);
            if input.is_empty() {
                Ok(())
            } else {
                Err(GunzipError::TrailingData.into())
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    TooLarge,
    RecordTooLarge,
    Truncated,
    Corrupt,
}

/// A reader that stops at the limits.
struct Metered<'a, R> {
    inner: R,
    left: u64,
    record_left: &'a Cell<u64>,
    fault: Cell<Option<Fault>>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let stop = |fault| {
            self.fault.set(Some(fault));
            Err(io::Error::other("stopped"))
        };
        let read = match self.inner.read(buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return stop(Fault::Truncated);
            }
            Err(_) => return stop(Fault::Corrupt),
        };
        let count = u64::try_from(read).unwrap_or(u64::MAX);
        let Some(left) = self.left.checked_sub(count) else {
            return stop(Fault::TooLarge);
        };
        let Some(record_left) = self.record_left.get().checked_sub(count) else {
            return stop(Fault::RecordTooLarge);
        };
        self.left = left;
        self.record_left.set(record_left);
        Ok(read)
    }
}

struct Document<'a, F> {
    each: &'a mut F,
    allowance: &'a Cell<u64>,
}

impl<'de, F: FnMut(&str)> Visitor<'de> for Document<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a list named Records")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { each, allowance } = self;
        let mut seen = false;
        while let Some(name) = map.next_key::<String>()? {
            if name == "Records" {
                if seen {
                    return Err(serde::de::Error::duplicate_field("Records"));
                }
                seen = true;
                map.next_value_seed(Records {
                    each: &mut *each,
                    allowance,
                })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if seen {
            Ok(())
        } else {
            Err(serde::de::Error::missing_field("Records"))
        }
    }
}

struct Records<'a, F> {
    each: &'a mut F,
    allowance: &'a Cell<u64>,
}

impl<'de, F: FnMut(&str)> DeserializeSeed<'de> for Records<'_, F> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(&str)> Visitor<'de> for Records<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(record) = seq.next_element::<Box<RawValue>>()? {
            (self.each)(record.get());
            self.allowance.set(MAX_RECORD_BYTES);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gunzip::tests::gzip;
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
            (b"{}".to_vec(), RecordsError::Gunzip(GunzipError::Truncated)),
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

    proptest! {
        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = records(&bytes);
            let _ = records(&gzip(&bytes));
        }
    }
}
