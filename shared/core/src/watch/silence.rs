//! Whether a chain whose newest digest is old is overdue.

use super::account_memory::AccountMemory;
use super::heads::{Heads, WatchedChain, read_head};
use super::lost::{KnownDigest, MAX_SENDINGS};
use super::receipts::says_signed;
use super::settings::WatchSettings;
use super::span::Span;
use crate::bucket::discovery::holds_log_files;
use crate::bucket::selection::DELIVERY;
use crate::bucket::wanted::Wanted;
use crate::check::chain_end::{
    ChainSuccessor, EndVerdict, PendingEnd, Sibling, find_successor, judge,
};
use crate::check::digest::DigestVerifier;
use crate::finding::chain::{self, Silence};
use crate::finding::digest::DigestSubject;
use crate::finding::{DigestReference, Finding, Scope};
use crate::names::location::ObjectLocation;
use crate::names::object_key::DigestSeries;
use crate::world::{Cause, ListObjects, ListPublicKeys, ReadObject, ReplaceEvidence};
use jiff::{SignedDuration, Timestamp};

/// The name of the stack's parameter with the ended trails.
const OPTION: &str = "the parameter EndedTrails:";

/// The time for which a digest that no function has verified yet excuses an overdue chain. Anybody
/// who can write to the bucket can put new objects there all the time.
const EXCUSED_FOR: SignedDuration = SignedDuration::from_hours(6);

/// The number of newer digests whose receipts are read.
const MAX_RECEIPTS_READ: usize = 8;

/// The maximum time between the end of a chain and its continuation at another place.
const CONTINUES_WITHIN: SignedDuration = SignedDuration::from_hours(48);

/// CloudTrail delivers log files within about five minutes of an API call, on average
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html>). A log
/// file delivered later than this after the end of a digest belongs to another hour.
const DELIVERED_WITHIN: SignedDuration = SignedDuration::from_mins(15);

/// The time after the end of a chain in which later log files are looked for.
const LOOKED_AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// The state of a chain.
#[derive(Debug)]
pub(super) enum ChainState {
    /// Its newest digest is young enough. The text says why, if the chain was overdue before.
    Live(String),
    /// A newer digest is in the bucket, and no function has verified it yet.
    Late,
    /// It is overdue.
    Overdue(Box<Finding>),
    /// It continues at another place. The finding is about the time in between, if there is any.
    Continues {
        /// The place.
        at: ObjectLocation,
        /// The finding.
        gap: Option<Box<Finding>>,
    },
    /// It continued at another place at an earlier round.
    Continued,
    /// Somebody ended it on purpose, in these words.
    Ended(String),
    /// Its trail is not one of the expected trails, and does not have to continue.
    NotExpected,
    /// It could not be found out, because something could not be read.
    Unknown(ObjectLocation, Cause),
}

/// Everything that decides about the silence of chains.
#[derive(Debug)]
pub(super) struct SilenceCheck<'a, S, K, E> {
    pub(super) digests: &'a DigestVerifier<S, K>,
    pub(super) evidence: &'a E,
    pub(super) heads: &'a Heads,
    pub(super) settings: &'a WatchSettings,
    pub(super) span: Span,
}

impl<S, K, E> SilenceCheck<'_, S, K, E>
where
    S: ReadObject + ListObjects,
    K: ListPublicKeys,
    E: ReplaceEvidence,
{
    /// Returns the state of a chain. `known` are the digests of its account and Region in the
    /// bucket, or why they could not be listed. `memory` is what the last round remembered.
    pub(super) async fn state(
        &self,
        chain: &WatchedChain,
        known: Result<&[KnownDigest], &Cause>,
        memory: &AccountMemory,
    ) -> ChainState {
        if self.is_young(chain.newest_end) {
            return live(chain.newest_end);
        }
        if memory.continued.get(&chain.place()) == Some(&chain.newest_end) {
            return ChainState::Continued;
        }
        if !self.is_expected(chain) {
            return ChainState::NotExpected;
        }
        // A function may have updated the head since the start of the round.
        match read_head(self.evidence, &chain.document).await {
            Ok(Some(now)) if self.is_young(now.newest_end) => return live(now.newest_end),
            Ok(_) => {}
            Err(cause) => return ChainState::Unknown(self.document(chain), cause),
        }
        let known = match known {
            Ok(known) => known,
            Err(cause) => return ChainState::Unknown(digest_folder(chain), cause.clone()),
        };
        match self.newer(chain, known, memory).await {
            Ok(None) => self.end(chain).await,
            Ok(Some(state)) => state,
            Err(cause) => ChainState::Unknown(self.document(chain), cause),
        }
    }

    fn is_young(&self, end: Timestamp) -> bool {
        self.span.now.duration_since(end) <= self.settings.overdue.duration()
    }

    fn is_expected(&self, chain: &WatchedChain) -> bool {
        let trails = &self.digests.places().trails;
        trails.is_empty() || trails.iter().any(|trail| chain.chain.is_of(trail))
    }

    fn document(&self, chain: &WatchedChain) -> ObjectLocation {
        ObjectLocation::new(
            self.settings.evidence_bucket.clone(),
            chain.document.clone(),
        )
    }

    /// Looks at the digests of the chain in the bucket that are newer than its head. Returns the
    /// state that they show, if any.
    ///
    /// # Errors
    /// The cause, if a receipt cannot be read.
    async fn newer(
        &self,
        chain: &WatchedChain,
        known: &[KnownDigest],
        memory: &AccountMemory,
    ) -> Result<Option<ChainState>, Cause> {
        let is_newer = |digest: &&KnownDigest| {
            digest.key.series == DigestSeries::Hourly
                && digest.key.chain == chain.chain
                && digest.key.end_time > chain.newest_end
        };
        let newer: Vec<_> = known.iter().rev().filter(is_newer).collect();
        let verified = newer.iter().filter_map(|digest| {
            let name = digest.receipts.validated.as_deref()?;
            Some((digest, name))
        });
        for (digest, name) in verified.take(MAX_RECEIPTS_READ) {
            if self.is_young(digest.key.end_time)
                && says_signed(self.evidence, &digest.folder, name).await?
            {
                return Ok(Some(live(digest.key.end_time)));
            }
        }
        let excused = memory.excused.get(&chain.place());
        let is_excused = excused.is_none_or(|since| {
            let excused_for = self.span.now.duration_since(*since);
            excused_for < EXCUSED_FOR
        });
        let mut pending = newer.iter().filter(|digest| {
            let sent = memory.sent.get(&digest.folder);
            digest.receipts.validated.is_none() && sent.is_none_or(|sent| sent.times < MAX_SENDINGS)
        });
        Ok((is_excused && pending.next().is_some()).then_some(ChainState::Late))
    }

    /// Returns the state of a chain that has no newer digest.
    async fn end(&self, chain: &WatchedChain) -> ChainState {
        match self.successor(chain).await {
            Err((at, cause)) => ChainState::Unknown(at, cause),
            Ok(Some(successor)) => self.continues(chain, &successor),
            Ok(None) => match self.explained(chain).await {
                Err((at, cause)) => ChainState::Unknown(at, cause),
                Ok(EndVerdict::Explained(words)) => ChainState::Ended(words),
                Ok(EndVerdict::Open(reasons)) => {
                    let silence = silence(chain, self.span.now, &reasons);
                    let at = chain.newest_at();
                    let finding = chain::silent(self.subject(chain, &at), &silence);
                    ChainState::Overdue(Box::new(finding))
                }
            },
        }
    }

    fn continues(&self, chain: &WatchedChain, successor: &ChainSuccessor) -> ChainState {
        let is_gap = successor.from > chain.newest_end;
        let gap = is_gap.then(|| {
            let silence = silence(chain, successor.from, &[]);
            let at = chain.newest_at();
            let subject = self.subject(chain, &at);
            Box::new(chain::silent_until(subject, &silence, &successor.at))
        });
        ChainState::Continues {
            at: successor.at.clone(),
            gap,
        }
    }

    fn subject<'a>(&self, chain: &WatchedChain, at: &'a ObjectLocation) -> DigestSubject<'a> {
        DigestSubject {
            scope: Scope::of_chain(&chain.chain, &self.digests.places().trails),
            at,
            shown_by: DigestReference::by_key(at, Some(&chain.newest)),
        }
    }

    /// Returns the same trail, account and Region at other places.
    fn siblings(&self, chain: &WatchedChain) -> Vec<Sibling> {
        let account = &chain.chain.folder.account;
        let others = self.heads.chains.get(account).into_iter().flatten();
        others
            .filter(|other| {
                other.chain.same_trail(&chain.chain)
                    && (other.chain != chain.chain || other.bucket != chain.bucket)
                    && self.digests.places().watches(&other.bucket)
            })
            .map(|other| Sibling {
                folder: other.folder(),
                chain: other.chain.clone(),
            })
            .collect()
    }

    /// Returns the continuation of the chain at another place.
    ///
    /// # Errors
    /// What could not be read, and why.
    async fn successor(
        &self,
        chain: &WatchedChain,
    ) -> Result<Option<ChainSuccessor>, (ObjectLocation, Cause)> {
        let siblings = self.siblings(chain);
        if siblings.is_empty() {
            return Ok(None);
        }
        let until = chain.newest_end.saturating_add(CONTINUES_WITHIN);
        let until = until.unwrap_or(Timestamp::MAX).min(self.span.to);
        let (end, of) = (chain.newest_end, &chain.chain);
        let found = Box::pin(find_successor(self.digests, of, end, until, &siblings)).await;
        let found = found.map_err(|error| (digest_folder(chain), error.cause))?;
        let Some(successor) = found else {
            return Ok(None);
        };
        let holds = !successor.is_linked
            && !self.has_company(chain)
            && self
                .holds_later(chain, successor.from, DELIVERED_WITHIN)
                .await?;
        Ok((!holds).then_some(successor))
    }

    /// Returns whether another trail delivers log files to the same folder. Then nobody knows which
    /// trail delivered a log file.
    fn has_company(&self, chain: &WatchedChain) -> bool {
        let account = &chain.chain.folder.account;
        let others = self.heads.chains.get(account).into_iter().flatten();
        let mut company = others.filter(|other| {
            other.folder() == chain.folder()
                && other.chain != chain.chain
                && other.newest_end > chain.newest_end
        });
        company.next().is_some()
    }

    /// Returns whether the chain's folder holds log files that were delivered more than `grace`
    /// after `end`.
    ///
    /// # Errors
    /// What could not be read, and why.
    async fn holds_later(
        &self,
        chain: &WatchedChain,
        end: Timestamp,
        grace: SignedDuration,
    ) -> Result<bool, (ObjectLocation, Cause)> {
        let after = |time: SignedDuration| {
            let time = end.saturating_add(time);
            time.unwrap_or(Timestamp::MAX).min(self.span.to)
        };
        let wanted = Wanted {
            from: Some(after(grace)),
            to: Some(after(LOOKED_AHEAD)),
            ..Wanted::default()
        };
        let folder = chain.folder();
        let holds = holds_log_files(self.digests.store(), &folder, &wanted).await;
        holds.map_err(|error| {
            let at = ObjectLocation::new(folder.bucket.clone(), folder.log_files());
            (at, error.cause)
        })
    }

    /// Compares the end of the chain with the ended trails of the stack.
    ///
    /// # Errors
    /// What could not be read, and why.
    async fn explained(&self, chain: &WatchedChain) -> Result<EndVerdict, (ObjectLocation, Cause)> {
        let ended = &self.settings.ended;
        if !ended.iter().any(|ended| ended.names(&chain.chain)) {
            return Ok(EndVerdict::Open(Vec::new()));
        }
        let has_log_files =
            !self.has_company(chain) && self.holds_later(chain, chain.newest_end, DELIVERY).await?;
        let pending = PendingEnd {
            chain: chain.chain.clone(),
            newest: chain.newest_end,
            gap: (chain.newest_end, self.span.now),
            has_siblings: !self.siblings(chain).is_empty(),
            has_log_files,
            successor: None,
        };
        Ok(judge(OPTION, ended, &pending, &self.heads.newest))
    }
}

fn digest_folder(chain: &WatchedChain) -> ObjectLocation {
    ObjectLocation::new(chain.bucket.clone(), chain.folder().digests())
}

fn silence<'a>(chain: &WatchedChain, until: Timestamp, reasons: &'a [String]) -> Silence<'a> {
    Silence {
        place: chain.place(),
        since: chain.newest_end,
        until,
        reasons,
    }
}

fn live(end: Timestamp) -> ChainState {
    ChainState::Live(format!(
        "Digests arrive again: the newest one ends at {end}, and CloudTrail signed it. The digest that follows a gap shows whether any digest in between is missing."
    ))
}
