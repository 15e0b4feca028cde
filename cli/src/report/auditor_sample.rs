//! Sample reports on a period to print: a month with findings, a month without, and extreme cases.

use super::auditor::{
    AUDITOR_SCHEMA, AuditorAcknowledgment, AuditorChain, AuditorCosigner, AuditorGap, AuditorHour,
    AuditorIncident, AuditorLog, AuditorObject, AuditorReport, AuditorSeconds, AuditorTotals,
};
use super::auditor_chain::AuditorBuild;
use super::sample::HOSTILE;
use super::{Outcome, Range, Stretch};
use jiff::{SignedDuration, Timestamp};
use trailseal::evidence_log::{LogFault, LogFinding};
use trailseal::finding::{FindingKind, Severity};
use trailseal::period::{Build, ChainId, HourState};
use trailseal::receipt::NamedFinding;

const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "ap-southeast-2"];

fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn hour(number: i64) -> Timestamp {
    start() + SignedDuration::from_hours(number)
}

/// Returns a month of three chains, with everything that a report can say.
pub(crate) fn auditor_month() -> AuditorReport {
    let mut chains: Vec<_> = REGIONS.map(|region| chain(region, 31 * 24, 0)).into();
    let id = "5d2ddaa32232fb6b53bb048586a752164ffffd18213738f3ea05443807996aa6";
    spoil(&mut chains[0], 219, 226, HourState::NoReceipt, &[], "");
    spoil(
        &mut chains[0],
        491,
        492,
        HourState::Finding,
        &[(FindingKind::LogFileMissing.as_str(), id)],
        "",
    );
    spoil(
        &mut chains[1],
        300,
        301,
        HourState::Finding,
        &[],
        "a receipt is missing, though the log names it",
    );
    spoil(
        &mut chains[2],
        400,
        402,
        HourState::CannotTell,
        &[],
        "cannot read s3://amzn-s3-demo-bucket/x.json.gz: access is denied: AccessDenied",
    );
    spoil(&mut chains[2], 0, 48, HourState::BeforeWatch, &[], "");
    chains[2].watched_since = Some(hour(48));
    let mut report = report(chains);
    report.incidents = vec![
        incident(
            FindingKind::LogFileMissing,
            Severity::Critical,
            491,
            Some(497),
            3,
        ),
        incident(
            FindingKind::BucketGuardWeakened,
            Severity::High,
            600,
            None,
            1,
        ),
    ];
    report.incidents[0].acknowledged = Some(AuditorAcknowledgment {
        by: "arn:aws:sts::111122223333:assumed-role/oncall/alice".to_owned(),
        at: hour(492),
        until: None,
        reason: "Restored from the replica.".to_owned(),
    });
    report.evidence_findings = vec![LogFinding {
        fault: LogFault::DocumentMissing,
        key: "receipts/2026/01/13/111122223333/eu-west-1/20260113T130000Z_management_us-east-1_098c92bb5bb8b3cf/log-verifier-20260113T133107Z-4f1d6a0c92b7e358.json".to_owned(),
        message: "The log names the receipt, and it does not exist.".to_owned(),
    }];
    report.other_findings = vec![AuditorObject {
        checked: "s3://amzn-s3-demo-bucket/planted.json.gz".to_owned(),
        finding: NamedFinding {
            id: id.to_owned(),
            kind: FindingKind::DigestSignatureMissing.to_string(),
            object: "s3://amzn-s3-demo-bucket/planted.json.gz".to_owned(),
        },
        checked_at: hour(500),
        receipt: "receipts/2026/01/21/misnamed/098c92bb5bb8b3cf/digest-validator-20260121T200000Z-4f1d6a0c92b7e358.json".to_owned(),
    }];
    report.not_logged_yet = vec!["incidents/0a.json".to_owned()];
    report.totals.not_logged_yet = 1;
    report.verdict = Outcome::Finding;
    report
}

/// Returns a month of one chain, all verified.
pub(crate) fn auditor_valid() -> AuditorReport {
    report(vec![chain(REGIONS[0], 31 * 24, 30 * 24)])
}

/// Returns a report that rests on nothing.
pub(crate) fn auditor_nothing() -> AuditorReport {
    let mut report = report(Vec::new());
    report.log.checkpoint = None;
    report.log.size = None;
    report.log.root = None;
    report.log.newest_round = None;
    report.log.signed = false;
    report.log.cosigners.clear();
    report.verdict = Outcome::CannotTell;
    report.cannot_tell = vec!["there is no evidence log: log/checkpoint does not exist".to_owned()];
    report
}

/// Returns a report in which every text is an attack.
pub(crate) fn auditor_hostile() -> AuditorReport {
    let mut report = auditor_month();
    let mut texts = HOSTILE.iter().cycle();
    let mut next = || (*texts.next().unwrap()).to_owned();
    report.source = next();
    report.command = HOSTILE.map(str::to_owned).into();
    report.account = Some(next());
    report.region = Some(next());
    report.cannot_tell = HOSTILE.map(str::to_owned).into();
    report.not_logged_yet = HOSTILE.map(str::to_owned).into();
    report.log.origin = next();
    report.log.checkpoint = Some(next());
    report.log.root = Some(next());
    report.log.key_from_evidence = true;
    report.log.cosigners[0].name = next();
    for chain in &mut report.chains {
        chain.id.account = next();
        chain.id.region = next();
        chain.id.trail = next();
        chain.id.home_region = next();
        chain.id.bucket = Some(next());
        chain.id.folder = Some(next());
        for known in &mut chain.verified_by {
            known.build.function = next();
            known.build.version = next();
            known.build.function_version = next();
        }
        for gap in &mut chain.gaps {
            gap.object = Some(next());
            gap.reasons = vec![next(), next()];
            gap.receipts = vec![next()];
            gap.findings = vec![NamedFinding {
                id: next(),
                kind: next(),
                object: next(),
            }];
        }
    }
    for incident in &mut report.incidents {
        incident.id = next();
        incident.kind = next();
        incident.account = Some(next());
        incident.region = Some(next());
        incident.object = next();
        incident.message = next();
        incident.acknowledged = Some(AuditorAcknowledgment {
            by: next(),
            at: hour(1),
            until: Some(hour(2)),
            reason: next(),
        });
    }
    for finding in &mut report.evidence_findings {
        finding.key = next();
        finding.message = next();
    }
    for object in &mut report.other_findings {
        object.checked = next();
        object.receipt = next();
        object.finding = NamedFinding {
            id: next(),
            kind: next(),
            object: next(),
        };
    }
    report
}

fn report(chains: Vec<AuditorChain>) -> AuditorReport {
    let mut seconds = AuditorSeconds::default();
    for chain in &chains {
        seconds.add(chain.seconds);
    }
    AuditorReport {
        schema: AUDITOR_SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        command: [
            "trailseal",
            "evidence",
            "report",
            "s3://amzn-s3-demo-bucket",
            "--from",
            "2026-01-01",
            "--to",
            "2026-02-01",
            "--key",
            "log.key",
            "-o",
            "january.html",
        ]
        .map(str::to_owned)
        .into(),
        source: "s3://amzn-s3-demo-bucket".to_owned(),
        requested: Range {
            from: Some(start()),
            to: Some(hour(31 * 24)),
        },
        account: None,
        region: None,
        written_at: hour(32 * 24),
        verdict: Outcome::Valid,
        log: log(),
        totals: AuditorTotals {
            chains: u64::try_from(chains.len()).unwrap(),
            receipts: 4464,
            not_logged_yet: 0,
            seconds,
        },
        chains,
        incidents: Vec::new(),
        other_findings: Vec::new(),
        evidence_findings: Vec::new(),
        cannot_tell: Vec::new(),
        not_logged_yet: Vec::new(),
        left_out: 0,
    }
}

fn log() -> AuditorLog {
    let origin = "trailseal-evidencebucket-1abc2def3ghi.s3.us-east-1.amazonaws.com/log";
    let root = "f4RxI45qfyZ0OlJThLaR+OINdSmSPIv0pvDDd6n/KYM=";
    AuditorLog {
        origin: origin.to_owned(),
        key: format!("{origin}+b40a6b20+AbxMI0DFvWw32rWnBjBHxE8wp/k+K/fINjECvyFPadxr"),
        key_fingerprint: "31e8b5433410dfb61a9dc45cc65b22ff31e8b5433410dfb61a9dc45cc65b22ff"
            .to_owned(),
        key_from_evidence: false,
        signed: true,
        checkpoint: Some(format!("{origin}\n9144\n{root}\n\n— {origin} tApr…\n")),
        size: Some(9144),
        root: Some(root.to_owned()),
        newest_round: Some(hour(32 * 24)),
        cosigners: vec![AuditorCosigner {
            name: "witness.example.org".to_owned(),
            at: Some(hour(32 * 24)),
        }],
    }
}

/// Returns a chain whose hours are all verified. It was verified again, `again` hours later.
fn chain(region: &str, hours: i64, again: i64) -> AuditorChain {
    let account = "111122223333";
    let verified = (0..hours).map(|number| {
        let first_at = hour(number + 1) + SignedDuration::from_mins(31);
        AuditorHour {
            from: hour(number),
            to: hour(number + 1),
            first_at,
            last_at: first_at + SignedDuration::from_hours(again),
        }
    });
    let build = |function: &str| AuditorBuild {
        build: Build {
            function: function.to_owned(),
            version: "0.1.0".to_owned(),
            function_version: "7".to_owned(),
        },
        receipts: 744,
    };
    let seconds = u64::try_from(hours).unwrap() * 3600;
    AuditorChain {
        id: ChainId {
            account: account.to_owned(),
            region: region.to_owned(),
            trail: "management".to_owned(),
            home_region: "us-east-1".to_owned(),
            bucket: Some("amzn-s3-demo-bucket".to_owned()),
            folder: Some(format!("logs/{account}/")),
        },
        verdict: Outcome::Valid,
        watched_since: None,
        seconds: AuditorSeconds {
            period: seconds,
            verified: seconds,
            ..AuditorSeconds::default()
        },
        verified_by: vec![build("digest-validator"), build("log-verifier")],
        coverage: vec![Stretch {
            from: start(),
            to: hour(hours),
            state: Outcome::Valid,
            digests: 744,
            log_files: 8928,
        }],
        verified: verified.collect(),
        gaps: Vec::new(),
        gaps_left_out: 0,
    }
}

/// Takes hours of a chain away.
fn spoil(
    chain: &mut AuditorChain,
    from: i64,
    to: i64,
    reason: HourState,
    findings: &[(&str, &str)],
    why: &str,
) {
    let (start, end) = (hour(from), hour(to));
    chain.verified.retain(|it| it.to <= start || it.from >= end);
    let state = super::auditor::outcome(reason.verdict());
    chain.verdict = chain.verdict.max(state);
    let mut coverage = Vec::new();
    for stretch in &chain.coverage {
        let mut part = |from: Timestamp, to: Timestamp, state| {
            if from < to {
                coverage.push(Stretch {
                    from,
                    to,
                    state,
                    ..stretch.clone()
                });
            }
        };
        part(stretch.from, stretch.to.min(start), stretch.state);
        part(stretch.from.max(start), stretch.to.min(end), state);
        part(stretch.from.max(end), stretch.to, stretch.state);
    }
    chain.coverage = coverage;
    let seconds = u64::try_from(to - from).unwrap() * 3600;
    chain.seconds.verified -= seconds;
    let field = match reason {
        HourState::Finding => &mut chain.seconds.finding,
        HourState::CannotTell => &mut chain.seconds.cannot_tell,
        HourState::BeforeWatch => &mut chain.seconds.before_watch,
        _ => &mut chain.seconds.no_receipt,
    };
    *field += seconds;
    let finding = |(kind, id): &(&str, &str)| NamedFinding {
        id: (*id).to_owned(),
        kind: (*kind).to_owned(),
        object: "s3://amzn-s3-demo-bucket/x.json.gz".to_owned(),
    };
    chain.gaps.push(AuditorGap {
        from: start,
        to: end,
        reason,
        object: None,
        findings: findings.iter().map(finding).collect(),
        reasons: (!why.is_empty())
            .then(|| why.to_owned())
            .into_iter()
            .collect(),
        receipts: Vec::new(),
    });
}

fn incident(
    kind: FindingKind,
    severity: Severity,
    opened: i64,
    closed: Option<i64>,
    occurrences: u64,
) -> AuditorIncident {
    AuditorIncident {
        id: "5d2ddaa32232fb6b53bb048586a752164ffffd18213738f3ea05443807996aa6".to_owned(),
        kind: kind.to_string(),
        severity,
        account: Some("111122223333".to_owned()),
        region: Some("us-east-1".to_owned()),
        object: "s3://amzn-s3-demo-bucket/x.json.gz".to_owned(),
        message: "The object is not as it was.".to_owned(),
        opened_at: hour(opened),
        repeated_at: hour(opened + 1),
        occurrences,
        acknowledged: None,
        closed_at: closed.map(hour),
        logged_at: Some(hour(opened + 1)),
        as_logged: true,
    }
}
