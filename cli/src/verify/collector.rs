//! The collector of results: many tasks add to it at once, and a report is made of it.

use super::collected::{Collected, RunFacts};
use super::counters::VerifyCounters;
use super::lines::{JsonLines, LineTarget};
use crate::advice::{NOT_IN_COPY, advice};
use crate::report::{CannotTell, ChainReport, FindingReport, Verification};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use trailseal::finding::{Finding, Scope};
use trailseal::format::form::Form;
use trailseal::names::location::ObjectLocation;
use trailseal::names::window::Window;
use trailseal::world::{Cause, CredentialTrouble, StoreError};

/// Collects the results of all tasks.
pub(super) struct Collector {
    /// The counters that the progress display reads.
    pub(super) counters: VerifyCounters,
    collected: Mutex<Collected>,
    lines: JsonLines,
    hasher: RandomState,
    now: Timestamp,
    signed_out: Notify,
}

impl Collector {
    /// Returns a collector that writes one JSON line for each finding to `lines`, if given.
    pub(super) fn new(now: Timestamp, lines: Option<LineTarget>) -> Self {
        Self {
            counters: VerifyCounters::default(),
            collected: Mutex::default(),
            lines: JsonLines::new(lines),
            hasher: RandomState::new(),
            now,
            signed_out: Notify::new(),
        }
    }

    /// Waits until the credentials no longer work for any request.
    pub(super) async fn signed_out(&self) {
        self.signed_out.notified().await;
    }

    /// Returns whether the credentials no longer work for any request.
    pub(super) fn is_signed_out(&self) -> bool {
        self.collected().is_signed_out()
    }

    fn collected(&self) -> MutexGuard<'_, Collected> {
        // Every change is a single push or sum.
        self.collected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a line, if lines are requested.
    pub(super) fn line(&self, kind: &'static str, value: &impl Serialize) {
        self.lines.write(kind, value);
    }

    /// Returns whether a line could not be written.
    pub(super) fn is_broken(&self) -> bool {
        self.lines.are_broken()
    }

    /// Records a finding. Returns whether it is new.
    pub(super) fn finding(&self, finding: &Finding) -> bool {
        let id = self.hasher.hash_one(finding.id().to_string());
        if !self.collected().is_new(id, finding.kind) {
            return false;
        }
        VerifyCounters::add(&self.counters.findings, 1);
        let report = FindingReport {
            finding: finding.clone(),
            detected_at: self.now,
        };
        self.line("finding", &report);
        self.collected().finding(report);
        true
    }

    /// Records something that could not be verified. The report leaves out what an interrupt
    /// prevented.
    pub(super) fn cannot_tell(&self, error: &StoreError, scope: &Scope) {
        if error.is_not_in_copy() {
            self.not_in_copy(error, scope, None);
            return;
        }
        let one = CannotTell::of(
            &error.subject,
            scope,
            error.to_string(),
            advice(&error.cause),
        );
        match error.cause {
            Cause::Interrupted => {}
            Cause::Credentials(trouble, _) => self.refused(trouble, &one),
            _ => self.unverified(one),
        }
    }

    /// Records a request whose credentials were refused. All requests with one trouble become one
    /// statement.
    fn refused(&self, trouble: CredentialTrouble, one: &CannotTell) {
        if !self.collected().refused(trouble, one) {
            return;
        }
        if trouble.is_of_all_requests() {
            self.signed_out.notify_one();
        }
        self.line("cannotTell", one);
    }

    /// Records an object that is not in a copy on disk, and the time that is therefore not
    /// verified. There may be thousands: each gets a line, and the report has one statement for
    /// each chain.
    pub(super) fn not_in_copy(&self, error: &StoreError, scope: &Scope, window: Option<Window>) {
        self.line(
            "cannotTell",
            &CannotTell::of(&error.subject, scope, error.to_string(), NOT_IN_COPY),
        );
        self.collected()
            .not_in_copy
            .object(&error.subject, scope, window);
    }

    /// Records the time after the newest digest of a chain in a copy on disk.
    pub(super) fn record_end_of_copy(&self, scope: &Scope, from: Timestamp, to: Timestamp) {
        self.collected().not_in_copy.end(scope, from, to);
    }

    /// Records the form of a digest or log file that was verified.
    pub(super) fn form(&self, form: Form, at: &ObjectLocation) {
        if form != Form::Gzip {
            self.collected().decompressed(at);
        }
    }

    /// Records something else that could not be verified.
    pub(super) fn unverified(&self, cannot_tell: CannotTell) {
        self.line("cannotTell", &cannot_tell);
        self.collected().keep(cannot_tell);
    }

    /// Records a finished chain.
    pub(super) fn chain(&self, chain: ChainReport) {
        self.line("chain", &chain);
        self.collected().chains.push(chain);
    }

    /// Counts log files that no digest lists.
    pub(super) fn unlisted(&self, count: u64) {
        self.collected().unlisted += count;
    }

    /// Returns the report. If lines are requested, writes the last one: everything except the
    /// lists.
    ///
    /// # Errors
    /// If a line could not be written.
    pub(super) fn finish(&self, run: RunFacts) -> io::Result<Verification> {
        let collected = std::mem::take(&mut *self.collected());
        self.lines.check()?;
        let verification = collected.into_report(run, &self.counters);
        if self.lines.are_wanted() {
            if let Ok(Value::Object(mut summary)) = serde_json::to_value(&verification) {
                for list in ["chains", "findings", "cannotTell"] {
                    summary.remove(list);
                }
                self.line("summary", &summary);
            }
            self.lines.check()?;
            self.lines.flush()?;
        }
        Ok(verification)
    }
}
