//! Evidence bundles: everything that a verification asked S3 and CloudTrail, with the answers, in
//! a directory. The same verification then runs without AWS, and comes to the same verdict.
//! `docs/bundle.md` documents the form.

mod answers;
mod archive;
mod check;
mod content;
mod failure;
mod load;
mod manifest;
mod public_keys;
mod recorder;
mod recording;
mod replay;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use archive::Archive;
pub(crate) use content::StoredBody;
pub(crate) use load::open;
pub(crate) use recorder::Recorder;
pub(crate) use recording::Recording;
pub(crate) use write::CollectionSummary;

use std::sync::Arc;

/// The schema of the manifest.
pub(crate) const SCHEMA: &str = "trailseal.bundle/1";
/// The name of the manifest in a bundle.
pub(crate) const MANIFEST: &str = "manifest.json";
/// The folder of the objects in a bundle.
pub(crate) const OBJECTS: &str = "objects";
/// The names of the reports in a bundle: as JSON, and as a web page.
pub(crate) const REPORTS: [&str; 2] = ["report.json", "report.html"];

/// The maximum size of a manifest.
pub(crate) const MAX_MANIFEST_BYTES: u64 = 256 * 1024 * 1024;
/// The maximum number of answers in a bundle: objects, headers and pages of listings.
pub(crate) const MAX_ANSWERS: usize = 1_000_000;

/// What a verification gets its answers from.
#[derive(Debug, Clone)]
pub(crate) enum AnswersFrom {
    /// The source that the command line names.
    Source,
    /// The same, and each answer is recorded.
    Recorded(Arc<Recorder>),
    /// A bundle.
    Bundle(Arc<Archive>),
}
