//! Files that people save from tools: one or more JSON documents, in the encoding that a shell
//! wrote.
//!
//! Windows PowerShell's `>` writes UTF-16, editors put a byte order mark first, and a loop over
//! Regions writes several responses into one file.

use crate::names::text::clip;
use serde::Deserializer as _;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The byte order mark.
const MARK: char = '\u{feff}';

/// The reason why a file's bytes are not JSON documents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SavedError {
    /// It starts as UTF-16 and continues as something else.
    #[error("it begins as UTF-16 text, but not all of it is UTF-16: save it again")]
    Utf16,
    /// It is not UTF-8.
    #[error("it is not text in UTF-8 or UTF-16")]
    Encoding,
    /// It has two encodings.
    #[error("it contains text in two encodings, one appended to the other: save it again")]
    Mixed,
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It is another output format of the AWS CLI.
    #[error("it is the {0} output of the AWS CLI, not JSON: save it again with --output json")]
    Output(&'static str),
    /// It has no JSON object or list.
    #[error("it is not JSON: it begins with `{0}`; the AWS CLI writes JSON with --output json")]
    NotJson(String),
    /// Its JSON is wrong, or has another form.
    #[error("{0}")]
    Json(String),
}

/// Returns the text of a file, in UTF-8 or UTF-16, with or without a byte order mark.
///
/// # Errors
/// [`SavedError`] if it is in neither encoding, or in both.
pub fn text(bytes: &[u8]) -> Result<Cow<'_, str>, SavedError> {
    // JSON starts with an ASCII character, which has one zero byte in UTF-16.
    let text = match bytes {
        [0xff, 0xfe, ..] | [1..=0xff, 0, ..] => Cow::Owned(utf16(bytes, u16::from_le_bytes)?),
        [0xfe, 0xff, ..] | [0, 1..=0xff, ..] => Cow::Owned(utf16(bytes, u16::from_be_bytes)?),
        _ => Cow::Borrowed(std::str::from_utf8(bytes).map_err(|_| SavedError::Encoding)?),
    };
    if text.contains('\0') {
        return Err(SavedError::Mixed);
    }
    // Each of several files that were written into one may have its own mark.
    Ok(if text.contains(MARK) {
        Cow::Owned(text.replace(MARK, ""))
    } else {
        text
    })
}

fn utf16(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> Result<String, SavedError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    match String::from_utf16(&units) {
        Ok(text) if rest.is_empty() => Ok(text),
        _ => Err(SavedError::Utf16),
    }
}

/// Returns the JSON objects and lists in a text, in a row, with or without white space between
/// them.
///
/// # Errors
/// [`SavedError`] if there are none, or something else.
pub fn documents(text: &str) -> Result<Vec<&RawValue>, SavedError> {
    let text = text.trim();
    match text.chars().next() {
        None => return Err(SavedError::Empty),
        Some('{' | '[') => {}
        Some(_) => return Err(not_json(text)),
    }
    let mut documents = Vec::new();
    for document in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let document = document.map_err(|error| SavedError::Json(error.to_string()))?;
        if !document.get().starts_with(['{', '[']) {
            return Err(not_json(document.get()));
        }
        documents.push(document);
    }
    Ok(documents)
}

/// Returns the content of a document.
///
/// # Errors
/// [`SavedError::Json`] if it has another form.
pub fn read<T: DeserializeOwned>(document: &RawValue) -> Result<T, SavedError> {
    serde_json::from_str(document.get()).map_err(|error| SavedError::Json(error.to_string()))
}

/// Names the actual format of a text, if it is one of the AWS CLI's.
fn not_json(text: &str) -> SavedError {
    let line = text.lines().next().unwrap_or_default().trim_end();
    let first = line.split(['\t', ' ']).next().unwrap_or_default();
    let is_ruled = line.len() >= 8 && line.bytes().all(|b| matches!(b, b'-' | b'+'));
    // `PublicKeyList:` and `- Fingerprint: …`
    let is_yaml = line == "---"
        || line.starts_with("- ")
        || first
            .strip_suffix(':')
            .is_some_and(|name| name.bytes().all(|b| b.is_ascii_alphanumeric()));
    // `PUBLICKEYLIST`, and a tab before each value.
    let is_text =
        line.contains('\t') && !first.is_empty() && first.bytes().all(|b| b.is_ascii_uppercase());
    if is_ruled {
        SavedError::Output("table")
    } else if is_yaml {
        SavedError::Output("yaml")
    } else if is_text {
        SavedError::Output("text")
    } else {
        SavedError::NotJson(clip(line, 40).to_owned())
    }
}

/// Returns the entries of a JSON object, including every duplicate name.
///
/// # Errors
/// [`SavedError::Json`] if it is not an object whose values are of this kind.
pub fn entries<T: DeserializeOwned>(document: &RawValue) -> Result<Vec<(String, T)>, SavedError> {
    struct Entries<T>(std::marker::PhantomData<T>);
    impl<'de, T: DeserializeOwned> Visitor<'de> for Entries<T> {
        type Value = Vec<(String, T)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = Vec::new();
            while let Some(entry) = map.next_entry()? {
                entries.push(entry);
            }
            Ok(entries)
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(
            self,
            mut seq: A,
        ) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Err(A::Error::custom("a list instead of a JSON object"))
        }
    }
    serde_json::Deserializer::from_str(document.get())
        .deserialize_any(Entries(std::marker::PhantomData))
        .map_err(|error| SavedError::Json(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn utf16_of(text: &str, unit: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    fn encodings(text: &str) -> [Vec<u8>; 6] {
        let marked = format!("{MARK}{text}");
        [
            text.as_bytes().to_vec(),
            marked.as_bytes().to_vec(),
            utf16_of(text, u16::to_le_bytes),
            utf16_of(text, u16::to_be_bytes),
            utf16_of(&marked, u16::to_le_bytes),
            utf16_of(&marked, u16::to_be_bytes),
        ]
    }

    #[test]
    fn text_is_read_in_every_encoding_that_shells_write() {
        for bytes in encodings("{\"a\": \"ä€😀\"}\r\n") {
            assert_eq!(text(&bytes).unwrap(), "{\"a\": \"ä€😀\"}\r\n");
        }
    }

    #[test]
    fn broken_encodings_are_named() {
        let odd = [utf16_of("{}", u16::to_le_bytes), vec![b'x']].concat();
        assert_eq!(text(&odd), Err(SavedError::Utf16));
        let half = [vec![0xff, 0xfe], 0xd800_u16.to_le_bytes().to_vec()].concat();
        assert_eq!(text(&half), Err(SavedError::Utf16));
        assert_eq!(text(b"{\"a\": \"\xff\"}"), Err(SavedError::Encoding));
        let appended = [b"{}".to_vec(), utf16_of("{}", u16::to_le_bytes)].concat();
        assert_eq!(text(&appended), Err(SavedError::Mixed));
        assert_eq!(text(b"{\0}\0\0\0"), Err(SavedError::Mixed));
    }

    #[test]
    fn several_documents_may_follow_one_another() {
        for together in [
            "{}[1]{\"a\":{}}",
            "{}\n[1]\r\n\r\n{\"a\":{}}\n",
            " {} [1] {\"a\":{}}",
        ] {
            let found: Vec<&str> = documents(together)
                .unwrap()
                .into_iter()
                .map(RawValue::get)
                .collect();
            assert_eq!(found, ["{}", "[1]", "{\"a\":{}}"], "{together}");
        }
    }

    #[test]
    fn text_that_is_not_json_is_named() {
        for (form, what) in [
            ("PUBLICKEYLIST\t8eba\t2026-01-01T00:00:00\t…", "text"),
            ("PublicKeyList:\n- Fingerprint: 8eba", "yaml"),
            ("- Fingerprint: 8eba", "yaml"),
            ("---\nPublicKeyList: []", "yaml"),
            ("-----------------\n|  ListPublicKeys |\n", "table"),
            ("+---------------+\n|  ListPublicKeys |\n", "table"),
        ] {
            assert_eq!(
                documents(form).unwrap_err(),
                SavedError::Output(what),
                "{form}"
            );
        }
        assert_eq!(documents(" \r\n").unwrap_err(), SavedError::Empty);
        for other in [
            "not JSON", "\"text\"", "3a5f", "null", "{} x", "{} 7", "{", "{}}",
        ] {
            let error = documents(other).unwrap_err();
            assert!(
                matches!(error, SavedError::NotJson(_) | SavedError::Json(_)),
                "{other}: {error:?}"
            );
        }
    }

    #[test]
    fn all_entries_are_read_even_those_with_one_name() {
        let document = documents("{\"a\":1,\"b\":2,\"a\":3}").unwrap();
        let entries: Vec<(String, u8)> = entries(document[0]).unwrap();
        let expected = [("a", 1), ("b", 2), ("a", 3)].map(|(name, n)| (name.to_owned(), n));
        assert_eq!(entries, expected);
    }

    #[test]
    fn a_list_has_no_entries() {
        let list = documents("[1]").unwrap();
        assert!(entries::<u8>(list[0]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_documents_or_an_error(bytes in any::<Vec<u8>>()) {
            if let Ok(text) = text(&bytes) {
                let _ = documents(&text);
            }
        }

        #[test]
        fn documents_round_trip(
            values in prop::collection::vec(("[a-zß😀]{0,5}", any::<u32>()), 1..5),
            between in "[ \r\n]{0,3}",
        ) {
            let values: Vec<Value> = values
                .into_iter()
                .map(|(name, number)| serde_json::json!({ name: number }))
                .collect();
            let joined = values.iter().map(Value::to_string).collect::<Vec<_>>().join(&between);
            for bytes in encodings(&joined) {
                let text = text(&bytes).unwrap();
                let found: Vec<Value> = documents(&text)
                    .unwrap()
                    .into_iter()
                    .map(|document| read(document).unwrap())
                    .collect();
                prop_assert_eq!(&found, &values);
            }
        }
    }
}
