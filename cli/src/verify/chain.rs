//! The verification of one chain, from its newest digest file to its oldest.

use super::chains::KnownChains;
use super::gaps::check_covered;
use super::job::Job;
use super::kept::record_start_of_retained;
use super::limits::HELD;
use super::log_files::verify_log_files;
use super::outcomes::DigestOutcomes;
use super::read_ahead::{HeldDigest, in_turn, read_ahead};
use super::settled::record_settled;
use super::tally::ChainTally;
use super::to_read::to_read;
use crate::report::Outcome;
use futures::future::{Either, select};
use futures::stream::{self, BoxStream, StreamExt as _};
use std::pin::pin;
use std::sync::Arc;
use tokio::task::{JoinError, JoinSet};
use trailseal::bucket::discovery::ChainDigests;
use trailseal::check::chain_end::{Sibling, claims};
use trailseal::check::digest::ChainWalk;
use trailseal::check::listed::Listed;
use trailseal::names::object_key::{Chain, DigestKey, DigestSeries};
use trailseal::names::region_folder::RegionFolder;

/// The digests whose log files are being verified.
type Tasks = JoinSet<Result<DigestOutcomes, JoinError>>;

/// The place of a chain's digest files.
pub(super) struct ChainPlace<'a> {
    /// Its folder.
    pub(super) folder: &'a RegionFolder,
    /// The same trail, account and Region in other folders.
    pub(super) siblings: &'a [Sibling],
}

/// Verifies one chain, newest digest file first. Returns whether CloudTrail signed any of its
/// digest files, or anything is reported about it.
pub(super) async fn verify_chain(
    job: &Arc<Job>,
    chains: &KnownChains,
    place: ChainPlace<'_>,
    chain: Chain,
    digests: ChainDigests,
    mut listed: Option<&mut Listed>,
) -> bool {
    let plan = &job.plan;
    let folder = place.folder;
    let mut tally = ChainTally::new(folder, &chain);
    let keys = to_read(job, folder, &chain, &digests, listed.is_some()).await;
    let mut reads = stream::iter(keys)
        .map(|(series, end)| read_ahead(job, folder, DigestKey::of(chain.clone(), series, end)))
        .buffered(HELD)
        .boxed();
    let mut walk = begin(job, &place, &digests).await;
    let mut tasks: Tasks = JoinSet::new();
    let mut current = in_turn(job, reads.next().await).await;
    while let Some((held, read)) = current {
        if job.interrupted() {
            break;
        }
        let older = next(job, &mut reads, &mut tasks, &mut tally).await;
        let older = in_turn(job, older).await;
        let beside = older
            .as_ref()
            .filter(|(older, _)| older.key.series == DigestSeries::Hourly)
            .map(|(_, read)| read);
        let judged = plan.digests.judge_next(&mut walk, read).await;
        let reported = plan.is_reported(judged.so_far());
        // They are verified while the link to the predecessor is checked.
        let log_files =
            reported.then(|| tokio::spawn(verify_log_files(job, judged.so_far(), held.permit)));
        let settled = plan.digests.settle_judged(&mut walk, judged, beside);
        let mut settled = Box::pin(settled).await;
        record_start_of_retained(job, &mut settled, &mut tally).await;
        record_settled(job, &mut settled, reported, &mut tally);
        if let Some(listed) = listed.as_deref_mut() {
            let from = settled.at.bucket.as_str();
            listed.add(&settled, |file| plan.digests.actual(file, from));
        }
        if let Some(log_files) = log_files {
            let digest = DigestOutcomes::of(&settled);
            tasks.spawn(async move { log_files.await.map(|done| digest.with(done)) });
        }
        current = older;
    }
    while let Some(done) = tasks.join_next().await {
        collect(job, &mut tally, done);
    }
    conclude(job, chains, tally, place.siblings).await
}

/// Returns a walk that starts at the newest of these digest files.
async fn begin(job: &Job, place: &ChainPlace<'_>, digests: &ChainDigests) -> ChainWalk {
    let plan = &job.plan;
    let known = digests.hourly.iter().copied().collect();
    // A trail that was moved may continue from another place.
    let is_whole = plan.wanted.from.is_none() && plan.target.places.len() == 1;
    let walk = ChainWalk::among(known, is_whole);
    match digests.hourly.last() {
        Some(newest) if plan.medium.is_copy() => {
            walk.with_known(claims(&plan.digests, place.siblings, *newest).await)
        }
        _ => walk,
    }
}

/// Returns the next digest. Meanwhile, collects the digests whose log files are done.
async fn next(
    job: &Job,
    reads: &mut BoxStream<'_, HeldDigest>,
    tasks: &mut Tasks,
    tally: &mut ChainTally,
) -> Option<HeldDigest> {
    loop {
        if tasks.is_empty() {
            return reads.next().await;
        }
        let (next, done) = (pin!(reads.next()), pin!(tasks.join_next()));
        match select(next, done).await {
            Either::Left((next, _)) => return next,
            Either::Right((done, _)) => {
                if let Some(done) = done {
                    collect(job, tally, done);
                }
            }
        }
    }
}

/// Collects the outcome of a digest and its log files.
fn collect(
    job: &Job,
    tally: &mut ChainTally,
    done: Result<Result<DigestOutcomes, JoinError>, JoinError>,
) {
    let Ok(outcomes) = done.flatten() else {
        job.crashed(&tally.folder.digests());
        tally.worst = tally.worst.max(Outcome::CannotTell);
        return;
    };
    job.collector
        .line("digest", &outcomes.line(&tally.folder.bucket));
    tally.add(&outcomes);
}

/// Reports the time that no digest file covers, and hands the chain on. Returns whether anything is
/// known about it.
async fn conclude(
    job: &Job,
    chains: &KnownChains,
    mut tally: ChainTally,
    siblings: &[Sibling],
) -> bool {
    if let Some(newest) = tally.newest_authentic {
        chains.newest(&tally.chain, newest);
    }
    let mut end = None;
    if job.interrupted() {
        tally.worst = tally.worst.max(Outcome::CannotTell);
    } else if !job.plan.target.part.is_single_object() {
        end = Box::pin(check_covered(job, &mut tally, siblings)).await;
    }
    let is_known = tally.newest_authentic.is_some() || !tally.is_empty();
    if is_known {
        // The name of an object alone does not prove that a trail exists.
        chains.matched(&tally.chain);
    }
    match end {
        Some(end) => chains.wait(tally, end),
        None => job.done(tally),
    }
    is_known
}
