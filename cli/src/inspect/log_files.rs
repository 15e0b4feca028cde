//! The log files of a digest that is inspected.

use super::checks::Examined;
use super::page::InspectPage;
use super::steps;
use crate::source::SourceDigests;
use futures::stream::StreamExt as _;
use std::collections::BTreeMap;
use trailseal::check::log_file::VerifiedLogFile;
use trailseal::finding::{DigestReference, Verdict};
use trailseal::format::digest::ListedLogFile;
use trailseal::world::StoreError;

/// Verifies the log files that the digest lists, and prints each.
///
/// `at_once` are read at a time; none if they are not to be looked at.
pub(super) async fn log_files(
    digests: &SourceDigests,
    examined: &Examined,
    at_once: Option<usize>,
    page: &mut InspectPage,
) {
    let Some(at_once) = at_once else {
        page.step(&steps::log_files_left(
            Verdict::Ignored,
            "not looked at, because of --no-log-files",
        ));
        return;
    };
    let Some(digest) = &examined.settled.authentic else {
        page.step(&steps::log_files_left(
            Verdict::CannotTell,
            steps::LIST_NOT_BELIEVED,
        ));
        return;
    };
    if digest.digest().log_files.is_empty() {
        page.step(&steps::log_files_left(Verdict::Ignored, "it lists none"));
        return;
    }
    let scope = &digests.scope(&examined.settled.key);
    let listed_in = &DigestReference::of(&examined.settled.at, digest.digest());
    let mut verified = Box::pin(digests.each_log_file(digest, scope, listed_in, 0, at_once));
    // As the digest lists them, whichever is done first.
    let mut done = BTreeMap::new();
    for (position, file) in digest.digest().log_files.iter().enumerate() {
        while !done.contains_key(&position)
            && let Some((position, verified)) = verified.next().await
        {
            done.insert(position, verified);
        }
        if let Some(verified) = done.remove(&position) {
            print(file, verified, page);
        }
    }
}

/// Prints what became of a log file.
fn print(file: &ListedLogFile, verified: VerifiedLogFile, page: &mut InspectPage) {
    page.take(&verified.report);
    let errors: Vec<StoreError> = verified
        .report
        .obstacles
        .into_iter()
        .map(|obstacle| obstacle.error)
        .collect();
    page.step(&steps::log_file(
        &file.location.to_string(),
        &file.hash.to_string(),
        verified.report.findings,
        &errors,
        verified.form,
    ));
}
