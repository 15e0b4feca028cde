//! The results, as far as a report holds them, and the report.

use super::counters::VerifyCounters;
use super::partial::NotInCopy;
use crate::report::copy::{CopyForm, CopyReport, Note, NoteKind};
use crate::report::{
    CannotTell, ChainReport, FindingReport, MAX_KEPT, Outcome, Range, ReportSubject, SCHEMA,
    Verification, VerificationTotals,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use trailseal::finding::{FindingKind, Severity};
use trailseal::names::location::ObjectLocation;
use trailseal::world::CredentialTrouble;

/// The results of a run.
#[derive(Default)]
pub(super) struct Collected {
    /// Hashes of the ids of all findings. A finding that occurs twice counts once.
    ids: HashSet<u64>,
    /// Findings by severity, the most severe last. Each list is bounded.
    findings: BTreeMap<Severity, Vec<FindingReport>>,
    by_kind: BTreeMap<String, u64>,
    cannot_tell: Vec<CannotTell>,
    cannot_tell_count: u64,
    /// The troubles with the credentials, and how often each occurred.
    credentials: BTreeMap<CredentialTrouble, RefusedRequests>,
    pub(super) chains: Vec<ChainReport>,
    pub(super) unlisted: u64,
    /// The objects that are not in a copy on disk.
    pub(super) not_in_copy: NotInCopy,
    /// Files of a copy that are decompressed and were verified.
    decompressed: Option<Note>,
}

/// Requests that AWS refused because of their credentials: one statement, regardless of their
/// number.
#[derive(Default)]
struct RefusedRequests {
    /// The first refused request.
    first: Option<CannotTell>,
    /// The number of refused requests after it.
    more: u64,
}

/// The report's facts about the run itself.
pub(super) struct RunFacts {
    /// The command line.
    pub(super) command: Vec<String>,
    /// The source that was verified.
    pub(super) source: String,
    /// The part of the source that was verified.
    pub(super) subject: ReportSubject,
    /// The source of the keys.
    pub(super) keys: String,
    /// The requested time.
    pub(super) requested: Range,
    /// The time when it started.
    pub(super) started_at: Timestamp,
    /// The time when it ended.
    pub(super) finished_at: Timestamp,
    /// Whether it was interrupted.
    pub(super) interrupted: bool,
    /// The number of requests.
    pub(super) requests: u64,
    /// Whether the run looked for unlisted log files.
    pub(super) unlisted: bool,
    /// For a copy on disk: whether the user says that it is complete, and what is unusual about its
    /// files.
    pub(super) copy: Option<(bool, Vec<Note>)>,
}

impl Collected {
    /// Returns whether the credentials no longer work for any request.
    pub(super) fn is_signed_out(&self) -> bool {
        self.credentials
            .keys()
            .any(|trouble| trouble.is_of_all_requests())
    }

    /// Counts a finding. Returns whether it is new.
    pub(super) fn is_new(&mut self, id: u64, kind: FindingKind) -> bool {
        let is_new = self.ids.insert(id);
        if is_new {
            *self.by_kind.entry(kind.to_string()).or_default() += 1;
        }
        is_new
    }

    /// Keeps a new finding, unless there are too many.
    pub(super) fn finding(&mut self, report: FindingReport) {
        let same = self.findings.entry(report.finding.severity()).or_default();
        if same.len() < MAX_KEPT {
            same.push(report);
        }
    }

    /// Records a request whose credentials were refused. Returns whether it is the first with its
    /// trouble.
    pub(super) fn refused(&mut self, trouble: CredentialTrouble, one: &CannotTell) -> bool {
        let refused = self.credentials.entry(trouble).or_default();
        if refused.first.is_some() {
            refused.more += 1;
            return false;
        }
        refused.first = Some(one.clone());
        true
    }

    /// Keeps something that could not be verified, unless there are too many.
    pub(super) fn keep(&mut self, cannot_tell: CannotTell) {
        self.cannot_tell_count += 1;
        if self.cannot_tell.len() < MAX_KEPT {
            self.cannot_tell.push(cannot_tell);
        }
    }

    /// Counts a decompressed file that was verified.
    pub(super) fn decompressed(&mut self, at: &ObjectLocation) {
        self.decompressed
            .get_or_insert_with(|| Note::new(NoteKind::Decompressed, at.to_string()))
            .files += 1;
    }

    /// Keeps one statement for each trouble with credentials.
    fn keep_refused(&mut self) {
        for refused in std::mem::take(&mut self.credentials).into_values() {
            let Some(mut one) = refused.first else {
                continue;
            };
            if refused.more > 0 {
                let more = refused.more;
                let _ = write!(one.reason, ", and the same for {more} more requests");
            }
            self.cannot_tell_count += 1;
            // This statement explains the others, and is never left out.
            self.cannot_tell.truncate(MAX_KEPT - 1);
            self.cannot_tell.push(one);
        }
    }

    /// Returns the sums over all chains.
    fn totals(&self, run: &RunFacts, counters: &VerifyCounters) -> VerificationTotals {
        let mut totals = VerificationTotals {
            chains: u64::try_from(self.chains.len()).unwrap_or(u64::MAX),
            unlisted: run.unlisted.then_some(self.unlisted),
            bytes: VerifyCounters::read(&counters.bytes),
            resumed: VerifyCounters::read(&counters.resumed),
            requests: run.requests,
            ..VerificationTotals::default()
        };
        for chain in &self.chains {
            totals.digests.merge(chain.digests);
            totals.log_files.merge(chain.log_files);
            totals.digests_missing += chain.digests_missing;
        }
        totals
    }

    /// Returns the description of a copy on disk.
    fn copy(
        &mut self,
        complete: bool,
        mut notes: Vec<Note>,
        totals: &VerificationTotals,
    ) -> CopyReport {
        let verified = totals.digests.total() + totals.log_files.valid;
        let form = match &self.decompressed {
            None => CopyForm::AsDelivered,
            Some(note) if note.files >= verified => CopyForm::Decompressed,
            Some(_) => CopyForm::PartlyDecompressed,
        };
        notes.extend(self.decompressed.take());
        notes.sort_by_key(|note| note.kind);
        let (digests_not_in_copy, log_files_not_in_copy) = self.not_in_copy.counts();
        CopyReport {
            complete,
            form,
            digests_not_in_copy,
            log_files_not_in_copy,
            notes,
        }
    }

    /// Returns the overall verdict.
    fn verdict(&self, found: u64, interrupted: bool, valid: u64) -> Outcome {
        if found > 0 {
            Outcome::Finding
        } else if self.cannot_tell_count > 0
            || interrupted
            || valid == 0
            || self.chains.iter().any(|c| c.verdict != Outcome::Valid)
        {
            Outcome::CannotTell
        } else {
            Outcome::Valid
        }
    }

    /// Returns the report.
    pub(super) fn into_report(mut self, run: RunFacts, counters: &VerifyCounters) -> Verification {
        let totals = self.totals(&run, counters);
        let copy = run
            .copy
            .map(|(complete, notes)| self.copy(complete, notes, &totals));
        for statement in std::mem::take(&mut self.not_in_copy).statements() {
            self.keep(statement);
        }
        self.keep_refused();
        self.cannot_tell.sort_by(|a, b| a.subject.cmp(&b.subject));
        self.chains.sort_by(|a, b| {
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
        let found: u64 = self.by_kind.values().sum();
        let findings = in_order(std::mem::take(&mut self.findings));
        let left_out = |all: u64, kept: usize| all - all.min(u64::try_from(kept).unwrap_or(all));
        Verification {
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
            verdict: self.verdict(found, run.interrupted, totals.digests.valid),
            copy,
            totals,
            chains: self.chains,
            findings_by_kind: self.by_kind,
            findings_left_out: left_out(found, findings.len()),
            findings,
            cannot_tell_left_out: left_out(self.cannot_tell_count, self.cannot_tell.len()),
            cannot_tell: self.cannot_tell,
        }
    }
}

/// Returns findings in the order of a report: the most severe first, regardless of when they were
/// found.
fn in_order(by_severity: BTreeMap<Severity, Vec<FindingReport>>) -> Vec<FindingReport> {
    let mut findings: Vec<FindingReport> = Vec::new();
    for (_, mut same) in by_severity.into_iter().rev() {
        same.sort_by_cached_key(|FindingReport { finding, .. }| {
            (finding.kind.as_str(), finding.object.to_string())
        });
        findings.extend(same);
    }
    findings.truncate(MAX_KEPT);
    findings
}
