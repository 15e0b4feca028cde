//! What was done to the trail: every kind of finding, its severity, and its evidence.

mod archived;
mod catalog;
pub mod chain;
mod counts;
pub mod digest;
mod kind;
pub mod kms;
pub mod log_file;
mod object;
mod redrive;
mod report;
mod row;
mod scope;
mod stamp;
#[cfg(test)]
mod tests;
mod verdict;

pub use archived::ArchivedMisfit;
pub use catalog::FindingKind;
pub use counts::Counts;
pub use report::{Obstacle, Report};
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

/// The most characters of a finding's message and of each piece of its evidence: an RSA-4096
/// signature takes 1,024. Some of it is quoted from objects that anybody may have written.
const MAX_TEXT_CHARS: usize = 2100;

/// Something that was done to the trail, with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What was done.
    pub kind: FindingKind,
    /// To whom.
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
    /// What should be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// One plain sentence.
    pub message: String,
    /// Tells findings of one kind on one object apart.
    #[serde(skip)]
    pub detail: String,
    /// What the finding is about where that is not its object: a key, a principal, an image, the folder
    /// of an account and Region. All findings of one kind about it have one id, and are one incident.
    #[serde(skip)]
    pub about: Option<String>,
    /// Tells one occurrence from another in an incident; see [`Finding::occurrence`].
    #[serde(skip)]
    occurrence: Option<String>,
    /// What to do next, where the cause asks for something else than the kind does.
    #[serde(skip)]
    remedy: Option<&'static str>,
    /// When the digest ended that is gone, if no earlier one of its chain is there either: a
    /// lifecycle rule may have expired them. See [`Report::allow_for_expiry`].
    #[serde(skip)]
    pub begin_of_what_is_kept: Option<Timestamp>,
}

impl Finding {
    /// A finding for tests. Each finding that is raised has a constructor, in the files of this folder,
    /// which is all that says what it says.
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

    /// A finding without further evidence.
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
            detail: String::new(),
            about: None,
            occurrence: None,
            remedy: None,
            begin_of_what_is_kept: None,
        }
    }

    /// What to do next: what the cause asks for, else what the kind does.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        self.remedy.unwrap_or_else(|| self.kind.advice())
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

    /// Adds what should be there and what is.
    #[must_use]
    pub fn with_evidence(mut self, expected: impl Into<String>, actual: impl Into<String>) -> Self {
        self.expected = Some(clip_visibly(expected.into(), MAX_TEXT_CHARS));
        self.actual = Some(clip_visibly(actual.into(), MAX_TEXT_CHARS));
        self
    }

    /// Tells this finding from others of its kind on the same object.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Says what to do next where the cause asks for something else than the kind does.
    #[must_use]
    pub fn with_remedy(mut self, remedy: &'static str) -> Self {
        self.remedy = Some(remedy);
        self
    }

    /// Says that the finding is about a key, a principal, an image or a folder, whichever object shows it:
    /// each further `occurrence` (an event, an object) is one more of the same incident.
    #[must_use]
    pub fn about(mut self, about: impl Into<String>, occurrence: impl Into<String>) -> Self {
        self.about = Some(about.into());
        self.occurrence = Some(occurrence.into());
        self
    }

    /// SHA-256 over kind and subject: the same whenever the same thing is found again. It names the
    /// incident.
    #[must_use]
    pub fn id(&self) -> Sha256 {
        let kind = self.kind.as_str();
        let subject = match &self.about {
            Some(about) => [kind, "about", about, &self.detail],
            None => [kind, &self.object.bucket, &self.object.key, &self.detail],
        };
        Sha256::of_parts(&subject)
    }

    /// Tells one occurrence of an incident from another: the same when an event is tried again, comes
    /// twice, or another function finds the same.
    ///
    /// A log file that is modified a second time has another content, and is another occurrence. What
    /// is gone or unreadable is so once.
    #[must_use]
    pub fn occurrence(&self) -> Sha256 {
        let what = match &self.occurrence {
            Some(occurrence) => occurrence.as_str(),
            None if self.kind.is_once() => "",
            None => self.actual.as_deref().unwrap_or_default(),
        };
        Sha256::of(what.as_bytes())
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.kind.severity()
    }
}
