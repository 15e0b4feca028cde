//! Everything that is found out, from many tasks at once, on its way into a report.

use super::partial::NotInCopy;
use crate::report::copy::{CopyForm, CopyReport, Note, NoteKind};
use crate::report::{
    CannotTell, ChainReport, Counts, FindingReport, MAX_KEPT, Outcome, Range, SCHEMA, Subject,
    Totals, Verification,
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::hash::BuildHasher as _;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use trailseal::finding::{Finding, Scope, Severity, Stamp};
use trailseal::format::form::Form;
use trailseal::names::location::ObjectLocation;
use trailseal::names::window::Window;
use trailseal::world::{Absence, Cause, CredentialTrouble, StoreError};

/// Who reports.
const REPORTER: &str = "trailseal verify";

/// Counters that the progress display reads while the work goes on.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Account × Region folders to look into.
    pub(crate) folders: AtomicU64,
    /// Those whose digests are listed.
    pub(crate) folders_listed: AtomicU64,
    /// Digests that were listed.
    pub(crate) digests_known: AtomicU64,
    /// Digests that are done, with their log files.
    pub(crate) digests: AtomicU64,
    /// Log files that are done.
    pub(crate) log_files: AtomicU64,
    /// Inflated bytes of log files.
    pub(crate) bytes: AtomicU64,
    /// Findings.
    pub(crate) findings: AtomicU64,
    /// Log files that a resume file says are verified.
    pub(crate) resumed: AtomicU64,
}

impl Progress {
    /// Adds to a counter.
    pub(crate) fn add(counter: &AtomicU64, more: u64) {
        counter.fetch_add(more, Ordering::Relaxed);
    }

    /// Reads a counter.
    pub(crate) fn read(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }
}

/// Where findings are written while the work goes on.
pub(crate) type Lines = Box<dyn Write + Send>;

/// Takes what is found.
pub(crate) struct Collector {
    /// What the progress display reads.
    pub(crate) progress: Progress,
    kept: Mutex<Kept>,
    lines: Option<Mutex<Lines>>,
    hasher: RandomState,
    now: Timestamp,
    signed_out: Notify,
}

#[derive(Default)]
struct Kept {
    /// Hashes of the ids of all findings: one that is found twice counts once.
    ids: HashSet<u64>,
    /// By severity, the most severe last; each bounded.
    findings: BTreeMap<Severity, Vec<FindingReport>>,
    by_kind: BTreeMap<String, u64>,
    cannot_tell: Vec<CannotTell>,
    cannot_tell_count: u64,
    /// What is wrong with the credentials, where that was told, and how often it was met.
    credentials: BTreeMap<CredentialTrouble, Refused>,
    chains: Vec<ChainReport>,
    unlisted: u64,
    /// What is not in a copy on disk.
    not_in_copy: NotInCopy,
    /// Files of a copy that are decompressed, and were verified.
    decompressed: Option<Note>,
    write_error: Option<std::io::Error>,
}

/// Requests that AWS refused for their credentials: one statement, however many they are.
#[derive(Default)]
struct Refused {
    /// The first of them.
    first: Option<CannotTell>,
    /// How many came after it.
    more: u64,
}

impl Kept {
    /// Keeps a statement about each trouble of credentials.
    fn keep_refused(&mut self) {
        for refused in std::mem::take(&mut self.credentials).into_values() {
            let Some(mut one) = refused.first else {
                continue;
            };
            if refused.more > 0 {
                let more = refused.more;
                let _ = write!(one.reason, ", and so for {more} more requests");
            }
            self.cannot_tell_count += 1;
            // It explains the others, and is never one of those that are left out.
            self.cannot_tell.truncate(MAX_KEPT - 1);
            self.cannot_tell.push(one);
        }
    }

    /// Keeps something that could not be told, if there are not too many.
    fn keep(&mut self, cannot_tell: CannotTell) {
        self.cannot_tell_count += 1;
        if self.cannot_tell.len() < MAX_KEPT {
            self.cannot_tell.push(cannot_tell);
        }
    }
}

/// What the report says of the run itself.
pub(crate) struct Run {
    /// The command line.
    pub(crate) command: Vec<String>,
    /// What was verified.
    pub(crate) source: String,
    /// What of it was.
    pub(crate) subject: Subject,
    /// Where the keys came from.
    pub(crate) keys: String,
    /// The time asked for.
    pub(crate) requested: Range,
    /// When it began.
    pub(crate) started_at: Timestamp,
    /// When it ended.
    pub(crate) finished_at: Timestamp,
    /// Whether it was interrupted.
    pub(crate) interrupted: bool,
    /// How many requests were made.
    pub(crate) requests: u64,
    /// Whether unlisted log files were looked for.
    pub(crate) unlisted: bool,
    /// Of a copy on disk: whether it is said to be complete, and what is unusual about its files.
    pub(crate) copy: Option<(bool, Vec<Note>)>,
}

impl Collector {
    /// A collector that writes one JSON line a finding to `lines`, if there are such.
    pub(crate) fn new(now: Timestamp, lines: Option<Lines>) -> Self {
        Self {
            progress: Progress::default(),
            kept: Mutex::default(),
            lines: lines.map(Mutex::new),
            hasher: RandomState::new(),
            now,
            signed_out: Notify::new(),
        }
    }

    /// Waits until the credentials are no longer good for any request.
    pub(crate) async fn signed_out(&self) {
        self.signed_out.notified().await;
    }

    /// Whether the credentials are no longer good for any request.
    pub(crate) fn is_signed_out(&self) -> bool {
        self.kept()
            .credentials
            .keys()
            .any(|trouble| trouble.is_of_all_requests())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Every change is a single push or sum.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a line, if lines are wanted.
    pub(crate) fn line(&self, kind: &'static str, value: &impl Serialize) {
        #[derive(Serialize)]
        struct Line<'a, T> {
            #[serde(rename = "type")]
            kind: &'static str,
            #[serde(flatten)]
            value: &'a T,
        }
        let Some(lines) = &self.lines else {
            return;
        };
        let written = serde_json::to_string(&Line { kind, value })
            .map_err(std::io::Error::from)
            .and_then(|line| {
                let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
                writeln!(lines, "{line}")
            });
        if let Err(error) = written {
            self.kept().write_error.get_or_insert(error);
        }
    }

    /// Whether a line could not be written.
    pub(crate) fn is_broken(&self) -> bool {
        self.lines.is_some() && self.kept().write_error.is_some()
    }

    /// Takes a finding. Whether it is new.
    pub(crate) fn finding(&self, finding: &Finding) -> bool {
        let id = self.hasher.hash_one(finding.id().to_string());
        {
            let mut kept = self.kept();
            if !kept.ids.insert(id) {
                return false;
            }
            *kept.by_kind.entry(finding.kind.to_string()).or_default() += 1;
        }
        Progress::add(&self.progress.findings, 1);
        let stamp = Stamp {
            function: REPORTER,
            detected_at: self.now,
        };
        let Ok(Value::Object(json)) = serde_json::to_value(stamp.stamp(finding)) else {
            return true;
        };
        self.line("finding", &json);
        let mut kept = self.kept();
        let same = kept.findings.entry(finding.severity()).or_default();
        if same.len() < MAX_KEPT {
            same.push(FindingReport { json });
        }
        true
    }

    /// Takes something that could not be looked at.
    pub(crate) fn cannot_tell(&self, error: &StoreError, scope: &Scope) {
        if error.is_not_in_copy() {
            self.not_in_copy(error, scope, None);
            return;
        }
        let one = CannotTell {
            subject: error.subject.clone(),
            account: scope.account.clone(),
            region: scope.region.clone(),
            trail: scope.trail.clone(),
            reason: error.to_string(),
            advice: advice(&error.cause).to_owned(),
        };
        match error.cause {
            Cause::Credentials(trouble, _) => self.refused(trouble, &one),
            _ => self.not_told(one),
        }
    }

    /// Takes a request whose credentials were refused. All of one trouble are told as one.
    fn refused(&self, trouble: CredentialTrouble, one: &CannotTell) {
        let mut kept = self.kept();
        let refused = kept.credentials.entry(trouble).or_default();
        if refused.first.is_some() {
            refused.more += 1;
            return;
        }
        refused.first = Some(one.clone());
        drop(kept);
        if trouble.is_of_all_requests() {
            self.signed_out.notify_one();
        }
        self.line("cannotTell", one);
    }

    /// Takes an object that is not in a copy on disk, and the time that this leaves unproven. There
    /// may be thousands: a line is written for each, and the report has one statement a chain.
    pub(crate) fn not_in_copy(&self, error: &StoreError, scope: &Scope, window: Option<Window>) {
        self.line(
            "cannotTell",
            &CannotTell {
                subject: error.subject.clone(),
                account: scope.account.clone(),
                region: scope.region.clone(),
                trail: scope.trail.clone(),
                reason: error.to_string(),
                advice: super::partial::ADVICE.to_owned(),
            },
        );
        let mut kept = self.kept();
        kept.not_in_copy.object(&error.subject, scope, window);
    }

    /// Takes the time after the newest digest of a chain in a copy on disk.
    pub(crate) fn ends_in_copy(&self, scope: &Scope, from: Timestamp, to: Timestamp) {
        self.kept().not_in_copy.end(scope, from, to);
    }

    /// Takes the form of a digest or log file that was verified.
    pub(crate) fn form(&self, form: Form, at: &ObjectLocation) {
        if form == Form::Gzip {
            return;
        }
        let mut kept = self.kept();
        kept.decompressed
            .get_or_insert_with(|| Note::new(NoteKind::Decompressed, at.to_string()))
            .files += 1;
    }

    /// Takes something else that could not be told.
    pub(crate) fn not_told(&self, cannot_tell: CannotTell) {
        self.line("cannotTell", &cannot_tell);
        self.kept().keep(cannot_tell);
    }

    /// Takes a chain that is done.
    pub(crate) fn chain(&self, chain: ChainReport) {
        self.line("chain", &chain);
        self.kept().chains.push(chain);
    }

    /// Counts log files that no digest lists.
    pub(crate) fn unlisted(&self, count: u64) {
        self.kept().unlisted += count;
    }

    /// The report.
    ///
    /// # Errors
    /// When a line could not be written.
    pub(crate) fn finish(&self, run: Run) -> std::io::Result<Verification> {
        let mut kept = std::mem::take(&mut *self.kept());
        if let Some(error) = kept.write_error.take() {
            return Err(error);
        }
        let not_in_copy = kept.not_in_copy.counts();
        for statement in std::mem::take(&mut kept.not_in_copy).statements() {
            kept.keep(statement);
        }
        kept.chains.sort_by(|a, b| {
            let key = |c: &ChainReport| {
                (
                    c.account.clone(),
                    c.region.clone(),
                    c.trail.clone(),
                    c.bucket.clone(),
                )
            };
            key(a).cmp(&key(b))
        });
        let mut totals = Totals {
            chains: u64::try_from(kept.chains.len()).unwrap_or(u64::MAX),
            unlisted: run.unlisted.then_some(kept.unlisted),
            bytes: Progress::read(&self.progress.bytes),
            resumed: Progress::read(&self.progress.resumed),
            requests: run.requests,
            ..Totals::default()
        };
        for chain in &kept.chains {
            totals.digests.add(chain.digests);
            totals.log_files.add(chain.log_files);
            totals.digests_missing += chain.digests_missing;
        }
        let copy = run.copy.map(|(complete, mut notes)| {
            let verified = totals.digests.total() + totals.log_files.valid;
            let form = match &kept.decompressed {
                None => CopyForm::AsDelivered,
                Some(note) if note.files >= verified => CopyForm::Decompressed,
                Some(_) => CopyForm::PartlyDecompressed,
            };
            notes.extend(kept.decompressed.take());
            notes.sort_by_key(|note| note.kind);
            let (digests_not_in_copy, log_files_not_in_copy) = not_in_copy;
            CopyReport {
                complete,
                form,
                digests_not_in_copy,
                log_files_not_in_copy,
                notes,
            }
        });
        let found: u64 = kept.by_kind.values().sum();
        let findings = in_order(std::mem::take(&mut kept.findings));
        kept.keep_refused();
        kept.cannot_tell.sort_by(|a, b| a.subject.cmp(&b.subject));
        let left_out = |all: u64, kept: usize| all - all.min(u64::try_from(kept).unwrap_or(all));
        let Counts { valid, .. } = totals.digests;
        let verdict = if found > 0 {
            Outcome::Finding
        } else if kept.cannot_tell_count > 0
            || run.interrupted
            || valid == 0
            || kept.chains.iter().any(|c| c.verdict != Outcome::Valid)
        {
            Outcome::CannotTell
        } else {
            Outcome::Valid
        };
        Ok(Verification {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            command: run.command,
            source: run.source,
            subject: run.subject,
            keys: run.keys,
            requested: run.requested,
            started_at: run.started_at,
            finished_at: run.finished_at,
            interrupted: run.interrupted,
            verdict,
            copy,
            totals,
            chains: kept.chains,
            findings_by_kind: kept.by_kind,
            findings_left_out: left_out(found, findings.len()),
            findings,
            cannot_tell_left_out: left_out(kept.cannot_tell_count, kept.cannot_tell.len()),
            cannot_tell: kept.cannot_tell,
        })
    }
}

impl Collector {
    /// Writes the last line, if lines are wanted: everything but the lists.
    ///
    /// # Errors
    /// When a line could not be written.
    pub(crate) fn summary(&self, verification: &Verification) -> std::io::Result<()> {
        let Some(lines) = &self.lines else {
            return Ok(());
        };
        if let Ok(Value::Object(mut summary)) = serde_json::to_value(verification) {
            for list in ["chains", "findings", "cannotTell"] {
                summary.remove(list);
            }
            self.line("summary", &summary);
        }
        if let Some(error) = self.kept().write_error.take() {
            return Err(error);
        }
        lines.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

/// Findings as a report lists them: the most severe first, whatever was found first.
fn in_order(by_severity: BTreeMap<Severity, Vec<FindingReport>>) -> Vec<FindingReport> {
    let mut findings: Vec<FindingReport> = Vec::new();
    for (_, mut same) in by_severity.into_iter().rev() {
        same.sort_by_cached_key(|finding| {
            (
                finding.text("kind").to_owned(),
                finding.location("object").unwrap_or_default(),
            )
        });
        findings.extend(same);
    }
    findings.truncate(MAX_KEPT);
    findings
}

/// What to do about something that could not be looked at.
pub(crate) fn advice(cause: &Cause) -> &'static str {
    match cause {
        Cause::Denied(_) => {
            "Give the caller s3:ListBucket and s3:GetObject on the bucket, kms:Decrypt on the key of the log files, and cloudtrail:ListPublicKeys, and verify again."
        }
        Cause::KeyUnusable(_) => {
            "Enable the KMS key or cancel its deletion (aws kms enable-key, aws kms cancel-key-deletion), find out who changed it (DisableKey, ScheduleKeyDeletion), and verify again. Permissions do not help. What a deleted key encrypted stays unreadable."
        }
        Cause::RegionDisabled(_) => {
            "Where an account has not opted into a Region, CloudTrail does not list the Region's public keys to it. Save the keys with an account that has (trailseal keys --output FILE), and verify again with --keys FILE."
        }
        Cause::Credentials(trouble, _) => credentials_advice(*trouble),
        Cause::Archived(_) => "Restore the object (aws s3api restore-object), and verify again.",
        Cause::Unavailable(_) => {
            "Verify again, with a lower --concurrency if requests were throttled."
        }
        Cause::Absent(Absence::NotInCopy) => super::partial::ADVICE,
        Cause::Absent(_) | Cause::NotYet => {
            "Check the names of the bucket and the prefix; in a replica, wait until it has caught up."
        }
        Cause::TooLarge(_) | Cause::Interrupted | Cause::Failed(_) => "",
    }
}

/// What to do about credentials that AWS does not accept.
fn credentials_advice(trouble: CredentialTrouble) -> &'static str {
    match trouble {
        CredentialTrouble::Expired => {
            "Get new credentials (aws sso login, or whatever gave you these), and run the command again."
        }
        CredentialTrouble::Clock => {
            "Set the clock of this machine, and run the command again: AWS accepts requests whose time is at most some minutes off."
        }
        CredentialTrouble::Unknown => {
            "Check the credentials: the access key was deleted or deactivated, is mistyped, belongs to another partition of AWS, or a session token is missing or is another key's. `aws sts get-caller-identity` says whether AWS knows them."
        }
        CredentialTrouble::Signature => {
            "Check the secret access key: it is another key's, or mistyped. If it is right, something between this machine and AWS changes requests."
        }
        CredentialTrouble::NotLoaded => {
            "Sign in again (aws sso login), or find out why the source of the credentials gives none any more, and run the command again."
        }
    }
}
