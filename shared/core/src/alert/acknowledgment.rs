//! Acknowledgments: somebody knows of an incident, and does not want to hear of it again.
//!
//! An acknowledgment is a document in the evidence bucket,
//! `acknowledgments/ID/TIME-DOCUMENT.json`. A person writes it with `trailseal ack`. It silences
//! repeats of an alert: neither the first alert about an incident, nor what is new in it, nor the
//! record.

use super::incident::Incident;
use super::notice::Notice;
use crate::finding::FindingKind;
use crate::names::compact_time::compact_time;
use crate::names::sha256::Sha256;
use crate::world::{Cause, FetchEvidence, ListStored, StoreError};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The folder of acknowledgments.
pub const ACKNOWLEDGMENTS: &str = "acknowledgments/";

/// The schema of the document.
pub const SCHEMA: &str = "trailseal.acknowledgment/1";

/// The maximum size in bytes of a document that is read.
pub const MAX_ACKNOWLEDGMENT_BYTES: usize = 16 * 1024;

/// The maximum length in characters of a reason, and of a name.
const MAX_TEXT_CHARS: usize = 1000;

/// The number of documents of an incident that are read, the newest first.
const MAX_READ: usize = 8;

/// The maximum time by which the clock of the person may be ahead.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

/// An acknowledgment of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Acknowledgment {
    schema: String,
    /// The ID of the incident.
    pub incident: String,
    /// The person, in the words of that person: the identity of the AWS caller, or a name.
    pub by: String,
    /// The reason why nobody has to hear of it again.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// The end of the silence; `None` if it lasts until the incident is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// The reason why there can be no such acknowledgment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AcknowledgmentError {
    /// There is no reason.
    #[error("the reason is empty: say why nobody has to hear of the incident again")]
    NoReason,
    /// A text is too long.
    #[error("the {0} has more than {MAX_TEXT_CHARS} characters")]
    TooLong(&'static str),
    /// It ends before it starts.
    #[error("{0} is over: the end of the silence must be in the future")]
    Over(Timestamp),
}

impl Acknowledgment {
    /// Returns the acknowledgment of the incident with this ID.
    ///
    /// # Errors
    /// [`AcknowledgmentError`].
    pub fn new(
        incident: &str,
        by: &str,
        reason: &str,
        at: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<Self, AcknowledgmentError> {
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(AcknowledgmentError::NoReason);
        }
        for (what, text) in [("reason", reason), ("name", by)] {
            if text.chars().count() > MAX_TEXT_CHARS {
                return Err(AcknowledgmentError::TooLong(what));
            }
        }
        if let Some(until) = until.filter(|until| *until <= at) {
            return Err(AcknowledgmentError::Over(until));
        }
        Ok(Self {
            schema: SCHEMA.to_owned(),
            incident: incident.to_owned(),
            by: by.to_owned(),
            reason: reason.to_owned(),
            at,
            until,
        })
    }

    /// Reads a document. Returns `None` if it is not one, or belongs to another incident.
    #[must_use]
    pub fn read(document: &[u8], incident: &str) -> Option<Self> {
        let read: Self = serde_json::from_slice(document).ok()?;
        (read.schema == SCHEMA && read.incident == incident).then_some(read)
    }

    /// Returns the document.
    #[must_use]
    pub fn document(&self) -> String {
        // Text and times: JSON can hold everything in it.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Returns the key of the document. The keys of an incident are in the order of their times.
    #[must_use]
    pub fn key(&self) -> String {
        let document = Sha256::of(self.document().as_bytes()).short();
        let time = compact_time(self.at);
        format!("{}{time}-{document}.json", folder(&self.incident))
    }

    /// Returns whether it silences repeats of an incident at `now`. It does not, if the incident has
    /// opened again since.
    #[must_use]
    pub fn silences(&self, incident: &Incident, now: Timestamp) -> bool {
        let ahead = now.saturating_add(CLOCKS_DIFFER).unwrap_or(Timestamp::MAX);
        self.incident == incident.id
            && incident.first_seen <= self.at
            && self.at <= ahead
            && self.until.is_none_or(|until| now < until)
    }
}

/// Returns the folder of the acknowledgments of an incident.
fn folder(incident: &str) -> String {
    format!("{ACKNOWLEDGMENTS}{incident}/")
}

/// Returns whether an acknowledgment can silence what is to be published about an incident. A silent
/// chain has a new occurrence each day, in which nothing is new.
#[must_use]
pub fn may_silence(incident: &Incident, notice: Notice) -> bool {
    match notice {
        Notice::Persists { .. } => true,
        Notice::Grown { .. } => incident.kind == FindingKind::DigestOverdue.as_str(),
        Notice::Opened
        | Notice::Later { .. }
        | Notice::Closed
        | Notice::Known
        | Notice::Silenced => false,
    }
}

/// Returns the newest acknowledgment of an incident, among the last documents of one page of its
/// folder.
///
/// # Errors
/// [`StoreError`].
pub async fn newest_acknowledgment<E: ListStored + FetchEvidence>(
    evidence: &E,
    incident: &str,
) -> Result<Option<Acknowledgment>, StoreError> {
    let page = evidence.list_stored(&folder(incident), None).await?;
    for document in page.documents.iter().rev().take(MAX_READ) {
        let found = evidence
            .fetch(&document.key, MAX_ACKNOWLEDGMENT_BYTES)
            .await;
        let found = match found {
            Err(error) if matches!(error.cause, Cause::TooLarge(_)) => None,
            found => found?,
        };
        let read = found.and_then(|document| Acknowledgment::read(&document, incident));
        if read.is_some() {
            return Ok(read);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::sample::{at, finding};

    fn acknowledged(minute: i64, until: Option<i64>) -> Acknowledgment {
        let until = until.map(at);
        Acknowledgment::new(&"0".repeat(64), "alice", "restored", at(minute), until).unwrap()
    }

    #[test]
    fn an_acknowledgment_silences_until_its_end_or_until_the_incident_opens_again() {
        let incident = Incident::of(&finding("a", 10));
        for (when, until, now, silences) in [
            (10, None, 10, true),
            (10, None, 1_000_000, true),
            (10, Some(60), 59, true),
            (10, Some(60), 60, false),
            // Before the incident opened again.
            (9, None, 10, false),
            // From the future.
            (16, None, 10, false),
        ] {
            let acknowledged = acknowledged(when, until);
            let found = acknowledged.silences(&incident, at(now));
            assert_eq!(found, silences, "{when} {until:?} {now}");
        }
        let mut other = Incident::of(&finding("a", 0));
        other.id = "1".repeat(64);
        assert!(!acknowledged(10, None).silences(&other, at(10)));
    }

    #[test]
    fn it_needs_a_reason_and_an_end_in_the_future() {
        let of = |reason: &str, until| Acknowledgment::new("0", "alice", reason, at(1), until);
        assert_eq!(of(" ", None), Err(AcknowledgmentError::NoReason));
        assert_eq!(of("x", Some(at(1))), Err(AcknowledgmentError::Over(at(1))));
        let long = "x".repeat(1001);
        assert_eq!(of(&long, None), Err(AcknowledgmentError::TooLong("reason")));
        assert_eq!(of(" planned ", None).unwrap().reason, "planned");
    }

    #[test]
    fn a_document_round_trips_and_any_other_is_refused() {
        let written = acknowledged(1, Some(2));
        let document = written.document();
        let read = |id: &str| Acknowledgment::read(document.as_bytes(), id);
        assert_eq!(read(&"0".repeat(64)), Some(written.clone()));
        assert_eq!(read(&"1".repeat(64)), None);
        assert_eq!(Acknowledgment::read(b"{}", "0"), None);
        let folder = format!("acknowledgments/{}/20260115T120100Z-", "0".repeat(64));
        assert!(written.key().starts_with(&folder), "{}", written.key());
    }

    #[test]
    fn only_repeats_are_silenced() {
        let mut incident = Incident::of(&finding("a", 0));
        let since = at(0);
        for (notice, silenced) in [
            (Notice::Persists { since }, true),
            (Notice::Grown { since }, false),
            (Notice::Opened, false),
            (Notice::Closed, false),
        ] {
            assert_eq!(may_silence(&incident, notice), silenced, "{notice:?}");
        }
        "digest-overdue".clone_into(&mut incident.kind);
        assert!(may_silence(&incident, Notice::Grown { since }));
        assert!(!may_silence(&incident, Notice::Opened));
    }
}
