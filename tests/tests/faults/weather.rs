//! The faults of a run: some calls of several operations, and sometimes an outage of one.

use trailseal_tests::local::{FaultKind, Match, Shower};
use trailseal_tests::trail::rng::Rng;

/// The operations that the functions call, and whether the answer has a body.
const OPERATIONS: [(&str, &str, bool); 14] = [
    ("s3", "GetObject", true),
    ("s3", "GetObject", true),
    ("s3", "HeadObject", false),
    ("s3", "ListObjectsV2", true),
    ("s3", "ListObjectVersions", true),
    ("s3", "PutObject", false),
    ("s3", "DeleteObject", false),
    ("cloudtrail", "ListPublicKeys", true),
    ("cloudtrail", "ListPublicKeys", true),
    ("sns", "Publish", true),
    ("sqs", "SendMessage", true),
    ("sqs", "ChangeMessageVisibility", false),
    ("kms", "DescribeKey", true),
    ("kms", "", true),
];

/// Returns the calls of an operation, or all calls to a service.
fn calls(service: &str, operation: &str) -> Match {
    if operation.is_empty() {
        Match::service(service)
    } else {
        Match::operation(service, operation)
    }
}

/// Returns what can happen to calls of an operation.
fn kinds_of(service: &str, has_body: bool) -> Vec<FaultKind> {
    let mut kinds = FaultKind::ALL.to_vec();
    kinds.retain(|kind| match kind {
        FaultKind::KmsThrottled => matches!(service, "s3" | "sns" | "sqs") && has_body,
        // A denial that ends after one call is the same as another fault.
        FaultKind::Denied => false,
        kind => has_body || !kind.is_about_the_body(),
    });
    kinds
}

/// Returns which calls of which operations break, and how.
pub(crate) fn showers(rng: &mut Rng, has_kms: bool) -> Vec<Shower> {
    let mut operations = OPERATIONS.to_vec();
    rng.shuffle(&mut operations);
    if has_kms {
        // Few calls to KMS: some break in every run.
        operations.sort_by_key(|(service, ..)| *service != "kms");
    }
    let count = usize::try_from(rng.within(&(4..=8))).unwrap_or(2);
    let showers = operations.into_iter().take(count);
    let showers = showers.map(|(service, operation, has_body)| {
        let all = kinds_of(service, has_body);
        let kinds = (0..rng.within(&(1..=3))).map(|_| *rng.pick(&all)).collect();
        // The functions call KMS and CloudTrail seldom, because they remember the answers.
        let most = if matches!(service, "kms" | "cloudtrail" | "sns") {
            60
        } else {
            30
        };
        Shower {
            calls: calls(service, operation),
            kinds,
            percent: rng.within(&(10..=most)),
            first: usize::try_from(rng.within(&(2..=8))).unwrap_or(2),
        }
    });
    showers.collect()
}

/// All calls of a kind break, for some rounds.
#[derive(Clone, Debug)]
pub(crate) struct Outage {
    shower: Shower,
    /// For how many rounds. A message is parked after its fifth round, or after the third if access
    /// is denied.
    pub(crate) rounds: u32,
    /// Whether the evidence bucket accepts no documents.
    pub(crate) is_of_evidence: bool,
}

impl Outage {
    /// Returns an outage.
    pub(crate) fn of(rng: &mut Rng) -> Self {
        let log_files = || Match::operation("s3", "GetObject").path_contains("/CloudTrail/");
        let digests = || Match::operation("s3", "GetObject").path_contains("/CloudTrail-Digest/");
        let evidence = |operation| Match::operation("s3", operation).path_contains("/receipts/");
        let what = [
            (log_files(), false),
            (log_files(), false),
            (digests(), false),
            (Match::service("s3"), true),
            (Match::operation("s3", "ListObjectVersions"), false),
            (evidence("PutObject"), false),
            (Match::operation("s3", "PutObject"), true),
            (Match::service("cloudtrail"), false),
            (Match::service("sns"), false),
            (Match::operation("sqs", "SendMessage"), false),
        ];
        let (calls, is_of_evidence) = rng.pick(&what).clone();
        let kind = *rng.pick(&[
            FaultKind::InternalError,
            FaultKind::Unavailable,
            FaultKind::Throttled,
            FaultKind::Denied,
            FaultKind::Denied,
            FaultKind::ClockSkew,
            FaultKind::Reset,
        ]);
        Self {
            shower: Shower {
                calls,
                kinds: vec![kind],
                percent: 100,
                first: usize::MAX,
            },
            rounds: rng.within(&(1..=7)),
            is_of_evidence,
        }
    }

    pub(crate) fn shower(&self) -> Shower {
        self.shower.clone()
    }
}
