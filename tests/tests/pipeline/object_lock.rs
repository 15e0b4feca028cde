//! S3 Object Lock in the evidence bucket: what is kept is locked, and what is removed as planned is not.

use crate::world::World;
use anyhow::{Context, Result, bail, ensure};
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use trailseal_tests::trail::TrailSpec;
use trailseal_tests::trail::tamper::log as tamper_log;

impl World {
    /// Returns until when each document is locked, in which mode, by key and version.
    async fn locked(&self) -> Result<BTreeMap<(String, String), Option<(String, Timestamp)>>> {
        let s3 = self.aws.s3();
        let source = self.evidence_source()?;
        let bucket = source.strip_prefix("s3://").context("a bucket")?;
        let listed = s3.list_object_versions().bucket(bucket).send().await?;
        let mut found = BTreeMap::new();
        for version in listed.versions() {
            let key = version.key().context("a key")?;
            let id = version.version_id().context("a version")?;
            let head = s3.head_object().bucket(bucket).key(key).version_id(id);
            let head = head.send().await?;
            let until = head.object_lock_retain_until_date();
            let until = until.map(|until| Timestamp::from_second(until.secs()));
            let mode = head.object_lock_mode().map(ToString::to_string);
            let lock = mode.zip(until.transpose()?);
            found.insert((key.to_owned(), id.to_owned()), lock);
        }
        Ok(found)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_locked_and_cannot_be_deleted() -> Result<()> {
    let trail = TrailSpec {
        hours: 3,
        log_files_per_hour: 1..=1,
        ..TrailSpec::default()
    };
    let parameters = [("EvidenceLock", "Governance"), ("EvidenceLockDays", "30")];
    let world = World::versioned(trail.build(), &parameters).await?;
    let log = world.trail.logs_of(world.hour(2))[0].object.clone();
    world.deliver_log_files().await?;
    world.put(&tamper_log::modified(&log)).await?;
    world.deliver_digests().await?;
    world.append().await?;
    let expected = Timestamp::now() + SignedDuration::from_hours(30 * 24 - 1);
    let locked = world.locked().await?;
    let mut folders = BTreeMap::new();
    for ((key, _), lock) in &locked {
        let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder);
        let folder = folder.split('/').take(2).collect::<Vec<_>>().join("/");
        let folder = match folder.as_str() {
            receipts if receipts.starts_with("receipts/") => "receipts".to_owned(),
            chains if chains.starts_with("chains/") => "chains".to_owned(),
            _ => folder,
        };
        *folders.entry((folder, lock.is_some())).or_insert(0) += 1;
        if let Some((mode, until)) = lock {
            ensure!(mode == "GOVERNANCE", "{key}: {mode}");
            let difference = expected.duration_since(*until).abs();
            ensure!(difference < SignedDuration::from_mins(10), "{key}: {until}");
        }
    }
    for locked in ["receipts", "incidents", "log/batches", "log/tile"] {
        ensure!(
            folders.contains_key(&(locked.to_owned(), true)),
            "{folders:#?}"
        );
        ensure!(
            !folders.contains_key(&(locked.to_owned(), false)),
            "{folders:#?}"
        );
    }
    for free in ["chains", "log/staged", "watch"] {
        ensure!(
            folders.contains_key(&(free.to_owned(), false)),
            "{folders:#?}"
        );
        ensure!(
            !folders.contains_key(&(free.to_owned(), true)),
            "{folders:#?}"
        );
    }
    let source = world.evidence_source()?;
    let bucket = source.strip_prefix("s3://").context("a bucket")?;
    let s3 = world.aws.s3();
    for ((key, id), lock) in locked {
        let deleted = s3.delete_object().bucket(bucket).key(&key).version_id(id);
        match (lock, deleted.send().await) {
            (None, Ok(_)) => {}
            (Some(_), Err(error)) if error.code() == Some("AccessDenied") => {}
            (lock, deleted) => bail!("{key}: {lock:?} {deleted:?}"),
        }
    }
    Ok(())
}
