//! Lists of the configuration that are too long for a variable: documents in the evidence bucket.
//!
//! All variables of a function together are limited to 4 KB:
//! <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>. A variable whose
//! value is `@config/NAME` refers to the object `config/NAME` of the evidence bucket, with one
//! value a line. No other place is accepted, because anybody who can write a list decides what is
//! not reported.

use trailseal::names::text::clip;
use trailseal::names::value;

/// The variables that may refer to a document.
pub(super) const VARIABLES: [&str; 2] = ["TRAILSEAL_READERS", "TRAILSEAL_ENCLAVE_IMAGES"];

/// The maximum number of bytes of a list: about 3,000 ARNs.
pub(super) const MAX_LIST_BYTES: usize = 256 * 1024;

/// The folder of the lists in the evidence bucket.
const PREFIX: &str = "config/";

/// The reason why a variable does not lead to a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// The variable names a place in which no list may be.
    #[error(
        "is `{0}`, which is not a document of the evidence bucket: write @config/ followed by the document's name"
    )]
    Place(String),
    /// The document is larger than any list may be.
    #[error("names a document of more than {MAX_LIST_BYTES} bytes")]
    TooLarge,
    /// The document is not text.
    #[error("names a document that is not UTF-8 text")]
    Encoding,
    /// The document has no value outside its comments.
    #[error(
        "names a document that contains no value: to turn the check off, leave the variable empty"
    )]
    Empty,
}

/// Returns the key of the document in the evidence bucket that a variable's value refers to, or
/// `None` if the value is the list itself.
///
/// # Errors
/// [`ListError::Place`] if the value begins with `@` and names another place.
pub(super) fn document(value: &str) -> Result<Option<&str>, ListError> {
    let value = value::plain(value);
    let Some(key) = value.strip_prefix('@') else {
        return Ok(None);
    };
    let is_name =
        |name: &str| !name.is_empty() && name.len() <= 200 && !name.contains([',', '\\', '\n']);
    match key.strip_prefix(PREFIX) {
        Some(name) if is_name(name) => Ok(Some(key)),
        _ => Err(ListError::Place(clip(value, 200).to_owned())),
    }
}

/// Returns the value that a document contains: its lines, joined by commas. A `#` at the start of a
/// line or after white space starts a comment. Lines without a value are left out.
///
/// # Errors
/// [`ListError`] if the document is too large, is not text, or contains no value.
pub(super) fn value_of(document: &[u8]) -> Result<String, ListError> {
    if document.len() > MAX_LIST_BYTES {
        return Err(ListError::TooLarge);
    }
    let text = std::str::from_utf8(document).map_err(|_| ListError::Encoding)?;
    let lines = text
        .lines()
        .map(without_comment)
        .filter(|line| !line.is_empty());
    let value = lines.collect::<Vec<_>>().join(",");
    if value::list(&value).next().is_none() {
        return Err(ListError::Empty);
    }
    Ok(value)
}

/// Returns a line without its comment. A `#` within a word, such as the path of a role, belongs to
/// the word.
fn without_comment(line: &str) -> &str {
    let mut before = None;
    for (at, c) in line.char_indices() {
        if c == '#' && before.is_none_or(char::is_whitespace) {
            return line.get(..at).unwrap_or_default().trim();
        }
        before = Some(c);
    }
    line.trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_a_list_or_names_a_document_of_the_evidence_bucket() {
        for list in ["", "arn:aws:iam::111122223333:role/Audit", "config/readers"] {
            assert_eq!(document(list), Ok(None), "{list}");
        }
        assert_eq!(
            document(" @config/readers.txt\n"),
            Ok(Some("config/readers.txt"))
        );
        for other in [
            "@",
            "@config/",
            "@receipts/readers",
            "@s3://amzn-s3-demo-bucket/config/readers",
            "@config/readers,arn:aws:iam::111122223333:role/Audit",
        ] {
            assert!(
                matches!(document(other), Err(ListError::Place(_))),
                "{other}"
            );
        }
    }

    #[test]
    fn lines_are_values_unless_they_are_comments() {
        let document = "# who reads\r\narn:aws:iam::111122223333:role/a#b/Audit # yearly\r\n\r\n\tathena.amazonaws.com\n";
        assert_eq!(
            value_of(document.as_bytes()).unwrap(),
            "arn:aws:iam::111122223333:role/a#b/Audit,athena.amazonaws.com"
        );
    }

    #[test]
    fn a_document_without_a_list_is_refused_and_disables_no_check() {
        for empty in ["", "\n \n", "# nobody yet\n", ",,\n"] {
            assert_eq!(
                value_of(empty.as_bytes()),
                Err(ListError::Empty),
                "{empty:?}"
            );
        }
        assert_eq!(value_of(b"\xff\xfe"), Err(ListError::Encoding));
        let longest = "a".repeat(MAX_LIST_BYTES);
        assert!(value_of(longest.as_bytes()).is_ok());
        let longer = longest + "a";
        assert_eq!(value_of(longer.as_bytes()), Err(ListError::TooLarge));
    }
}
