//! The account and Region folders of a bucket.

use crate::bucket::listing::{PARALLEL, list_folders};
use crate::bucket::selection::Selection;
use crate::bucket::wanted::Wanted;
use crate::finding::{Report, Scope};
use crate::names::ids::{AccountId, OrganizationId, Region};
use crate::names::location::ObjectLocation;
use crate::names::object_key::{AccountFolder, DIGEST_FOLDER, LOG_FOLDER, ROOT_FOLDER};
use crate::names::region_folder::RegionFolder;
use crate::world::{Cause, ListObjects, StoreError};
use futures::future;
use futures::stream::{self, StreamExt as _};
use std::collections::{BTreeSet, VecDeque};

/// The maximum number of folders that are searched for [`ROOT_FOLDER`].
const MAX_FOLDERS: usize = 1000;

/// The maximum depth of a trail's prefix, in folders.
const MAX_DEPTH: usize = 10;

/// Finds every account and Region that `target` names and that has digests or log files.
///
/// A folder that cannot be listed is an obstacle in the report.
pub async fn region_folders<L: ListObjects>(
    store: &L,
    bucket: &str,
    target: &Selection,
    wanted: &Wanted,
) -> (Vec<RegionFolder>, Report) {
    let mut report = Report::new();
    let likely = target.root().unwrap_or(target.above()).to_owned();
    // Most trails are right there: their accounts are listed while others are searched for.
    let first = accounts(store, bucket, likely.clone());
    let (first, mut others) = match target.root() {
        Some(_) => (first.await, BTreeSet::new()),
        None => future::join(first, roots(store, bucket, target.above(), &mut report)).await,
    };
    others.remove(&likely);
    let accounts: Vec<AccountFolder> = stream::iter(others)
        .map(|root| accounts(store, bucket, root))
        .buffer_unordered(PARALLEL)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .chain([first])
        .flat_map(|found| keep(found, &mut report, bucket))
        .filter(|folder| wanted.account(&folder.account))
        .filter(|folder| folder.to_string().starts_with(target.above()))
        .collect();
    let only = match target.region() {
        Some(region) if wanted.region(region) => vec![region.clone()],
        Some(_) => return (Vec::new(), report),
        None => wanted.regions.clone(),
    };
    let mut regions: Vec<RegionFolder> = stream::iter(accounts)
        .map(|account| regions(store, bucket, account, &only))
        .buffer_unordered(PARALLEL)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .flat_map(|found| keep(found, &mut report, bucket))
        .collect();
    regions.sort();
    regions.dedup();
    (regions, report)
}

fn keep<T>(found: Result<Vec<T>, StoreError>, report: &mut Report, bucket: &str) -> Vec<T> {
    found.unwrap_or_else(|error| {
        let at = ObjectLocation::new(bucket, "");
        let subject = error.subject.clone();
        report.cannot_tell_of(error, &Scope::default(), &at, &subject);
        Vec::new()
    })
}

/// Returns every prefix, with its closing slash, that contains a [`ROOT_FOLDER`] folder. `prefix`,
/// where the search starts, has its closing slash, too.
async fn roots<L: ListObjects>(
    store: &L,
    bucket: &str,
    prefix: &str,
    report: &mut Report,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut level = vec![prefix.to_owned()];
    let mut looked_into = 0;
    for _ in 0..MAX_DEPTH {
        let left = MAX_FOLDERS.saturating_sub(looked_into);
        if level.len() > left {
            level.truncate(left);
            let error = StoreError {
                action: "look for trails in all of",
                subject: format!("s3://{bucket}/{prefix}"),
                cause: Cause::Failed(format!(
                    "it has more than {MAX_FOLDERS} folders besides those of trails: give the trail's prefix"
                )),
            };
            keep::<()>(Err(error), report, bucket);
        }
        looked_into += level.len();
        let listed: Vec<_> = stream::iter(level)
            .map(|folder| list_folders(store, bucket, folder))
            .buffer_unordered(PARALLEL)
            .collect()
            .await;
        level = Vec::new();
        for folder in listed
            .into_iter()
            .flat_map(|found| keep(found, report, bucket))
        {
            match folder
                .strip_suffix("/")
                .and_then(|f| f.strip_suffix(ROOT_FOLDER))
            {
                Some(root) if root.is_empty() || root.ends_with('/') => {
                    found.insert(root.to_owned());
                }
                _ => level.push(folder),
            }
        }
        if level.is_empty() {
            return found;
        }
    }
    let error = StoreError {
        action: "look for trails in all of",
        subject: format!("s3://{bucket}/{prefix}"),
        cause: Cause::Failed(format!(
            "it has folders more than {MAX_DEPTH} levels deep besides those of trails: give the trail's prefix"
        )),
    };
    keep::<()>(Err(error), report, bucket);
    found
}

/// Returns the account folders below a root, of the account itself and of its organization.
async fn accounts<L: ListObjects>(
    store: &L,
    bucket: &str,
    root: String,
) -> Result<Vec<AccountFolder>, StoreError> {
    let mut found = Vec::new();
    let mut to_list = VecDeque::from([(root, None)]);
    while let Some((root, organization)) = to_list.pop_front() {
        let prefix = root.strip_suffix('/').map(str::to_owned);
        let folder = match &organization {
            None => format!("{root}{ROOT_FOLDER}/"),
            Some(organization) => format!("{root}{ROOT_FOLDER}/{organization}/"),
        };
        for below in list_folders(store, bucket, folder.clone()).await? {
            let Some(name) = below
                .strip_prefix(&folder)
                .and_then(|name| name.strip_suffix('/'))
            else {
                continue;
            };
            if let Ok(account) = AccountId::new(name) {
                found.push(AccountFolder {
                    prefix: prefix.clone(),
                    organization: organization.clone(),
                    account,
                });
            } else if organization.is_none()
                && let Ok(id) = OrganizationId::new(name)
            {
                to_list.push_back((root.clone(), Some(id)));
            } else if organization.is_none() && name == ROOT_FOLDER && to_list.len() < MAX_DEPTH {
                // The trail's prefix has the same name as the folder.
                to_list.push_back((folder.clone(), None));
            }
        }
    }
    Ok(found)
}

async fn regions<L: ListObjects>(
    store: &L,
    bucket: &str,
    folder: AccountFolder,
    only: &[Region],
) -> Result<Vec<RegionFolder>, StoreError> {
    let region_folder = |region| RegionFolder {
        bucket: bucket.to_owned(),
        folder: folder.clone(),
        region,
    };
    if !only.is_empty() {
        return Ok(only.iter().cloned().map(region_folder).collect());
    }
    let digests = format!("{folder}{DIGEST_FOLDER}/");
    let log_files = format!("{folder}{LOG_FOLDER}/");
    let (of_digests, of_log_files) = future::join(
        list_folders(store, bucket, digests.clone()),
        list_folders(store, bucket, log_files.clone()),
    )
    .await;
    let mut found = BTreeSet::new();
    for (parent, folders) in [(&digests, of_digests?), (&log_files, of_log_files?)] {
        found.extend(folders.iter().filter_map(|folder| {
            let name = folder.strip_prefix(parent)?.strip_suffix('/')?;
            Region::new(name).ok()
        }));
    }
    Ok(found.into_iter().map(region_folder).collect())
}

/// Returns the account folders next to an account: those of its organization, if it has one, below
/// the same prefix.
///
/// # Errors
/// [`StoreError`] if the folder cannot be listed.
pub async fn other_accounts<L: ListObjects>(
    store: &L,
    bucket: &str,
    prefix: Option<&str>,
    organization: Option<&OrganizationId>,
    wanted: &Wanted,
) -> Result<Vec<AccountFolder>, StoreError> {
    let below = AccountFolder::above(prefix, organization);
    let folders = list_folders(store, bucket, below.clone()).await?;
    let account = |folder: &String| {
        let name = folder.strip_prefix(&below)?.strip_suffix('/')?;
        AccountId::new(name).ok()
    };
    Ok(folders
        .iter()
        .filter_map(account)
        .filter(|account| wanted.account(account))
        .map(|account| AccountFolder {
            prefix: prefix.map(str::to_owned),
            organization: organization.cloned(),
            account,
        })
        .collect())
}

impl RegionFolder {
    /// Adds an error in listing this folder to a report.
    pub fn cannot_list(&self, report: &mut Report, error: StoreError) {
        let at = ObjectLocation::new(self.bucket.clone(), self.digests());
        report.cannot_tell(error, &Scope::of_region_folder(self), &at);
    }
}
