//! Files among the log files of an account that belong to no Region that was searched.

use super::job::Job;
use super::unverified_files::UnverifiedFiles;
use futures::stream::{self, StreamExt as _};
use std::collections::{BTreeMap, BTreeSet};
use trailseal::bucket::discovery;
use trailseal::finding::Scope;
use trailseal::names::ids::Region;
use trailseal::names::object_key::{AccountFolder, LOG_FOLDER};
use trailseal::names::region_folder::RegionFolder;

/// Accounts in buckets, with the Regions that were searched.
type Accounts = BTreeMap<(String, AccountFolder), BTreeSet<Region>>;

/// Searches the folders of events for files in no Region that was searched, and for accounts that
/// have only such folders.
pub(super) async fn unlisted_outside(job: &Job, looked_into: &[RegionFolder]) {
    // A user who names Regions requests no others.
    if !job.plan.wanted.regions.is_empty() {
        return;
    }
    let mut accounts = Accounts::new();
    for folder in looked_into {
        if job.plan.selects_account(&folder.bucket, &folder.folder) {
            accounts
                .entry((folder.bucket.clone(), folder.folder.clone()))
                .or_default()
                .insert(folder.region.clone());
        }
    }
    for (bucket, account) in other_accounts(job, &accounts).await {
        accounts.entry((bucket, account)).or_default();
    }
    stream::iter(accounts)
        .for_each_concurrent(
            job.plan.concurrency,
            |((bucket, account), regions)| async move {
                if !job.interrupted() {
                    unlisted_outside_of(job, &bucket, &account, &regions).await;
                }
            },
        )
        .await;
}

async fn unlisted_outside_of(
    job: &Job,
    bucket: &str,
    account: &AccountFolder,
    regions: &BTreeSet<Region>,
) {
    let scope = Scope {
        account: Some(account.account.to_string()),
        ..Scope::default()
    };
    let others = discovery::other_folders(job.store(), bucket, account).await;
    let others = job.answer(others, &scope).unwrap_or_default();
    for events in std::iter::once(LOG_FOLDER.to_owned()).chain(others) {
        let mut unverified_files = UnverifiedFiles::default();
        let looked = discovery::outside_regions(
            job.store(),
            bucket,
            account,
            &events,
            regions,
            &job.plan.wanted,
            |key| unverified_files.add(key),
        )
        .await;
        job.answer(looked, &scope);
        let below = format!("{account}{events}/");
        unverified_files.report_not_covered(job, bucket, &below, &scope);
    }
}

/// Returns the accounts next to these that have no folder of a Region.
async fn other_accounts(job: &Job, accounts: &Accounts) -> Vec<(String, AccountFolder)> {
    let parents: BTreeSet<_> = accounts
        .keys()
        .map(|(bucket, account)| (bucket, &account.prefix, &account.organization))
        .collect();
    let mut found = Vec::new();
    for (bucket, prefix, organization) in parents {
        let beside = discovery::other_accounts(
            job.store(),
            bucket,
            prefix.as_deref(),
            organization.as_ref(),
            &job.plan.wanted,
        );
        let beside = job.answer(beside.await, &Scope::default());
        let beside = beside.unwrap_or_default().into_iter();
        found.extend(
            beside
                .filter(|account| job.plan.selects_account(bucket, account))
                .map(|account| (bucket.clone(), account)),
        );
    }
    found
}
