//! Digests that are read ahead of their turn: not too many are held.

use super::job::Job;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use trailseal::check::digest::ReadDigest;
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::DigestKey;
use trailseal::names::region_folder::RegionFolder;

/// A digest that lists more log files is held only when it is its turn.
const MANY_LOG_FILES: usize = 2000;

/// A digest that is held, so that not too many are.
pub(super) struct HeldDigest {
    /// None where it is too large to be held before its turn.
    read: Option<ReadDigest>,
    at: ObjectLocation,
    pub(super) key: DigestKey,
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

/// Reads a digest, when not too many are held.
pub(super) async fn read_ahead(
    job: &Arc<Job>,
    folder: &RegionFolder,
    key: DigestKey,
) -> HeldDigest {
    // The semaphore is never closed: without a permit nothing but the bound is lost.
    let permit = Arc::clone(&job.held).acquire_owned().await.ok();
    let at = ObjectLocation::new(folder.bucket.clone(), key.to_string());
    // What could not be read, or not be held, is read when it is its turn. It goes at once: what
    // a task has come to may wait long.
    let read = tokio::spawn({
        let (job, at, key) = (Arc::clone(job), at.clone(), key.clone());
        async move {
            let read = job.plan.digests.read_digest(at, key).await;
            (read.log_files() <= MANY_LOG_FILES).then_some(read)
        }
    });
    let read = read.await.ok().flatten();
    HeldDigest {
        read,
        at,
        key,
        permit,
    }
}

/// A digest whose turn it is: what was too large to be held is read now.
pub(super) async fn in_turn(
    job: &Job,
    held: Option<HeldDigest>,
) -> Option<(HeldDigest, ReadDigest)> {
    let mut held = held?;
    let read = if let Some(read) = held.read.take() {
        read
    } else {
        let (at, key) = (held.at.clone(), held.key.clone());
        job.plan.digests.read_digest(at, key).await
    };
    Some((held, read))
}
