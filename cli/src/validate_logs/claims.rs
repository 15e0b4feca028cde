//! The claims of a digest file, read as leniently as the AWS CLI reads them.
//!
//! Nothing here decides whether a digest is valid. It decides in which words the AWS CLI says that
//! a digest is not valid.

use serde_json::{Map, Value};
use trailseal::names::location::ObjectLocation;
use trailseal::names::sha256::Sha256;
use trailseal::trust::public_key::PublicKey;

/// The fields without which the AWS CLI does not recognize a digest.
const REQUIRED: [&str; 6] = [
    "digestPublicKeyFingerprint",
    "digestS3Bucket",
    "digestS3Object",
    "previousDigestSignature",
    "digestEndTime",
    "digestStartTime",
];

/// The fields of a digest document.
#[derive(Debug)]
pub(super) struct Claims(Map<String, Value>);

/// JSON that is not an object. Python only reports this when it tries to store something in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotAnObject(pub(super) &'static str);

impl Claims {
    /// Reads a document. Returns none if it is not JSON.
    pub(super) fn read(document: &[u8]) -> Option<Result<Self, NotAnObject>> {
        let kind = match serde_json::from_slice(document).ok()? {
            Value::Object(fields) => return Some(Ok(Self(fields))),
            Value::Array(_) => "list indices must be integers or slices, not str",
            Value::String(_) => "'str' object does not support item assignment",
            Value::Bool(_) => "'bool' object does not support item assignment",
            Value::Null => "'NoneType' object does not support item assignment",
            Value::Number(number) if number.is_f64() => {
                "'float' object does not support item assignment"
            }
            Value::Number(_) => "'int' object does not support item assignment",
        };
        Some(Err(NotAnObject(kind)))
    }

    /// Returns whether every field that the AWS CLI requires exists.
    pub(super) fn are_complete(&self) -> bool {
        REQUIRED.iter().all(|field| self.0.contains_key(*field))
    }

    /// Returns whether the digest says that it was delivered to this place.
    pub(super) fn are_at(&self, at: &ObjectLocation) -> bool {
        self.text("digestS3Bucket") == Some(&at.bucket)
            && self.text("digestS3Object") == Some(&at.key)
    }

    /// Returns the name of the key, in Python's words.
    ///
    /// # Errors
    /// Python's words for a value that cannot be looked up.
    pub(super) fn fingerprint(&self) -> Result<String, &'static str> {
        Ok(match self.0.get("digestPublicKeyFingerprint") {
            None | Some(Value::Null) => "None".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Bool(true)) => "True".to_owned(),
            Some(Value::Bool(false)) => "False".to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Array(_)) => return Err("unhashable type: 'list'"),
            Some(Value::Object(_)) => return Err("unhashable type: 'dict'"),
        })
    }

    /// Returns whether `key` made `signature` over a document with this hash and these claims.
    pub(super) fn are_signed(&self, hash: Sha256, signature: &[u8], key: &PublicKey) -> bool {
        let previous = match self.0.get("previousDigestSignature") {
            Some(Value::Null) => Some("null"),
            _ => self.text("previousDigestSignature"),
        };
        let (Some(end), Some(bucket), Some(object), Some(previous)) = (
            self.text("digestEndTime"),
            self.text("digestS3Bucket"),
            self.text("digestS3Object"),
            previous,
        ) else {
            return false;
        };
        let string = format!("{end}\n{bucket}/{object}\n{hash}\n{previous}");
        key.signed(string.as_bytes(), signature)
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field).and_then(Value::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_not_an_object_gives_pythons_error() {
        for (document, words) in [
            ("[]", "list indices must be integers or slices, not str"),
            ("\"\"", "'str' object does not support item assignment"),
            ("1", "'int' object does not support item assignment"),
            ("1.5", "'float' object does not support item assignment"),
            ("true", "'bool' object does not support item assignment"),
            ("null", "'NoneType' object does not support item assignment"),
        ] {
            let read = Claims::read(document.as_bytes()).unwrap();
            assert_eq!(read.unwrap_err(), NotAnObject(words));
        }
        assert!(Claims::read(b"<digest/>").is_none());
        assert!(Claims::read("[".repeat(100_000).as_bytes()).is_none());
    }

    #[test]
    fn a_null_predecessor_counts_as_present() {
        let fields: Vec<String> = REQUIRED.iter().map(|f| format!("{f:?}:null")).collect();
        let all = format!("{{{}}}", fields.join(","));
        let claims = |text: &str| Claims::read(text.as_bytes()).unwrap().unwrap();
        assert!(claims(&all).are_complete());
        assert!(!claims("{}").are_complete());
        assert_eq!(claims(&all).fingerprint().unwrap(), "None");
        let list = claims(r#"{"digestPublicKeyFingerprint":[]}"#);
        assert_eq!(list.fingerprint(), Err("unhashable type: 'list'"));
    }
}
