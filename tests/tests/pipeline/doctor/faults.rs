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

fn case(inject: &[Vec<String>], check: &'static str, subject: &str) -> Case {
    Case {
        inject: inject.to_vec(),
        check,
        subject: subject.to_owned(),
    }
}

/// Returns the words of a command. `values` may contain spaces, and come last.
fn words(command: &str, values: &[&str]) -> Vec<String> {
    let words = command.split(' ').chain(values.iter().copied());
    words.map(str::to_owned).collect()
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
    let of = |rule: &'static str, command: &str, values: &[&str]| {
        let command = command.replace("RULE", rule);
        case(&[words(&command, values)], "rule", rule)
    };
    vec![
        of(
            "trailseal-digest-validator",
            "events disable-rule --name RULE",
            &[],
        ),
        of(
            "trailseal-log-verifier",
            "events put-rule --name RULE --event-pattern",
            &[narrow],
        ),
        of(
            "trailseal-watchdog",
            "events put-rule --name RULE --schedule-expression",
            &["rate(1 day)"],
        ),
        of(
            "trailseal-kms-context-checker",
            "events remove-targets --rule RULE --ids queue",
            &[],
        ),
    ]
}

fn buckets(patient: &Patient) -> Result<Vec<Case>> {
    let (log, evidence) = (patient.bucket(), patient.resource("EvidenceBucket")?);
    let of = |check, bucket: &str, command: &str| {
        let command = format!("s3api {command}").replace("BUCKET", bucket);
        case(&[words(&command, &[])], check, bucket)
    };
    let quiet =
        "put-bucket-notification-configuration --bucket BUCKET --notification-configuration {}";
    let suspend =
        "put-bucket-versioning --bucket BUCKET --versioning-configuration Status=Suspended";
    let public = "delete-public-access-block --bucket BUCKET";
    let unprotected = "delete-bucket-policy --bucket BUCKET";
    Ok(vec![
        of("events", log, quiet),
        of("versioning", log, suspend),
        of("versioning", evidence, suspend),
        of("Block Public Access", evidence, public),
        of("bucket policy", evidence, unprotected),
    ])
}

fn functions(patient: &Patient, mapping: &str) -> Result<Vec<Case>> {
    let verifier = patient.resource("LogVerifier")?;
    let stop = format!(
        "lambda put-function-concurrency --function-name {verifier} --reserved-concurrent-executions 0"
    );
    let unmap = format!("lambda update-event-source-mapping --uuid {mapping} --no-enabled");
    let policy = patient.resource("DigestReadPolicy")?;
    let role = patient.resource("DigestValidatorRole")?;
    let detach = format!("iam detach-role-policy --role-name {role} --policy-arn {policy}");
    Ok(vec![
        case(&[words(&stop, &[])], "function", verifier),
        case(&[words(&unmap, &[])], "event source mapping", verifier),
        case(&[words(&detach, &[])], "role", role),
    ])
}

/// The policy of a permissions boundary that lets a role read no log file.
const BOUNDARY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sqs:*","logs:*"],"Resource":"*"}]}"#;

fn boundary(patient: &Patient) -> Result<Case> {
    let role = patient.resource("LogVerifierRole")?;
    let create = "iam create-policy --policy-name boundary --policy-document";
    let put = format!(
        "iam put-role-permissions-boundary --role-name {role} --permissions-boundary arn:aws:iam::111122223333:policy/boundary"
    );
    let inject = [words(create, &[BOUNDARY]), words(&put, &[])];
    Ok(case(&inject, "role", role))
}

fn schedule(patient: &Patient) -> Result<Vec<Case>> {
    let name = patient.resource("HistorySchedule")?;
    let machine = patient.resource("History")?;
    let role = patient.resource("HistoryScheduleRole")?;
    let update = |state, target: &str| {
        let command = format!(
            "scheduler update-schedule --name {name} --flexible-time-window Mode=OFF --state {state} --target Arn={target},RoleArn=arn:aws:iam::111122223333:role/{role} --schedule-expression"
        );
        case(&[words(&command, &["rate(1 day)"])], "schedule", name)
    };
    let other = "arn:aws:states:us-east-1:111122223333:stateMachine:other";
    Ok(vec![update("DISABLED", machine), update("ENABLED", other)])
}

fn keys(patient: &Patient) -> Vec<Case> {
    let (key, policy) = (patient.key.as_str(), key_policy());
    // moto takes no ARN here.
    let id = key.rsplit('/').next().unwrap_or_default();
    let put = format!("kms put-key-policy --key-id {key} --policy-name default --policy");
    let disable = format!("kms disable-key --key-id {id}");
    let delete = format!("kms schedule-key-deletion --key-id {id}");
    vec![
        case(&[words(&put, &[&policy])], "key policy", key),
        case(&[words(&disable, &[])], "KMS key", key),
        case(&[words(&delete, &[])], "KMS key", key),
    ]
}

fn queues(patient: &Patient) -> Result<Vec<Case>> {
    let parked = patient.resource("LogVerifierDeadLetterQueue")?;
    let queue = patient.resource("FindingsQueue")?;
    let park = format!("sqs send-message --queue-url {parked} --message-body x");
    let encrypt = format!("sqs set-queue-attributes --queue-url {queue} --attributes");
    let kms = r#"{"KmsMasterKeyId":"alias/aws/sqs"}"#;
    Ok(vec![
        case(
            &[words(&park, &[])],
            "dead-letter queue",
            &patient.queue_name("LogVerifierDeadLetterQueue")?,
        ),
        case(
            &[words(&encrypt, &[kms])],
            "queue",
            &patient.queue_name("FindingsQueue")?,
        ),
    ])
}

fn trails(patient: &Patient) -> Vec<Case> {
    let arn = patient.world.trail.spec.trail_arn();
    let stop = format!("cloudtrail stop-logging --name {arn}");
    let invalid = format!("cloudtrail update-trail --name {arn} --no-enable-log-file-validation");
    let of = |command: &str| case(&[words(command, &[])], "trail", &arn);
    vec![of(&stop), of(&invalid)]
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
        vec![boundary(&patient)?],
        schedule(&patient)?,
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
    hourly_work_is_late(&patient, "watch/stack.json", "watchdog", "Watchdog").await?;
    let monitor = ("settings-monitor", "SettingsMonitor");
    hourly_work_is_late(&patient, "watch/guard.json", monitor.0, monitor.1).await?;
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

/// The printed command makes the function try at once. `document` is what the function remembers.
async fn hourly_work_is_late(
    patient: &Patient,
    document: &str,
    check: &str,
    function: &str,
) -> Result<()> {
    let memory = patient.world.evidence(document).await?;
    let mut old = memory.get(document).context("what it remembers")?.clone();
    let last = Timestamp::now() - SignedDuration::from_hours(3);
    old["completed"] = Value::from(last.to_string());
    patient.world.keep_evidence(document, &old).await?;
    let commands = one_wrong(patient, check, patient.resource(function)?).await?;
    for command in commands {
        patient.copy_into_shell(&command).await?;
    }
    patient.world.settle().await?;
    patient.assert_healthy("another round or look").await?;
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
