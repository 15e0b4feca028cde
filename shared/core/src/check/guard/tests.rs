use super::*;
use crate::finding::guard::GuardCondition;
use crate::names::location::ObjectLocation;
use crate::world::{
    BucketSettings, Cause, ExpirationRule, Lifecycle, ObjectLock, Policy, PublicAccess,
    Replication, StoreError, Versioning,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

const BUCKET: &str = "amzn-s3-demo-bucket";

fn record() -> ObjectLocation {
    ObjectLocation::new("amzn-s3-demo-evidence", STATE_KEY)
}

/// Settings that protect the bucket well.
fn strong() -> BucketSettings {
    BucketSettings {
        events: Ok(true),
        versioning: Ok(Versioning { enabled: true }),
        object_lock: Ok(ObjectLock {
            days: 365,
            compliance: true,
        }),
        lifecycle: Ok(Lifecycle {
            rules: vec![expires("old", Some(400), Some(90))],
        }),
        public_access: Ok(PublicAccess {
            blocked: vec!["BlockPublicAcls".to_owned(), "BlockPublicPolicy".to_owned()],
        }),
        policy: Ok(policy(r#"[{"Sid":"Write"},{"Sid":"TlsOnly"}]"#)),
        replication: Ok(Replication {
            destinations: BTreeMap::from([(
                "copy".to_owned(),
                "arn:aws:s3:::amzn-s3-demo-replica".to_owned(),
            )]),
        }),
    }
}

fn expires(id: &str, days: Option<u32>, noncurrent_days: Option<u32>) -> ExpirationRule {
    ExpirationRule {
        id: id.to_owned(),
        days,
        noncurrent_days,
        ..ExpirationRule::default()
    }
}

fn policy(statements: &str) -> Policy {
    Policy {
        json: format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#),
    }
}

fn error(cause: Cause) -> StoreError {
    StoreError {
        action: "read the settings of",
        subject: BUCKET.to_owned(),
        cause,
    }
}

fn denied<T>() -> Result<T, StoreError> {
    Err(error(Cause::Denied("AccessDenied".to_owned())))
}

fn throttled<T>() -> Result<T, StoreError> {
    Err(error(Cause::Unavailable("SlowDown".to_owned())))
}

fn bucket(settings: BucketSettings, roots: &[&str]) -> SeenBucket {
    SeenBucket {
        bucket: BUCKET.to_owned(),
        settings,
        roots: roots.iter().map(|root| (*root).to_owned()).collect(),
        has_other_roots: false,
    }
}

fn seen(settings: BucketSettings) -> GuardSeen {
    GuardSeen {
        buckets: vec![bucket(settings, &[])],
        named: Vec::new(),
    }
}

/// Looks once; returns the texts of the findings, as `kind: actual`, and of the all-clears.
fn look(
    state: &mut GuardState,
    settings: BucketSettings,
    retention_days: Option<u64>,
) -> (Vec<String>, Vec<String>) {
    let step = step(state, seen(settings), &record(), retention_days);
    *state = GuardState::read(step.after.to_json().as_bytes()).unwrap();
    let findings = step.report.findings.iter();
    let findings = findings.map(|f| format!("{}: {}", f.kind, f.actual.as_deref().unwrap()));
    let cleared = step.report.all_clears.iter();
    (
        findings.collect(),
        cleared.map(|f| f.message.clone()).collect(),
    )
}

/// Returns a state that knows the strong settings.
fn known() -> GuardState {
    let mut state = GuardState::default();
    let first = look(&mut state, strong(), None);
    assert_eq!(first, (vec![], vec![]));
    state
}

type Change = fn(&mut BucketSettings);

#[test]
fn each_weaker_setting_is_a_finding_until_it_is_strong_again() {
    let changes: [(Change, &str); 12] = [
        (
            |s| s.events = Ok(false),
            "monitoring-impaired: no EventBridge configuration",
        ),
        (
            |s| s.versioning = Ok(Versioning { enabled: false }),
            "bucket-guard-weakened: versioning is suspended or was never enabled",
        ),
        (
            |s| {
                s.object_lock = Ok(ObjectLock {
                    days: 30,
                    compliance: true,
                });
            },
            "bucket-guard-weakened: a default retention of 30 days in compliance mode",
        ),
        (
            |s| {
                s.object_lock = Ok(ObjectLock {
                    days: 365,
                    compliance: false,
                });
            },
            "bucket-guard-weakened: a default retention of 365 days in governance mode",
        ),
        (
            |s| {
                s.lifecycle = Ok(Lifecycle {
                    rules: vec![expires("new", Some(1), None)],
                });
            },
            "bucket-guard-weakened: rule `new` for `*`: objects expire after 1 days, earlier versions never",
        ),
        (
            |s| {
                s.lifecycle = Ok(Lifecycle {
                    rules: vec![expires("old", Some(400), Some(1))],
                });
            },
            "bucket-guard-weakened: rule `old` for `*`: objects expire after 400 days, earlier versions after 1 days",
        ),
        (
            |s| {
                s.public_access = Ok(PublicAccess {
                    blocked: vec!["BlockPublicAcls".to_owned()],
                });
            },
            "bucket-guard-weakened: on: BlockPublicAcls",
        ),
        (
            |s| s.policy = Ok(policy(r#"[{"Sid":"Write"},{"Sid":"Mallory"}]"#)),
            r#"only it has: {"Sid":"Mallory"}"#,
        ),
        (
            |s| s.policy = Ok(Policy::default()),
            "bucket-guard-weakened: policy with statements of SHA-256",
        ),
        (
            |s| s.replication = Ok(Replication::default()),
            "bucket-guard-weakened: no enabled rule",
        ),
        (
            |s| {
                let to = "arn:aws:s3:::amzn-s3-demo-other".to_owned();
                s.replication = Ok(Replication {
                    destinations: BTreeMap::from([("copy".to_owned(), to)]),
                });
            },
            "bucket-guard-weakened: rule `copy` to arn:aws:s3:::amzn-s3-demo-other",
        ),
        (
            |s| s.versioning = denied(),
            "monitoring-impaired: access is denied",
        ),
    ];
    for (change, expected) in changes {
        let mut state = known();
        for _ in 0..2 {
            let mut settings = strong();
            change(&mut settings);
            let (findings, cleared) = look(&mut state, settings, None);
            assert_eq!(
                (findings.len(), cleared.len()),
                (1, 0),
                "{expected}: {findings:?}"
            );
            assert!(findings[0].contains(expected), "{expected}: {findings:?}");
        }
        let (findings, cleared) = look(&mut state, strong(), None);
        assert_eq!(
            (findings.len(), cleared.len()),
            (0, 1),
            "{expected}: {cleared:?}"
        );
        assert_eq!(look(&mut state, strong(), None), (vec![], vec![]));
    }
}

#[test]
fn a_stronger_setting_replaces_the_record() {
    let mut state = known();
    let mut stronger = strong();
    stronger.object_lock = Ok(ObjectLock {
        days: 3650,
        compliance: true,
    });
    stronger.lifecycle = Ok(Lifecycle::default());
    assert_eq!(look(&mut state, stronger, None), (vec![], vec![]));
    // What was strong enough before is weaker now.
    let (findings, _) = look(&mut state, strong(), None);
    assert_eq!(findings.len(), 2, "{findings:?}");
}

#[test]
fn a_policy_in_another_order_or_layout_is_the_same() {
    let mut state = known();
    let mut same = strong();
    same.policy = Ok(Policy {
        json:
            r#"{ "Statement": [ {"Sid": "TlsOnly"}, {"Sid":"Write"} ], "Version": "2012-10-17" }"#
                .to_owned(),
    });
    assert_eq!(look(&mut state, same, None), (vec![], vec![]));
}

/// The order of a list says nothing, and a list of one value is the value.
#[test]
fn a_policy_with_its_principals_in_another_order_is_the_same() {
    let statement = |principals: &str, action: &str| {
        policy(&format!(
            r#"[{{"Sid":"Write","Principal":{{"AWS":{principals}}},"Action":{action}}}]"#
        ))
    };
    let mut settings = strong();
    settings.policy = Ok(statement(r#"["a","b"]"#, r#""s3:PutObject""#));
    let mut state = GuardState::default();
    look(&mut state, settings, None);
    for (principals, action, found) in [
        (r#"["b","a"]"#, r#"["s3:PutObject"]"#, 0),
        (r#"["b","c"]"#, r#""s3:PutObject""#, 1),
        (r#"["c","b"]"#, r#""s3:PutObject""#, 1),
        (r#"["a","b"]"#, r#""s3:*""#, 1),
        (r#"["a","b","a"]"#, r#""s3:PutObject""#, 1),
        (r#"["a","b"]"#, r#""s3:PutObject""#, 0),
    ] {
        let mut settings = strong();
        settings.policy = Ok(statement(principals, action));
        let (findings, _) = look(&mut state, settings, None);
        assert_eq!(findings.len(), found, "{principals} {action}: {findings:?}");
    }
}

/// A rule does not hide behind another one, and one that deletes no files of trails is nobody's
/// business.
#[test]
fn each_lifecycle_rule_is_compared_with_those_that_delete_the_same() {
    let rule = |prefix: &str, needs_tags: bool, days: u32| ExpirationRule {
        prefix: prefix.to_owned(),
        needs_tags,
        ..expires(prefix, Some(days), Some(days))
    };
    let small = "AWSLogs/999988887777/CloudTrail/";
    let sized = |larger_than: Option<u64>, smaller_than: Option<u64>| ExpirationRule {
        larger_than,
        smaller_than,
        ..rule(small, false, 7)
    };
    let lifecycle = |rules: &[ExpirationRule]| Lifecycle {
        rules: rules.to_vec(),
    };
    let root = "AWSLogs/";
    let logs = "AWSLogs/111122223333/CloudTrail/";
    let flow_logs = "AWSLogs/111122223333/vpcflowlogs/";
    let known = [
        rule("tmp/", false, 1),
        rule(logs, true, 30),
        rule(root, false, 400),
        sized(Some(1000), Some(2000)),
    ];
    let with = |new: ExpirationRule| [known.as_slice(), &[new]].concat();
    for (rules, roots, weaker) in [
        (known.to_vec(), vec![root], false),
        (Vec::new(), vec![root], false),
        (with(rule("tmp/old/", false, 1)), vec![], false),
        (with(rule("scratch/", false, 1)), vec![root], false),
        (
            with(rule("scratch/", false, 1)),
            vec![root, "scratch/AWSLogs/"],
            true,
        ),
        // Nothing is known about the trails.
        (with(rule("scratch/", false, 1)), vec![], true),
        (with(rule(flow_logs, false, 1)), vec![root], false),
        (with(rule(logs, false, 1)), vec![root], true),
        (with(rule(logs, false, 399)), vec![root], true),
        (with(rule(logs, false, 400)), vec![root], false),
        (with(rule("", false, 400)), vec![root], true),
        (with(rule(logs, true, 30)), vec![root], false),
        (with(rule(logs, true, 29)), vec![root], true),
        (with(sized(Some(1000), Some(2000))), vec![root], false),
        (with(sized(Some(1500), Some(1800))), vec![root], false),
        (with(sized(Some(999), Some(2000))), vec![root], true),
        (with(sized(Some(1000), Some(2001))), vec![root], true),
        (with(sized(Some(1000), None)), vec![root], true),
        (with(sized(None, Some(2000))), vec![root], true),
        // What a rule for certain tags deletes is not what one for sizes deletes.
        (
            with(ExpirationRule {
                larger_than: Some(1),
                ..rule(logs, false, 30)
            }),
            vec![root],
            true,
        ),
        // The rule no longer has its filter.
        (vec![rule(logs, false, 30)], vec![root], true),
    ] {
        let mut settings = strong();
        settings.lifecycle = Ok(lifecycle(&known));
        let mut state = GuardState::default();
        look(&mut state, settings, None);
        let mut settings = strong();
        settings.lifecycle = Ok(lifecycle(&rules));
        let seen = GuardSeen {
            buckets: vec![bucket(settings, &roots)],
            ..GuardSeen::default()
        };
        let found = step(&state, seen, &record(), None).report.findings;
        assert_eq!(!found.is_empty(), weaker, "{rules:#?} {roots:?}");
    }
}

/// A rule that looks harmless as long as a trail is not known is not accepted by that.
#[test]
fn a_rule_is_compared_again_when_another_trail_is_known() {
    let rule = |prefix: &str, days: u32| ExpirationRule {
        prefix: prefix.to_owned(),
        ..expires(prefix, Some(days), None)
    };
    let (one, both) = (vec!["AWSLogs/"], vec!["AWSLogs/", "p/AWSLogs/"]);
    let old = rule("p/", 400);
    let new = rule("p/", 1);
    let mut state = GuardState::default();
    for (rules, roots, found, ended) in [
        (vec![old.clone()], &both, 0, 0),
        // The head of the other chain cannot be read for now.
        (vec![old.clone()], &one, 0, 0),
        (vec![old.clone()], &both, 0, 0),
        (vec![old.clone(), new.clone()], &one, 0, 0),
        (vec![old.clone(), new.clone()], &both, 1, 0),
        // What was reported does not end because of that.
        (vec![old.clone(), new.clone()], &one, 0, 0),
        (vec![old.clone(), new], &both, 1, 0),
        (vec![old], &both, 0, 1),
    ] {
        let mut settings = strong();
        settings.lifecycle = Ok(Lifecycle { rules });
        let seen = SeenBucket {
            has_other_roots: roots.len() == one.len(),
            ..bucket(settings, roots)
        };
        let seen = GuardSeen {
            buckets: vec![seen],
            ..GuardSeen::default()
        };
        let step = step(&state, seen, &record(), None);
        assert_eq!(step.report.findings.len(), found, "{roots:?}");
        assert_eq!(step.report.all_clears.len(), ended, "{roots:?}");
        state = step.after;
    }
}

#[test]
fn the_rule_that_deletes_first_is_reported() {
    let rule = |id: &str, prefix: &str, days: u32| ExpirationRule {
        prefix: prefix.to_owned(),
        ..expires(id, Some(days), None)
    };
    let flow_logs = "AWSLogs/111122223333/vpcflowlogs/";
    for (rules, expected) in [
        (
            vec![rule("flow", flow_logs, 1), rule("tmp", "tmp/", 1)],
            None,
        ),
        (
            vec![
                rule("flow", flow_logs, 1),
                rule("a", "", 300),
                rule("b", "AWSLogs/", 7),
            ],
            Some("rule `b` deletes objects after 7 days"),
        ),
    ] {
        let mut settings = strong();
        settings.lifecycle = Ok(Lifecycle { rules });
        let seen = GuardSeen {
            buckets: vec![bucket(settings, &["AWSLogs/"])],
            ..GuardSeen::default()
        };
        let found = step(&GuardState::default(), seen, &record(), Some(365));
        let found = found.report.findings.iter();
        let found: Vec<_> = found
            .filter_map(|finding| finding.actual.as_deref())
            .collect();
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn a_lifecycle_rule_that_reaches_into_the_retention_is_a_finding_from_the_first_look() {
    for (days, larger_than, needs_tags, expected) in [
        (364, None, false, 1),
        (365, None, false, 0),
        (1, None, true, 0),
        (1, Some(1), false, 1),
        (1, Some(1), true, 0),
    ] {
        let mut settings = strong();
        let rule = ExpirationRule {
            larger_than,
            needs_tags,
            ..expires("soon", Some(days), None)
        };
        settings.lifecycle = Ok(Lifecycle { rules: vec![rule] });
        let (findings, _) = look(&mut GuardState::default(), settings, Some(365));
        assert_eq!(
            findings.len(),
            expected,
            "{days} {larger_than:?} {needs_tags}: {findings:?}"
        );
    }
}

#[test]
fn a_setting_that_cannot_be_read_says_nothing() {
    // Never readable, for example in the bucket of another account: only the log says so.
    let mut settings = strong();
    settings.policy = denied();
    let seen_first = step(&GuardState::default(), seen(settings), &record(), None);
    assert_eq!(seen_first.report.findings, []);
    assert_eq!(seen_first.unread.len(), 1);
    // A finding stays open while nothing can be said about the bucket.
    let mut state = known();
    let mut weaker = strong();
    weaker.versioning = Ok(Versioning { enabled: false });
    assert_eq!(look(&mut state, weaker, None).0.len(), 1);
    let mut unknown = strong();
    unknown.versioning = throttled();
    assert_eq!(look(&mut state, unknown, None), (vec![], vec![]));
    // Another setting that cannot be read changes nothing about this one.
    let mut other = strong();
    other.policy = throttled();
    assert_eq!(look(&mut state, other, None).1.len(), 1);
}

#[test]
fn a_part_of_the_stack_is_right_wrong_or_unknown() {
    let rule = "trailseal-digest-validator";
    let condition = || GuardCondition::RuleOff {
        rule: rule.to_owned(),
        state: "it is disabled".to_owned(),
    };
    let mut state = GuardState::default();
    for (answer, findings, cleared) in [
        (Ok(None), 0, 0),
        (Ok(Some(condition())), 1, 0),
        (Ok(Some(condition())), 1, 0),
        (throttled(), 0, 0),
        (Ok(None), 0, 1),
        (Ok(None), 0, 0),
    ] {
        let seen = GuardSeen {
            buckets: Vec::new(),
            named: vec![NamedAnswer {
                subject: rule.to_owned(),
                condition: answer,
            }],
        };
        let step = step(&state, seen, &record(), None);
        let report = &step.report;
        let counts = (report.findings.len(), report.all_clears.len());
        assert_eq!(counts, (findings, cleared));
        state = step.after;
    }
}

/// Nothing is said to be right that nobody looked at.
#[test]
fn what_is_no_longer_looked_at_is_not_said_to_be_right() {
    let trail = "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events";
    let off = GuardCondition::TrailOff {
        trail: trail.to_owned(),
        state: "logging is stopped".to_owned(),
    };
    let mut weaker = strong();
    weaker.events = Ok(false);
    let seen = GuardSeen {
        buckets: vec![bucket(weaker, &[])],
        named: vec![NamedAnswer {
            subject: trail.to_owned(),
            condition: Ok(Some(off)),
        }],
    };
    let first = step(&GuardState::default(), seen, &record(), None);
    assert_eq!(first.report.findings.len(), 2);
    let second = step(&first.after, GuardSeen::default(), &record(), None);
    let ended = second.report.all_clears.iter();
    let ended: Vec<&str> = ended.map(|it| it.message.as_str()).collect();
    assert_eq!(ended.len(), 2, "{ended:?}");
    for all_clear in &second.report.all_clears {
        let advice = all_clear.advice();
        assert!(advice.contains("find out who did"), "{advice}");
    }
    for (message, what) in ended.iter().zip([BUCKET, trail]) {
        let expected = format!("Trailseal no longer checks {what}, because");
        assert!(message.contains(&expected), "{message}");
    }
}

/// An all-clear ends exactly the finding that was sent.
#[test]
fn the_all_clear_of_a_condition_has_the_identity_of_its_finding() {
    let name = || "name".to_owned();
    for condition in [
        GuardCondition::Weaker {
            bucket: name(),
            setting: name(),
            was: name(),
            is: name(),
        },
        GuardCondition::ExpiresTooSoon {
            bucket: name(),
            rule: name(),
            days: 1,
            retention_days: 2,
        },
        GuardCondition::EventsOff { bucket: name() },
        GuardCondition::Unreadable {
            bucket: name(),
            setting: name(),
        },
        GuardCondition::RuleOff {
            rule: name(),
            state: name(),
        },
        GuardCondition::NoSubscriber {
            topic: name(),
            pending: 1,
        },
        GuardCondition::Parked { queue: name() },
    ] {
        let (finding, all_clear) = (condition.finding(&record()), condition.all_clear(&record()));
        assert_eq!(finding.id(), all_clear.id());
        assert_eq!(finding.occurrence(), all_clear.occurrence());
        assert!(all_clear.all_clear && !finding.all_clear);
        assert_ne!(finding.message, all_clear.message);
    }
}

/// A rule with any filter excuses as little as one with tags.
#[test]
fn a_record_that_does_not_tell_sizes_and_tags_apart_can_be_read() {
    let json = r#"{"id":"a","prefix":"","isFiltered":true,"days":1,"noncurrentDays":null}"#;
    let expected = ExpirationRule {
        needs_tags: true,
        ..expires("a", Some(1), None)
    };
    let read: ExpirationRule = serde_json::from_str(json).unwrap();
    assert_eq!(read, expected);
}

#[test]
fn a_state_of_the_largest_bucket_can_be_read_again() {
    let mut settings = strong();
    let rule = |n: usize| ExpirationRule {
        id: format!("{n:0255}"),
        prefix: "\u{1}".repeat(1024),
        larger_than: Some(u64::MAX),
        smaller_than: Some(u64::MAX),
        needs_tags: true,
        ..expires("", Some(400), Some(90))
    };
    settings.lifecycle = Ok(Lifecycle {
        rules: (0..1000).map(rule).collect(),
    });
    let step = step(&GuardState::default(), seen(settings), &record(), None);
    let json = step.after.to_json();
    assert!(json.len() < MAX_STATE_BYTES, "{}", json.len());
    assert_eq!(GuardState::read(json.as_bytes()), Ok(step.after));
}

proptest! {
    #[test]
    fn any_document_is_a_state_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = GuardState::read(&bytes);
    }

    #[test]
    fn any_policy_can_be_compared(was in ".{0,200}", is in ".{0,200}") {
        let mut state = GuardState::default();
        for json in [&was, &is] {
            let settings = BucketSettings { policy: Ok(Policy { json: json.clone() }), ..strong() };
            let (findings, _) = look(&mut state, settings, None);
            prop_assert!(findings.len() <= 1);
        }
    }
}
