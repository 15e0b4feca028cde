//! Finds out which chains of an account are overdue.

use super::condition::{ConditionKind, LastingCondition};
use super::heads::WatchedChain;
use super::lost::KnownFolder;
use super::progress::RoundProgress;
use super::round::WatchRound;
use super::silence::{ChainState, SilenceCheck};
use crate::world::{ListObjects, ListPublicKeys, ReadObject, ReplaceEvidence};

impl<S, K, E> WatchRound<'_, S, K, E>
where
    S: ReadObject + ListObjects,
    K: ListPublicKeys,
    E: ReplaceEvidence,
{
    /// Finds out whether a chain is overdue.
    pub(super) async fn silence(
        &self,
        chain: &WatchedChain,
        known: Option<&KnownFolder>,
        progress: &mut RoundProgress<'_>,
    ) {
        let check = SilenceCheck {
            digests: self.digests,
            evidence: self.evidence,
            heads: self.heads,
            settings: self.settings,
            span: self.span,
        };
        let digests = match known {
            Some(known) => known.digests.as_deref(),
            None => Ok(&[][..]),
        };
        let place = chain.place();
        let state = Box::pin(check.state(chain, digests, progress.memory)).await;
        self.count(chain, &state, progress);
        let reason = match state {
            ChainState::Overdue(finding) => {
                let condition = LastingCondition {
                    kind: ConditionKind::Overdue,
                    object: chain.newest_at(),
                    since: chain.newest_end,
                    reported: true,
                };
                return progress.open(condition, *finding);
            }
            ChainState::Unknown(at, cause) => {
                return progress.not_watched(&at, &cause);
            }
            ChainState::Late => return,
            ChainState::Continues { at, gap } => {
                let after = &mut progress.round.after;
                after.continued.insert(place.clone(), chain.newest_end);
                if let Some(gap) = gap {
                    // Its time remains uncovered: there is no all-clear.
                    let id = gap.id().to_string();
                    after.conditions.remove(&id);
                    progress.round.report.findings.push(*gap);
                    return;
                }
                format!("The trail continues at another place: {at}")
            }
            ChainState::Continued => "The trail continues at another place.".to_owned(),
            ChainState::Ended(words) => {
                format!("The trail was ended on purpose, as the parameter EndedTrails says: {words}")
            }
            ChainState::NotExpected => {
                "The trail is no longer one of the trails in the parameter TrailArns, and does not have to continue.".to_owned()
            }
            ChainState::Live(reason) => reason,
        };
        progress.over(place, reason);
    }

    /// Counts a chain, and notes since when a newer digest excuses it.
    fn count(&self, chain: &WatchedChain, state: &ChainState, progress: &mut RoundProgress<'_>) {
        let place = chain.place();
        let excused = &mut progress.round.after.excused;
        match state {
            ChainState::Late => {
                excused.entry(place).or_insert(self.span.now);
            }
            // What excused it before does not excuse it again.
            ChainState::Overdue(_) | ChainState::Unknown(..) => {}
            _ => {
                excused.remove(&place);
            }
        }
        let is_expected = !matches!(
            state,
            ChainState::Continues { .. }
                | ChainState::Continued
                | ChainState::Ended(_)
                | ChainState::NotExpected
        );
        if !is_expected {
            progress.ended.insert(chain.place());
        }
        let totals = &mut progress.round.totals;
        if is_expected {
            totals.chains += 1;
            totals.oldest = [totals.oldest, Some(chain.newest_end)]
                .into_iter()
                .flatten()
                .min();
        }
        totals.overdue += u64::from(matches!(state, ChainState::Overdue(_)));
    }
}
