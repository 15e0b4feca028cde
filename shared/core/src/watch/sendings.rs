//! Sends the digests that no function verified to the functions.

use super::account_memory::{AccountMemory, SentAgain};
use super::condition::{ConditionKind, LastingCondition};
use super::heads::WatchedChain;
use super::lost::{self, KnownDigest, KnownFolder, LostDigest, Step, VerifyingFunction};
use super::progress::RoundProgress;
use super::round::WatchRound;
use super::stack_memory::SAME_HOUR;
use super::totals::Totals;
use crate::finding::monitoring::{self, Unverified};
use crate::world::{ListPublicKeys, ReadObject};
use futures::stream::{self, StreamExt as _};

/// The number of digests whose headers are read at the same time.
const HEADERS_AT_ONCE: usize = 8;

/// The maximum number of digests of an account and Region that a round sends to the functions, and
/// whose headers it reads.
const MAX_LOST: usize = 200;

impl<S: ReadObject, K: ListPublicKeys, E> WatchRound<'_, S, K, E> {
    /// Finds the digests of a folder that no function verified.
    pub(super) async fn lost(
        &self,
        folder: &KnownFolder,
        chains: &[&WatchedChain],
        progress: &mut RoundProgress<'_>,
    ) {
        let Ok(digests) = &folder.digests else {
            return;
        };
        let memory = progress.memory;
        let of_folder = || {
            chains
                .iter()
                .filter(|chain| chain.folder() == folder.folder)
        };
        // A chain whose first event did not arrive has no head yet.
        let since_first = of_folder().map(|chain| chain.since).min();
        let is_watched = |digest: &&KnownDigest| {
            let mut of_chain = of_folder().filter(|chain| chain.chain == digest.key.chain);
            let since = of_chain.next().map(|chain| chain.since).or(since_first);
            since.is_some_and(|since| digest.key.end_time > since)
        };
        for digest in digests.iter().filter(|digest| digest.missing().is_empty()) {
            progress.round.after.sent.remove(&digest.folder);
            let reason = "The digest was verified.".to_owned();
            progress.over(digest.at.to_string(), reason);
        }
        let mut without: Vec<_> = digests
            .iter()
            .filter(|digest| !digest.missing().is_empty())
            .filter(is_watched)
            .collect();
        // Digests that were sent before do not crowd out the others.
        without.sort_by_key(|digest| memory.sent.contains_key(&digest.folder));
        let later = without.split_off(without.len().min(MAX_LOST));
        progress.round.totals.unverified += u64::try_from(later.len()).unwrap_or(u64::MAX);
        let steps: Vec<_> = without
            .into_iter()
            .map(|digest| self.step(digest, memory))
            .collect();
        let steps: Vec<_> = stream::iter(steps)
            .buffered(HEADERS_AT_ONCE)
            .collect()
            .await;
        for (digest, step) in steps.into_iter().flatten() {
            self.take_step(digest, step, progress);
        }
    }

    /// Returns what to do about a digest without receipts. `None` if it no longer exists.
    async fn step<'d>(
        &self,
        digest: &'d KnownDigest,
        memory: &AccountMemory,
    ) -> Option<(&'d KnownDigest, Step)> {
        let sent = memory.sent.get(&digest.folder);
        let written = match sent {
            Some(_) => None,
            None => match self.digests.store().headers(&digest.at).await {
                Ok(headers) => headers.last_modified,
                Err(error) if error.absence().is_some() => return None,
                // The functions find out why it cannot be read.
                Err(_) => Some(digest.key.end_time),
            },
        };
        let step = lost::step(digest.key.end_time, written, sent, self.span);
        Some((digest, step))
    }

    fn take_step(&self, digest: &KnownDigest, step: Step, progress: &mut RoundProgress<'_>) {
        let functions = digest.missing();
        let sent = progress.memory.sent.get(&digest.folder);
        let times = sent.map_or(0, |sent| sent.times);
        let totals = &mut progress.round.totals;
        match step {
            Step::Wait => {
                totals.unverified += u64::from(times > 0);
                let is_of_this_hour =
                    |sent: &SentAgain| self.span.now.duration_since(sent.at) < SAME_HOUR;
                // The round was interrupted after it sent the digest, or is repeated.
                if times == 1 && sent.is_some_and(is_of_this_hour) {
                    count_lost(digest, totals);
                }
            }
            Step::Send | Step::SendAgain => {
                totals.unverified += 1;
                let sent = SentAgain {
                    times: times.saturating_add(1),
                    at: self.span.now,
                    end: digest.key.end_time,
                };
                progress
                    .round
                    .after
                    .sent
                    .insert(digest.folder.clone(), sent);
                if step == Step::Send {
                    count_lost(digest, totals);
                }
                progress.round.lost.push(LostDigest {
                    at: digest.at.clone(),
                    functions,
                });
            }
            Step::GiveUp => {
                totals.unverified += 1;
                self.stays_unverified(digest, &functions, times, progress);
            }
        }
    }

    fn stays_unverified(
        &self,
        digest: &KnownDigest,
        functions: &[VerifyingFunction],
        times: u32,
        progress: &mut RoundProgress<'_>,
    ) {
        let unverified = Unverified {
            at: &digest.at,
            key: &digest.key,
            functions: &lost::names(functions),
            times,
        };
        let scope = self.digests.scope(&digest.key);
        let finding = monitoring::stays_unverified(scope, &unverified);
        let condition = LastingCondition {
            kind: ConditionKind::Unverified,
            object: digest.at.clone(),
            since: self.span.now,
            reported: true,
        };
        progress.open(condition, finding);
    }

    /// Forgets the digests that are too old to be looked at.
    pub(super) fn forget_sent(&self, progress: &mut RoundProgress<'_>) {
        let from = self.span.from;
        progress.round.after.sent.retain(|_, sent| sent.end > from);
    }
}

fn count_lost(digest: &KnownDigest, totals: &mut Totals) {
    totals.lost += 1;
    totals.example.get_or_insert_with(|| digest.at.clone());
}
