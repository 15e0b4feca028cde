//! The report on a period, as `trailseal evidence report` writes it. `docs/auditor.md` documents its
//! JSON form.

pub(crate) use super::auditor_chain::{
    AuditorChain, AuditorGap, AuditorHour, AuditorSeconds, outcome,
};

use super::{Outcome, Range};
use jiff::Timestamp;
use serde::Serialize;
use trailseal::evidence_log::{LogFinding, LogKey};
use trailseal::finding::Severity;
use trailseal::names::sha256::Sha256;
use trailseal::period::{ObjectFinding, PeriodIncident, PeriodReport};
use trailseal::receipt::NamedFinding;

/// The schema of the JSON form.
pub(crate) const AUDITOR_SCHEMA: &str = "trailseal.evidence-report/1";

/// The report on a period.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditorReport {
    pub(crate) schema: &'static str,
    pub(crate) version: &'static str,
    pub(crate) command: Vec<String>,
    /// The evidence bucket, or the directory.
    pub(crate) source: String,
    pub(crate) requested: Range,
    pub(crate) account: Option<String>,
    pub(crate) region: Option<String>,
    #[serde(serialize_with = "trailseal::names::seconds::serialize")]
    pub(crate) written_at: Timestamp,
    pub(crate) verdict: Outcome,
    pub(crate) log: AuditorLog,
    pub(crate) totals: AuditorTotals,
    pub(crate) chains: Vec<AuditorChain>,
    pub(crate) incidents: Vec<AuditorIncident>,
    /// Findings about objects that are not the digest of an hour.
    pub(crate) other_findings: Vec<AuditorObject>,
    /// What is wrong with the log or its documents.
    pub(crate) evidence_findings: Vec<LogFinding>,
    pub(crate) cannot_tell: Vec<String>,
    pub(crate) not_logged_yet: Vec<String>,
    pub(crate) left_out: u64,
}

/// What the report rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditorLog {
    /// The name of the log.
    pub(crate) origin: String,
    /// The public key.
    pub(crate) key: String,
    /// SHA-256 of the 32 bytes of the public key.
    pub(crate) key_fingerprint: String,
    pub(crate) key_from_evidence: bool,
    /// Whether the key signed the checkpoint, and the entries are those of the checkpoint.
    pub(crate) signed: bool,
    /// The checkpoint: a signed note.
    pub(crate) checkpoint: Option<String>,
    pub(crate) size: Option<u64>,
    pub(crate) root: Option<String>,
    pub(crate) newest_round: Option<Timestamp>,
    pub(crate) cosigners: Vec<AuditorCosigner>,
}

/// Somebody else who signed the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct AuditorCosigner {
    pub(crate) name: String,
    pub(crate) at: Option<Timestamp>,
}

/// Sums over all chains.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditorTotals {
    pub(crate) chains: u64,
    pub(crate) receipts: u64,
    pub(crate) not_logged_yet: u64,
    pub(crate) seconds: AuditorSeconds,
}

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditorIncident {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) severity: Severity,
    pub(crate) account: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) object: String,
    pub(crate) message: String,
    pub(crate) opened_at: Timestamp,
    pub(crate) repeated_at: Timestamp,
    pub(crate) occurrences: u64,
    pub(crate) acknowledged: Option<AuditorAcknowledgment>,
    pub(crate) closed_at: Option<Timestamp>,
    pub(crate) logged_at: Option<Timestamp>,
    pub(crate) as_logged: bool,
}

/// Who took note of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct AuditorAcknowledgment {
    pub(crate) by: String,
    pub(crate) at: Timestamp,
    pub(crate) until: Option<Timestamp>,
    pub(crate) reason: String,
}

/// A finding about an object that is not the digest of an hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditorObject {
    pub(crate) checked: String,
    #[serde(flatten)]
    pub(crate) finding: NamedFinding,
    pub(crate) checked_at: Timestamp,
    pub(crate) receipt: String,
}

/// The run that a report is of.
pub(crate) struct AuditorRun<'a> {
    pub(crate) command: Vec<String>,
    pub(crate) source: &'a str,
    pub(crate) account: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) key: &'a LogKey,
    pub(crate) key_from_evidence: bool,
    pub(crate) written_at: Timestamp,
}

impl AuditorReport {
    /// Returns the report of a run.
    pub(crate) fn of(report: PeriodReport, run: AuditorRun<'_>) -> Self {
        let log = AuditorLog::of(&report, run.key, run.key_from_evidence);
        let verdict = outcome(report.verdict());
        let chains: Vec<_> = report.chains.into_iter().map(AuditorChain::of).collect();
        let mut totals = AuditorTotals {
            chains: u64::try_from(chains.len()).unwrap_or(u64::MAX),
            receipts: report.receipts,
            not_logged_yet: report.not_logged_yet,
            seconds: AuditorSeconds::default(),
        };
        for chain in &chains {
            totals.seconds.add(chain.seconds);
        }
        let incidents = report.incidents.into_iter().map(AuditorIncident::of);
        let objects = report.other_findings.into_iter().map(AuditorObject::of);
        Self {
            schema: AUDITOR_SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            command: run.command,
            source: run.source.to_owned(),
            requested: Range {
                from: Some(report.period.from),
                to: Some(report.period.to),
            },
            account: run.account,
            region: run.region,
            written_at: run.written_at,
            verdict,
            log,
            totals,
            chains,
            incidents: incidents.collect(),
            other_findings: objects.collect(),
            evidence_findings: report.findings,
            cannot_tell: report.cannot_tell,
            not_logged_yet: report.not_logged_yet_named,
            left_out: report.left_out,
        }
    }

    /// Returns the JSON form.
    pub(crate) fn to_json(&self) -> String {
        // Text, times and numbers: JSON can hold everything in it.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

impl AuditorLog {
    fn of(report: &PeriodReport, key: &LogKey, key_from_evidence: bool) -> Self {
        let checkpoint = report.checkpoint.as_ref();
        let cosigners = report.cosigners.iter().map(|cosigner| AuditorCosigner {
            name: cosigner.name.clone(),
            at: cosigner.at,
        });
        Self {
            origin: key.name().to_owned(),
            key: key.to_string(),
            key_fingerprint: Sha256::of(&key.bytes()).to_string(),
            key_from_evidence,
            signed: report.is_signed,
            checkpoint: checkpoint.map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned()),
            size: checkpoint.map(|it| it.size),
            root: checkpoint.map(|it| it.root.to_string()),
            newest_round: report.newest_round,
            cosigners: cosigners.collect(),
        }
    }
}

impl AuditorIncident {
    fn of(incident: PeriodIncident) -> Self {
        let acknowledged = incident.acknowledged.map(|known| AuditorAcknowledgment {
            by: known.by,
            at: known.at,
            until: known.until,
            reason: known.reason,
        });
        Self {
            id: incident.id,
            kind: incident.kind,
            severity: incident.severity,
            account: incident.account,
            region: incident.region,
            object: incident.object,
            message: incident.message,
            opened_at: incident.opened_at,
            repeated_at: incident.repeated_at,
            occurrences: incident.occurrences,
            acknowledged,
            closed_at: incident.closed_at,
            logged_at: incident.logged_at,
            as_logged: incident.is_as_logged,
        }
    }
}

impl AuditorObject {
    fn of(found: ObjectFinding) -> Self {
        Self {
            checked: found.checked,
            finding: found.finding,
            checked_at: found.checked_at,
            receipt: found.receipt,
        }
    }
}
