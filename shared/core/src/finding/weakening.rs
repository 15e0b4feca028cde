//! The finding about a call that weakens what is recorded.
//!
//! The tests are in `tests/tests/kms/weakening/`.

use super::kms::{EventReference, FindingSubject};
use super::{Finding, FindingKind};
use crate::names::text::clip_bytes;

/// The maximum size in bytes of the sentences about what a call changes.
const MAX_CHANGES_BYTES: usize = 900;

/// A call that weakens what is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeakeningCall {
    /// The event.
    pub call: EventReference,
    /// The ID that all records of the call share.
    pub id: String,
    /// What the call changed: `the trail arn:…`.
    pub target: String,
    /// What each change weakens.
    pub changes: Vec<String>,
    /// The principal.
    pub caller: String,
    /// The service through which it called.
    pub via: Option<String>,
    /// The source address, or a service.
    pub source: Option<String>,
    /// The program that made the call, as it names itself.
    pub user_agent: Option<String>,
    /// The account that the record is written for.
    pub account: Option<String>,
    /// The Region of the call.
    pub region: Option<String>,
    /// How to undo the call.
    pub undo: Undo,
}

/// How to undo a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// Start a trail's logging.
    StartLogging,
    /// Create a deleted trail again.
    CreateTrail,
    /// Set a trail's settings back.
    UpdateTrail,
    /// Select management events again.
    SelectEvents,
    /// Enable a key.
    EnableKey,
    /// Keep a key from being deleted.
    CancelKeyDeletion,
    /// Import a key's material.
    ImportKeyMaterial,
    /// Set a key's policy back.
    KeyPolicy,
    /// Set a bucket's setting back.
    Bucket,
}

macro_rules! undo {
    ($first:literal) => {
        concat!(
            "Ask the principal's owner whether this was planned. If it was not, ",
            $first,
            " Then disable the principal's credentials, and look for its other calls in the log files of that time. If it was planned, there is nothing to do."
        )
    };
}

impl Undo {
    fn advice(self) -> &'static str {
        match self {
            Self::StartLogging => undo!(
                "start the trail's logging again at once (aws cloudtrail start-logging): every minute without it is lost."
            ),
            Self::CreateTrail => undo!(
                "create the trail again at once, under the same name and with log file validation (aws cloudtrail create-trail, aws cloudtrail start-logging): every minute without it is lost."
            ),
            Self::UpdateTrail => undo!(
                "set the trail's settings back at once (aws cloudtrail get-trail, aws cloudtrail update-trail)."
            ),
            Self::SelectEvents => undo!(
                "select all management events again at once (aws cloudtrail get-event-selectors, aws cloudtrail put-event-selectors): what is not selected is lost."
            ),
            Self::EnableKey => undo!(
                "enable the key at once (aws kms enable-key): without it, CloudTrail cannot deliver log files."
            ),
            Self::CancelKeyDeletion => undo!(
                "cancel the deletion and enable the key at once (aws kms cancel-key-deletion, aws kms enable-key): nobody can read the log files of a deleted key."
            ),
            Self::ImportKeyMaterial => undo!(
                "import the same key material again at once (aws kms get-parameters-for-import, aws kms import-key-material)."
            ),
            Self::KeyPolicy => undo!(
                "set the key's policy back at once (aws kms get-key-policy, aws kms put-key-policy)."
            ),
            Self::Bucket => undo!(
                "set the bucket's setting back at once: compare the bucket with its template, and use the aws s3api command that belongs to the call."
            ),
        }
    }
}

impl WeakeningCall {
    /// Returns who made the call, and when.
    fn deed(&self) -> String {
        let via = self.via.as_ref().map(|via| format!(" through {via}"));
        let time = self.call.time.map(|time| format!(" at {time}"));
        format!(
            "{} called {} on {}{}{}",
            self.caller,
            self.call.name,
            self.target,
            via.unwrap_or_default(),
            time.unwrap_or_default()
        )
    }

    /// Returns what the call changed.
    fn changes(&self) -> String {
        let changes: Vec<String> = self.changes.iter().map(|it| sentence(it)).collect();
        let changes = changes.join(". ");
        let clipped = clip_bytes(&changes, MAX_CHANGES_BYTES);
        if clipped.len() < changes.len() {
            format!("{clipped}…")
        } else {
            changes
        }
    }

    /// Returns where the call came from.
    fn origin(&self) -> String {
        let mut origin = Vec::new();
        origin.extend(self.source.as_ref().map(|it| format!("from {it}")));
        origin.extend(self.user_agent.as_ref().map(|it| format!("with {it}")));
        origin.extend(self.account.as_ref().map(|it| format!("in account {it}")));
        origin.extend(self.region.as_ref().map(|it| format!("in Region {it}")));
        origin.join(", ")
    }
}

/// Returns a text with a first letter that starts a sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Reports a call that weakens what is recorded. All such calls of one name about one trail, bucket
/// or key are one incident; `action` is that name.
#[must_use]
pub fn logging_weakened(
    subject: FindingSubject,
    weakening: &WeakeningCall,
    action: &str,
) -> Finding {
    let target = &weakening.target;
    let message = format!("{}. {}.", weakening.deed(), weakening.changes());
    Finding::new(
        FindingKind::LoggingWeakened,
        subject.scope,
        subject.object,
        message,
    )
    .with_evidence(
        "no call that weakens the trail, its bucket or its key",
        format!(
            "{} {} (event ID {})",
            weakening.call.name,
            weakening.origin(),
            weakening.call.id
        ),
    )
    .with_advice(weakening.undo.advice())
    .about(format!("{target} {action}"), weakening.id.clone())
}

/// Adds to a finding about the state of a key who brought the key into it. The call is then not a
/// finding of its own: one deed, one alert.
pub fn add_deed(finding: &mut Finding, weakening: &WeakeningCall) {
    let deed = format!(
        " {} {} (event ID {}).",
        weakening.deed(),
        weakening.origin(),
        weakening.call.id
    );
    finding.message.push_str(&deed);
}
