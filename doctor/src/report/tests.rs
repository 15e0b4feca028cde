use super::*;
use trailseal::world::{Cause, StoreError};

fn checkup(checks: Vec<Check>) -> Checkup {
    Checkup {
        stack: "trailseal".to_owned(),
        region: "us-east-1".to_owned(),
        checks,
    }
}

fn denied() -> StoreError {
    StoreError {
        action: "look at the rule",
        subject: "trailseal-watchdog".to_owned(),
        cause: Cause::Denied("AccessDeniedException: no".to_owned()),
    }
}

#[test]
fn what_is_wrong_decides_before_what_could_not_be_read() {
    let ok = || Check::ok("rule", "r", "it is enabled");
    let wrong = || Check::wrong("rule", "r", "it is disabled", Vec::new());
    let unread = || Check::cannot_tell("rule", "r", "no");
    assert_eq!(checkup(vec![ok()]).exit_code(), 0);
    assert_eq!(checkup(vec![ok(), unread()]).exit_code(), 2);
    assert_eq!(checkup(vec![unread(), wrong(), ok()]).exit_code(), 1);
}

#[test]
fn the_text_has_one_line_a_check_and_the_remedies_below() {
    let checks = vec![
        Check::ok("rule", "r1", "it is enabled"),
        Check::wrong(
            "rule",
            "r2",
            "it is disabled",
            vec![
                Remedy::Run("aws events enable-rule --name r2".to_owned()),
                Remedy::Statement("{}".to_owned()),
                Remedy::Do("ask".to_owned()),
            ],
        ),
        Check::unread("rule", "r3", &denied(), &["events:DescribeRule"], "*"),
    ];
    let expected = "\
Of 3 checks of the stack trailseal in us-east-1, 1 is WRONG, and 1 cannot tell.

ok           rule  r1: it is enabled
WRONG        rule  r2: it is disabled
    run: aws events enable-rule --name r2
    add the statement: {}
    do: ask
cannot tell  rule  r3: cannot look at the rule trailseal-watchdog: access is denied: AccessDeniedException: no
    your identity needs: {\"Action\":[\"events:DescribeRule\"],\"Effect\":\"Allow\",\"Resource\":\"*\"}
";
    assert_eq!(to_text(&checkup(checks)), expected);
}

#[test]
fn names_cannot_forge_a_line() {
    let text = to_text(&checkup(vec![Check::ok("rule", "r\nWRONG  x", "a\rb")]));
    assert_eq!(text.lines().count(), 3, "{text}");
}

#[test]
fn only_a_denied_request_asks_for_a_permission() {
    let error = StoreError {
        cause: Cause::Unavailable("later".to_owned()),
        ..denied()
    };
    let check = Check::unread("rule", "r", &error, &["events:DescribeRule"], "*");
    assert_eq!(check.status, Status::CannotTell);
    assert!(check.remedies.is_empty());
}

#[test]
fn the_json_has_the_counts_and_the_remedies() {
    let checks = vec![Check::wrong(
        "rule",
        "r",
        "it is disabled",
        vec![Remedy::Run("x".to_owned())],
    )];
    let json: serde_json::Value = serde_json::from_str(&to_json(&checkup(checks))).unwrap();
    assert_eq!(json["schema"], "trailseal.doctor/1");
    assert_eq!(json["wrong"], 1);
    assert_eq!(json["cannotTell"], 0);
    assert_eq!(json["checks"][0]["status"], "wrong");
    assert_eq!(json["checks"][0]["remedies"][0]["kind"], "run");
    assert_eq!(json["checks"][0]["remedies"][0]["text"], "x");
}
