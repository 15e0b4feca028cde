//! Findings in the AWS Security Finding Format (ASFF), for Security Hub CSPM.
//!
//! Format: <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html>.
//!
//! An incident is one finding. `BatchImportFindings` creates it and updates it. What the API says
//! about it (<https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html>):
//!
//! - "the identifier of the account that you are calling `BatchImportFindings` from needs to be the
//!   same as the `AwsAccountId` attribute": the account of the trail is in the resources and in the
//!   product fields.
//! - "After a finding is created, `BatchImportFindings` cannot be used to update" `Note`,
//!   `UserDefinedFields`, `VerificationState` and `Workflow`, "which Security Hub CSPM customers use
//!   to manage their investigation workflow". A closed incident is therefore archived
//!   (`RecordState`), and `Workflow` is not set. Security Hub sets `Workflow` to `NEW` again if an
//!   archived finding becomes active.
//! - "Finding providers also should not use `BatchImportFindings` to update" `Severity` and `Types`:
//!   they are in `FindingProviderFields`.

use super::change::{Change, ChangeState};
use super::home::Home;
use super::parcels::parcels;
use crate::finding::{FindingKind, Severity};
use crate::names::text::{clip, clip_visibly};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The maximum number of findings of a request.
pub const MAX_FINDINGS: usize = 100;

/// The maximum size in bytes of a request: less than what the API takes for one finding (240 KB),
/// so that a request is small, too.
const MAX_REQUEST_BYTES: usize = 200 * 1024;

/// The limits of the format, in characters.
const MAX_TITLE: usize = 256;
const MAX_DESCRIPTION: usize = 1024;
const MAX_REMEDIATION: usize = 512;
const MAX_PRODUCT_FIELD: usize = 2048;
const MAX_ID: usize = 512;

/// A finding of Security Hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityFinding {
    /// `2018-10-08`.
    pub schema_version: &'static str,
    /// The incident.
    pub id: String,
    /// The default product of the account.
    pub product_arn: String,
    /// The kind of finding.
    pub generator_id: String,
    /// The account of the stack.
    pub aws_account_id: String,
    /// The type in the taxonomy of the format.
    pub kind: &'static str,
    /// When the incident was first found.
    pub created_at: String,
    /// When it changed.
    pub updated_at: String,
    /// When it was first found.
    pub first_observed_at: String,
    /// When it was last found.
    pub last_observed_at: String,
    /// The severity in the words of the format.
    pub label: &'static str,
    /// The severity in the words of Trailseal.
    pub original: &'static str,
    /// Kind, account and Region.
    pub title: String,
    /// The sentence of the finding.
    pub description: String,
    /// What to do next.
    pub remediation: Option<String>,
    /// The other fields of the finding.
    pub product_fields: BTreeMap<&'static str, String>,
    /// What the finding is about.
    pub resources: Vec<AffectedResource>,
    /// Whether the incident is closed: `ARCHIVED`.
    pub is_archived: bool,
}

impl SecurityFinding {
    /// Returns the finding as the JSON of the format.
    #[must_use]
    pub fn json(&self) -> Value {
        let resources = self.resources.iter();
        let resources: Vec<Value> = resources
            .map(|resource| json!({"Type": resource.kind, "Id": resource.id}))
            .collect();
        let mut finding = json!({
            "SchemaVersion": self.schema_version,
            "Id": self.id,
            "ProductArn": self.product_arn,
            "GeneratorId": self.generator_id,
            "AwsAccountId": self.aws_account_id,
            "FindingProviderFields": {
                "Severity": {"Label": self.label, "Original": self.original},
                "Types": [self.kind],
            },
            "CreatedAt": self.created_at,
            "UpdatedAt": self.updated_at,
            "FirstObservedAt": self.first_observed_at,
            "LastObservedAt": self.last_observed_at,
            "Title": self.title,
            "Description": self.description,
            "ProductFields": self.product_fields,
            "Resources": resources,
            "RecordState": if self.is_archived { "ARCHIVED" } else { "ACTIVE" },
        });
        if let (Some(text), Some(fields)) = (&self.remediation, finding.as_object_mut()) {
            let remediation = json!({"Recommendation": {"Text": text}});
            fields.insert("Remediation".to_owned(), remediation);
        }
        finding
    }
}

/// A resource that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AffectedResource {
    /// The type in the words of the format.
    pub kind: &'static str,
    /// An ARN, or the ID of an account.
    pub id: String,
}

/// Returns the finding of an incident.
#[must_use]
pub fn of(change: &Change, home: &Home) -> SecurityFinding {
    let finding = &change.finding;
    let Home {
        partition,
        region,
        account,
    } = home;
    let state = match change.incident.state {
        ChangeState::Closed => "closed: ",
        _ => "",
    };
    let title = format!("Trailseal: {state}{} {}", finding.kind, change.scope());
    let advice = short_advice(&finding.advice);
    SecurityFinding {
        schema_version: "2018-10-08",
        id: format!("trailseal/{}", finding.id),
        product_arn: format!(
            "arn:{partition}:securityhub:{region}:{account}:product/{account}/default"
        ),
        generator_id: clip_visibly(format!("trailseal/{}", finding.kind), MAX_ID - 1),
        aws_account_id: account.clone(),
        kind: kind(&finding.kind),
        created_at: change.incident.first_seen.to_string(),
        updated_at: change.time().to_string(),
        first_observed_at: change.incident.first_seen.to_string(),
        last_observed_at: change.last_seen().to_string(),
        label: match finding.severity {
            Severity::Low => "LOW",
            Severity::Medium => "MEDIUM",
            Severity::High => "HIGH",
            Severity::Critical => "CRITICAL",
        },
        original: finding.severity.as_str(),
        title: clip_visibly(title.trim_end().to_owned(), MAX_TITLE - 1),
        description: clip_visibly(visible(&finding.message), MAX_DESCRIPTION - 1),
        remediation: (!finding.all_clear && !advice.trim().is_empty()).then_some(advice),
        product_fields: product_fields(change),
        resources: resources(change, home),
        is_archived: change.incident.state == ChangeState::Closed,
    }
}

/// Splits findings into requests, each with its position.
#[must_use]
pub fn requests(findings: Vec<(usize, SecurityFinding)>) -> Vec<Vec<(usize, SecurityFinding)>> {
    let size = |(_, finding): &(usize, SecurityFinding)| finding.json().to_string().len();
    parcels(findings, size, MAX_FINDINGS, MAX_REQUEST_BYTES)
}

/// Returns the type of a kind of finding:
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/asff-required-attributes.html#Types>.
fn kind(name: &str) -> &'static str {
    use FindingKind as Kind;
    match FindingKind::named(name) {
        Some(Kind::ObjectDeleted | Kind::LogFileMissing | Kind::DigestMissing) => {
            "Effects/Data Destruction"
        }
        Some(
            Kind::BucketGuardWeakened
            | Kind::KmsPolicyOpen
            | Kind::KmsKeyExpiring
            | Kind::KmsKeyUnusable
            | Kind::MonitoringImpaired
            | Kind::ObjectUnreadableDenied
            | Kind::ObjectArchived
            | Kind::ObjectExpired
            | Kind::ChainStarted
            | Kind::DeliveryUnsettled,
        ) => "Software and Configuration Checks/AWS Security Best Practices",
        Some(Kind::KmsUnlistedReader | Kind::EnclaveImageUnlisted) => "Unusual Behaviors/Data",
        _ => "TTPs/Defense Evasion",
    }
}

/// Returns the object, the trail and the account that the finding is about. The format needs at
/// least one resource.
fn resources(change: &Change, home: &Home) -> Vec<AffectedResource> {
    let finding = &change.finding;
    let mut resources = Vec::new();
    if let Some(id) = home.object_arn(&finding.object) {
        let kind = if finding.object.key.is_empty() {
            "AwsS3Bucket"
        } else {
            "AwsS3Object"
        };
        resources.push(AffectedResource { kind, id });
    }
    let trail = finding
        .trail
        .iter()
        .filter(|trail| trail.starts_with("arn:"));
    resources.extend(trail.map(|trail| AffectedResource {
        kind: "AwsCloudTrailTrail",
        id: trail.clone(),
    }));
    let account = finding.account.as_deref().filter(|text| !text.is_empty());
    let account = account.unwrap_or(&home.account);
    resources.push(AffectedResource {
        kind: "AwsAccount",
        id: format!("AWS::::Account:{account}"),
    });
    resources
}

/// Returns the other fields: at most 50, with values of at most 2,048 characters that are not empty.
fn product_fields(change: &Change) -> BTreeMap<&'static str, String> {
    let Change { finding, incident } = change;
    let digest = finding.digest.as_ref();
    let window = finding.window.as_ref().map(|window| {
        let from = window
            .from
            .map_or_else(|| "an unknown time".to_owned(), |from| from.to_string());
        format!("{from} to {}", window.to)
    });
    let fields = [
        ("trailseal/Kind", Some(finding.kind.clone())),
        ("trailseal/State", Some(incident.state.as_str().to_owned())),
        ("trailseal/AccountId", finding.account.clone()),
        ("trailseal/Region", finding.region.clone()),
        ("trailseal/Trail", finding.trail.clone()),
        ("trailseal/Object", Some(finding.object.to_string())),
        ("trailseal/VersionId", finding.object.version_id.clone()),
        (
            "trailseal/Digest",
            digest.map(|digest| format!("s3://{}/{}", digest.bucket, digest.key)),
        ),
        ("trailseal/Window", window),
        ("trailseal/Expected", finding.expected.clone()),
        ("trailseal/Actual", finding.actual.clone()),
        ("trailseal/Advice", Some(finding.advice.clone())),
        (
            "trailseal/Occurrences",
            Some(incident.occurrences.to_string()),
        ),
        ("trailseal/Incident", Some(incident.document.clone())),
        ("trailseal/Function", Some(finding.function.clone())),
        ("trailseal/Version", Some(finding.version.clone())),
    ];
    let fields = fields.into_iter().filter_map(|(name, value)| {
        let value = value.filter(|value| !value.trim().is_empty())?;
        Some((name, clip_visibly(value, MAX_PRODUCT_FIELD - 1)))
    });
    fields.collect()
}

/// Returns the advice, or its start. A command is whole or left out: people copy it.
fn short_advice(advice: &str) -> String {
    const REST: &str = " … The rest is in the product field trailseal/Advice.";
    if advice.chars().count() <= MAX_REMEDIATION {
        return advice.to_owned();
    }
    let start = clip(advice, MAX_REMEDIATION - REST.chars().count());
    let is_in_command = start.matches('`').count() % 2 == 1;
    let start = match start.rsplit_once('`') {
        Some((before, _)) if is_in_command => before,
        _ => start,
    };
    format!("{}{REST}", start.trim_end())
}

/// Returns a text that is not empty.
fn visible(text: &str) -> String {
    if text.trim().is_empty() {
        "See the incident's document.".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{all_clear, change, home};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_incident_is_one_finding_until_it_is_archived() {
        let opened = of(&change(ChangeState::Opened), &home());
        let closed = of(&all_clear(), &home());
        assert_eq!(opened.id, closed.id);
        assert_eq!(
            opened.product_arn,
            "arn:aws:securityhub:eu-west-1:444455556666:product/444455556666/default"
        );
        assert!(!opened.is_archived && closed.is_archived);
        assert!(closed.updated_at > opened.updated_at);
        assert_eq!(closed.created_at, opened.created_at);
        assert_eq!(
            (opened.label, opened.kind),
            ("CRITICAL", "Effects/Data Destruction")
        );
        assert!(opened.remediation.is_some() && closed.remediation.is_none());
        assert_eq!(
            opened.title,
            "Trailseal: object-deleted 111122223333 us-east-1"
        );
    }

    #[test]
    fn the_account_of_the_stack_imports_what_is_about_another() {
        let finding = of(&change(ChangeState::Opened), &home());
        assert_eq!(finding.aws_account_id, "444455556666");
        assert_eq!(
            finding.product_fields["trailseal/AccountId"],
            "111122223333"
        );
        let ids: Vec<&str> = finding.resources.iter().map(|it| it.id.as_str()).collect();
        assert!(ids.contains(&"AWS::::Account:111122223333"), "{ids:?}");
        let mut bare = change(ChangeState::Opened);
        bare.finding.account = None;
        bare.finding.trail = None;
        bare.finding.object.bucket.clear();
        let resources = of(&bare, &home()).resources;
        assert_eq!(resources[0].id, "AWS::::Account:444455556666");
    }

    #[test]
    fn a_command_is_not_cut() {
        let advice =
            |command: usize| format!("{} `{}`. Then.", "a".repeat(400), "c".repeat(command));
        let in_advice = |command: usize| {
            let mut long = change(ChangeState::Opened);
            long.finding.advice = advice(command);
            of(&long, &home()).remediation.unwrap()
        };
        assert_eq!(in_advice(102), advice(102));
        for command in [103, 600] {
            let short = in_advice(command);
            assert!(!short.contains('`'), "{short}");
            assert!(short.ends_with("a … The rest is in the product field trailseal/Advice."));
        }
        let mut long = change(ChangeState::Opened);
        long.finding.advice = format!("Use `a`. {}", "b".repeat(600));
        let short = of(&long, &home()).remediation.unwrap();
        assert!(short.starts_with("Use `a`. b"), "{short}");
        assert_eq!(short.chars().count(), 512);
    }

    #[test]
    fn every_kind_has_a_type_of_the_taxonomy() {
        for name in FindingKind::ALL {
            let kind = kind(name.as_str());
            let namespace = kind.split('/').next().unwrap();
            assert!(
                [
                    "Software and Configuration Checks",
                    "TTPs",
                    "Effects",
                    "Unusual Behaviors"
                ]
                .contains(&namespace)
            );
        }
    }

    /// Returns a finding in which every field that may be long is a character `length` times.
    fn filled(c: char, length: usize) -> SecurityFinding {
        let text: String = std::iter::repeat_n(c, length).collect();
        let mut change = change(ChangeState::Opened);
        let finding = &mut change.finding;
        for field in [
            &mut finding.message,
            &mut finding.advice,
            &mut finding.object.key,
            &mut finding.kind,
            &mut finding.version,
        ] {
            field.clone_from(&text);
        }
        for field in [
            &mut finding.expected,
            &mut finding.actual,
            &mut finding.account,
        ] {
            *field = Some(text.clone());
        }
        of(&change.bounded().unwrap(), &home())
    }

    #[test]
    fn requests_have_all_findings_and_keep_to_the_limits() {
        for (c, length, least) in [('a', 0, 3), ('a', 5000, 12), ('\u{1}', 5000, 60)] {
            let finding = filled(c, length);
            let findings: Vec<_> = (0..250).map(|n| (n, finding.clone())).collect();
            let requests = requests(findings.clone());
            assert!(requests.len() >= least, "{}", requests.len());
            for request in &requests {
                assert!(request.len() <= MAX_FINDINGS);
                let sizes = request.iter().map(|(_, it)| it.json().to_string().len());
                assert!(sizes.sum::<usize>() <= MAX_REQUEST_BYTES);
            }
            assert_eq!(requests.concat(), findings);
        }
    }

    proptest! {
        #[test]
        fn a_finding_keeps_to_the_limits_of_the_format(length in 0_usize..5000, c in any::<char>()) {
            let finding = filled(c, length);
            let chars = |text: &str| text.chars().count();
            prop_assert!((1..=256).contains(&chars(&finding.title)));
            prop_assert!((1..=1024).contains(&chars(&finding.description)));
            prop_assert!(!finding.description.trim().is_empty());
            prop_assert!(chars(&finding.generator_id) <= 512);
            prop_assert!(finding.remediation.as_deref().is_none_or(|text| (1..=512).contains(&chars(text))));
            prop_assert!((1..=32).contains(&finding.resources.len()));
            prop_assert!(finding.product_fields.len() <= 50);
            for (name, value) in &finding.product_fields {
                prop_assert!(chars(name) <= 128 && chars(value) <= 2048 && !value.trim().is_empty());
            }
            let json = finding.json().to_string();
            prop_assert!(json.len() <= 240_000, "{}", json.len());
        }
    }
}
