//! Digests that are read ahead of their turn. The number of held digests is limited.

use super::job::Job;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use trailseal::check::digest::ReadDigest;
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::DigestKey;
use trailseal::names::region_folder::RegionFolder;

/// The maximum number of log files of a digest that is held before its turn.
const MANY_LOG_FILES: usize = 2000;

/// A digest that is held. Its permit limits the number of held digests.
pub(super) struct HeldDigest {
    /// None if it is too large to be held before its turn.
    read: Option<ReadDigest>,
    at: ObjectLocation,
    pub(super) key: DigestKey,
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

/// Reads a digest, once not too many are held.
pub(super) async fn read_ahead(
    job: &Arc<Job>,
    folder: &RegionFolder,
    key: DigestKey,
) -> HeldDigest {
    // The semaphore is never closed: without a permit, only the limit would be lost.
    let permit = Arc::clone(&job.held).acquire_owned().await.ok();
    let at = ObjectLocation::new(folder.bucket.clone(), key.to_string());
    // A digest that could not be read or held is read when it is its turn. A digest that is too
    // large is dropped at once, because a task's result may wait for a long time.
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

/// Returns a digest whose turn it is. A digest that was too large to be held is read now.
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
