//! What `watchdog` does once an hour: it looks at each account, and adds receipts to the evidence
//! log.

use std::collections::BTreeMap;

use anyhow::Context as _;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use trailseal::check::digest::DigestVerifier;
use trailseal::evidence_log::LogWriter;
use trailseal::names::ids::AccountId;
use trailseal::names::places::Places;
use trailseal::receipt::places;
use trailseal::watch::{
    AccountMemory, Heads, MAX_MEMORY_BYTES, WatchRound, WatchSettings, read_heads,
};
use trailseal::world::ReplaceEvidence as _;
use trailseal_tests::evidence::{EvidenceStore, LocalSigner};

use super::assumptions::SAMPLE;
use super::requests::{Request, Tally};
use super::stage::{Began, EVIDENCE, Sums, Took, digests, processor_time};
use super::store::{Counted, Store};

/// The hours of receipts of which an evidence log is made; the last append is measured.
const LOGGED_HOURS: usize = 3;

/// The account whose receipts those of other accounts are made from.
const FIRST_ACCOUNT: u64 = 111_122_223_333;

/// The name of the log.
const LOG_NAME: &str = "amzn-s3-demo-evidence.s3.us-east-1.amazonaws.com/log";

/// The rounds of a day, as `functions/watchdog/src/account.rs` makes them.
pub(crate) struct Rounds {
    store: Store,
    digests: DigestVerifier<Store, Store>,
    settings: WatchSettings,
    /// A message is an account.
    pub(crate) accounts: Sums,
    /// A message is a round.
    pub(crate) heads: Sums,
}

impl Rounds {
    pub(crate) fn new(store: &Store, places: &Places) -> Self {
        Self {
            store: store.clone(),
            digests: digests(store, places),
            settings: WatchSettings {
                evidence_bucket: EVIDENCE.to_owned(),
                ..WatchSettings::default()
            },
            accounts: Sums::default(),
            heads: Sums::default(),
        }
    }

    /// Makes a round.
    pub(crate) async fn round(&mut self, now: Timestamp, counts: bool) -> anyhow::Result<()> {
        self.store.take();
        let began = Began::now(&self.store);
        let heads = self.store.clock().run(read_heads(&self.store)).await?;
        if counts {
            let took = began.elapsed(&self.store);
            self.heads.add(1, &self.store.take(), took);
        }
        for account in heads.accounts() {
            self.store.take();
            let began = Began::now(&self.store);
            let looked = self.account(&heads, &account, now, counts);
            self.store.clock().run(looked).await?;
            if counts {
                let took = began.elapsed(&self.store);
                self.accounts.add(1, &self.store.take(), took);
            }
        }
        Ok(())
    }

    async fn account(
        &self,
        heads: &Heads,
        account: &AccountId,
        now: Timestamp,
        counts: bool,
    ) -> anyhow::Result<()> {
        let key = places::of_watched_account(account);
        let look = WatchRound::new(&self.digests, &self.store, heads, &self.settings, now);
        let (memory, mut version) = self.recall(&key).await?;
        let found = look.account(account, &memory).await;
        let is_quiet = found.report.findings.is_empty() && found.lost.is_empty();
        anyhow::ensure!(is_quiet || !counts, "a healthy account has {found:?}");
        if found.before != memory {
            self.remember(&key, &found.before, version.as_deref())
                .await?;
            version = self.recall(&key).await?.1;
        }
        if found.after != found.before {
            self.remember(&key, &found.after, version.as_deref())
                .await?;
        }
        Ok(())
    }

    async fn recall(&self, key: &str) -> anyhow::Result<(AccountMemory, Option<String>)> {
        Ok(match self.store.look_up(key, MAX_MEMORY_BYTES).await? {
            None => (AccountMemory::default(), None),
            Some(found) => {
                let memory = AccountMemory::read(&found.document)?;
                (memory, Some(found.version))
            }
        })
    }

    async fn remember(
        &self,
        key: &str,
        memory: &AccountMemory,
        version: Option<&str>,
    ) -> anyhow::Result<()> {
        let written = self.store.replace(key, memory.to_json(), version).await?;
        anyhow::ensure!(written, "nobody else writes {key}");
        Ok(())
    }
}

/// Appends hours of receipts of an organization to an evidence log, and returns what the last
/// append took. The receipts are those of the sample, under the names of more accounts.
pub(crate) async fn append(
    receipts: &BTreeMap<String, String>,
    accounts: u32,
) -> anyhow::Result<Sums> {
    let mut by_hour: BTreeMap<&str, Vec<(&String, &String)>> = BTreeMap::new();
    for (key, receipt) in receipts {
        // receipts/YYYY/MM/DD/ACCOUNT/REGION/END_TRAIL… Receipts of log files have other names.
        let end = key
            .split('/')
            .nth(6)
            .and_then(|name| name.split('_').next());
        if let Some(end) = end.filter(|end| end.starts_with("20")) {
            by_hour.entry(end).or_default().push((key, receipt));
        }
    }
    // The digests of the last hour have not all arrived.
    let hours = by_hour.into_iter().rev().skip(1);
    let mut hours: Vec<_> = hours.take(LOGGED_HOURS).collect();
    hours.reverse();
    let first = hours.first().map(|(end, _)| *end);
    let end = first.context("an hour of receipts")?;
    let end = DateTime::strptime("%Y%m%dT%H%M%SZ", end)?.to_zoned(TimeZone::UTC)?;
    let store = EvidenceStore::at(end.timestamp() + SignedDuration::from_mins(40));
    let signer = LocalSigner::new(7);
    let mut sums = Sums::default();
    for (_, receipts) in hours {
        for copy in 0..u64::from(accounts).div_ceil(SAMPLE as u64) {
            for (key, receipt) in &receipts {
                let (key, receipt) = (in_account(key, copy), in_account(receipt, copy));
                store.put(&key, receipt);
            }
        }
        store.wait(SignedDuration::from_mins(30));
        store.requests();
        let processor = processor_time();
        let mut signatures = 0.0;
        loop {
            let writer = LogWriter {
                evidence: &store,
                signer: &signer,
                name: LOG_NAME,
                margin: SignedDuration::from_mins(10),
            };
            let appended = writer.append(store.now()).await?;
            signatures += 1.0;
            if !appended.more {
                break;
            }
            store.wait(SignedDuration::from_secs(1));
        }
        let requests = store.requests();
        let mut tally = Tally::default();
        tally.add(Request::EvidenceGet, crate::report::float(requests.gets));
        tally.add(Request::EvidenceList, crate::report::float(requests.lists));
        tally.add(Request::EvidencePut, crate::report::float(requests.puts));
        tally.add(Request::Sign, signatures);
        let counted = Counted {
            tally,
            ..Counted::default()
        };
        sums = Sums::default();
        let took = Took {
            processor: processor_time() - processor,
            ..Took::default()
        };
        sums.add(1, &counted, took);
        store.wait(SignedDuration::from_mins(30));
    }
    Ok(sums)
}

/// Returns a text about accounts of the sample as one about other accounts.
fn in_account(text: &str, copy: u64) -> String {
    let mut text = text.to_owned();
    for number in 0..SAMPLE as u64 {
        let account = FIRST_ACCOUNT + number;
        let other = account + copy * SAMPLE as u64;
        if copy > 0 && text.contains(&account.to_string()) {
            text = text.replace(&account.to_string(), &other.to_string());
            break;
        }
    }
    text
}
