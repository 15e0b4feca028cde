//! The log files of an inspected digest.

use super::checks::Examined;
use super::page::InspectPage;
use super::step::{InspectStep, NOT_CHECKED};
use crate::source::SourceDigests;
use futures::stream::StreamExt as _;
use std::collections::BTreeMap;
use trailseal::check::log_file::VerifiedLogFile;
use trailseal::finding::{DigestReference, Verdict};
use trailseal::format::digest::ListedLogFile;
use trailseal::format::form::Form;

/// Verifies the log files that the digest lists, and prints each.
///
/// Reads `at_once` files at a time; none skips them.
pub(super) async fn log_files(
    digests: &SourceDigests,
    examined: &Examined,
    at_once: Option<usize>,
    page: &mut InspectPage,
) {
    let Some(at_once) = at_once else {
        page.step(&log_files_left(
            Verdict::Ignored,
            "not checked, because of --no-log-files",
        ));
        return;
    };
    let Some(digest) = &examined.settled.authentic else {
        page.step(&log_files_left(Verdict::CannotTell, NOT_CHECKED));
        return;
    };
    if digest.digest().log_files.is_empty() {
        page.step(&log_files_left(
            Verdict::Ignored,
            "the digest lists no log files",
        ));
        return;
    }
    let scope = &digests.scope(&examined.settled.key);
    let listed_in = &DigestReference::of(&examined.settled.at, digest.digest());
    let mut verified = Box::pin(digests.each_log_file(digest, scope, listed_in, 0, at_once));
    // In the order of the digest's list, regardless of which is done first.
    let mut done = BTreeMap::new();
    for (position, file) in digest.digest().log_files.iter().enumerate() {
        while !done.contains_key(&position)
            && let Some((position, verified)) = verified.next().await
        {
            done.insert(position, verified);
        }
        if let Some(verified) = done.remove(&position) {
            page.take(&verified.report);
            page.step(&log_file(file, verified));
        }
    }
}

/// Returns the step for a log file.
fn log_file(file: &ListedLogFile, verified: VerifiedLogFile) -> InspectStep {
    let VerifiedLogFile { report, form, .. } = verified;
    let mut step = InspectStep::new("log file", Verdict::Valid, &file.location);
    if report.findings.is_empty() && report.obstacles.is_empty() {
        let form = match form {
            Form::Gzip => "",
            Form::Inflated => ", of the decompressed file",
        };
        return step.fact(format_args!("SHA-256 {}{form}", file.hash));
    }
    for finding in report.findings {
        step.find(finding);
    }
    for obstacle in &report.obstacles {
        step.add_obstacle(&obstacle.error);
    }
    step
}

/// Returns the step for log files that are not checked.
fn log_files_left(verdict: Verdict, fact: &str) -> InspectStep {
    InspectStep::new("log files", verdict, fact)
}
