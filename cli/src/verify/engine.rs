//! The work: the folders of accounts and Regions side by side, their chains from the newest digest to
//! the oldest, log files as many at a time as requests are allowed.

use super::collector::{Collector, Progress};
use super::ends::{self, Ended, PendingEnd};
use super::family::{Place, families};
use super::resume::Resume;
use super::tally::Tally;
use super::unlisted::Listed;
use crate::report::{CannotTell, Counts, Outcome};
use crate::source::{Keys, Objects};
use futures::future::{Either, select};
use futures::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use trailseal::bucket::discovery::{self, ChainDigests};
use trailseal::bucket::selection::{DELIVERY, Part, Selection};
use trailseal::bucket::wanted::TrailFilter;
use trailseal::bucket::wanted::Wanted;
use trailseal::check::digest::DigestVerifier;
use trailseal::check::digest::{ChainWalk, ReadDigest, SettledDigest};
use trailseal::finding::{Finding, Report};
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{Chain, DigestKey, DigestSeries};
use trailseal::names::region_folder::RegionFolder;
use trailseal_aws::Limited;

/// Region folders that are worked on at a time: bounds what is known of digests.
const FOLDERS: usize = 16;

/// Digests that are held at a time: each folder needs two to go on.
const HELD: usize = 4 * FOLDERS;

/// A digest that lists more log files is held only when it is its turn.
const MANY_LOG_FILES: usize = 2000;

/// The most digests behind the time asked for that are tried for one that CloudTrail signed.
const MAX_WITNESSES: usize = 48;

/// What to do about log files without digests.
pub(super) const NO_DIGESTS: &str = "Where digests were deleted, restore them; in a copy on disk, copy them, too; where log file validation was off, enable it (aws cloudtrail update-trail --enable-log-file-validation).";

/// The digests of a source.
pub(crate) type SourceDigests = DigestVerifier<Arc<Limited<Objects>>, Keys>;

/// What is to be done.
pub(crate) struct Plan {
    /// The digests of the source.
    pub(crate) digests: SourceDigests,
    /// Buckets and prefixes to look into.
    pub(crate) places: Vec<(String, String)>,
    /// What of the trails' folders is named.
    pub(crate) part: Part,
    /// What was asked for. Its end is always given.
    pub(crate) wanted: Wanted,
    /// Up to when digests should have come; none where that is not known.
    pub(crate) expected_until: Option<Timestamp>,
    /// Whether neither the user nor the source says up to when is verified.
    pub(crate) is_open_ended: bool,
    /// Since when the user says that everything should be there.
    pub(crate) kept_since: Option<Timestamp>,
    /// Ends of chains that are on purpose.
    pub(crate) ended: Vec<Ended>,
    /// Why there may be trails that were not found.
    pub(crate) unseen: Vec<String>,
    /// When the verification begins.
    pub(crate) now: Timestamp,
    /// Whether to look for log files that no digest lists.
    pub(crate) unlisted: bool,
    /// Progress on disk.
    pub(crate) resume: Option<Arc<Resume>>,
    /// Requests in flight.
    pub(crate) concurrency: usize,
    /// What holds the objects.
    pub(crate) medium: Medium,
}

/// What holds the objects that are verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Medium {
    /// A bucket.
    Bucket,
    /// A copy on disk of all that was in a bucket. A digest's signature is only in the digest after it.
    WholeCopy,
    /// A copy on disk that may lack a part.
    PartialCopy,
}

impl Medium {
    /// Whether it is a copy on disk.
    pub(super) fn is_copy(self) -> bool {
        self != Self::Bucket
    }
}

pub(super) struct Engine {
    pub(super) plan: Plan,
    pub(super) collector: Arc<Collector>,
    /// Digests that are held.
    held: Arc<Semaphore>,
    /// Log files under way: what waits for its turn costs next to nothing.
    pub(super) under_way: Arc<Semaphore>,
    /// Chains that were found.
    pub(super) matched: Mutex<BTreeSet<Chain>>,
    /// End of the newest digest of each chain that CloudTrail signed.
    newest: Mutex<BTreeMap<Chain, Timestamp>>,
    /// Chains whose ends nothing in the bucket explains.
    pending: Mutex<Vec<(Tally, PendingEnd)>>,
}

/// A digest that is held, so that not too many are.
struct Held {
    /// None where it is too large to be held before its turn.
    read: Option<ReadDigest>,
    at: ObjectLocation,
    key: DigestKey,
    permit: Option<OwnedSemaphorePermit>,
}

/// What became of a digest and its log files.
pub(super) struct Outcomes {
    pub(super) key: DigestKey,
    pub(super) time: (Timestamp, Timestamp),
    pub(super) own: Outcome,
    pub(super) log_files: Counts,
    pub(super) bytes: u64,
}

/// Does all of it. Findings go to `collector`. Whether anything was found to verify.
pub(crate) async fn verify(mut plan: Plan, collector: Arc<Collector>) -> bool {
    let (folders, reports) = find(&mut plan).await;
    let engine = Arc::new(Engine {
        under_way: Arc::new(Semaphore::new(plan.concurrency)),
        plan,
        collector,
        held: Arc::new(Semaphore::new(HELD)),
        matched: Mutex::default(),
        newest: Mutex::default(),
        pending: Mutex::default(),
    });
    for unseen in &engine.plan.unseen {
        engine.not_seen(unseen.clone());
    }
    for report in reports {
        engine.take(report);
    }
    let found = !folders.is_empty();
    let looked_into = if engine.plan.unlisted {
        folders.clone()
    } else {
        Vec::new()
    };
    let progress = &engine.collector.progress;
    Progress::add(&progress.folders, u64::try_from(folders.len()).unwrap_or(0));
    stream::iter(families(folders))
        .for_each_concurrent(FOLDERS, |family| {
            let engine = Arc::clone(&engine);
            async move {
                let name = family
                    .first()
                    .map(RegionFolder::digests)
                    .unwrap_or_default();
                let task = tokio::spawn(Arc::clone(&engine).family(family));
                if task.await.is_err() {
                    engine.crashed(&name);
                }
            }
        })
        .await;
    engine.settle_ends();
    if !engine.interrupted() {
        if found {
            engine.check_matched();
        }
        engine.unlisted_outside(&looked_into).await;
    }
    if !engine.interrupted()
        && let Some(resume) = &engine.plan.resume
        && let Err(error) = resume.complete()
    {
        engine.not_seen(format!(
            "the progress file cannot be removed ({error}): remove it before the next run"
        ));
    }
    found
}

/// Finds the folders of what is named.
///
/// A prefix that begins with a slash is meant so, if trails are there: a trail's prefix may begin with
/// one. If not, somebody wrote one slash too many.
async fn find(plan: &mut Plan) -> (Vec<RegionFolder>, Vec<Report>) {
    let (mut folders, mut reports) = (Vec::new(), Vec::new());
    let mut places = std::mem::take(&mut plan.places);
    for (bucket, prefix) in &mut places {
        let mut selection = Selection::of(prefix);
        let (mut found, mut report) = folders_of(plan, bucket, &selection).await;
        let without_slash = prefix.trim_start_matches('/');
        if found.is_empty() && report.obstacles.is_empty() && without_slash != prefix {
            selection = Selection::of(without_slash);
            (found, report) = folders_of(plan, bucket, &selection).await;
            let without_slash = without_slash.to_owned();
            *prefix = without_slash;
        }
        plan.part = selection.part;
        folders.extend(found);
        reports.push(report);
    }
    plan.places = places;
    (folders, reports)
}

async fn folders_of(plan: &Plan, bucket: &str, target: &Selection) -> (Vec<RegionFolder>, Report) {
    if let Part::Elsewhere(_) = target.part {
        return (Vec::new(), Report::new());
    }
    discovery::region_folders(plan.digests.store(), bucket, target, &plan.wanted).await
}

impl Engine {
    pub(super) fn store(&self) -> &Arc<Limited<Objects>> {
        self.plan.digests.store()
    }

    /// Whether somebody wants the run to end, or nobody reads what is written.
    pub(super) fn interrupted(&self) -> bool {
        if self.collector.is_broken() {
            self.store().close();
        }
        self.store().is_closed()
    }

    pub(super) fn newest(&self) -> MutexGuard<'_, BTreeMap<Chain, Timestamp>> {
        // Every change is a single entry.
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn pending(&self) -> MutexGuard<'_, Vec<(Tally, PendingEnd)>> {
        // Every change is a single push.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether log files are looked for that no digest lists: that was asked for, or log files
    /// were named, and not those of one trail.
    pub(super) fn looks_for_unlisted(&self) -> bool {
        self.plan.unlisted || (self.plan.part.is_log_files() && self.plan.wanted.trails.is_empty())
    }

    /// Takes a chain that is done.
    pub(super) fn done(&self, tally: Tally) {
        if !tally.is_empty() {
            self.collector.chain(tally.report(&self.plan.wanted));
        }
    }

    /// Says that something was not looked at, and that its verdict is open.
    fn not_seen(&self, reason: String) {
        self.collector.not_told(CannotTell {
            subject: "trails that were not looked at".to_owned(),
            account: None,
            region: None,
            trail: None,
            reason,
            advice: String::new(),
        });
    }

    /// What was asked for by name, and is not there.
    fn check_matched(&self) {
        let matched = self.matched.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = &self.plan.wanted;
        let mut absent: Vec<String> = Vec::new();
        for account in &wanted.accounts {
            if !matched.iter().any(|chain| chain.folder.account == *account) {
                absent.push(format!("account {account}"));
            }
        }
        for region in &wanted.regions {
            if !matched.iter().any(|chain| chain.region == *region) {
                absent.push(format!("Region {region}"));
            }
        }
        for trail in &wanted.trails {
            if !matched.iter().any(|chain| trail.is(chain)) {
                absent.push(match trail {
                    TrailFilter::Name(name) => format!("trail {name}"),
                    TrailFilter::Arn(arn) => format!("trail {arn}"),
                });
            }
        }
        let unused: Vec<&str> = ends::unused(&self.plan.ended, &matched).collect();
        for unused in unused {
            self.not_seen(format!(
                "--ended {unused} names no trail whose digest files are here"
            ));
        }
        drop(matched);
        for absent in absent {
            self.not_seen(format!(
                "no digest is there of the {absent}, which was asked for"
            ));
        }
    }

    /// Takes a report: findings, and what could not be looked at.
    pub(super) fn take(&self, report: Report) {
        for finding in &report.findings {
            self.collector.finding(finding);
        }
        if self.interrupted() {
            return;
        }
        for obstacle in report.obstacles {
            let scope = obstacle
                .if_it_stays
                .map(|finding| finding.scope)
                .unwrap_or_default();
            self.collector.cannot_tell(&obstacle.error, &scope);
        }
    }

    /// Says that a check ended without a verdict, which none should.
    pub(super) fn crashed(&self, subject: &str) {
        self.collector.not_told(CannotTell {
            subject: subject.to_owned(),
            account: None,
            region: None,
            trail: None,
            reason: "a check ended before it came to a verdict: this is an error in Trailseal"
                .to_owned(),
            advice: "Please report it, with what stands on standard error.".to_owned(),
        });
    }

    /// Verifies one chain, newest digest file first. Whether CloudTrail signed any of its digest files,
    /// or something is said about it.
    pub(super) async fn chain(
        self: &Arc<Self>,
        place: Place<'_>,
        chain: Chain,
        digests: ChainDigests,
        mut listed: Option<&mut Listed>,
    ) -> bool {
        let folder = place.folder;
        let wanted = &self.plan.wanted;
        let mut tally = Tally::new(folder, &chain);
        let keys = self
            .to_read(folder, &chain, &digests, listed.is_some())
            .await;
        let mut reads = stream::iter(keys)
            .map(|(series, end)| self.read(folder, DigestKey::of(chain.clone(), series, end)))
            .buffered(HELD)
            .boxed();
        let known = digests.hourly.iter().copied().collect();
        // A trail that was moved may go on from another place.
        let is_whole = wanted.from.is_none() && self.plan.places.len() == 1;
        let mut walk = ChainWalk::among(known, is_whole);
        if self.plan.medium.is_copy()
            && let Some(newest) = digests.hourly.last()
        {
            walk = walk.knowing(self.claims(place.siblings, *newest).await);
        }
        let mut tasks: JoinSet<Outcomes> = JoinSet::new();
        let mut current = self.in_turn(reads.next().await).await;
        while let Some((held, read)) = current {
            if self.interrupted() {
                break;
            }
            // The next digest to come, unless log files are done before.
            let older = loop {
                if tasks.is_empty() {
                    break reads.next().await;
                }
                let (next, done) = (pin!(reads.next()), pin!(tasks.join_next()));
                match select(next, done).await {
                    Either::Left((next, _)) => break next,
                    Either::Right((done, _)) => {
                        if let Some(done) = done {
                            self.tell(&mut tally, done);
                        }
                    }
                }
            };
            let older = self.in_turn(older).await;
            let beside = older
                .as_ref()
                .filter(|(older, _)| older.key.series == DigestSeries::Hourly)
                .map(|(_, read)| read);
            let mut settled = self.plan.digests.settle(&mut walk, read, beside).await;
            let reported = self.is_reported(&settled);
            self.take_begin_of_what_is_kept(&mut settled, &mut tally)
                .await;
            self.take_settled(&mut settled, reported, &mut tally);
            if let Some(listed) = listed.as_deref_mut() {
                let from = settled.at.bucket.as_str();
                listed.add(&settled, |file| self.plan.digests.actual(file, from));
            }
            if reported {
                let engine = Arc::clone(self);
                let permit = held.permit;
                tasks.spawn(async move { engine.log_files(settled, permit).await });
            }
            current = older;
        }
        while let Some(done) = tasks.join_next().await {
            self.tell(&mut tally, done);
        }
        if let Some(newest) = tally.newest_authentic {
            // A trail that was moved has digest files of one chain in two buckets.
            self.newest()
                .entry(tally.chain.clone())
                .and_modify(|end| *end = newest.max(*end))
                .or_insert(newest);
        }
        let mut end = None;
        if self.interrupted() {
            tally.worst = tally.worst.max(Outcome::CannotTell);
        } else if !self.plan.part.is_one() {
            end = Box::pin(self.check_covered(&mut tally, place.siblings)).await;
        }
        let is_known = tally.newest_authentic.is_some() || !tally.is_empty();
        if is_known {
            // The name of an object alone is no trail.
            let mut matched = self.matched.lock().unwrap_or_else(PoisonError::into_inner);
            matched.insert(tally.chain.clone());
        }
        match end {
            Some(end) => self.pending().push((tally, end)),
            None => self.done(tally),
        }
        is_known
    }

    /// The digest files of a chain that are read, newest first: those that are asked for, those after
    /// them up to one that CloudTrail signed, and the one before.
    async fn to_read(
        self: &Arc<Self>,
        folder: &RegionFolder,
        chain: &Chain,
        digests: &ChainDigests,
        unlisted: bool,
    ) -> Vec<(DigestSeries, Timestamp)> {
        let progress = &self.collector.progress;
        let reached = |end: &&Timestamp| self.is_named(chain, DigestSeries::Hourly, **end);
        let backfill: Vec<Timestamp> = digests
            .backfill
            .iter()
            .rev()
            .filter(|end| self.is_named(chain, DigestSeries::Backfill, **end))
            .copied()
            .collect();
        let count = digests.hourly.iter().filter(reached).count() + backfill.len();
        Progress::add(&progress.digests_known, u64::try_from(count).unwrap_or(0));
        let later = self.witnesses(folder, chain, digests, unlisted).await;
        let in_time = digests.hourly.iter().rev().filter(reached).copied();
        let is_earlier = |end: &&Timestamp| !reached(end) && !self.is_later(chain, **end);
        let earlier = digests.hourly.iter().rev().find(is_earlier);
        later
            .into_iter()
            .rev()
            .chain(in_time)
            .chain(earlier.copied())
            .map(|end| (DigestSeries::Hourly, end))
            .chain(
                backfill
                    .into_iter()
                    .map(|end| (DigestSeries::Backfill, end)),
            )
            .collect()
    }

    /// Whether a digest file is asked for, by its key.
    fn is_named(&self, chain: &Chain, series: DigestSeries, end: Timestamp) -> bool {
        self.plan.wanted.hour(end)
            && match &self.plan.part {
                Part::Digests(_) | Part::Digest(_) => {
                    let key = DigestKey::of(chain.clone(), series, end);
                    self.plan.part.takes_digest(&key)
                }
                Part::Elsewhere(_) => false,
                Part::Everything | Part::LogFiles(_) | Part::LogFile(_) => true,
            }
    }

    /// Whether a digest file is asked for. Where one log file is, that is the digest file that lists
    /// it.
    fn is_reported(&self, settled: &SettledDigest) -> bool {
        let Part::LogFile(named) = &self.plan.part else {
            let key = &settled.key;
            return self.is_named(&key.chain, key.series, key.end_time);
        };
        settled.authentic.as_ref().is_some_and(|digest| {
            let mut files = digest.digest().log_files.iter();
            let here = settled.at.bucket.as_str();
            files.any(|file| {
                file.location.key == *named
                    && self.plan.digests.actual(&file.location, here).bucket == here
            })
        })
    }

    /// Whether a digest file ends after the time asked for. One that does not, and is not asked for,
    /// is earlier.
    fn is_later(&self, chain: &Chain, end: Timestamp) -> bool {
        self.plan.wanted.to.is_some_and(|to| end >= to)
            && !self.is_named(chain, DigestSeries::Hourly, end)
    }

    /// Digests behind the time asked for, oldest first: up to one that CloudTrail signed, which
    /// tells whether any before it is gone. Names prove nothing: anybody may put an object there.
    async fn witnesses(
        self: &Arc<Self>,
        folder: &RegionFolder,
        chain: &Chain,
        digests: &ChainDigests,
        unlisted: bool,
    ) -> Vec<Timestamp> {
        // Log files of the last hours may be listed that late.
        let reach = self.plan.wanted.to.filter(|_| unlisted).and_then(|to| {
            to.checked_add(DELIVERY + SignedDuration::from_hours(1))
                .ok()
        });
        let mut witnesses = Vec::new();
        let mut proven = false;
        for end in digests.hourly.iter().copied() {
            if !self.is_later(chain, end) {
                continue;
            }
            let enough = proven && reach.is_none_or(|reach| end > reach);
            if enough || witnesses.len() >= MAX_WITNESSES || self.interrupted() {
                break;
            }
            witnesses.push(end);
            // In a copy on disk the one after a digest proves it: all are read.
            if !self.plan.medium.is_copy() && !proven {
                let key = DigestKey::of(chain.clone(), DigestSeries::Hourly, end);
                let at = ObjectLocation::new(folder.bucket.clone(), key.to_string());
                let read = self.plan.digests.read_digest(at, key).await;
                proven = self.plan.digests.is_authentic(&read).await;
            }
        }
        witnesses
    }

    /// A digest whose turn it is: what was too large to be held is read now.
    async fn in_turn(&self, held: Option<Held>) -> Option<(Held, ReadDigest)> {
        let mut held = held?;
        let read = if let Some(read) = held.read.take() {
            read
        } else {
            let (at, key) = (held.at.clone(), held.key.clone());
            self.plan.digests.read_digest(at, key).await
        };
        Some((held, read))
    }

    /// Reads a digest, when not too many are held.
    async fn read(self: &Arc<Self>, folder: &RegionFolder, key: DigestKey) -> Held {
        // The semaphore is never closed: without a permit nothing but the bound is lost.
        let permit = Arc::clone(&self.held).acquire_owned().await.ok();
        let at = ObjectLocation::new(folder.bucket.clone(), key.to_string());
        // What could not be read, or not be held, is read when it is its turn. It goes at once: what
        // a task has come to may wait long.
        let read = tokio::spawn({
            let (engine, at, key) = (Arc::clone(self), at.clone(), key.clone());
            async move {
                let read = engine.plan.digests.read_digest(at, key).await;
                (read.log_files() <= MANY_LOG_FILES).then_some(read)
            }
        });
        let read = read.await.ok().flatten();
        Held {
            read,
            at,
            key,
            permit,
        }
    }

    /// Takes what was found about a digest and its link, as far as it is about the time asked for.
    fn take_settled(&self, settled: &mut SettledDigest, reported: bool, tally: &mut Tally) {
        let at = settled.at.clone();
        settled
            .report
            .findings
            .retain(|finding| self.is_wanted(finding, reported && finding.object == at));
        for finding in &settled.report.findings {
            if self.collector.finding(finding) {
                tally.window_of(finding);
            }
        }
        if reported {
            self.collector.form(settled.form, &settled.at);
        }
        self.take_not_in_copy(settled, reported, tally);
        let (start, end) = (settled.start, settled.key.end_time);
        if settled.key.series == DigestSeries::Hourly && (reported || settled.authentic.is_some()) {
            tally.coverage.told(start, end);
            if settled.authentic.is_some() {
                tally.newest_authentic = tally.newest_authentic.max(Some(end));
                tally.oldest_is_authentic = true;
            } else {
                tally.oldest_is_authentic = false;
            }
        }
        if reported && !self.interrupted() {
            let scope = self.plan.digests.scope(&settled.key);
            for obstacle in &settled.report.obstacles {
                self.collector.cannot_tell(&obstacle.error, &scope);
            }
        }
    }

    /// Takes what a copy on disk does not hold: a finding in a complete one, about the same time.
    fn take_not_in_copy(&self, settled: &mut SettledDigest, reported: bool, tally: &mut Tally) {
        let scope = self.plan.digests.scope(&settled.key);
        let at = settled.at.clone();
        let obstacles = std::mem::take(&mut settled.report.obstacles);
        for obstacle in obstacles {
            let finding = match &obstacle.if_it_stays {
                Some(finding) if obstacle.error.is_not_in_copy() => finding,
                _ => {
                    settled.report.obstacles.push(obstacle);
                    continue;
                }
            };
            if self.is_wanted(finding, reported && finding.object == at) && !self.interrupted() {
                self.collector
                    .not_in_copy(&obstacle.error, &scope, finding.window);
                tally.unverified(finding.window);
            }
        }
    }

    /// Whether a finding is about the time asked for: by the time that it leaves uncovered; else,
    /// unless it is about a digest of that time, by its object.
    pub(super) fn is_wanted(&self, finding: &Finding, of_wanted: bool) -> bool {
        let wanted = &self.plan.wanted;
        if let Part::LogFile(_) = self.plan.part {
            return of_wanted;
        }
        match (
            finding.window,
            trailseal::names::object_key::classify(&finding.object.key),
        ) {
            (Some(window), _) => {
                wanted.from.is_none_or(|from| window.to > from)
                    && wanted
                        .to
                        .is_none_or(|to| window.from.is_none_or(|from| from < to))
            }
            (None, _) if of_wanted => true,
            (None, trailseal::names::object_key::ObjectKind::Digest(key)) => {
                wanted.hour(key.end_time)
            }
            _ => false,
        }
    }

    /// Takes what became of a digest.
    fn tell(&self, tally: &mut Tally, done: Result<Outcomes, JoinError>) {
        #[derive(serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        struct DigestLine {
            bucket: String,
            key: String,
            start_time: Timestamp,
            end_time: Timestamp,
            verdict: Outcome,
            log_files: Counts,
            bytes: u64,
        }
        let Ok(outcomes) = done else {
            self.crashed(&tally.folder.digests());
            tally.worst = tally.worst.max(Outcome::CannotTell);
            return;
        };
        let state = outcomes.state();
        self.collector.line(
            "digest",
            &DigestLine {
                bucket: tally.folder.bucket.clone(),
                key: outcomes.key.to_string(),
                start_time: outcomes.time.0,
                end_time: outcomes.time.1,
                verdict: state,
                log_files: outcomes.log_files,
                bytes: outcomes.bytes,
            },
        );
        tally.add(&outcomes);
    }
}

/// The one word for a digest itself.
pub(super) fn outcome_of(settled: &SettledDigest) -> Outcome {
    let own = |finding: &Finding| finding.object == settled.at;
    if settled.report.findings.iter().any(own) {
        Outcome::Finding
    } else if settled.authentic.is_none() {
        Outcome::CannotTell
    } else {
        Outcome::Valid
    }
}

impl Outcomes {
    /// The worst of the digest and its log files.
    pub(super) fn state(&self) -> Outcome {
        let log_files = if self.log_files.finding > 0 {
            Outcome::Finding
        } else if self.log_files.cannot_tell > 0 {
            Outcome::CannotTell
        } else {
            Outcome::Valid
        };
        self.own.max(log_files)
    }
}
