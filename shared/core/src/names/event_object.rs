//! An object that was created or deleted according to an event: the source of the event, and the
//! readings of the key.

use crate::names::deed::Deed;
use crate::names::location::ObjectLocation;
use crate::names::object_key::MAX_KEY_BYTES;
use crate::names::url_encoding::url_decode;
use serde::Serialize;
use serde_json::json;

/// The maximum number of readings of one key besides the first.
const MAX_OTHER_READINGS: usize = 2;

/// The maximum number of incidents for which one message has an object looked at again.
pub const MAX_INCIDENTS: usize = 100;

/// The source that says that an object was created or deleted. It determines what it means that the object is
/// missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// An AWS service, or the function itself, which has read the object before: the object
    /// existed.
    Service,
    /// A `{"bucket","key"}` message in the queue: a relay passes an event on, or a person wrote it.
    Message,
    /// A person who invokes the function manually. There may never have been such an object.
    Person,
}

/// An object that was created or deleted according to an event, and where to continue if it was
/// handed back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventObject {
    /// The object. Its current version counts, whichever version the event names.
    #[serde(flatten)]
    pub object: ObjectLocation,
    /// In a message that the log-verifier hands back to its queue: the first listed log file that
    /// is not settled.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub resume_at: usize,
    /// In a message that `watchdog` sends: the open incidents, each an ID of 64 hex digits, or an ID
    /// with an occurrence; see [`occurrence_of`]. A function that finds their objects right sends
    /// all-clears.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incidents: Vec<String>,
    /// The source of the event.
    #[serde(skip)]
    pub origin: Origin,
    /// Other possible meanings of the key, if the event's form does not show whether it is
    /// URL-encoded; at most two keys.
    #[serde(skip)]
    pub other_readings: Vec<String>,
    /// What was done to the object, if the event says it.
    #[serde(skip)]
    pub deed: Option<Deed>,
}

/// Returns how a message names one occurrence of an incident.
#[must_use]
pub fn occurrence_of(incident: &str, occurrence: &str) -> String {
    format!("{incident}/{occurrence}")
}

/// Returns whether a text names an incident, or an occurrence of one.
#[must_use]
pub fn names_incident(text: &str) -> bool {
    let is_hex = |text: &str, digits| {
        let is_lower = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        text.len() == digits && text.bytes().all(is_lower)
    };
    let (id, occurrence) = match text.split_once('/') {
        Some((id, occurrence)) => (id, Some(occurrence)),
        None => (text, None),
    };
    is_hex(id, 64) && occurrence.is_none_or(|occurrence| is_hex(occurrence, 16))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

impl EventObject {
    /// Returns an object to check from the start, which was created according to an AWS service,
    /// and whose key can be read in only one way.
    #[must_use]
    pub fn new(object: ObjectLocation) -> Self {
        Self {
            object,
            resume_at: 0,
            incidents: Vec::new(),
            origin: Origin::Service,
            other_readings: Vec::new(),
            deed: None,
        }
    }

    /// Returns the rest of this object starting at `resume_at`. `object` is the one that was read.
    #[must_use]
    pub fn rest(object: ObjectLocation, resume_at: usize) -> Self {
        Self {
            resume_at,
            ..Self::new(object)
        }
    }

    /// Returns the object whose key a person, a relay or `CloudTrail` gives: unchanged, otherwise
    /// decoded, or without its leading slash.
    ///
    /// In `s3://BUCKET/KEY`, the key starts after the slash. Many tools print it with the slash,
    /// and many pass on the URL-encoded key of an S3 notification.
    #[must_use]
    pub fn as_written(bucket: &str, key: &str) -> Self {
        let decoded = url_decode(key);
        let plain = decoded.as_deref().unwrap_or(key);
        let others = match plain.strip_prefix('/') {
            // Both may have happened to the key.
            Some(_) => vec![
                key.trim_start_matches('/').to_owned(),
                plain.trim_start_matches('/').to_owned(),
            ],
            None => decoded.into_iter().collect(),
        };
        Self::new(ObjectLocation::new(bucket, key)).with_alternatives(others)
    }

    /// Returns an object to check from the start, which `writer` names by its bucket and key.
    #[must_use]
    pub fn listed(bucket: &str, key: &str, writer: Origin) -> Self {
        Self::as_written(bucket, key).with_origin(writer)
    }

    /// Returns whether bucket and key say everything about the object, so that a message of the
    /// function's own queue can name it with others; see [`Self::message_of`].
    #[must_use]
    pub fn is_listed(&self) -> bool {
        *self == Self::listed(&self.object.bucket, &self.object.key, Origin::Message)
    }

    /// Returns the message that names several objects of a bucket, which are to be checked from the
    /// start.
    #[must_use]
    pub fn message_of(bucket: &str, keys: &[&str]) -> String {
        json!({ "bucket": bucket, "keys": keys }).to_string()
    }

    /// Returns the object of an S3 notification, whose key S3 encodes: decoded, otherwise
    /// unchanged, if a relay has already decoded it.
    ///
    /// S3 encodes a space as `+`. A key that contains a space went through a relay, and is read
    /// unchanged first.
    #[must_use]
    pub fn as_encoded(bucket: &str, key: &str) -> Self {
        let as_it_is = key.to_owned();
        let (first, other) = match url_decode(key) {
            Some(decoded) if key.contains(' ') => (as_it_is, Some(decoded)),
            Some(decoded) => (decoded, Some(as_it_is)),
            None => (as_it_is, None),
        };
        Self::new(ObjectLocation::new(bucket, first)).with_alternatives(other)
    }

    /// Adds the IDs of open incidents to look at again.
    #[must_use]
    pub fn with_incidents(mut self, incidents: Vec<String>) -> Self {
        self.incidents = incidents;
        self
    }

    /// Returns whether the object is looked at again because of open incidents. No event is the
    /// reason: the object may be gone.
    #[must_use]
    pub fn is_second_look(&self) -> bool {
        !self.incidents.is_empty()
    }

    /// Sets the source that names the object.
    #[must_use]
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// Sets what was done to the object.
    #[must_use]
    pub fn with_deed(mut self, deed: Deed) -> Self {
        self.deed = Some(deed);
        self
    }

    /// Adds other possible meanings of the key.
    #[must_use]
    pub fn with_alternatives(mut self, keys: impl IntoIterator<Item = String>) -> Self {
        for key in keys {
            let is_new = key != self.object.key && !self.other_readings.contains(&key);
            let is_key = !key.is_empty() && key.len() <= MAX_KEY_BYTES;
            if is_new && is_key && self.other_readings.len() < MAX_OTHER_READINGS {
                self.other_readings.push(key);
            }
        }
        self
    }

    /// Returns the objects that may be meant, the most likely first; at least one, at most three.
    pub fn readings(&self) -> impl Iterator<Item = ObjectLocation> {
        let others = self.other_readings.iter();
        let others = others.map(|key| ObjectLocation::new(self.object.bucket.clone(), key.clone()));
        std::iter::once(self.object.clone()).chain(others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(created: &EventObject) -> Vec<String> {
        created.readings().map(|at| at.key).collect()
    }

    #[test]
    fn a_key_is_read_unchanged_first_and_then_decoded() {
        for (key, expected) in [
            ("AWSLogs/x.json.gz", vec!["AWSLogs/x.json.gz"]),
            ("/AWSLogs/x", vec!["/AWSLogs/x", "AWSLogs/x"]),
            ("team+a%2Bb/x", vec!["team+a%2Bb/x", "team a+b/x"]),
            ("team a+b/x", vec!["team a+b/x", "team a b/x"]),
            ("AWSLogs%2Fx", vec!["AWSLogs%2Fx", "AWSLogs/x"]),
            (
                "/AWSLogs%2Fx",
                vec!["/AWSLogs%2Fx", "AWSLogs%2Fx", "AWSLogs/x"],
            ),
            ("%2FAWSLogs%2Fx", vec!["%2FAWSLogs%2Fx", "AWSLogs/x"]),
            ("//logs/x", vec!["//logs/x", "logs/x"]),
            ("100%/x", vec!["100%/x"]),
            ("100%25/x", vec!["100%25/x", "100%/x"]),
            ("/", vec!["/"]),
        ] {
            assert_eq!(
                readings(&EventObject::as_written("b", key)),
                expected,
                "{key}"
            );
        }
    }

    #[test]
    fn the_key_of_an_s3_notification_is_decoded_first() {
        for (key, expected) in [
            ("AWSLogs/x.json.gz", vec!["AWSLogs/x.json.gz"]),
            ("team+a%2Bb/x", vec!["team a+b/x", "team+a%2Bb/x"]),
            // A relay has decoded it: S3 writes no space and no single `%`.
            ("team a+b/x", vec!["team a+b/x", "team a b/x"]),
            ("team a%2Bb/x", vec!["team a%2Bb/x", "team a+b/x"]),
            ("100%/x", vec!["100%/x"]),
            ("%ff", vec!["%ff"]),
            // It may be either.
            ("a+b/x", vec!["a b/x", "a+b/x"]),
            ("100%25/x", vec!["100%/x", "100%25/x"]),
        ] {
            assert_eq!(
                readings(&EventObject::as_encoded("b", key)),
                expected,
                "{key}"
            );
        }
    }

    #[test]
    fn the_number_of_readings_is_bounded() {
        let created = EventObject::new(ObjectLocation::new("b", "k"));
        let many = (0..100).map(|n| n.to_string());
        let created = created.with_alternatives(["k".to_owned(), String::new()]);
        assert_eq!(readings(&created), ["k"]);
        let created = created.with_alternatives(["x".repeat(MAX_KEY_BYTES + 1)]);
        assert_eq!(readings(&created), ["k"]);
        assert_eq!(readings(&created.with_alternatives(many)), ["k", "0", "1"]);
    }
}
