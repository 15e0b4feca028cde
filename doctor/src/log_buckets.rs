//! What the log buckets hold, and what depends on it: the trails, and the Regions with digests.

use crate::clients::Clients;
use crate::judge;
use crate::judge::regions::KeysByRegion;
use crate::report::{Check, grant};
use crate::stack::Stack;
use futures::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use trailseal::bucket::discovery::region_folders;
use trailseal::bucket::selection::Selection;
use trailseal::bucket::wanted::Wanted;
use trailseal::names::ids::Region;
use trailseal::names::region_folder::RegionFolder;
use trailseal::trust::public_key::SigningPeriod;
use trailseal::world::{Cause, ListObjects, ListPublicKeys, ReadTrailStatus};

/// The maximum number of Regions whose keys are listed. AWS has some forty Regions; anybody who can
/// write to the bucket can make folders with other names.
const MAX_REGIONS: usize = 60;

/// The number of Regions and trails that are asked at the same time.
const AT_ONCE: usize = 8;

/// The time for which public keys are listed.
const KEYS_OF: SignedDuration = SignedDuration::from_hours(24);

/// Returns the checks of the trails and of the Regions.
pub(crate) async fn checks(stack: &Stack, clients: &Clients, now: Timestamp) -> Vec<Check> {
    let (folders, mut unread) = folders(stack, &clients.log_buckets).await;
    let mut checks = trails(stack, &clients.trails, &folders, now).await;
    checks.append(&mut unread);
    checks.extend(regions(stack, &clients.public_keys, &folders, now).await);
    checks
}

/// Returns the folders of the accounts and Regions, and what could not be listed.
async fn folders<S: ListObjects>(stack: &Stack, store: &S) -> (Vec<RegionFolder>, Vec<Check>) {
    let (mut folders, mut unread) = (Vec::new(), Vec::new());
    for bucket in stack.log_buckets() {
        let everything = Selection::of("");
        let (found, report) = region_folders(store, &bucket, &everything, &Wanted::default()).await;
        folders.extend(found);
        let first = report.obstacles.first().map(|obstacle| &obstacle.error);
        // One of many that fail for one reason.
        if let Some(error) = first {
            let check = Check::cannot_tell("folders", &bucket, error.to_string());
            unread.push(match error.cause {
                Cause::Denied(_) => {
                    check.with([grant(&["s3:ListBucket"], &stack.bucket_arn(&bucket))])
                }
                _ => check,
            });
        }
    }
    (folders, unread)
}

async fn trails<T: ReadTrailStatus>(
    stack: &Stack,
    reader: &T,
    folders: &[RegionFolder],
    now: Timestamp,
) -> Vec<Check> {
    let trails = stack.trails();
    if trails.is_empty() {
        return vec![judge::trails::none_configured(stack)];
    }
    let checks: Vec<Vec<Check>> = stream::iter(trails)
        .map(|trail| async move {
            let status = reader.status(&trail).await;
            judge::trails::trail(stack, &trail, &status, folders, now)
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    checks.into_iter().flatten().collect()
}

async fn regions<K: ListPublicKeys>(
    stack: &Stack,
    keys: &K,
    folders: &[RegionFolder],
    now: Timestamp,
) -> Vec<Check> {
    let all: BTreeSet<&Region> = folders.iter().map(|folder| &folder.region).collect();
    let period = SigningPeriod {
        from: now.saturating_sub(KEYS_OF).unwrap_or(Timestamp::MIN),
        to: now,
    };
    let found: KeysByRegion = stream::iter(all.iter().copied().take(MAX_REGIONS).cloned())
        .map(|region| async move {
            let listed = keys.list_public_keys(&region, period).await;
            (region, listed.map(|keys| keys.len()))
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut checks = judge::regions::regions(stack, &found);
    let more = all.len().saturating_sub(MAX_REGIONS);
    if more > 0 {
        let detail =
            format!("the log buckets have folders of {more} more Regions, which are not checked");
        checks.push(Check::cannot_tell("public keys", &stack.name, detail));
    }
    checks
}
