//! The round over one account: what it remembers is written before and after the findings are sent.

use crate::watchdog::{Ports, Watchdog};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use trailseal::names::event_object::EventObject;
use trailseal::names::ids::AccountId;
use trailseal::receipt::places;
use trailseal::watch::{
    AccountMemory, Heads, LostDigest, MAX_MEMORY_BYTES, Totals, VerifyingFunction, WatchRound,
};
use trailseal::world::{Cause, ReplaceEvidence as _, StoreError};
use trailseal_lambda::queue::ports::SendEvent as _;

/// How many times a round over an account starts again because another round wrote what it
/// remembers in the meantime.
const ATTEMPTS: usize = 4;

/// The number of digests that are sent to queues at the same time.
const SENT_AT_ONCE: usize = 16;

impl<P: Ports> Watchdog<P> {
    /// Looks at the chains of one account, reports what is found, and sends lost digests to their
    /// functions. Returns the counts.
    ///
    /// # Errors
    /// [`StoreError`]: the account is tried again.
    pub(crate) async fn account(
        &self,
        heads: &Heads,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Totals, StoreError> {
        let key = places::of_watched_account(account);
        let round = WatchRound::new(&self.digests, &self.evidence, heads, &self.settings, now);
        for _ in 0..ATTEMPTS {
            let (memory, version) = self.recall(&key).await?;
            let found = Box::pin(round.account(account, &memory)).await;
            let version = if found.before == memory {
                version
            } else {
                if !self.remember(&key, &found.before, version).await? {
                    continue;
                }
                let (now_remembered, version) = self.recall(&key).await?;
                if now_remembered != found.before {
                    // Another round wrote it in the meantime.
                    continue;
                }
                version
            };
            self.publish(&found.report, now).await?;
            self.send_lost(&found.lost).await?;
            if found.after == found.before || self.remember(&key, &found.after, version).await? {
                return Ok(found.totals);
            }
        }
        Err(StoreError {
            action: "write",
            subject: key,
            cause: Cause::Unavailable(format!("other rounds wrote it {ATTEMPTS} times in a row")),
        })
    }

    /// Returns what the last round remembered, and the version of the document.
    async fn recall(&self, key: &str) -> Result<(AccountMemory, Option<String>), StoreError> {
        let Some(found) = self.evidence.look_up(key, MAX_MEMORY_BYTES).await? else {
            return Ok((AccountMemory::default(), None));
        };
        let memory = AccountMemory::read(&found.document).unwrap_or_else(|error| {
            // Watching is more important than remembering.
            tracing::warn!(document = key, error = ?error.to_string(), "what the last round remembers cannot be read: it is replaced");
            AccountMemory::default()
        });
        Ok((memory, Some(found.version)))
    }

    async fn remember(
        &self,
        key: &str,
        memory: &AccountMemory,
        version: Option<String>,
    ) -> Result<bool, StoreError> {
        let document = memory.to_json();
        self.evidence
            .replace(key, document, version.as_deref())
            .await
    }

    /// Sends digests to the functions that left no receipt.
    async fn send_lost(&self, lost: &[LostDigest]) -> Result<(), StoreError> {
        let messages: Vec<_> = lost
            .iter()
            .flat_map(|digest| digest.functions.iter().map(move |of| (&digest.at, *of)))
            .collect();
        stream::iter(messages)
            .map(Ok)
            .try_for_each_concurrent(SENT_AT_ONCE, |(at, function)| async move {
                tracing::warn!(
                    object = ?at.to_string(),
                    function = function.as_str(),
                    "the function left no receipt of this digest: the digest is sent to the function"
                );
                self.send_to(function, &EventObject::new(at.clone())).await
            })
            .await
    }

    /// Sends an object to the queue of a function.
    pub(crate) async fn send_to(
        &self,
        function: VerifyingFunction,
        object: &EventObject,
    ) -> Result<(), StoreError> {
        match function {
            VerifyingFunction::DigestValidator => self.validator.send_event(object).await,
            VerifyingFunction::LogVerifier => self.verifier.send_event(object).await,
        }
    }
}
