//! A round over all accounts, in as many invocations as it takes.

use crate::watchdog::{FUNCTION, Ports, Watchdog};
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use std::future::ready;
use tokio::time::Instant;
use trailseal::finding::Stamp;
use trailseal::names::ids::AccountId;
use trailseal::names::seconds::whole_second;
use trailseal::watch::{Heads, Tick, Totals, WatchMessage, read_heads};
use trailseal::world::StoreError;
use trailseal_lambda::{Deadline, Work, WorkError, in_time, write_round};

/// The number of accounts that are looked at at the same time.
const ACCOUNTS_AT_ONCE: usize = 16;

/// The result of a part of a round.
#[derive(Default)]
struct Part {
    totals: Totals,
    /// The accounts that were looked at, in order.
    visited: Vec<AccountId>,
    /// Those of them that failed.
    failed: Vec<AccountId>,
    /// The first failure.
    error: Option<StoreError>,
}

impl<P: Ports> Work for Watchdog<P> {
    async fn work(&self, message: &str, deadline: Deadline) -> Result<Option<String>, WorkError> {
        let message = WatchMessage::read(message);
        match message.map_err(|error| WorkError::Malformed(error.to_string()))? {
            WatchMessage::Round(tick) => self.round(&tick, deadline).await,
            WatchMessage::Append(tick) => self.append(tick, deadline).await,
            WatchMessage::SecondLook(tick) => self.second_look(tick, deadline).await,
        }
    }
}

impl<P: Ports> Watchdog<P> {
    /// Looks at the accounts that a message names, and at the stack after the last one.
    async fn round(&self, tick: &Tick, deadline: Deadline) -> Result<Option<String>, WorkError> {
        let now = whole_second(Timestamp::now());
        let heads = read_heads(&self.evidence);
        let heads = in_time(deadline.give_up, "read", "the chain heads", heads).await?;
        let accounts = heads.accounts_of(tick);
        let Part {
            totals: counted,
            visited,
            failed,
            error,
        } = self.part(&heads, accounts.clone(), now, deadline).await;
        let mut totals = tick.totals.clone();
        totals.add(counted);
        let left = accounts.get(visited.len()..).unwrap_or_default();
        // What is done is not done again. Without progress, the same message is tried again.
        let is_new = |account: &AccountId| tick.is_to_visit(account);
        let has_progress = visited.len() > failed.len() || visited.iter().any(is_new);
        // The end of the round needs time, too.
        let is_late = Instant::now() >= deadline.wind_down;
        if !left.is_empty() || error.is_some() || (is_late && has_progress) {
            if has_progress {
                let rest = tick.rest(&visited, left, &failed, totals);
                return Ok(Some(rest.into_message()));
            }
            let error =
                error.unwrap_or_else(|| StoreError::no_time("look at", "the first account"));
            return Err(error.into());
        }
        self.conclude(&totals, now).await?;
        tracing::info!(
            chains = totals.chains,
            overdue = totals.overdue,
            unverified = totals.unverified,
            lost = totals.lost,
            unlisted = totals.unlisted,
            unproven = totals.unproven,
            incomplete = totals.incomplete,
            unread = totals.unread,
            "the round is complete"
        );
        write_round(&totals, Stamp::by_function(FUNCTION, now));
        Ok(None)
    }

    /// Looks at accounts, in order, as long as there is time.
    async fn part(
        &self,
        heads: &Heads,
        accounts: Vec<AccountId>,
        now: Timestamp,
        deadline: Deadline,
    ) -> Part {
        let mut part = Part::default();
        let mut rounds = stream::iter(accounts)
            .take_while(|_| ready(Instant::now() < deadline.wind_down))
            .map(|account| async move {
                let round = Box::pin(self.account(heads, &account, now));
                let round = in_time(deadline.give_up, "look at account", account.as_str(), round);
                let round = round.await;
                (account, round)
            })
            .buffered(ACCOUNTS_AT_ONCE);
        while let Some((account, round)) = rounds.next().await {
            match round {
                Ok(totals) => part.totals.add(totals),
                Err(error) => {
                    tracing::warn!(account = account.as_str(), error = ?error.to_string(), "the round over the account failed: it is tried again");
                    part.failed.push(account.clone());
                    part.error.get_or_insert(error);
                }
            }
            part.visited.push(account);
        }
        part
    }
}
