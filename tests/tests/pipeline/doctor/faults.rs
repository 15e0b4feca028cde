//! One fault after the other, each mended by the command that the check of it prints.

use super::stage::{OTHER_REGION, Patient};
use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trailseal_tests::local::{Fault, Match};

/// A fault, and the check that must find it.
struct Case {
    /// The commands of the AWS CLI that put it in.
    inject: Vec<Vec<String>>,
    /// The name of the check.
    check: &'static str,
    /// The subject of the check.
    subject: String,
}

fn case(inject: &[&[&str]], check: &'static str, subject: &str) -> Case {
    let words = |words: &&[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Case {
        inject: inject.iter().map(words).collect(),
        check,
        subject: subject.to_owned(),
    }
}

/// What a key policy has if nobody thought of Trailseal.
fn key_policy() -> String {
    json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "Trailseal", "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": "kms:GenerateDataKey*", "Resource": "*"
    }]})
    .to_string()
}

fn rules() -> Vec<Case> {
    let narrow = r#"{"source":["aws.s3"],"detail":{"bucket":{"name":["amzn-s3-demo-other"]}}}"#;
    let put = [
        "events",
        "put-rule",
        "--name",
        "trailseal-log-verifier",
        "--event-pattern",
        narrow,
    ];
    let slow = [
        "events",
        "put-rule",
        "--name",
        "trailseal-watchdog",
        "--schedule-expression",
        "rate(1 day)",
    ];
    let remove = [
        "events",
        "remove-targets",
        "--rule",
        "trailseal-kms-context-checker",
        "--ids",
        "queue",
    ];
    vec![
        case(
            &[&[
                "events",
                "disable-rule",
                "--name",
                "trailseal-digest-validator",
            ]],
            "rule",
            "trailseal-digest-validator",
        ),
        case(&[&put], "rule", "trailseal-log-verifier"),
        case(&[&slow], "rule", "trailseal-watchdog"),
        case(&[&remove], "rule", "trailseal-kms-context-checker"),
    ]
}

fn buckets(patient: &Patient) -> Result<Vec<Case>> {
    let (log, evidence) = (patient.bucket(), patient.resource("EvidenceBucket")?);
    let suspend = |bucket| {
        [
            "s3api",
            "put-bucket-versioning",
            "--bucket",
            bucket,
            "--versioning-configuration",
            "Status=Suspended",
        ]
    };
    let quiet = [
        "s3api",
        "put-bucket-notification-configuration",
        "--bucket",
        log,
        "--notification-configuration",
        "{}",
    ];
    Ok(vec![
        case(&[&quiet], "events", log),
        case(&[&suspend(log)], "versioning", log),
        case(&[&suspend(evidence)], "versioning", evidence),
        case(
            &[&["s3api", "delete-public-access-block", "--bucket", evidence]],
            "Block Public Access",
            evidence,
        ),
        case(
            &[&["s3api", "delete-bucket-policy", "--bucket", evidence]],
            "bucket policy",
            evidence,
        ),
    ])
}

fn functions(patient: &Patient, mapping: &str) -> Result<Vec<Case>> {
    let verifier = patient.resource("LogVerifier")?;
    let stop = [
        "lambda",
        "put-function-concurrency",
        "--function-name",
        verifier,
        "--reserved-concurrent-executions",
        "0",
    ];
    let unmap = [
        "lambda",
        "update-event-source-mapping",
        "--uuid",
        mapping,
        "--no-enabled",
    ];
    let policy = patient.resource("DigestReadPolicy")?;
    let role = patient.resource("DigestValidatorRole")?;
    let detach = [
        "iam",
        "detach-role-policy",
        "--role-name",
        role,
        "--policy-arn",
        policy,
    ];
    Ok(vec![
        case(&[&stop], "function", verifier),
        case(&[&unmap], "event source mapping", verifier),
        case(&[&detach], "role", role),
    ])
}

fn keys(patient: &Patient) -> Vec<Case> {
    let (key, policy) = (patient.key.as_str(), key_policy());
    // moto takes no ARN here.
    let id = key.rsplit('/').next().unwrap_or_default();
    let put = [
        "kms",
        "put-key-policy",
        "--key-id",
        key,
        "--policy-name",
        "default",
        "--policy",
        &policy,
    ];
    vec![
        case(&[&put], "key policy", key),
        case(&[&["kms", "disable-key", "--key-id", id]], "KMS key", key),
        case(
            &[&["kms", "schedule-key-deletion", "--key-id", id]],
            "KMS key",
            key,
        ),
    ]
}

fn queues(patient: &Patient) -> Result<Vec<Case>> {
    let parked = patient.resource("LogVerifierDeadLetterQueue")?;
    let queue = patient.resource("FindingsQueue")?;
    let kms = r#"{"KmsMasterKeyId":"alias/aws/sqs"}"#;
    Ok(vec![
        case(
            &[&[
                "sqs",
                "send-message",
                "--queue-url",
                parked,
                "--message-body",
                "x",
            ]],
            "dead-letter queue",
            &patient.queue_name("LogVerifierDeadLetterQueue")?,
        ),
        case(
            &[&[
                "sqs",
                "set-queue-attributes",
                "--queue-url",
                queue,
                "--attributes",
                kms,
            ]],
            "queue",
            &patient.queue_name("FindingsQueue")?,
        ),
    ])
}

fn trails(patient: &Patient) -> Vec<Case> {
    let arn = patient.world.trail.spec.trail_arn();
    let invalid = [
        "cloudtrail",
        "update-trail",
        "--name",
        &arn,
        "--no-enable-log-file-validation",
    ];
    vec![
        case(
            &[&["cloudtrail", "stop-logging", "--name", &arn]],
            "trail",
            &arn,
        ),
        case(&[&invalid], "trail", &arn),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_command_mends_each_fault() -> Result<()> {
    let patient = Patient::healthy().await?;
    patient.assert_healthy("at first").await?;
    let verifier = patient.resource("LogVerifier")?;
    let list = [
        "lambda",
        "list-event-source-mappings",
        "--function-name",
        verifier,
        "--query",
        "EventSourceMappings[0].UUID",
        "--output",
        "text",
    ];
    let mapping = patient.aws(&list).await?;
    let cases = [
        rules(),
        buckets(&patient)?,
        functions(&patient, &mapping)?,
        keys(&patient),
        queues(&patient)?,
        trails(&patient),
    ];
    for case in cases.into_iter().flatten() {
        for command in &case.inject {
            let words: Vec<&str> = command.iter().map(String::as_str).collect();
            patient.aws(&words).await?;
        }
        let name = format!("{} of {}", case.check, case.subject);
        let checkup = patient.check().await?;
        let expected = [(case.check.to_owned(), case.subject.clone())];
        ensure!(
            checkup.code == 1
                && checkup.with("wrong") == expected.into()
                && checkup.with("cannot-tell").is_empty(),
            "{name}: {:?} {:?} {:#}",
            checkup.with("wrong"),
            checkup.with("cannot-tell"),
            checkup.json
        );
        let commands = checkup.remedies("run");
        ensure!(!commands.is_empty(), "{name}: {:#}", checkup.json);
        for command in commands {
            patient.copy_into_shell(&command).await?;
        }
        patient.assert_healthy(&name).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_command_mends_alone_is_found_too() -> Result<()> {
    let patient = Patient::healthy().await?;
    nobody_subscribes(&patient).await?;
    a_subscription_waits(&patient).await?;
    a_region_is_denied(&patient).await?;
    a_chain_is_old(&patient).await?;
    watchdog_is_late(&patient).await?;
    a_statement_denies(&patient).await
}

/// Checks that one check is wrong, and returns the commands that it prints.
async fn one_wrong(patient: &Patient, check: &str, subject: &str) -> Result<Vec<String>> {
    let checkup = patient.check().await?;
    let wrong = checkup.with("wrong");
    let [(name, of)] = wrong.iter().collect::<Vec<_>>()[..] else {
        anyhow::bail!("{check}: {wrong:?} {:#}", checkup.json);
    };
    ensure!(
        checkup.code == 1 && name == check && of.contains(subject),
        "{wrong:?}"
    );
    Ok(checkup.remedies("run"))
}

async fn nobody_subscribes(patient: &Patient) -> Result<()> {
    let topic = patient.resource("AlarmTopic")?;
    let list = [
        "sns",
        "list-subscriptions-by-topic",
        "--topic-arn",
        topic,
        "--query",
        "Subscriptions[0].SubscriptionArn",
        "--output",
        "text",
    ];
    let subscription = patient.aws(&list).await?;
    patient
        .aws(&["sns", "unsubscribe", "--subscription-arn", &subscription])
        .await?;
    let commands = one_wrong(patient, "topic", topic).await?;
    let [subscribe] = commands.as_slice() else {
        anyhow::bail!("{commands:?}");
    };
    patient
        .copy_into_shell(&subscribe.replace("ADDRESS", "security@example.com"))
        .await?;
    patient.assert_healthy("a new subscription").await?;
    Ok(())
}

/// moto confirms every subscription: SNS's answer about one that waits.
async fn a_subscription_waits(patient: &Patient) -> Result<()> {
    let topic = patient.resource("AlertTopic")?;
    let answer = format!(
        "<ListSubscriptionsByTopicResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><ListSubscriptionsByTopicResult><Subscriptions><member><Owner>111122223333</Owner><Endpoint>security@example.com</Endpoint><Protocol>email</Protocol><TopicArn>{topic}</TopicArn><SubscriptionArn>PendingConfirmation</SubscriptionArn></member></Subscriptions></ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>"
    );
    let fault = Fault::Answer {
        status: hyper::StatusCode::OK,
        headers: vec![("content-type".to_owned(), "text/xml".to_owned())],
        body: answer.into(),
    };
    let calls = Match::operation("sns", "ListSubscriptionsByTopic");
    let rule = patient.world.proxy.fail(calls, fault);
    let checkup = patient.check().await?;
    let wrong = checkup.with("wrong");
    ensure!(
        wrong.len() == 2 && wrong.iter().all(|(check, _)| check == "topic"),
        "{wrong:?}"
    );
    let commands = checkup.remedies("run");
    ensure!(
        commands
            .iter()
            .any(|it| it.contains("confirm-subscription")),
        "{commands:?}"
    );
    patient.world.proxy.remove(rule);
    Ok(())
}

fn denied() -> Fault {
    Fault::Error {
        status: hyper::StatusCode::BAD_REQUEST,
        code: "AccessDeniedException".to_owned(),
        message: "with an explicit deny in a service control policy".to_owned(),
    }
}

async fn a_region_is_denied(patient: &Patient) -> Result<()> {
    let calls = Match::operation("cloudtrail", "ListPublicKeys").in_region(OTHER_REGION);
    let rule = patient.world.proxy.fail(calls, denied());
    one_wrong(patient, "public keys", OTHER_REGION).await?;
    patient.world.proxy.remove(rule);
    patient.assert_healthy("the Region is allowed").await?;
    Ok(())
}

async fn a_chain_is_old(patient: &Patient) -> Result<()> {
    let heads = patient.world.evidence("chains/").await?;
    let (key, head) = heads
        .iter()
        .find(|(key, _)| key.contains(OTHER_REGION))
        .context("a chain head")?;
    let mut old = head.clone();
    let end = Timestamp::now() - SignedDuration::from_hours(7);
    old["newest"]["endTime"] = Value::from(end.to_string());
    patient.world.keep_evidence(key, &old).await?;
    one_wrong(patient, "chain", OTHER_REGION).await?;
    patient.world.keep_evidence(key, head).await?;
    patient.assert_healthy("the chain continues").await?;
    Ok(())
}

/// The printed command makes `watchdog` try at once.
async fn watchdog_is_late(patient: &Patient) -> Result<()> {
    const MEMORY: &str = "watch/stack.json";
    let memory = patient.world.evidence(MEMORY).await?;
    let mut old = memory
        .get(MEMORY)
        .context("what watchdog remembers")?
        .clone();
    let last = Timestamp::now() - SignedDuration::from_hours(3);
    old["completed"] = Value::from(last.to_string());
    patient.world.keep_evidence(MEMORY, &old).await?;
    let commands = one_wrong(patient, "watchdog", patient.resource("Watchdog")?).await?;
    for command in commands {
        patient.copy_into_shell(&command).await?;
    }
    patient.world.settle().await?;
    patient.assert_healthy("another round").await?;
    Ok(())
}

async fn a_statement_denies(patient: &Patient) -> Result<()> {
    let bucket = patient.bucket();
    let objects = format!("arn:aws:s3:::{bucket}/*");
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "OnlyAuditors", "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": objects,
        "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/Audit"}}
    }]});
    let policy = policy.to_string();
    patient
        .aws(&[
            "s3api",
            "put-bucket-policy",
            "--bucket",
            bucket,
            "--policy",
            &policy,
        ])
        .await?;
    one_wrong(patient, "bucket policy", bucket).await?;
    Ok(())
}
