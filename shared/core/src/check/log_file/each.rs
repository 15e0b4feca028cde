//! The log files that a digest lists, each with its result.

use super::judge::VerifiedLogFile;
use super::read::LogFileVerdict;
use crate::check::digest::DigestVerifier;
use crate::finding::{DigestReference, Scope};
use crate::format::digest::ListedLogFile;
use crate::trust::signature::AuthenticDigest;
use crate::world::{ListPublicKeys, ReadObject};
use futures::channel::mpsc;
use futures::future;
use futures::stream::{self, Stream, StreamExt as _};

/// The maximum number of bytes to which a log file may inflate in the first line, where many are
/// read in parallel. A larger one starts again in the second line. CloudTrail's files take
/// kilobytes to tens of megabytes.
const FIRST_LINE_BYTES: u64 = 32 * 1024 * 1024;

/// The number of log files that the second line reads in parallel. It is small, so that the first
/// of them are finished while there is time: 64 that share a processor would all end together, and
/// late.
const SECOND_LINE_AT_ONCE: usize = 4;

impl<S: ReadObject, K: ListPublicKeys> DigestVerifier<S, K> {
    /// Verifies the log files that a digest lists, starting with `first`, `at_once` at a time.
    /// Yields each with its position in the list, in the order in which they are finished.
    ///
    /// A log file that inflates to too much waits in a second line, which reads few at a time.
    /// However many such files there are, the others are finished, and so are the first of these.
    pub fn each_log_file<'a>(
        &'a self,
        digest: &'a AuthenticDigest,
        scope: &'a Scope,
        listed_in: &'a DigestReference,
        first: usize,
        at_once: usize,
    ) -> impl Stream<Item = (usize, VerifiedLogFile)> + Send + 'a {
        let files = &digest.digest().log_files;
        let (second, postponed) = mpsc::unbounded();
        let first_line = stream::iter(files.iter().enumerate().skip(first))
            .map(move |(index, file)| async move {
                let verified = self.verify_briefly(file, scope, listed_in).await;
                (index, file, verified)
            })
            .buffer_unordered(at_once.max(1))
            .filter_map(move |(index, file, verified)| {
                if verified.is_none() {
                    // The other end exists while this one does.
                    let _ = second.unbounded_send((index, file));
                }
                future::ready(verified.map(|verified| (index, verified)))
            });
        let second_line = postponed
            .map(move |(index, file)| async move {
                (index, self.verify_log_file(file, scope, listed_in).await)
            })
            .buffer_unordered(SECOND_LINE_AT_ONCE);
        stream::select(first_line, second_line)
    }

    /// Verifies one log file in the first line. Returns `None` if it inflates to too much for that.
    async fn verify_briefly(
        &self,
        file: &ListedLogFile,
        scope: &Scope,
        listed_in: &DigestReference,
    ) -> Option<VerifiedLogFile> {
        let at = self.actual(&file.location, &listed_in.bucket);
        let at_most = Some(FIRST_LINE_BYTES);
        match self.read_patiently(&at, file.hash, at_most).await {
            Ok(LogFileVerdict::Postponed) => None,
            read => Some(self.judge_log_file(file, scope, listed_in, &at, read).await),
        }
    }
}
