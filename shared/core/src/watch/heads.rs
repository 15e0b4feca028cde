//! The chains of the stack, by their heads in the evidence bucket.

use super::tick::Tick;
use crate::names::ids::AccountId;
use crate::names::location::ObjectLocation;
use crate::names::object_key::{AccountFolder, Chain, DigestKey, ObjectKind, classify};
use crate::names::region_folder::RegionFolder;
use crate::receipt::places;
use crate::receipt::{ChainHead, MAX_HEAD_BYTES};
use crate::world::{Cause, ListEvidence, ReplaceEvidence, StoreError};
use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The maximum number of chains of a stack. Two thousand accounts in 25 Regions have 50,000.
const MAX_CHAINS: usize = 100_000;

/// The number of heads that are read at the same time.
const READ_AT_ONCE: usize = 64;

/// A chain that the stack has verified digests of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedChain {
    /// The key of its head.
    pub document: String,
    /// The bucket of its digests.
    pub bucket: String,
    /// The chain.
    pub chain: Chain,
    /// The start of the oldest digest that was verified.
    pub since: Timestamp,
    /// The key of the newest digest that CloudTrail signed.
    pub newest: DigestKey,
    /// The end of that digest.
    pub newest_end: Timestamp,
}

impl WatchedChain {
    /// Returns the chain of a head, which is the document with this key.
    ///
    /// # Errors
    /// What is wrong with the head.
    fn of(document: &str, head: &ChainHead) -> Result<Self, String> {
        let ObjectKind::Digest(newest) = classify(&head.newest.key) else {
            return Err("its newest digest does not have the key of a digest".to_owned());
        };
        if head.key().as_deref() != Some(document) {
            return Err("it is the head of another chain".to_owned());
        }
        Ok(Self {
            document: document.to_owned(),
            bucket: head.bucket.clone(),
            chain: newest.chain.clone(),
            since: head.since,
            newest,
            newest_end: head.newest.end_time,
        })
    }

    /// Returns the chain as one text: the subject of findings about it.
    #[must_use]
    pub fn place(&self) -> String {
        self.chain.place_in(&self.bucket)
    }

    /// Returns the location of the newest digest.
    #[must_use]
    pub fn newest_at(&self) -> ObjectLocation {
        ObjectLocation::new(self.bucket.clone(), self.newest.to_string())
    }

    /// Returns the folder of its account and Region.
    #[must_use]
    pub fn folder(&self) -> RegionFolder {
        RegionFolder {
            bucket: self.bucket.clone(),
            folder: self.chain.folder.clone(),
            region: self.chain.region.clone(),
        }
    }
}

/// The chains of the stack.
#[derive(Debug, Default)]
pub struct Heads {
    /// The chains, by account.
    pub chains: BTreeMap<AccountId, Vec<WatchedChain>>,
    /// The documents that could not be read, by account, and why.
    pub unread: BTreeMap<AccountId, Vec<(String, Cause)>>,
    /// The end of the newest digest of each chain, in any bucket.
    pub newest: BTreeMap<Chain, Timestamp>,
}

impl Heads {
    /// Returns the accounts, in order.
    #[must_use]
    pub fn accounts(&self) -> BTreeSet<AccountId> {
        let accounts = self.chains.keys().chain(self.unread.keys());
        accounts.cloned().collect()
    }

    /// Returns the starts of the keys of a bucket's trails, `[prefix/]AWSLogs/`.
    #[must_use]
    pub fn roots_in(&self, bucket: &str) -> BTreeSet<String> {
        let chains = self.chains.values().flatten();
        let of_bucket = chains.filter(|chain| chain.bucket == bucket);
        let prefixes = of_bucket.map(|chain| chain.chain.folder.prefix.as_deref());
        let prefixes: BTreeSet<_> = prefixes.collect();
        let roots = prefixes.into_iter();
        roots
            .map(|prefix| AccountFolder::above(prefix, None))
            .collect()
    }

    /// Returns the accounts that a message is about: those after the last one that was visited, then
    /// those that failed before, in the order of the message.
    #[must_use]
    pub fn accounts_of(&self, tick: &Tick) -> Vec<AccountId> {
        let all = self.accounts();
        let failed = tick.failed.iter();
        let failed = failed.filter_map(|id| all.iter().find(|account| account.as_str() == id));
        let others = all.iter().filter(|account| tick.is_to_visit(account));
        others.chain(failed).cloned().collect()
    }

    fn add(&mut self, account: AccountId, document: String, read: Result<WatchedChain, Cause>) {
        match read {
            Ok(chain) => {
                let newest = self.newest.entry(chain.chain.clone());
                newest
                    .and_modify(|end| *end = chain.newest_end.max(*end))
                    .or_insert(chain.newest_end);
                self.chains.entry(account).or_default().push(chain);
            }
            Err(cause) => {
                let unread = self.unread.entry(account).or_default();
                unread.push((document, cause));
            }
        }
    }
}

/// Reads the heads of all chains.
///
/// # Errors
/// [`StoreError`] if the heads cannot be listed, or if there are too many. A head that cannot be
/// read is in the result.
pub async fn read_heads<E: ListEvidence + ReplaceEvidence>(
    evidence: &E,
) -> Result<Heads, StoreError> {
    let keys = list(evidence).await?;
    let mut heads = Heads::default();
    let named = keys.into_iter().filter_map(|key| {
        // Nothing else is in the folder.
        let account = places::account_of_head(&key)?;
        Some((account, key))
    });
    let mut reads = stream::iter(named)
        .map(|(account, key)| async move {
            let read = read_head(evidence, &key).await;
            (account, key, read)
        })
        .buffered(READ_AT_ONCE);
    while let Some((account, key, read)) = reads.next().await {
        if let Some(read) = read.transpose() {
            heads.add(account, key, read);
        }
    }
    Ok(heads)
}

async fn list<E: ListEvidence>(evidence: &E) -> Result<Vec<String>, StoreError> {
    let folder = places::folder_of_heads();
    let mut keys: Vec<String> = Vec::new();
    loop {
        let page = evidence
            .list_documents(&folder, keys.last().map(String::as_str))
            .await?;
        let more = page.more && !page.keys.is_empty();
        keys.extend(page.keys);
        if keys.len() > MAX_CHAINS {
            return Err(StoreError {
                action: "list all of",
                subject: folder,
                cause: Cause::Failed(format!("it has more than {MAX_CHAINS} chain heads")),
            });
        }
        if !more {
            return Ok(keys);
        }
    }
}

/// Reads one head. Returns `None` if it was deleted in the meantime.
///
/// # Errors
/// The cause, if it cannot be read.
pub(super) async fn read_head<E: ReplaceEvidence>(
    evidence: &E,
    key: &str,
) -> Result<Option<WatchedChain>, Cause> {
    let found = evidence.look_up(key, MAX_HEAD_BYTES).await;
    let Some(found) = found.map_err(|error| error.cause)? else {
        return Ok(None);
    };
    let head =
        ChainHead::read(&found.document).map_err(|error| Cause::Failed(error.to_string()))?;
    WatchedChain::of(key, &head)
        .map(Some)
        .map_err(Cause::Failed)
}
