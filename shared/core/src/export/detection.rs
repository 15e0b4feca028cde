//! OCSF Detection Findings.
//!
//! Class 2004 of OCSF 1.8.0: <https://schema.ocsf.io/1.8.0/classes/detection_finding>. The test
//! compares every value with the definitions of that version.

use super::bus_event::{BusEvent, resources};
use super::change::{Change, ChangeState};
use super::home::Home;
use crate::finding::{FindingKind, Severity};
use serde_json::{Value, json};

/// The version of the schema.
pub const VERSION: &str = "1.8.0";

/// The detail type of the event.
pub const DETAIL_TYPE: &str = "Trailseal OCSF Detection Finding";

const CLASS: u32 = 2004;

/// Returns the event about a change of an incident.
#[must_use]
pub fn event(change: &Change, home: &Home) -> BusEvent {
    BusEvent {
        detail_type: DETAIL_TYPE,
        detail: of(change, home).to_string(),
        resources: resources(change, home),
    }
}

/// Returns the Detection Finding of a change of an incident.
#[must_use]
pub fn of(change: &Change, home: &Home) -> Value {
    let finding = &change.finding;
    let (activity, activity_name) = match change.incident.state {
        ChangeState::Opened => (1, "Create"),
        ChangeState::Grown | ChangeState::Persists => (2, "Update"),
        ChangeState::Closed => (3, "Close"),
    };
    let (status, status_name) = match change.incident.state {
        ChangeState::Closed => (4, "Resolved"),
        _ => (1, "New"),
    };
    let (severity, severity_name) = severity(finding.severity);
    let time = change.time().as_millisecond();
    let mut event = json!({
        "activity_id": activity,
        "activity_name": activity_name,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Detection Finding",
        "type_uid": CLASS * 100 + activity,
        "type_name": format!("Detection Finding: {activity_name}"),
        "time": time,
        "severity_id": severity,
        "severity": severity_name,
        "status_id": status,
        "status": status_name,
        "is_alert": true,
        "message": finding.message,
        "count": change.incident.occurrences,
        "metadata": {
            "version": VERSION,
            "uid": change.id(),
            "log_name": "incidents",
            "profiles": ["cloud"],
            "product": {
                "name": "Trailseal",
                "vendor_name": "Trailseal",
                "version": finding.version,
                "feature": {"name": finding.function},
            },
        },
        "finding_info": finding_info(change),
        "cloud": {
            "provider": "AWS",
            "region": finding.region.as_deref().unwrap_or(&home.region),
            "account": {"uid": finding.account.as_deref().unwrap_or(&home.account), "type_id": 10, "type": "AWS Account"},
        },
        "resources": affected(change, home),
        "evidences": [evidence(change)],
    });
    if !finding.all_clear
        && let Some(event) = event.as_object_mut()
    {
        let remediation = json!({"desc": finding.advice});
        event.insert("remediation".to_owned(), remediation);
    }
    event
}

fn severity(severity: Severity) -> (u32, &'static str) {
    match severity {
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

fn finding_info(change: &Change) -> Value {
    let finding = &change.finding;
    let mut analytic = json!({"type_id": 1, "type": "Rule", "name": finding.kind, "uid": finding.kind, "version": finding.version});
    if let Some(kind) = FindingKind::named(&finding.kind)
        && let Some(analytic) = analytic.as_object_mut()
    {
        analytic.insert("desc".to_owned(), kind.established().into());
    }
    json!({
        "uid": finding.id,
        "title": finding.kind,
        "desc": finding.message,
        "types": [finding.kind],
        "first_seen_time": change.incident.first_seen.as_millisecond(),
        "created_time": change.incident.first_seen.as_millisecond(),
        "last_seen_time": change.last_seen().as_millisecond(),
        "modified_time": change.time().as_millisecond(),
        "src_url": change.incident.document,
        "analytic": analytic,
    })
}

fn affected(change: &Change, home: &Home) -> Vec<Value> {
    let arns = resources(change, home).into_iter();
    let affected = arns.map(|arn| {
        let kind = if arn.contains(":cloudtrail:") {
            "AWS::CloudTrail::Trail"
        } else if arn.contains('/') {
            "AWS::S3::Object"
        } else {
            "AWS::S3::Bucket"
        };
        let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
        json!({"uid": arn, "name": name, "type": kind, "cloud_partition": home.partition, "provider": "AWS"})
    });
    affected.collect()
}

/// Returns what was expected and what was found. OCSF leaves the form of `data` to the producer.
fn evidence(change: &Change) -> Value {
    let finding = &change.finding;
    json!({
        "name": finding.occurrence,
        "data": {
            "object": finding.object,
            "digest": finding.digest,
            "window": finding.window,
            "expected": finding.expected,
            "actual": finding.actual,
            "incident": change.incident,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::{all_clear, change, home};
    use super::*;

    #[test]
    fn a_change_is_created_updated_and_closed() {
        for (change, activity, status) in [
            (change(ChangeState::Opened), 1, 1),
            (change(ChangeState::Grown), 2, 1),
            (change(ChangeState::Persists), 2, 1),
            (all_clear(), 3, 4),
        ] {
            let event = of(&change, &home());
            assert_eq!(event["activity_id"], activity);
            assert_eq!(event["type_uid"], 200_400 + activity);
            assert_eq!(event["status_id"], status);
            assert_eq!(event["severity_id"], 5);
            assert_eq!(event["time"], change.time().as_millisecond());
            assert_eq!(event["finding_info"]["uid"], change.finding.id.as_str());
            assert_eq!(event["cloud"]["account"]["uid"], "111122223333");
            assert_eq!(event["resources"].as_array().unwrap().len(), 3);
            assert_eq!(event["remediation"].is_object(), activity != 3);
        }
    }
}
