use super::*;
use proptest::prelude::*;

const AUDIT: &str = "arn:aws:iam::111122223333:role/Audit";

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap()
}

fn readers(rules: &[&str]) -> Readers {
    Readers::new(
        rules
            .iter()
            .map(|text| ReaderRule::parse(text).unwrap())
            .collect(),
        vec!["arn:aws:iam::111122223333:role/trailseal-LogVerifierRole-X".to_owned()],
    )
}

fn session(arn: &str) -> Principal<'_> {
    Principal {
        kind: Some("AssumedRole"),
        arn: Some(arn),
        account: Some("111122223333"),
        ..Principal::default()
    }
}

#[test]
fn patterns_are_arns_services_and_the_star() {
    for text in [
        "*",
        AUDIT,
        "arn:*:iam::111122223333:role/*",
        "arn:aws:iam::111122223333:*",
        "arn:*",
        "arn:aws:sts::111122223333:assumed-role/Audit/a@example.com",
        "arn:aws:iam::111122223333:role/a=b",
        "athena.amazonaws.com",
        "*.amazonaws.com",
        "athena.us-east-1.amazonaws.com",
        "athena.cn-north-1.amazonaws.com.cn",
    ] {
        assert_eq!(pattern(text).to_string(), text);
    }
    let long = format!("arn:*{}", "x".repeat(MAX_ARN_BYTES));
    for text in [
        "",
        "**",
        "everybody",
        "role/Audit",
        "arn:",
        "arn:aws:iam",
        "arn:aws:iam::111122223333",
        "arn:aws:iam::111122223333:role/two words",
        "arn:aws:iam::111122223333:role/\u{7}",
        ".amazonaws.com",
        "athena.example.com",
        "athena.amazonaws.com.example.com",
        "a/b.amazonaws.com",
        &long,
    ] {
        assert!(Pattern::parse(text).is_err(), "{text}");
    }
}

#[test]
fn wildcards_match_what_they_should() {
    for (pattern_text, text, expected) in [
        ("*", "", true),
        ("*", "anything:at/all", true),
        ("arn:aws:iam::*:role/Audit", AUDIT, true),
        ("arn:*/Audit", AUDIT, true),
        ("arn:*:role/Aud??", AUDIT, true),
        ("arn:*:role/Audit?", AUDIT, false),
        ("arn:aws:iam::111122223333:role/Audit*", AUDIT, true),
        (
            "arn:aws:iam::111122223333:role/Audit*",
            "arn:aws:iam::111122223333:role/Audit2",
            true,
        ),
        ("arn:*:role/audit", AUDIT, false),
        ("arn:*dit", "arn:ditdot", false),
        ("arn:*dit*dit", "arn:dit", false),
        ("arn:*dit*dit", "arn:ditxdit", true),
        ("arn:*?", "arn:ä", true),
        ("arn:*??", "arn:ä", false),
        ("*.amazonaws.com", "athena.amazonaws.com", true),
        ("athena.amazonaws.com", "athena.amazonaws.com.cn", false),
    ] {
        assert_eq!(
            pattern(pattern_text).matches(text),
            expected,
            "{pattern_text} {text}"
        );
    }
}

#[test]
fn a_hostile_text_matches_in_little_time() {
    let hostile = pattern(&format!("arn:{}b", "*a".repeat(1000)));
    assert!(!hostile.matches(&format!("arn:{}", "a".repeat(2000))));
    let long = format!("arn:{}", "a".repeat(1_000_000));
    assert!(!pattern("arn:*").matches(&long));
    assert!(pattern("*").matches(&long));
}

#[test]
fn a_role_matches_its_own_sessions_only() {
    let readers = readers(&[AUDIT]);
    for (arn, expected) in [
        ("arn:aws:sts::111122223333:assumed-role/Audit/alice", true),
        ("arn:aws:iam::111122223333:role/Audit", true),
        ("arn:aws:sts::111122223333:assumed-role/Audit2/alice", false),
        ("arn:aws:sts::111122223333:assumed-role/Audi/t", false),
        ("arn:aws:sts::111122223333:assumed-role/Other/Audit", false),
        ("arn:aws:sts::222233334444:assumed-role/Audit/alice", false),
        (
            "arn:aws-cn:sts::111122223333:assumed-role/Audit/alice",
            false,
        ),
        ("arn:aws:sts::111122223333:assumed-role/audit/alice", false),
        ("arn:aws:sts::111122223333:federated-user/Audit", false),
        ("arn:aws:iam::111122223333:user/Audit", false),
        ("arn:aws:iam::111122223333:role/path/Audit", false),
    ] {
        assert_eq!(readers.allows(&session(arn)), expected, "{arn}");
    }
    assert!(!readers.allows(&Principal::default()));
}

#[test]
fn a_role_with_a_path_is_recognized_by_its_issuer() {
    let who = Principal {
        session_issuer_arn: Some("arn:aws:iam::111122223333:role/security/Audit"),
        ..session("arn:aws:sts::111122223333:assumed-role/Audit/alice")
    };
    for (rule, expected) in [
        ("arn:aws:iam::111122223333:role/security/Audit", true),
        ("arn:aws:iam::111122223333:role/security/*", true),
        (AUDIT, true),
        ("arn:aws:sts::111122223333:assumed-role/Audit/alice", true),
        ("arn:aws:sts::111122223333:assumed-role/Audit/bob", false),
        ("arn:aws:iam::111122223333:role/other/Audit", false),
    ] {
        assert_eq!(readers(&[rule]).allows(&who), expected, "{rule}");
    }
    assert_eq!(who.key(), "arn:aws:iam::111122223333:role/security/Audit");
    assert_eq!(who.shown(), who.arn.unwrap());
}

#[test]
fn a_caller_without_an_arn_is_matched_by_its_account() {
    let who = Principal {
        kind: Some("AWSAccount"),
        account: Some("444455556666"),
        principal_id: Some("AROAEXAMPLE:alice"),
        ..Principal::default()
    };
    assert!(readers(&["arn:aws:iam::444455556666:root"]).allows(&who));
    assert!(readers(&["arn:aws-cn:iam::444455556666:*"]).allows(&who));
    assert!(!readers(&["arn:aws:iam::444455556666:role/Audit"]).allows(&who));
    assert!(!readers(&["arn:aws:iam::111122223333:root"]).allows(&who));
    assert_eq!(who.shown(), "AROAEXAMPLE:alice of account 444455556666");
    assert_eq!(who.key(), "account 444455556666");
    // For a caller with an ARN, the ARN counts.
    let named = Principal {
        arn: Some("arn:aws:iam::444455556666:user/alice"),
        ..who
    };
    assert!(!readers(&["arn:aws:iam::444455556666:root"]).allows(&named));
    let anonymous = Principal {
        account: Some("ANONYMOUS_PRINCIPAL"),
        principal_id: Some("ANONYMOUS_PRINCIPAL"),
        ..who
    };
    assert!(!readers(&["arn:*"]).allows(&anonymous));
    assert_eq!(anonymous.shown(), "ANONYMOUS_PRINCIPAL");
}

const ANALYST: &str = "arn:aws:sts::111122223333:assumed-role/Analyst/alice";

/// Returns a session of ours that reads through a service.
fn through(service: &str) -> Principal<'_> {
    Principal {
        invoked_by: Some(service),
        is_ours: true,
        ..session(ANALYST)
    }
}

#[test]
fn a_service_is_a_reader_when_it_calls_for_itself_or_for_our_principal() {
    let service = Principal {
        kind: Some("AWSService"),
        invoked_by: Some("athena.amazonaws.com"),
        ..Principal::default()
    };
    let athena = readers(&["athena.amazonaws.com"]);
    assert!(athena.allows(&service));
    assert_eq!(service.shown(), "athena.amazonaws.com");
    assert_eq!(service.key(), "athena.amazonaws.com");
    let analyst = through("athena.amazonaws.com");
    assert!(athena.allows(&analyst));
    assert_eq!(analyst.shown(), ANALYST);
    // Anybody can call a service: a foreign session, and a caller of another account.
    let stranger = Principal {
        is_ours: false,
        ..analyst
    };
    let foreign = Principal {
        kind: Some("AWSAccount"),
        arn: None,
        account: Some("444455556666"),
        ..stranger
    };
    for who in [
        stranger,
        foreign,
        session(ANALYST),
        through("glue.amazonaws.com"),
    ] {
        assert!(!athena.allows(&who), "{who:?}");
    }
}

#[test]
fn a_service_that_everybody_reads_through_lists_no_reader() {
    for (rule, service) in [
        ("*.amazonaws.com", "athena.amazonaws.com"),
        ("athena.amazonaws.co?", "athena.amazonaws.com"),
        ("s3.amazonaws.com", "s3.amazonaws.com"),
        ("s3.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com"),
        ("internal.amazonaws.com", "internal.amazonaws.com"),
        ("athena.amazonaws.com", "athena.amazonaws.com.cn"),
        ("athena.amazonaws.com", "AWS Internal"),
    ] {
        let Ok(rule) = ReaderRule::parse(rule) else {
            continue;
        };
        assert!(!rule.matches(&through(service)), "{rule:?} {service}");
    }
    let replication = Principal {
        kind: Some("AWSService"),
        invoked_by: Some("s3.amazonaws.com"),
        ..Principal::default()
    };
    assert!(readers(&["s3.amazonaws.com"]).allows(&replication));
}

#[test]
fn a_role_with_a_service_matches_that_role_through_that_service_only() {
    let rule = "arn:aws:iam::111122223333:role/Analyst=via:athena.amazonaws.com";
    let readers = readers(&[rule]);
    assert!(readers.allows(&through("athena.amazonaws.com")));
    let other = Principal {
        arn: Some("arn:aws:sts::111122223333:assumed-role/Other/alice"),
        ..through("athena.amazonaws.com")
    };
    for who in [
        session(ANALYST),
        through("glue.amazonaws.com"),
        through("AWS Internal"),
        other,
    ] {
        assert!(!readers.allows(&who), "{who:?}");
    }
    // The rule names the principal: its account may be any account.
    let foreign = Principal {
        kind: Some("AWSAccount"),
        account: Some("444455556666"),
        invoked_by: Some("athena.amazonaws.com"),
        ..Principal::default()
    };
    assert!(!readers.allows(&foreign));
    let account = "arn:aws:iam::444455556666:root=via:athena.amazonaws.com";
    assert!(super::tests::readers(&[account]).allows(&foreign));
    let anybody = super::tests::readers(&["*=via:athena.amazonaws.com"]);
    assert!(anybody.allows(&other) && !anybody.allows(&session(ANALYST)));
}

#[test]
fn only_one_service_may_follow_the_mark() {
    for text in [
        "=via:athena.amazonaws.com",
        "arn:aws:iam::111122223333:role/Analyst=via:",
        "arn:aws:iam::111122223333:role/Analyst=via:athena",
        "arn:aws:iam::111122223333:role/Analyst=via:*.amazonaws.com",
        "arn:aws:iam::111122223333:role/Analyst=via:athena.amazonaws.com=enclave",
        "arn:aws:iam::111122223333:role/Analyst=enclave=via:athena.amazonaws.com=enclave",
        "arn:aws:iam::111122223333:role/x=via:athena.amazonaws.com=via:glue.amazonaws.com",
    ] {
        assert!(ReaderRule::parse(text).is_err(), "{text}");
    }
}

#[test]
fn no_rules_allow_everybody() {
    let readers = Readers::default();
    assert!(readers.is_empty());
    assert!(readers.allows(&Principal::default()));
    assert!(!readers.enclave_only(&Principal::default()));
}

#[test]
fn the_functions_may_always_read() {
    let readers = readers(&["arn:aws:iam::111122223333:role/Other", "*=enclave"]);
    let own =
        session("arn:aws:sts::111122223333:assumed-role/trailseal-LogVerifierRole-X/trailseal");
    assert!(readers.is_own(&own) && readers.allows(&own) && !readers.enclave_only(&own));
    let other =
        session("arn:aws:sts::111122223333:assumed-role/trailseal-LogVerifierRole-X2/trailseal");
    assert!(!readers.is_own(&other) && readers.enclave_only(&other));
}

#[test]
fn a_mark_applies_to_every_caller_that_its_pattern_matches() {
    let readers = readers(&[
        "arn:aws:iam::111122223333:role/Enclave=enclave",
        "arn:aws:iam::111122223333:role/*",
    ]);
    let enclave = session("arn:aws:sts::111122223333:assumed-role/Enclave/i-1");
    assert!(readers.allows(&enclave) && readers.enclave_only(&enclave));
    let plain = session("arn:aws:sts::111122223333:assumed-role/Audit/alice");
    assert!(readers.allows(&plain) && !readers.enclave_only(&plain));
    // A role may have such a name: `?` distinguishes it from the mark.
    let rule = ReaderRule::parse("arn:aws:iam::111122223333:role/x?enclave").unwrap();
    assert_eq!(rule.how, How::Any);
    assert!(rule.matches(&session(
        "arn:aws:sts::111122223333:assumed-role/x=enclave/s"
    )));
    assert!(ReaderRule::parse("=enclave").is_err());
    assert!(ReaderRule::parse("arn:aws:iam::111122223333=enclave").is_err());
}

#[test]
fn shown_names_stay_short() {
    let arn = format!("arn:aws:iam::111122223333:role/{}/Audit", "p".repeat(500));
    let who = Principal {
        session_issuer_arn: Some(&arn),
        ..Principal::default()
    };
    for name in [who.key(), who.shown()] {
        assert_eq!(name.chars().count(), MAX_SHOWN);
        assert!(
            name.starts_with("arn:") && name.ends_with("p/Audit"),
            "{name}"
        );
    }
    assert_eq!(Principal::default().shown(), "an unnamed caller");
}

fn naive(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, rest) => rest.is_none(),
        (Some(('*', after)), rest) => {
            naive(after, text) || rest.is_some_and(|(_, rest)| naive(pattern, rest))
        }
        (Some((want, after)), Some((have, rest))) => {
            (*want == '?' || want == have) && naive(after, rest)
        }
        (Some(_), None) => false,
    }
}

proptest! {
    #[test]
    fn matching_agrees_with_the_naive_matcher(pattern in "[ab*?]{0,8}", text in "[ab*?]{0,10}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        prop_assert_eq!(
            wildcard_matches(&pattern, &text),
            naive(&chars(&pattern), &chars(&text))
        );
    }

    #[test]
    fn a_pattern_without_wildcards_matches_itself_only(
        text in "arn:aws:iam::[0-9]{12}:(role|user)/[A-Za-z0-9+=,.@_-]{1,20}",
        other in "arn:aws:iam::[0-9]{12}:(role|user)/[A-Za-z0-9+=,.@_-]{1,20}",
    ) {
        let pattern = Pattern::parse(&text).unwrap();
        prop_assert!(pattern.matches(&text));
        let longer = format!("{text}x");
        prop_assert!(!pattern.matches(&longer));
        prop_assert_eq!(pattern.matches(&other), text == other);
    }

    #[test]
    fn any_text_never_panics(
        rule in any::<String>(),
        texts in proptest::collection::vec(proptest::option::of(any::<String>()), 6),
        kind in "AWSAccount|AWSService|AssumedRole",
    ) {
        let text = |n: usize| texts[n].as_deref();
        let who = Principal {
            kind: Some(&kind),
            arn: text(0),
            session_issuer_arn: text(1),
            account: text(2),
            invoked_by: text(3),
            principal_id: text(4),
            is_ours: rule.len() % 2 == 0,
        };
        let _ = ReaderRule::parse(&rule);
        let rule = ReaderRule {
            pattern: Pattern(rule),
            how: How::Enclave,
        };
        let readers = Readers::new(vec![rule], Vec::new());
        prop_assert!(!readers.enclave_only(&who) || readers.allows(&who));
        prop_assert!(who.shown().chars().count() <= MAX_SHOWN);
        prop_assert!(who.key().chars().count() <= MAX_SHOWN);
    }
}
