//! The work: Region folders side by side, their chains from the newest digest to the oldest,
//! log files as many at a time as requests are allowed.

use super::collector::{Collector, Progress};
use super::coverage::Coverage;
use super::resume::{Done, Resume};
use super::unlisted::Listed;
use crate::report::{CannotTell, ChainReport, Counts, Outcome};
use crate::source::{Keys, Objects};
use futures::future::{Either, select};
use futures::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use trailseal::aws::Limited;
use trailseal::chain::hourly_digests;
use trailseal::discovery::{self, ChainDigests, RegionFolder, Wanted};
use trailseal::finding::{Finding, FindingKind, Report, Scope};
use trailseal::location::ObjectLocation;
use trailseal::object_key::{Chain, DigestKey, DigestSeries};
use trailseal::signature::AuthenticDigest;
use trailseal::validation::Digests;
use trailseal::walk::{ReadDigest, Settled, Walk, listed_in};

/// Region folders that are worked on at a time: bounds what is known of digests.
const FOLDERS: usize = 16;

/// Digests that are held at a time, at least: each folder needs two to go on.
const MIN_HELD: usize = 4 * FOLDERS;

/// A log file may be delivered so long after the minute in its name and still be in the digest
/// of a later hour.
pub(super) const DELIVERY: SignedDuration = SignedDuration::from_hours(2);

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
}

struct Engine {
    plan: Plan,
    collector: Arc<Collector>,
    /// Digests that are held.
    held: Arc<Semaphore>,
}

/// A digest that is held, so that not too many are.
struct Held {
    read: ReadDigest,
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
    let held = MIN_HELD.max(plan.concurrency);
    let engine = Arc::new(Engine {
        plan,
        collector,
        held: Arc::new(Semaphore::new(held)),
    });
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
    found
}

impl Engine {
    fn store(&self) -> &Arc<Limited<Objects>> {
        self.plan.digests.store()
    }

    fn interrupted(&self) -> bool {
        self.store().is_closed()
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
        let listed = discovery::digests(self.store(), &folder, &self.plan.wanted).await;
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
        if chains.is_empty() {
            chains = self.last_of(&folder).await;
        }
        let mut listed = self.plan.unlisted.then(Listed::default);
        for (chain, digests) in chains {
            if self.interrupted() {
                return;
            }
            let settled = self.chain(&folder, chain, digests, listed.as_mut()).await;
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

    /// The newest digests of a folder that has none in the time asked for: when did they stop?
    async fn last_of(&self, folder: &RegionFolder) -> BTreeMap<Chain, ChainDigests> {
        let mut chains = BTreeMap::new();
        if self.plan.wanted.from.is_none() {
            return chains;
        }
        // Back in steps that grow, so that a chain that stopped years ago costs few requests.
        let mut end = self.plan.wanted.from;
        for days in [Some(31), Some(366), None] {
            let Some(until) = end else { break };
            let back = days.map(|days: i64| SignedDuration::from_hours(24 * days));
            let earlier = Wanted {
                from: back.and_then(|back| until.checked_sub(back).ok()),
                to: Some(until),
                ..self.plan.wanted.clone()
            };
            match discovery::digests(self.store(), folder, &earlier).await {
                Ok(found) => chains = found.chains,
                Err(error) => {
                    let mut report = Report::new();
                    folder.cannot_list(&mut report, error);
                    self.take(report);
                    break;
                }
            }
            if !chains.is_empty() {
                break;
            }
            end = earlier.from;
        }
        for digests in chains.values_mut() {
            digests.backfill.clear();
            let newest = digests.hourly.pop_last();
            digests.hourly = newest.into_iter().collect();
        }
        chains
    }

    async fn chain(
        self: &Arc<Self>,
        folder: &RegionFolder,
        chain: Chain,
        digests: ChainDigests,
        mut listed: Option<&mut Listed>,
    ) -> Option<ChainReport> {
        let wanted = &self.plan.wanted;
        let to_read = self.selection(&digests, listed.is_some());
        let mut tally = Tally::new(folder, &chain);
        let progress = &self.collector.progress;
        let reached = |end: &&Timestamp| wanted.hour(**end);
        let count = digests.hourly.iter().filter(reached).count()
            + digests.backfill.iter().filter(reached).count();
        Progress::add(&progress.digests_known, u64::try_from(count).unwrap_or(0));
        let newest_key = digests
            .hourly
            .last()
            .map(|end| DigestKey::of(chain.clone(), DigestSeries::Hourly, *end));
        let backfill = digests.backfill.iter().rev().copied();
        let keys: Vec<(DigestSeries, Timestamp)> = to_read
            .into_iter()
            .map(|end| (DigestSeries::Hourly, end))
            .chain(
                backfill
                    .filter(|end| wanted.hour(*end))
                    .map(|end| (DigestSeries::Backfill, end)),
            )
            .collect();
        let mut reads = stream::iter(keys)
            .map(|(series, end)| self.read(folder, DigestKey::of(chain.clone(), series, end)))
            .buffered(self.plan.concurrency)
            .boxed();
        let mut walk = Walk::default();
        let mut tasks: JoinSet<Outcomes> = JoinSet::new();
        let mut current = reads.next().await;
        while let Some(held) = current {
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
            let beside = older
                .as_ref()
                .filter(|older| older.key.series == DigestSeries::Hourly)
                .map(|older| &older.read);
            let settled = self.plan.digests.settle(&mut walk, held.read, beside).await;
            let reported = wanted.hour(settled.key.end_time);
            self.take_settled(&settled, reported, &mut tally);
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
        self.check_overdue(folder, newest_key.as_ref(), &mut tally);
        if tally.is_empty() {
            return None;
        }
        Some(tally.report(wanted))
    }

    /// Which hourly digests to read, newest first: those asked for, and the ones beside them,
    /// which tell whether the first and the last one are whole.
    fn selection(&self, digests: &ChainDigests, unlisted: bool) -> Vec<Timestamp> {
        let wanted = &self.plan.wanted;
        let is_later =
            |end: &Timestamp| wanted.to.is_some_and(|to| *end > to) && !wanted.hour(*end);
        let is_earlier = |end: &Timestamp| !wanted.hour(*end) && !is_later(end);
        // The next one names those that are gone before it. On disk, it is the one after that
        // which proves it.
        let beside = if self.plan.bare_copy { 2 } else { 1 };
        let reach = wanted
            .to
            .filter(|_| unlisted)
            .and_then(|to| to.checked_add(DELIVERY).ok());
        let mut read: Vec<Timestamp> = digests
            .hourly
            .iter()
            .copied()
            .filter(is_later)
            .enumerate()
            .take_while(|(index, end)| *index < beside || reach.is_some_and(|reach| *end <= reach))
            .map(|(_, end)| end)
            .collect();
        read.reverse();
        read.extend(digests.hourly.iter().rev().filter(|end| wanted.hour(**end)));
        read.extend(digests.hourly.iter().rev().find(|end| is_earlier(end)));
        read
    }

    /// Reads a digest, when not too many are held.
    async fn read(self: &Arc<Self>, folder: &RegionFolder, key: DigestKey) -> Held {
        // The semaphore is never closed: without a permit nothing but the bound is lost.
        let permit = Arc::clone(&self.held).acquire_owned().await.ok();
        let at = ObjectLocation::new(folder.bucket.clone(), key.to_string());
        let engine = Arc::clone(self);
        let (again_at, again_key) = (at.clone(), key.clone());
        let read = tokio::spawn({
            let key = key.clone();
            async move { engine.plan.digests.read_digest(at, key).await }
        });
        let read = match read.await {
            Ok(read) => read,
            Err(_) => self.plan.digests.read_digest(again_at, again_key).await,
        };
        Held { read, key, permit }
    }

    /// Takes what was found about a digest and its link.
    ///
    /// Of a digest beside the time asked for, only what it says of others counts.
    fn take_settled(&self, settled: &Settled, reported: bool, tally: &mut Tally) {
        for finding in &settled.report.findings {
            if !reported && finding.object == settled.at {
                continue;
            }
            if !reported && !self.is_wanted(finding) {
                continue;
            }
            if self.collector.finding(finding) {
                tally.window_of(finding);
            }
        }
        if reported && !self.interrupted() {
            let scope = self.plan.digests.scope(&settled.key);
            for obstacle in &settled.report.obstacles {
                self.collector.cannot_tell(&obstacle.error, &scope);
            }
        }
    }

    /// Whether a finding of a digest beside the time asked for is about that time.
    fn is_wanted(&self, finding: &Finding) -> bool {
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
                tokio::spawn(async move {
                    let file = digest.digest().log_files.get(index)?;
                    Some(
                        engine
                            .plan
                            .digests
                            .verify_log_file(file, &scope, &listed_in)
                            .await,
                    )
                })
            })
            .buffer_unordered(self.plan.concurrency);
        while let Some(verified) = files.next().await {
            let Ok(Some(verified)) = verified else {
                outcomes.log_files.cannot_tell += 1;
                self.crashed(&listed_in.key);
                continue;
            };
            if self.interrupted() && !verified.report.obstacles.is_empty() {
                continue;
            }
            Progress::add(&progress.log_files, 1);
            Progress::add(&progress.bytes, verified.inflated_bytes);
            outcomes.bytes += verified.inflated_bytes;
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

    /// A chain whose newest digest is old.
    fn check_overdue(&self, folder: &RegionFolder, newest: Option<&DigestKey>, tally: &mut Tally) {
        let (Some(key), Some(until)) = (newest, self.plan.expected_until) else {
            return;
        };
        if self.interrupted() {
            return;
        }
        let at = ObjectLocation::new(folder.bucket.clone(), key.to_string());
        if let Some(finding) = self.plan.digests.overdue(&at, key, until, self.plan.now)
            && self.collector.finding(&finding)
        {
            tally.window_of(&finding);
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
            match listed.proves(log_file.time, self.plan.expected_until) {
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
                advice: "Where digests are missing, restore them; where log file validation was off, enable it (aws cloudtrail update-trail --enable-log-file-validation).".to_owned(),
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
