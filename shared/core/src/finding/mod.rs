//! Findings about what was done to the trail: every kind, its severity, and its evidence.

mod archived;
mod catalog;
pub mod chain;
pub mod changed;
mod counts;
pub mod digest;
pub mod guard;
mod kind;
pub mod kms;
mod kms_counts;
pub mod log_file;
pub mod monitoring;
mod object;
mod redrive;
mod report;
mod restore;
mod row;
mod scope;
pub mod second_look;
mod stamp;
#[cfg(test)]
mod tests;
mod verdict;
pub mod weakening;

pub use archived::ArchivedMisfit;
pub use catalog::FindingKind;
pub use counts::Counts;
pub use kms_counts::KmsCounts;
pub use report::{Obstacle, Report};
pub use restore::Restoration;
pub use row::{DigestStep, Severity};
pub use scope::{DigestReference, Scope};
pub use stamp::{SCHEMA, Stamp, StampedFinding};
pub use verdict::Verdict;

use crate::names::location::ObjectLocation;
use crate::names::sha256::Sha256;
use crate::names::text::clip_visibly;
use crate::names::window::Window;
use jiff::Timestamp;
use serde::Serialize;
use std::borrow::Cow;

/// The maximum length in characters of a finding's message and of each piece of its evidence: an
/// RSA-4096 signature takes 1,024. Some of it is quoted from objects that anybody may have written.
const MAX_TEXT_CHARS: usize = 2100;

/// The advice of an all-clear.
const NOTHING_TO_DO: &str = "Nothing, if you know who made this right again. If you do not know it, find out: whoever can restore a file can also replace it.";

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
pub(crate) fn is_false(value: &bool) -> bool {
    !value
}

/// Something that was done to the trail, with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The kind: what was done.
    pub kind: FindingKind,
    /// The account, Region and trail to which it was done.
    #[serde(flatten)]
    pub scope: Scope,
    /// The damaged, missing or suspicious object itself.
    pub object: ObjectLocation,
    /// The digest involved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<DigestReference>,
    /// The time left uncovered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// The expected state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The actual state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// One plain sentence.
    pub message: String,
    /// Indicates whether this reports the end of the incident: what was found is right again.
    #[serde(skip_serializing_if = "is_false")]
    pub all_clear: bool,
    /// Indicates whether an all-clear ends every occurrence of the incident, and not only its own.
    #[serde(skip_serializing_if = "is_false")]
    pub ends_incident: bool,
    /// Distinguishes findings of one kind on one object.
    #[serde(skip)]
    pub detail: String,
    /// The subject of the finding if it is not its object: a key, a principal, an image, or the
    /// folder of an account and Region. All findings of one kind about it have one ID and are one
    /// incident.
    #[serde(skip)]
    pub about: Option<String>,
    /// Distinguishes the occurrences of an incident; see [`Finding::occurrence`].
    #[serde(skip)]
    occurrence: Option<String>,
    /// The advice in a function's alert, if the cause needs another action than the kind.
    #[serde(skip)]
    remedy: Option<Cow<'static, str>>,
    /// The advice of the command, if the cause needs another action than the kind.
    #[serde(skip)]
    command_remedy: Option<&'static str>,
    /// The end of the missing digest, if every earlier digest of its chain is missing, too: a
    /// lifecycle rule may have expired them. See [`Report::allow_for_expiry`].
    #[serde(skip)]
    pub start_of_retained: Option<Timestamp>,
}

impl Finding {
    /// Returns a finding for tests. Each raised finding has a constructor in the files of this
    /// folder, which are the only ones that hold its sentences.
    #[doc(hidden)]
    #[must_use]
    pub fn for_tests(
        kind: FindingKind,
        scope: Scope,
        object: ObjectLocation,
        message: impl Into<String>,
    ) -> Self {
        Self::new(kind, scope, object, message)
    }

    /// Returns a finding without further evidence.
    #[must_use]
    fn new(
        kind: FindingKind,
        scope: Scope,
        object: ObjectLocation,
        message: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            scope,
            object,
            digest: None,
            window: None,
            expected: None,
            actual: None,
            message: clip_visibly(message.into(), MAX_TEXT_CHARS),
            all_clear: false,
            ends_incident: false,
            detail: String::new(),
            about: None,
            occurrence: None,
            remedy: None,
            command_remedy: None,
            start_of_retained: None,
        }
    }

    /// Returns the advice in a function's alert: that of the cause, otherwise that of the kind.
    #[must_use]
    pub fn advice(&self) -> &str {
        self.remedy.as_deref().unwrap_or_else(|| self.kind.advice())
    }

    /// Returns the advice of the command: that of the cause, otherwise that of the kind.
    #[must_use]
    pub fn command_advice(&self) -> &'static str {
        self.command_remedy
            .unwrap_or_else(|| self.kind.command_advice())
    }

    /// Adds the digest involved.
    #[must_use]
    pub fn with_digest(mut self, digest: DigestReference) -> Self {
        self.digest = Some(digest);
        self
    }

    /// Adds the window left uncovered.
    #[must_use]
    pub fn with_window(mut self, window: Window) -> Self {
        self.window = Some(window);
        self
    }

    /// Adds the expected and the actual state.
    #[must_use]
    pub fn with_evidence(mut self, expected: impl Into<String>, actual: impl Into<String>) -> Self {
        self.expected = Some(clip_visibly(expected.into(), MAX_TEXT_CHARS));
        self.actual = Some(clip_visibly(actual.into(), MAX_TEXT_CHARS));
        self
    }

    /// Distinguishes this finding from others of its kind on the same object.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Sets the advice in a function's alert, if the cause needs another action than the kind.
    #[must_use]
    pub fn with_remedy(mut self, remedy: impl Into<Cow<'static, str>>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Sets the advice of functions and command alike, if the cause needs another action than the
    /// kind.
    #[must_use]
    pub fn with_advice(mut self, advice: &'static str) -> Self {
        self.remedy = Some(Cow::Borrowed(advice));
        self.command_remedy = Some(advice);
        self
    }

    /// Makes a key, a principal, an image or a folder the subject of the finding, whichever object
    /// shows it. Each further `occurrence` (an event, an object) belongs to the same incident.
    #[must_use]
    pub fn about(mut self, about: impl Into<String>, occurrence: impl Into<String>) -> Self {
        self.about = Some(about.into());
        self.occurrence = Some(occurrence.into());
        self
    }

    /// Returns the all-clear of this finding, which says why what was found is right again. It has
    /// the ID and the occurrence of the finding. Evidence that no longer applies is dropped.
    #[must_use]
    pub fn into_all_clear(self, message: impl Into<String>) -> Self {
        let occurrence = match (&self.occurrence, self.kind.is_once()) {
            (Some(occurrence), _) => Some(occurrence.clone()),
            (None, true) => None,
            (None, false) => self.actual.clone(),
        };
        Self {
            occurrence,
            all_clear: true,
            message: clip_visibly(message.into(), MAX_TEXT_CHARS),
            window: None,
            expected: None,
            actual: None,
            ..self.with_advice(NOTHING_TO_DO)
        }
    }

    /// Returns the all-clear that ends every occurrence of this finding's incident: nothing that the
    /// incident is about is left.
    #[must_use]
    pub fn into_end_of_incident(self, message: impl Into<String>) -> Self {
        Self {
            ends_incident: true,
            ..self.into_all_clear(message)
        }
    }

    /// Returns the SHA-256 over kind and subject. It is the same whenever the same thing is found
    /// again, and names the incident.
    #[must_use]
    pub fn id(&self) -> Sha256 {
        let kind = self.kind.as_str();
        let subject = match &self.about {
            Some(about) => [kind, "about", about, &self.detail],
            None => [kind, &self.object.bucket, &self.object.key, &self.detail],
        };
        Sha256::of_parts(&subject)
    }

    /// Returns what distinguishes the occurrences of an incident. It is the same when an event is
    /// tried again or delivered twice, or another function finds the same.
    ///
    /// A log file that is modified a second time has another content, and is another occurrence. A
    /// missing or unreadable object has only one occurrence.
    #[must_use]
    pub fn occurrence(&self) -> Sha256 {
        let what = match &self.occurrence {
            Some(occurrence) => occurrence.as_str(),
            None if self.kind.is_once() => "",
            None => self.actual.as_deref().unwrap_or_default(),
        };
        Sha256::of(what.as_bytes())
    }

    /// Returns the first 16 hex digits of [`Self::occurrence`], by which a sent or reported finding
    /// names it.
    #[must_use]
    pub fn short_occurrence(&self) -> String {
        let mut occurrence = self.occurrence().to_string();
        occurrence.truncate(16);
        occurrence
    }

    /// Returns how bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.kind.severity()
    }
}
