//! The work: Region folders side by side, their chains from the newest digest to the oldest,
//! log files as many at a time as requests are allowed.

use super::collector::{Collector, Progress};
use super::coverage::Coverage;
use super::resume::{Done, Resume};
use super::unlisted::Listed;
use crate::report::{CannotTell, ChainReport, Counts, Outcome};
use crate::source::{Keys, Objects};
use futures::future::{Either, join, select};
use futures::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use trailseal::aws::Limited;
use trailseal::chain::hourly_digests;
use trailseal::discovery::{self, ChainDigests, RegionFolder, TrailFilter, Wanted};
use trailseal::finding::{Finding, FindingKind, Report, Scope, Window};
use trailseal::location::ObjectLocation;
use trailseal::object_key::{Chain, DigestKey, DigestSeries};
use trailseal::signature::AuthenticDigest;
use trailseal::validation::Digests;
use trailseal::walk::{OVERDUE_AFTER, ReadDigest, Settled, Walk, listed_in};

/// Region folders that are worked on at a time: bounds what is known of digests.
const FOLDERS: usize = 16;

/// Digests that are held at a time: each folder needs two to go on.
const HELD: usize = 4 * FOLDERS;

/// A digest that lists more log files is held only when it is its turn.
const MANY_LOG_FILES: usize = 2000;

/// The most digests behind the time asked for that are tried for one that CloudTrail signed.
const MAX_WITNESSES: usize = 48;

/// A log file may be delivered so long after the minute in its name and still be in the digest
/// of a later hour.
pub(super) const DELIVERY: SignedDuration = SignedDuration::from_hours(2);

/// How many days are looked back for the newest digest before the time asked for, in steps that
/// grow, so that a chain that stopped years ago costs few requests; at last, all.
const EARLIER: [Option<i64>; 3] = [Some(31), Some(366), None];

/// What to do about log files without digests.
const NO_DIGESTS: &str = "Where digests were deleted, restore them; in a copy on disk, copy them, too; where log file validation was off, enable it (aws cloudtrail update-trail --enable-log-file-validation).";

/// What to do about time that no digest covers.
const NOT_COVERED: &str = "Look for deleted versions of the digests of that time (aws s3api list-object-versions); in a copy on disk, give the signatures of the digests that cannot be verified (--signatures).";

/// What to do about it where a copy on disk may be unfinished.
const NOT_COVERED_IN_COPY: &str = "Finish the copy (run `aws s3 sync` again), and give the signatures of the digests that cannot be verified (--signatures). If the copy holds everything that was in the bucket, give --complete, and look for deleted versions of the digests of that time.";

/// The digests of a source.
pub(crate) type SourceDigests = Digests<Arc<Limited<Objects>>, Keys>;

/// What is to be done.
pub(crate) struct Plan {
    /// The digests of the source.
    pub(crate) digests: SourceDigests,
    /// Buckets and prefixes to look into.
    pub(crate) places: Vec<(String, String)>,
    /// What was asked for. Its end is always given.
    pub(crate) wanted: Wanted,
    /// Up to when digests should have come; none where that is not known.
    pub(crate) expected_until: Option<Timestamp>,
    /// Trails that ended on purpose.
    pub(crate) ended: Vec<TrailFilter>,
    /// Why there may be trails that were not found.
    pub(crate) unseen: Vec<String>,
    /// When the verification begins.
    pub(crate) now: Timestamp,
    /// Whether to look for log files that no digest lists.
    pub(crate) unlisted: bool,
    /// Progress on disk.
    pub(crate) resume: Option<Resume>,
    /// Requests in flight.
    pub(crate) concurrency: usize,
    /// Whether a digest's signature stands only in the digest after it.
    pub(crate) bare_copy: bool,
    /// Whether the source is a copy on disk that may lack a part of what was in the bucket.
    pub(crate) is_partial: bool,
}

struct Engine {
    plan: Plan,
    collector: Arc<Collector>,
    /// Digests that are held.
    held: Arc<Semaphore>,
    /// Log files under way: what waits for its turn costs next to nothing.
    under_way: Arc<Semaphore>,
    /// Chains that were found.
    matched: Mutex<BTreeSet<Chain>>,
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
struct Outcomes {
    key: DigestKey,
    time: (Timestamp, Timestamp),
    own: Outcome,
    log_files: Counts,
    bytes: u64,
}

/// Does all of it. Findings go to `collector`. Whether anything was found to verify.
pub(crate) async fn verify(plan: Plan, collector: Arc<Collector>) -> bool {
    let under_way = Arc::new(Semaphore::new(plan.concurrency));
    let engine = Arc::new(Engine {
        plan,
        collector,
        under_way,
        held: Arc::new(Semaphore::new(HELD)),
        matched: Mutex::default(),
    });
    for unseen in &engine.plan.unseen {
        engine.not_seen(unseen.clone());
    }
    let mut folders = Vec::new();
    for (bucket, prefix) in &engine.plan.places {
        let (found, report) =
            discovery::region_folders(engine.store(), bucket, prefix, &engine.plan.wanted).await;
        engine.take(report);
        folders.extend(found);
    }
    let found = !folders.is_empty();
    let progress = &engine.collector.progress;
    Progress::add(&progress.folders, u64::try_from(folders.len()).unwrap_or(0));
    stream::iter(folders)
        .for_each_concurrent(FOLDERS, |folder| {
            let engine = Arc::clone(&engine);
            async move {
                let name = folder.digests();
                let task = tokio::spawn(Arc::clone(&engine).folder(folder));
                if task.await.is_err() {
                    engine.crashed(&name);
                }
            }
        })
        .await;
    if !engine.interrupted() {
        if found {
            engine.check_matched();
        }
        if let Some(resume) = &engine.plan.resume
            && let Err(error) = resume.complete()
        {
            engine.not_seen(format!(
                "the progress file cannot be removed ({error}): remove it before the next run"
            ));
        }
    }
    found
}

impl Engine {
    fn store(&self) -> &Arc<Limited<Objects>> {
        self.plan.digests.store()
    }

    /// Whether somebody wants the run to end, or nobody reads what is written.
    fn interrupted(&self) -> bool {
        if self.collector.is_broken() {
            self.store().close();
        }
        self.store().is_closed()
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
        drop(matched);
        for absent in absent {
            self.not_seen(format!(
                "no digest is there of the {absent}, which was asked for"
            ));
        }
    }

    /// Takes a report: findings, and what could not be looked at.
    fn take(&self, report: Report) {
        for finding in report.findings.iter().chain(&report.reported_elsewhere) {
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
    fn crashed(&self, subject: &str) {
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

    async fn folder(self: Arc<Self>, folder: RegionFolder) {
        let (listed, earlier) = join(
            discovery::digests(self.store(), &folder, &self.plan.wanted),
            self.earlier(&folder, &EARLIER[..1], self.plan.wanted.from),
        )
        .await;
        let progress = &self.collector.progress;
        Progress::add(&progress.folders_listed, 1);
        let discovery::FoundDigests {
            mut chains,
            misnamed,
        } = match listed {
            Ok(found) => found,
            Err(error) => {
                let mut report = Report::new();
                folder.cannot_list(&mut report, error);
                self.take(report);
                return;
            }
        };
        stream::iter(misnamed)
            .for_each_concurrent(self.plan.concurrency, |key| {
                let at = ObjectLocation::new(folder.bucket.clone(), key);
                let engine = &self;
                async move { engine.take(engine.plan.digests.validate(&at).await) }
            })
            .await;
        let earlier = match earlier {
            (earlier, Some(back_to)) if chains.is_empty() && earlier.is_empty() => {
                self.earlier(&folder, &EARLIER[1..], Some(back_to)).await.0
            }
            (earlier, _) => earlier,
        };
        let no_digests = chains.is_empty() && earlier.is_empty();
        // A chain that has none any more: when did they stop?
        for (chain, newest) in earlier {
            chains.entry(chain).or_insert_with(|| ChainDigests {
                hourly: BTreeSet::from([newest]),
                ..ChainDigests::default()
            });
        }
        if no_digests && self.plan.wanted.trails.is_empty() && !self.interrupted() {
            self.check_no_log_files(&folder).await;
        }
        self.matched
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(chains.keys().cloned());
        let mut listed = self.plan.unlisted.then(Listed::default);
        for (chain, digests) in chains {
            if self.interrupted() {
                return;
            }
            let settled = Box::pin(self.chain(&folder, chain, digests, listed.as_mut())).await;
            if let Some(report) = settled {
                self.collector.chain(report);
            }
        }
        if let Some(listed) = listed
            && !self.interrupted()
        {
            self.unlisted(&folder, &listed).await;
        }
    }

    /// The newest digest of each chain before a time, as far back as these many days go until
    /// there is one, and what they reached back to.
    async fn earlier(
        &self,
        folder: &RegionFolder,
        steps: &[Option<i64>],
        before: Option<Timestamp>,
    ) -> (BTreeMap<Chain, Timestamp>, Option<Timestamp>) {
        let mut newest = BTreeMap::new();
        let mut end = before;
        for days in steps {
            let Some(until) = end else { break };
            let back = days.map(|days| SignedDuration::from_hours(24 * days));
            let earlier = Wanted {
                from: back.and_then(|back| until.checked_sub(back).ok()),
                to: Some(until),
                ..self.plan.wanted.clone()
            };
            match discovery::digests(self.store(), folder, &earlier).await {
                Ok(found) => {
                    for (chain, digests) in found.chains {
                        let before = digests.hourly.range(..=until).next_back();
                        if let Some(last) = before {
                            newest.insert(chain, *last);
                        }
                    }
                }
                Err(error) => {
                    let mut report = Report::new();
                    folder.cannot_list(&mut report, error);
                    self.take(report);
                    break;
                }
            }
            if !newest.is_empty() {
                break;
            }
            end = earlier.from;
        }
        (newest, end)
    }

    /// Log files without any digest: validation was off, or the digests are gone.
    async fn check_no_log_files(&self, folder: &RegionFolder) {
        let looked = discovery::holds_log_files(self.store(), folder, &self.plan.wanted).await;
        let scope = folder.scope();
        match looked {
            Ok(false) => {}
            Ok(true) if self.plan.unlisted => {}
            Ok(true) => self.collector.not_told(CannotTell {
                subject: format!("s3://{}/{}", folder.bucket, folder.log_files()),
                account: scope.account,
                region: scope.region,
                trail: None,
                reason: format!(
                    "nothing proves the log files below s3://{}/{}: there is no digest at all",
                    folder.bucket,
                    folder.log_files()
                ),
                advice: NO_DIGESTS.to_owned(),
            }),
            Err(error) => self.collector.cannot_tell(&error, &scope),
        }
    }

    async fn chain(
        self: &Arc<Self>,
        folder: &RegionFolder,
        chain: Chain,
        digests: ChainDigests,
        mut listed: Option<&mut Listed>,
    ) -> Option<ChainReport> {
        let wanted = &self.plan.wanted;
        let mut tally = Tally::new(folder, &chain);
        let progress = &self.collector.progress;
        let reached = |end: &&Timestamp| wanted.hour(**end);
        let count = digests.hourly.iter().filter(reached).count()
            + digests.backfill.iter().filter(reached).count();
        Progress::add(&progress.digests_known, u64::try_from(count).unwrap_or(0));
        let later = self
            .witnesses(folder, &chain, &digests, listed.is_some())
            .await;
        let before = digests.hourly.iter().rev();
        let mut before = before.skip_while(|end| !wanted.hour(**end) && !self.is_earlier(**end));
        let in_time: Vec<Timestamp> = before
            .by_ref()
            .take_while(|end| wanted.hour(**end))
            .copied()
            .collect();
        let earlier = digests
            .hourly
            .iter()
            .rev()
            .find(|end| self.is_earlier(**end));
        let backfill = digests.backfill.iter().rev().copied();
        let keys: Vec<(DigestSeries, Timestamp)> = later
            .into_iter()
            .rev()
            .chain(in_time)
            .chain(earlier.copied())
            .map(|end| (DigestSeries::Hourly, end))
            .chain(
                backfill
                    .filter(|end| wanted.hour(*end))
                    .map(|end| (DigestSeries::Backfill, end)),
            )
            .collect();
        let mut reads = stream::iter(keys)
            .map(|(series, end)| self.read(folder, DigestKey::of(chain.clone(), series, end)))
            .buffered(HELD)
            .boxed();
        let known = digests.hourly.iter().copied().collect();
        // A trail that was moved may go on from another place.
        let is_whole = wanted.from.is_none() && self.plan.places.len() == 1;
        let mut walk = Walk::among(known, is_whole);
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
            let reported = wanted.hour(settled.key.end_time);
            self.take_settled(&mut settled, reported, &mut tally);
            if let Some(listed) = listed.as_deref_mut() {
                listed.add(&settled);
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
        if !self.interrupted() {
            self.check_covered(folder, &chain, &mut tally);
        } else if tally.worst == Outcome::Valid {
            tally.worst = Outcome::CannotTell;
        }
        if tally.is_empty() {
            return None;
        }
        Some(tally.report(wanted))
    }

    fn is_later(&self, end: Timestamp) -> bool {
        let wanted = &self.plan.wanted;
        wanted.to.is_some_and(|to| end > to) && !wanted.hour(end)
    }

    fn is_earlier(&self, end: Timestamp) -> bool {
        !self.plan.wanted.hour(end) && !self.is_later(end)
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
            if !self.is_later(end) {
                continue;
            }
            let enough = proven && reach.is_none_or(|reach| end > reach);
            if enough || witnesses.len() >= MAX_WITNESSES || self.interrupted() {
                break;
            }
            witnesses.push(end);
            // In a copy on disk the one after a digest proves it: all are read.
            if !self.plan.bare_copy && !proven {
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
    fn take_settled(&self, settled: &mut Settled, reported: bool, tally: &mut Tally) {
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
    fn take_not_in_copy(&self, settled: &mut Settled, reported: bool, tally: &mut Tally) {
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
                tally.not_in_copy(finding.window);
            }
        }
    }

    /// Whether a finding is about the time asked for: by the time that it leaves uncovered; else,
    /// unless it is about a digest of that time, by its object.
    fn is_wanted(&self, finding: &Finding, of_wanted: bool) -> bool {
        let wanted = &self.plan.wanted;
        match (
            finding.window,
            trailseal::object_key::classify(&finding.object.key),
        ) {
            (Some(window), _) => {
                wanted.from.is_none_or(|from| window.to > from)
                    && wanted
                        .to
                        .is_none_or(|to| window.from.is_none_or(|from| from < to))
            }
            (None, _) if of_wanted => true,
            (None, trailseal::object_key::ObjectKind::Digest(key)) => wanted.hour(key.end_time),
            _ => false,
        }
    }

    /// Verifies the log files of a settled digest.
    async fn log_files(
        self: Arc<Self>,
        settled: Settled,
        _held: Option<OwnedSemaphorePermit>,
    ) -> Outcomes {
        let own = outcome_of(&settled);
        let progress = &self.collector.progress;
        let mut outcomes = Outcomes {
            time: (settled.start, settled.key.end_time),
            own,
            log_files: Counts::default(),
            bytes: 0,
            key: settled.key,
        };
        if let Some(digest) = settled.authentic {
            self.verify_list(&settled.at, digest, &mut outcomes).await;
        }
        Progress::add(&progress.digests, 1);
        outcomes
    }

    async fn verify_list(
        self: &Arc<Self>,
        at: &ObjectLocation,
        digest: AuthenticDigest,
        outcomes: &mut Outcomes,
    ) {
        let progress = &self.collector.progress;
        let hash = digest.digest().hash;
        if digest.digest().log_files.is_empty() {
            return;
        }
        if let Some(done) = self.plan.resume.as_ref().and_then(|r| r.done(hash)) {
            outcomes.log_files.valid = done.log_files;
            outcomes.bytes = done.bytes;
            Progress::add(&progress.log_files, done.log_files);
            Progress::add(&progress.resumed, done.log_files);
            Progress::add(&progress.bytes, done.bytes);
            return;
        }
        let scope = Arc::new(self.plan.digests.scope(&outcomes.key));
        let listed_in = Arc::new(listed_in(at, digest.digest()));
        let digest = Arc::new(digest);
        let mut files = stream::iter(0..digest.digest().log_files.len())
            .map(|index| {
                let engine = Arc::clone(self);
                let (digest, scope, listed_in) = (
                    Arc::clone(&digest),
                    Arc::clone(&scope),
                    Arc::clone(&listed_in),
                );
                async move {
                    // Never closed.
                    let _turn = Arc::clone(&engine.under_way).acquire_owned().await.ok();
                    tokio::spawn(async move {
                        let file = digest.digest().log_files.get(index)?;
                        let digests = &engine.plan.digests;
                        Some(digests.verify_log_file(file, &scope, &listed_in).await)
                    })
                    .await
                }
            })
            .buffer_unordered(self.plan.concurrency);
        while let Some(verified) = files.next().await {
            let Ok(Some(verified)) = verified else {
                outcomes.log_files.cannot_tell += 1;
                self.crashed(&listed_in.key);
                continue;
            };
            if self.interrupted() && !verified.report.obstacles.is_empty() {
                // Not looked at.
                outcomes.log_files.cannot_tell += 1;
                continue;
            }
            Progress::add(&progress.log_files, 1);
            Progress::add(&progress.bytes, verified.inflated_bytes);
            outcomes.bytes += verified.inflated_bytes;
            self.collector.form(verified.form, &verified.at);
            if !verified.report.findings.is_empty() {
                outcomes.log_files.finding += 1;
            } else if verified.report.obstacles.is_empty() {
                outcomes.log_files.valid += 1;
                continue;
            } else {
                outcomes.log_files.cannot_tell += 1;
            }
            for finding in &verified.report.findings {
                self.collector.finding(finding);
            }
            for obstacle in &verified.report.obstacles {
                self.collector.cannot_tell(&obstacle.error, &scope);
            }
        }
        let all = u64::try_from(digest.digest().log_files.len()).unwrap_or(u64::MAX);
        if outcomes.log_files.valid == all
            && let Some(resume) = &self.plan.resume
        {
            let done = Done {
                log_files: all,
                bytes: outcomes.bytes,
            };
            if let Err(error) = resume.note(hash, done) {
                self.collector.not_told(CannotTell {
                    subject: "the progress file".to_owned(),
                    account: None,
                    region: None,
                    trail: None,
                    reason: format!("progress cannot be kept: {error}"),
                    advice: "Make room, or leave --resume out.".to_owned(),
                });
            }
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

    /// Every stretch of the time asked for must be proven by digests that CloudTrail signed, or
    /// something must have been said about it. What is neither is said here.
    fn check_covered(&self, folder: &RegionFolder, chain: &Chain, tally: &mut Tally) {
        let wanted = &self.plan.wanted;
        let until = self.plan.expected_until.or(wanted.to);
        let (first, last) = match (tally.coverage.first_told(), tally.coverage.last_told()) {
            (Some(first), Some(last)) => (first, last),
            // Only names, of digests beside the time asked for, that are not CloudTrail's.
            _ => match (wanted.from, until) {
                (Some(from), Some(to)) => (from, to),
                (None, Some(to)) => (to, to),
                _ => return,
            },
        };
        // The oldest digest's own link says what was before it.
        let from = match wanted.from {
            Some(from) if tally.oldest_is_authentic => from.max(first),
            Some(from) => from,
            None => first,
        };
        let to = self.plan.expected_until.unwrap_or(last);
        for (from, to) in tally.coverage.untold(from, to) {
            let at_the_end = tally.newest_authentic.is_some_and(|newest| newest <= from);
            let is_awaited = self.plan.now.duration_since(from) <= OVERDUE_AFTER;
            let ended = self.plan.ended.iter().any(|trail| trail.is(chain));
            if at_the_end && (is_awaited || ended) {
                continue;
            }
            let newest = tally.newest_authentic.filter(|_| at_the_end);
            if let Some(newest) = newest {
                let key = DigestKey::of(chain.clone(), DigestSeries::Hourly, newest);
                let at = ObjectLocation::new(folder.bucket.clone(), key.to_string());
                let finding = self.plan.digests.overdue(&at, &key, from, to);
                if self.plan.is_partial {
                    self.collector.ends_in_copy(&finding.scope, from, to);
                    tally.not_in_copy(finding.window);
                } else if self.collector.finding(&finding) {
                    tally.window_of(&finding);
                }
            } else {
                tally.worst = tally.worst.max(Outcome::CannotTell);
                let key = DigestKey::of(chain.clone(), DigestSeries::Hourly, to);
                let scope = self.plan.digests.scope(&key);
                self.collector.not_told(CannotTell {
                    subject: format!("s3://{}/{}", folder.bucket, folder.digests()),
                    account: scope.account,
                    region: scope.region,
                    trail: scope.trail,
                    reason: format!(
                        "no digest of trail {} in {} {} covers {from} to {to}, and none that CloudTrail signed says why",
                        chain.trail, chain.folder.account, chain.region
                    ),
                    advice: if self.plan.is_partial {
                        NOT_COVERED_IN_COPY
                    } else {
                        NOT_COVERED
                    }
                    .to_owned(),
                });
            }
        }
    }

    /// Log files that no digest lists.
    async fn unlisted(&self, folder: &RegionFolder, listed: &Listed) {
        let mut unlisted = 0;
        let mut unproven = 0;
        let wanted = Wanted {
            from: self.plan.wanted.from.or_else(|| listed.first()),
            ..self.plan.wanted.clone()
        };
        let scope = Scope {
            account: Some(folder.folder.account.to_string()),
            region: Some(folder.region.to_string()),
            ..Scope::default()
        };
        let looked = discovery::log_files(self.store(), folder, &wanted, |key, log_file| {
            if listed.lists(&key) {
                return;
            }
            let Some(log_file) = log_file else {
                unlisted += 1;
                self.report_unlisted(folder, key, &scope);
                return;
            };
            match listed.proves(log_file.time, self.plan.now) {
                super::unlisted::Proof::Unlisted => {
                    unlisted += 1;
                    self.report_unlisted(folder, key, &scope);
                }
                super::unlisted::Proof::NotYet => {}
                super::unlisted::Proof::Unproven => unproven += 1,
            }
        })
        .await;
        if let Err(error) = looked
            && !self.interrupted()
        {
            self.collector.cannot_tell(&error, &scope);
        }
        self.collector.unlisted(unlisted);
        if unproven > 0 {
            self.collector.not_told(CannotTell {
                subject: format!("s3://{}/{}", folder.bucket, folder.log_files()),
                account: scope.account,
                region: scope.region,
                trail: None,
                reason: format!(
                    "nothing proves {unproven} log files below s3://{}/{}: there is no digest of CloudTrail's for their times",
                    folder.bucket,
                    folder.log_files()
                ),
                advice: NO_DIGESTS.to_owned(),
            });
        }
    }

    fn report_unlisted(&self, folder: &RegionFolder, key: String, scope: &Scope) {
        let finding = Finding::new(
            FindingKind::LogFileUnlisted,
            scope.clone(),
            ObjectLocation::new(folder.bucket.clone(), key),
            "The file lies among the log files, and no digest lists it, although the digests of its time are there.",
        )
        .with_evidence(
            "an entry in a digest of its hour, or a later one",
            "none in any digest",
        );
        self.collector.finding(&finding);
    }
}

/// The one word for a digest itself.
fn outcome_of(settled: &Settled) -> Outcome {
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
    fn state(&self) -> Outcome {
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

/// What a chain came to, as its digests are done.
struct Tally {
    folder: RegionFolder,
    chain: Chain,
    digests: Counts,
    digests_missing: u64,
    log_files: Counts,
    bytes: u64,
    coverage: Coverage,
    worst: Outcome,
    /// End of the newest digest that CloudTrail signed.
    newest_authentic: Option<Timestamp>,
    /// Whether CloudTrail signed the oldest digest that has a say.
    oldest_is_authentic: bool,
}

impl Tally {
    fn new(folder: &RegionFolder, chain: &Chain) -> Self {
        Self {
            folder: folder.clone(),
            chain: chain.clone(),
            digests: Counts::default(),
            digests_missing: 0,
            log_files: Counts::default(),
            bytes: 0,
            coverage: Coverage::default(),
            worst: Outcome::Valid,
            newest_authentic: None,
            oldest_is_authentic: false,
        }
    }

    fn is_empty(&self) -> bool {
        self.digests.total() == 0 && self.worst == Outcome::Valid
    }

    fn add(&mut self, outcomes: &Outcomes) {
        match outcomes.own {
            Outcome::Valid => self.digests.valid += 1,
            Outcome::Finding => self.digests.finding += 1,
            Outcome::CannotTell => self.digests.cannot_tell += 1,
        }
        self.log_files.add(outcomes.log_files);
        self.bytes += outcomes.bytes;
        let state = outcomes.state();
        self.worst = self.worst.max(state);
        if outcomes.key.series == DigestSeries::Hourly {
            self.coverage
                .digest(outcomes.time, state, outcomes.log_files.total());
        }
    }

    /// The time whose digests are not in a copy on disk.
    fn not_in_copy(&mut self, window: Option<Window>) {
        self.worst = self.worst.max(Outcome::CannotTell);
        let Some(Window { from, to }) = window else {
            return;
        };
        let hour = SignedDuration::from_hours(1);
        let from = from.unwrap_or_else(|| to.saturating_sub(hour).unwrap_or(to));
        self.coverage.not_in_copy(from, to);
        self.coverage.told(from, to);
    }

    /// The time that a finding leaves uncovered.
    fn window_of(&mut self, finding: &Finding) {
        self.worst = Outcome::Finding;
        let Some(window) = finding.window else {
            return;
        };
        if finding.kind == FindingKind::DigestMissing {
            let missing = hourly_digests(window).unwrap_or(1);
            self.digests_missing += u64::try_from(missing).unwrap_or(1);
        }
        let from = window.from.unwrap_or_else(|| {
            window
                .to
                .saturating_sub(SignedDuration::from_hours(1))
                .unwrap_or(window.to)
        });
        self.coverage.uncovered(from, window.to);
        self.coverage.told(from, window.to);
    }

    fn report(self, wanted: &Wanted) -> ChainReport {
        let Chain {
            folder,
            region,
            trail,
            home_region,
        } = self.chain;
        ChainReport {
            bucket: self.folder.bucket,
            prefix: folder.prefix,
            organization: folder.organization.map(|id| id.to_string()),
            account: folder.account.to_string(),
            region: region.to_string(),
            trail: trail.to_string(),
            home_region: home_region.to_string(),
            verdict: self.worst,
            digests: self.digests,
            digests_missing: self.digests_missing,
            log_files: self.log_files,
            bytes: self.bytes,
            coverage: self.coverage.stretches(wanted.from, wanted.to),
        }
    }
}
