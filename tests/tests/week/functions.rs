//! The functions that work on objects, with their clients and what they remember, and the tries of
//! a message: what `functions/*/src/handler.rs` and `shared/lambda/src/invocation` do, at a time
//! that the world sets.

use crate::store::Store;
use jiff::{SignedDuration, Timestamp};
use std::future::pending;
use std::slice::from_ref;
use trailseal::alert::findings_message;
use trailseal::check::arrival::Arrival;
use trailseal::check::changed::ChangeMonitor;
use trailseal::check::digest::{DigestVerifier, ValidatedDigest};
use trailseal::check::key_ring::KeyRing;
use trailseal::check::kms_events::{KmsChecker, KmsReport};
use trailseal::check::pending::{self, PendingOverview};
use trailseal::event::EventObjects;
use trailseal::finding::{Report, Stamp, Verdict};
use trailseal::kms::expected::Expected;
use trailseal::names::event_object::EventObject;
use trailseal::names::location::ObjectLocation;
use trailseal::names::places::Places;
use trailseal::receipt::{self, Receipt, ReceiptStamp, ReceiptSubject};
use trailseal::trust::public_key::KeySet;
use trailseal::world::{Cause, KeepEvidence as _};
use trailseal_lambda::Checked;

/// The evidence bucket.
pub(crate) const EVIDENCE: &str = "amzn-s3-demo-evidence";

/// The number of tries of a message, as the template sets it.
const MAX_RECEIVES: u32 = 5;

/// How many log files of a digest are read at the same time.
const LOG_FILES_AT_ONCE: usize = 8;

/// A function with a queue of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Function {
    DigestValidator,
    LogVerifier,
    KmsContextChecker,
    DeletionMonitor,
}

impl Function {
    pub(crate) const ALL: [Self; 4] = [
        Self::DigestValidator,
        Self::LogVerifier,
        Self::KmsContextChecker,
        Self::DeletionMonitor,
    ];

    /// Returns its name, as it appears in findings.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::DigestValidator => "digest-validator",
            Self::LogVerifier => "log-verifier",
            Self::KmsContextChecker => "kms-context-checker",
            Self::DeletionMonitor => "deletion-monitor",
        }
    }
}

/// A message of a function's queue.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) to: Function,
    pub(crate) body: String,
    /// The number of the try, starting with 1.
    pub(crate) attempt: u32,
}

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    Done,
    /// It is sent again, with this delay.
    TriedAgain(SignedDuration),
    /// It goes to the dead-letter queue, for this reason.
    Parked(String),
}

/// The result of a message.
#[derive(Debug)]
pub(crate) struct Handled {
    /// The messages for the alerter.
    pub(crate) sent: Vec<String>,
    pub(crate) fate: Fate,
}

/// What the stack is configured with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Configuration {
    pub(crate) expected: Expected,
    /// The parameter `LogFileRetentionDays`.
    pub(crate) retention_days: Option<u64>,
}

impl Configuration {
    pub(crate) fn places(&self) -> &Places {
        &self.expected.places
    }
}

/// The functions since they were deployed.
pub(crate) struct Functions {
    store: Store,
    validator: DigestVerifier<Store, Store>,
    verifier: DigestVerifier<Store, Store>,
    checker: KmsChecker<Store, Store>,
    monitor: ChangeMonitor<Store, Store>,
    pub(crate) watchdog: DigestVerifier<Store, Store>,
}

impl Functions {
    /// Deploys the functions: they remember nothing yet.
    pub(crate) fn deploy(store: &Store, configuration: &Configuration) -> Self {
        let digests = || {
            let keys = KeyRing::new(store.clone(), KeySet::default()).pinned_where_refused();
            DigestVerifier::new(store.clone(), keys, configuration.places().clone())
        };
        let retention = configuration
            .retention_days
            .map(|days| SignedDuration::from_hours(24 * i64::try_from(days).expect("a few years")));
        Self {
            store: store.clone(),
            validator: digests(),
            verifier: digests(),
            checker: KmsChecker::new(store.clone(), store.clone(), configuration.expected.clone()),
            monitor: ChangeMonitor::new(digests(), retention),
            watchdog: digests(),
        }
    }

    /// Works on a message.
    pub(crate) async fn handle(&self, message: &Message, now: Timestamp) -> Handled {
        let event = EventObjects::by_text(&message.body);
        let event = match message.to {
            Function::DeletionMonitor => event.of_all(),
            _ => event.of_created(),
        };
        assert_eq!(event.error, None, "{}", message.body);
        let objects: Vec<EventObject> = event.into_objects().collect();
        assert_eq!(objects.len(), 1, "{}", message.body);
        self.object(message, &objects[0], now).await
    }

    /// Checks an object, sends the findings, and keeps the record, as `item.rs` does.
    async fn object(&self, message: &Message, named: &EventObject, now: Timestamp) -> Handled {
        let function = message.to;
        let (at, checked) = self.check_intended(function, named, now).await;
        let Checked {
            mut report,
            rest,
            updates,
            digest,
            log_files,
        } = checked;
        assert!(rest.is_none(), "there is always time");
        report.allow_for_expiry(now);
        let waits = waits_of(&report);
        let is_last = waits.is_some_and(|waits| is_last(message.attempt, waits));
        if is_last {
            report.give_up();
        }
        let stamp = Stamp::by_function(function.as_str(), now);
        let sent = self.send(&report, stamp).await;
        let will_be_retried = waits.is_some() && !is_last;
        let receipt = Receipt::of(
            ReceiptSubject {
                object: &at,
                report: &report,
                digest: digest.as_ref(),
                log_files,
            },
            ReceiptStamp {
                function: function.as_str(),
                function_version: "1",
                request_id: "request",
                checked_at: now,
            },
        );
        self.keep(function, &receipt, &report, will_be_retried)
            .await;
        for update in updates {
            update.run(&self.store).await.expect("evidence");
        }
        let fate = match (report.obstacles.first(), waits) {
            (None, _) | (_, None) => Fate::Done,
            (Some(obstacle), Some(_)) if is_last => {
                Fate::Parked(format!("{at}: {}", obstacle.error))
            }
            (Some(_), Some(waits)) => Fate::TriedAgain(wait_after(message.attempt, waits)),
        };
        Handled { sent, fate }
    }

    async fn check_intended(
        &self,
        function: Function,
        named: &EventObject,
        now: Timestamp,
    ) -> (ObjectLocation, Checked) {
        let arrival = match function {
            Function::DigestValidator => self.validator.arrival(named).await,
            Function::LogVerifier => self.verifier.arrival(named).await,
            Function::KmsContextChecker => self.checker.arrival(named).await,
            Function::DeletionMonitor => self.monitor.arrival(named).await,
        };
        match arrival {
            Arrival::NotFound(report) => (named.object.clone(), (*report).into()),
            Arrival::At(object) => {
                let meant = EventObject {
                    object: object.clone(),
                    ..named.clone()
                };
                let checked = match function {
                    Function::DigestValidator => self.validate(&object).await,
                    Function::LogVerifier => self.verify(&object).await,
                    Function::KmsContextChecker => self.look(&object, now).await,
                    Function::DeletionMonitor => self.monitor.check(&meant, now).await.into(),
                };
                (object, checked)
            }
        }
    }

    async fn validate(&self, at: &ObjectLocation) -> Checked {
        let ValidatedDigest { report, seen, .. } = self.validator.validate_delivered(at).await;
        Checked {
            digest: seen,
            ..report.into()
        }
    }

    async fn verify(&self, at: &ObjectLocation) -> Checked {
        let progress = self
            .verifier
            .verify_log_files(at, 0, LOG_FILES_AT_ONCE, pending())
            .await;
        assert_eq!(progress.rest, None, "there is always time");
        let mut checked = Checked {
            digest: progress.seen,
            log_files: progress.log_files,
            ..progress.report.into()
        };
        if let Some(digest) = progress.digest {
            let overview = PendingOverview::list(&self.store).await.expect("evidence");
            let evidence = overview.of(&self.store);
            let settled = pending::settle(&self.verifier, &evidence, at, &digest, pending());
            let settled = settled.await.expect("evidence");
            checked.report.absorb(settled.report);
            checked.updates = settled.updates;
        }
        checked
    }

    async fn look(&self, at: &ObjectLocation, now: Timestamp) -> Checked {
        let KmsReport {
            mut report,
            waiting,
            ..
        } = self.checker.check(at).await;
        let not_kept = pending::keep(&self.store, at, waiting, now).await;
        report.absorb(not_kept.expect("evidence"));
        report.into()
    }

    /// Returns the messages with the findings and all-clears of a report.
    pub(crate) async fn send(&self, report: &Report, stamp: Stamp<'_>) -> Vec<String> {
        let findings = findings_message::compose(&report.findings, stamp, Some(EVIDENCE));
        let all_clears = findings_message::compose(&report.all_clears, stamp, Some(EVIDENCE));
        let mut sent = Vec::new();
        for message in findings.into_iter().chain(all_clears) {
            if let Some(document) = message.document {
                let kept = self.store.keep(&document.key, document.content).await;
                kept.expect("evidence");
            }
            sent.push(message.body);
        }
        sent
    }

    async fn keep(
        &self,
        function: Function,
        receipt: &Receipt,
        report: &Report,
        will_be_retried: bool,
    ) {
        let is_due = !will_be_retried && report.verdict() != Verdict::Ignored;
        match function {
            Function::DigestValidator if is_due => {
                let kept = receipt::keep_with_heads(&self.store, from_ref(receipt)).await;
                kept.expect("evidence");
            }
            Function::LogVerifier if is_due => {
                receipt::keep(&self.store, from_ref(receipt))
                    .await
                    .expect("evidence");
            }
            Function::KmsContextChecker if !report.rules.is_empty() => {
                let kept = receipt::keep_of_log_file(&self.store, receipt).await;
                kept.expect("evidence");
            }
            _ => {}
        }
    }
}

/// Returns the waits between the tries, in minutes, if anything of a report could not be verified:
/// the table in `docs/architecture.md`.
fn waits_of(report: &Report) -> Option<&'static [i64]> {
    let causes = report.obstacles.iter().map(|it| &it.error.cause);
    causes
        .map(|cause| match cause {
            cause if cause.is_refusal() => &[1, 30][..],
            cause if cause.is_permanent() => &[5],
            Cause::Archived(_) | Cause::Interrupted => &[5],
            _ => &[1, 5, 30, 120],
        })
        .max_by_key(|waits| waits.len())
}

fn is_last(attempt: u32, waits: &[i64]) -> bool {
    let tries = u32::try_from(waits.len() + 1).expect("a few");
    attempt >= tries.min(MAX_RECEIVES)
}

fn wait_after(attempt: u32, waits: &[i64]) -> SignedDuration {
    let index = usize::try_from(attempt - 1).expect("a few");
    SignedDuration::from_mins(*waits.get(index).expect("not the last try"))
}
