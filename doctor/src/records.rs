//! What the functions left in the evidence bucket.

use crate::judge;
use crate::report::Check;
use crate::stack::Stack;
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use std::collections::BTreeMap;
use trailseal::check::guard::{GuardState, MAX_STATE_BYTES, STATE_KEY};
use trailseal::evidence_log::places as log_places;
use trailseal::names::ids::AccountId;
use trailseal::names::location::ObjectLocation;
use trailseal::receipt::places;
use trailseal::watch::{AccountMemory, Heads, MAX_MEMORY_BYTES, StackMemory, read_heads};
use trailseal::world::{ListEvidence, ReadObject, ReplaceEvidence, StoreError};

/// The maximum size in bytes of what `watchdog` remembers about the stack.
const MAX_STACK_BYTES: usize = 64 * 1024;

/// The number of documents that are read at the same time.
const READ_AT_ONCE: usize = 16;

/// The maximum number of accounts whose memory is read: those with overdue chains.
const MAX_ACCOUNTS: usize = 200;

/// Returns the checks of the chains.
pub(crate) async fn chains<E: ListEvidence + ReplaceEvidence>(
    stack: &Stack,
    evidence: &E,
    now: Timestamp,
) -> Vec<Check> {
    let heads = match read_heads(evidence).await {
        Ok(heads) => heads,
        Err(error) => {
            let bucket = stack.resource("EvidenceBucket").unwrap_or_default();
            let (actions, arn) = (["s3:ListBucket"], stack.bucket_arn(bucket));
            return vec![Check::unread("chain", &stack.name, &error, &actions, &arn)];
        }
    };
    let continued = continued(stack, evidence, &heads, now).await;
    judge::chains::chains(stack, &heads, &continued, now)
}

/// Returns the ends of the chains that continue at another place, as `watchdog` remembers them. What
/// cannot be read is not remembered: the chain is then overdue.
async fn continued<E: ReplaceEvidence>(
    stack: &Stack,
    evidence: &E,
    heads: &Heads,
    now: Timestamp,
) -> BTreeMap<String, Timestamp> {
    let is_old = |end: Timestamp| now.duration_since(end) > stack.overdue();
    let accounts = heads.chains.iter().filter(|(_, chains)| {
        let mut ends = chains.iter().map(|chain| chain.newest_end);
        ends.any(is_old)
    });
    let accounts: Vec<&AccountId> = accounts
        .map(|(account, _)| account)
        .take(MAX_ACCOUNTS)
        .collect();
    stream::iter(accounts)
        .map(|account| async move {
            let key = places::of_watched_account(account);
            let found = evidence
                .look_up(&key, MAX_MEMORY_BYTES)
                .await
                .ok()
                .flatten()?;
            Some(AccountMemory::read(&found.document).ok()?.continued)
        })
        .buffer_unordered(READ_AT_ONCE)
        .fold(BTreeMap::new(), |mut all, found| async move {
            all.extend(found.into_iter().flatten());
            all
        })
        .await
}

/// Returns the check of the last complete round of `watchdog`.
pub(crate) async fn watchdog<E: ReplaceEvidence>(
    stack: &Stack,
    evidence: &E,
    now: Timestamp,
) -> Vec<Check> {
    let found = evidence
        .look_up(&places::of_watched_stack(), MAX_STACK_BYTES)
        .await;
    let completed = found.map(|found| StackMemory::read(&found?.document).completed);
    vec![judge::evidence::watchdog(stack, &completed, now)]
}

/// Returns the check of the last complete look of `settings-monitor`.
pub(crate) async fn settings_monitor<E: ReplaceEvidence>(
    stack: &Stack,
    evidence: &E,
    now: Timestamp,
) -> Vec<Check> {
    let found = evidence.look_up(STATE_KEY, MAX_STATE_BYTES).await;
    // A record that cannot be read is none: each look fails until somebody deletes it.
    let completed = found.map(|found| GuardState::read(&found?.document).ok()?.completed());
    vec![judge::evidence::settings_monitor(stack, &completed, now)]
}

/// Returns the check of the newest checkpoint.
pub(crate) async fn checkpoint<S: ReadObject>(
    stack: &Stack,
    store: &S,
    bucket: String,
    now: Timestamp,
) -> Vec<Check> {
    let at = ObjectLocation::new(bucket, log_places::CHECKPOINT);
    let written = match store.headers(&at).await {
        Ok(headers) => Ok(headers.last_modified),
        Err(error) => absent(error),
    };
    vec![judge::evidence::checkpoint(stack, &written, now)]
}

fn absent(error: StoreError) -> Result<Option<Timestamp>, StoreError> {
    if error.absence().is_some() {
        Ok(None)
    } else {
        Err(error)
    }
}
