//! Tests of the harness itself: with a stand-in for the functions, and without a trail.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::ObjectLockMode;
use aws_sdk_sns::types::MessageAttributeValue;
use serde_json::{Value, json};
use trailseal_tests::local::cli::{self, Trail};
use trailseal_tests::local::server::ACCOUNT;
use trailseal_tests::local::{
    Deployment, Expected, Fault, FaultProxy, FileKind, FunctionError, FunctionSpec, LocalAws,
    LogBucket, Match, Pump, Ratio, Rie, Rule, Stack, Subscription, ValidateLogs, assert_findings,
    paths, pump,
};
use trailseal_tests::trail::{TrailSpec, deliver};

const BUCKET: &str = "harness-logs";
const DIGEST: &str = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/02/\
    111122223333_CloudTrail-Digest_us-east-1_main_us-east-1_20260102T030405Z.json.gz";
const LOG: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/02/\
    111122223333_CloudTrail_us-east-1_20260102T0300Z_abcdefghijklmnop.json.gz";

/// A function that does what its messages say: `ok`, `fail` (this item), `error`, `exit`, `sleep`.
const FAKE_FUNCTION: &str = r#"
import json, os, sys, time, urllib.request
API = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(API + "next") as request:
        event, id = json.load(request), request.headers["Lambda-Runtime-Aws-Request-Id"]
    records = event.get("Records", [event])
    bodies = [record["body"] for record in records]
    if "exit" in bodies:
        sys.exit(3)
    if "sleep" in bodies:
        time.sleep(60)
    if "error" in bodies:
        result, kind = {"errorType": "Broken", "errorMessage": "as requested"}, "/error"
    elif "echo" in bodies:
        result, kind = {"event": event, "environment": dict(os.environ)}, "/response"
    else:
        failed = [r["messageId"] for r in records if r["body"] == "fail"]
        result, kind = {"batchItemFailures": [{"itemIdentifier": i} for i in failed]}, "/response"
    urllib.request.urlopen(API + id + kind, data=json.dumps(result).encode())
"#;

#[tokio::test(flavor = "multi_thread")]
async fn objects_reach_the_queues_that_the_template_names() -> Result<()> {
    let aws = LocalAws::start().await?;
    let stack = deploy(&aws).await?;
    let alerter = stack.function("Alerter")?;
    assert_eq!(
        alerter.env["TRAILSEAL_ALERT_TOPIC_ARN"],
        stack.alert_topic()?
    );
    let s3 = aws.s3();
    for key in [DIGEST, LOG, "AWSLogs/111122223333/CloudTrail/"] {
        put(&s3, key, b"content").await?;
    }
    for (function, expected) in [
        ("DigestValidator", DIGEST),
        ("LogVerifier", DIGEST),
        ("KmsContextChecker", LOG),
    ] {
        let function = stack.function(function)?;
        let queue = function.queue.as_ref().context("no queue")?;
        let bodies = pump::drain(&aws.sqs(), &queue.url).await?;
        let keys: Vec<Value> = bodies
            .iter()
            .map(|body| {
                let event: Value = serde_json::from_str(body).unwrap_or_default();
                event["detail"]["object"]["key"].clone()
            })
            .collect();
        assert_eq!(keys, [expected], "{}", function.logical_id);
        assert_eq!(function.env["TRAILSEAL_LOG_BUCKETS"], BUCKET);
        assert_eq!(
            function.env["TRAILSEAL_FINDINGS_QUEUE_URL"],
            stack.outputs["FindingsQueueUrl"]
        );
        // Only the alerter may publish to people.
        assert!(!function.env.contains_key("TRAILSEAL_ALERT_TOPIC_ARN"));
        assert!(function.reports_item_failures);
        assert!(queue.visibility_timeout >= function.timeout);
        assert!(queue.max_receive_count.is_some());
        assert!(queue.dead_letter_url.is_some());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_passes_on_requests_without_a_rule() -> Result<()> {
    let aws = LocalAws::start().await?;
    LogBucket::new(BUCKET).create(&aws).await?;
    let proxy = FaultProxy::start(aws.endpoint()).await?;
    let s3 = s3_through(&aws, &proxy);
    let large: Vec<u8> = (0_u32..6_000_000).flat_map(u32::to_le_bytes).collect();
    put(&s3, "large", &large).await?;
    let head = s3.head_object().bucket(BUCKET).key("large").send().await?;
    assert_eq!(head.content_length(), Some(24_000_000));
    let got = s3.get_object().bucket(BUCKET).key("large").send().await?;
    assert!(got.body.collect().await?.into_bytes() == large);

    let missing = s3.head_object().bucket(BUCKET).key("a b+c").send().await;
    assert!(missing.unwrap_err().into_service_error().is_not_found());

    let calls: Vec<_> = proxy
        .recorded()
        .into_iter()
        .map(|recorded| {
            let status = recorded.status.map(|status| status.as_u16());
            let key = recorded.call.key().unwrap_or_default().to_owned();
            (recorded.call.operation, key, status)
        })
        .collect();
    assert_eq!(
        calls,
        [
            ("PutObject", "large", 200),
            ("HeadObject", "large", 200),
            ("GetObject", "large", 200),
            ("HeadObject", "a b+c", 404),
        ]
        .map(|(operation, key, status)| (
            operation.to_owned(),
            key.to_owned(),
            Some(status)
        ))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_breaks_requests_with_a_rule() -> Result<()> {
    let aws = LocalAws::start().await?;
    LogBucket::new(BUCKET).create(&aws).await?;
    let proxy = FaultProxy::start(aws.endpoint()).await?;
    let s3 = s3_through(&aws, &proxy);
    put(&s3, "some", &[7; 4096]).await?;
    let get = || s3.get_object().bucket(BUCKET).key("some").send();
    let gets = || Match::operation("s3", "GetObject").path_contains("/some");

    for (fault, code) in [
        (Fault::slow_down(), "SlowDown"),
        (Fault::internal_error(), "InternalError"),
        (Fault::access_denied(), "AccessDenied"),
        (Fault::kms_access_denied("arn:aws:kms:x"), "AccessDenied"),
        (Fault::archived(), "InvalidObjectState"),
    ] {
        let rule = proxy.fail(gets(), fault);
        let error = get().await.unwrap_err();
        assert_eq!(error.code(), Some(code));
        assert_eq!(proxy.remove(rule), 1, "{code}");
    }

    let once = proxy.add(Rule::new(gets(), Fault::slow_down()).after(1).times(1));
    assert!(get().await.is_ok());
    assert!(get().await.is_err());
    assert!(get().await.is_ok());
    assert_eq!(proxy.hits(once), 1);

    proxy.fail(gets(), Fault::Drop);
    assert!(get().await.is_err());
    proxy.clear_rules();
    proxy.fail(gets(), Fault::Cut(1000));
    let cut = get().await?;
    assert_eq!(cut.content_length(), Some(4096));
    assert!(cut.body.collect().await.is_err());
    proxy.clear_rules();
    proxy.fail(gets(), Fault::Stall(Duration::from_millis(300)));
    let start = Instant::now();
    assert!(get().await.is_ok());
    assert!(start.elapsed() >= Duration::from_millis(300));
    proxy.clear_rules();
    proxy.fail(Match::operation("s3", "PutObject"), Fault::LoseAnswer);
    assert!(put(&s3, "lost", b"answer").await.is_err());
    proxy.clear_rules();
    assert!(
        s3.head_object()
            .bucket(BUCKET)
            .key("lost")
            .send()
            .await
            .is_ok()
    );

    let kms = aws_sdk_kms::Client::new(&aws.sdk_config_at(&proxy.endpoint()));
    let elsewhere = Match::service("kms").in_region("eu-west-1");
    let unmet = proxy.fail(elsewhere, Fault::throttling());
    proxy.add(Rule::new(
        Match::operation("kms", "ListKeys"),
        Fault::access_denied_exception(),
    ));
    let error = kms.list_keys().send().await.unwrap_err();
    assert_eq!(error.code(), Some("AccessDeniedException"));
    assert_eq!(proxy.hits(unmet), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_alerts_that_sns_accepted_count() -> Result<()> {
    let aws = LocalAws::start().await?;
    let proxy = FaultProxy::start(aws.endpoint()).await?;
    let topic = aws.sns().create_topic().name("alerts").send().await?;
    let topic = topic.topic_arn().context("no ARN")?;
    let subscription = Subscription::create(&aws, topic, "subscriber").await?;
    let sns = aws_sdk_sns::Client::new(&aws.sdk_config_at(&proxy.endpoint()));
    let finding = json!({
        "id": "1", "kind": "digest-missing", "severity": "critical",
        "object": {"bucket": BUCKET, "key": DIGEST}, "window": {"from": "A", "to": "B"},
    });
    let findings = json!({"schema": "trailseal.alert/1", "findings": [finding]}).to_string();
    let message = json!({"default": "short", "email": "long & plain + more", "sqs": findings});
    let severity = MessageAttributeValue::builder()
        .data_type("String")
        .string_value("critical")
        .build()?;
    let publish = || {
        sns.publish()
            .topic_arn(topic)
            .subject("1 critical finding")
            .message(message.to_string())
            .message_structure("json")
            .message_attributes("severity", severity.clone())
            .send()
    };

    let refusal = proxy.fail(
        Match::operation("sns", "Publish"),
        Fault::authorization_error(),
    );
    let error = publish().await.unwrap_err();
    assert_eq!(error.code(), Some("AuthorizationError"));
    assert_findings(&proxy.alerts(), &[]);
    assert_eq!(proxy.remove(refusal), 1);

    publish().await?;
    publish().await?;
    let published = proxy.wait_for_alerts(2, Duration::from_secs(5)).await?;
    let expected = [Expected::new("digest-missing", DIGEST).window("A", "B")];
    assert_findings(&published, &expected);
    let delivered = subscription.take().await?;
    assert_eq!(delivered.len(), 2);
    assert_findings(&delivered, &expected);
    for alert in published.iter().chain(&delivered) {
        assert_eq!(alert.subject, "1 critical finding");
        assert_eq!(alert.topic_arn, topic);
        assert_eq!(alert.attributes["severity"], "critical");
    }
    assert_eq!(published[0].email, "long & plain + more");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_go_from_queue_to_function_and_back() -> Result<()> {
    let aws = LocalAws::start().await?;
    let stack = deploy(&aws).await?;
    let bootstrap = fake_function(aws.directory())?;
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let pump = Pump::start_adjusted(&aws, &stack, aws.endpoint(), |spec| {
        spec.bootstrap.clone_from(&bootstrap);
    })
    .await?
    .on_invocation(move |invocation| {
        count.fetch_add(invocation.messages, Ordering::Relaxed);
    });
    let id = "KmsContextChecker";
    let receives = stack
        .function(id)?
        .queue
        .as_ref()
        .and_then(|q| q.max_receive_count);
    let receives = usize::try_from(receives.context("no redrive policy")?)?;
    let send = async |bodies: &[&str]| {
        for body in bodies {
            pump.send(id, body).await?;
        }
        anyhow::Ok(())
    };

    send(&["ok", "fail", "ok"]).await?;
    let round = pump.round().await?;
    assert_eq!((round.succeeded(), round.failed()), (2, 1));
    assert_eq!(pump.drain(id).await?, ["fail"]);

    send(&["ok", "error"]).await?;
    let round = pump.round().await?.of(id);
    assert_eq!((round.succeeded(), round.failed()), (0, 2));
    assert!(matches!(
        round.errors().next(),
        Some(FunctionError::Returned { error_type, .. }) if error_type == "Broken"
    ));
    assert_eq!(pump.drain(id).await?.len(), 2);

    send(&["fail"]).await?;
    assert_eq!(pump.until_idle().await?.len(), receives);
    assert_eq!(pump.redrive(id).await?, 1);
    pump.until_idle().await?;
    assert_eq!(pump.drain_dlq(id).await?, ["fail"]);
    assert!(pump.drain(id).await?.is_empty());

    let many = ["ok"; 23];
    send(&many).await?;
    let rounds = pump.until_idle().await?;
    assert_eq!(rounds.len(), 1);
    let sizes: Vec<_> = rounds[0]
        .invocations
        .iter()
        .map(|one| one.messages)
        .collect();
    assert_eq!(sizes, [10, 10, 3]);
    assert_eq!(seen.load(Ordering::Relaxed), 3 + 2 + 2 * receives + 23);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_invoked_as_lambda_does() -> Result<()> {
    let aws = LocalAws::start().await?;
    let spec = FunctionSpec {
        name: "stand-in".to_owned(),
        bootstrap: fake_function(aws.directory())?,
        env: BTreeMap::from([("OWN".to_owned(), "value".to_owned())]),
        timeout: Duration::from_secs(2),
        memory_mb: 256,
    };
    let rie = Rie::start(spec, &aws.new_file("function.log")).await?;
    let invoke = async |body: &str| rie.invoke(&json!({"body": body, "messageId": "1"})).await;

    let echo = invoke("echo").await?;
    let environment = &echo["environment"];
    assert_eq!(environment["OWN"], "value");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_NAME"], "stand-in");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "256");
    assert_eq!(environment["HOME"], Value::Null, "nothing is inherited");
    assert!(
        rie.peak_memory()
            .await
            .is_some_and(|bytes| bytes > 1_000_000)
    );

    let error = invoke("error").await.unwrap_err();
    assert_eq!(error.to_string(), "Broken: as requested");
    let error = invoke("exit").await.unwrap_err();
    assert!(matches!(error, FunctionError::Exited(_)), "{error}");
    let error = invoke("sleep").await.unwrap_err();
    assert!(matches!(error, FunctionError::TimedOut(_)), "{error}");
    assert!(invoke("ok").await.is_ok(), "{}", rie.log_tail());

    let emulator = rie.process_id().await;
    kill(emulator)?;
    wait_until(|| !is_running(emulator)).await?;
    assert!(invoke("ok").await.is_ok());
    let emulator = rie.process_id().await;
    drop(rie);
    assert!(!is_running(emulator));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_reads_the_same_bucket() -> Result<()> {
    let aws = LocalAws::start().await?;
    LogBucket::new(BUCKET).create(&aws).await?;
    aws.set_public_keys(&json!({"us-east-1": [{
        "Value": "MAA=", "Fingerprint": "00",
        "ValidityStartTime": "2026-01-01T00:00:00Z", "ValidityEndTime": "2026-02-01T00:00:00Z",
    }]}))?;
    put(&aws.s3(), DIGEST, b"no digest").await?;
    let arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main";
    let validation = ValidateLogs::new(arn, "us-east-1", "2026-01-02T00:00:00Z")
        .end("2026-01-03T00:00:00Z")
        .bucket(BUCKET)
        .run(&aws)
        .await?;
    assert_eq!(validation.code(), 1, "{:?}", validation.output);
    let file = format!("s3://{BUCKET}/{DIGEST}");
    assert_eq!(
        validation.invalid(),
        BTreeMap::from([(file.as_str(), "invalid format")])
    );

    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_accepts_an_untouched_organization_trail() -> Result<()> {
    let aws = LocalAws::start().await?;
    let trail = TrailSpec {
        bucket: BUCKET.to_owned(),
        prefix: Some("some/prefix".to_owned()),
        organization_id: Some(cli::create_organization(&aws).await?),
        accounts: vec!["444455556666".to_owned()],
        owner: Some(ACCOUNT.to_owned()),
        trail_name: "every_one".to_owned(),
        hours: 3,
        ..TrailSpec::default()
    }
    .build();
    LogBucket::new(BUCKET).create(&aws).await?;
    aws.add_public_keys(&trail.public_keys_by_region())?;
    deliver::deliver_in_order(&aws.s3(), &trail).await?;
    let created = Trail {
        name: &trail.spec.trail_name,
        home_region: &trail.spec.home_region,
        bucket: BUCKET,
        prefix: trail.spec.prefix.as_deref(),
        of_organization: true,
    };
    let arn = cli::create_trail(&aws, &created).await?;
    assert_eq!(arn, trail.spec.trail_arn());
    let (from, to) = trail.time_span();
    let validation = ValidateLogs::new(&arn, "us-east-1", &from.to_string())
        .end(&to.to_string())
        .account("444455556666")
        .run(&aws)
        .await?;
    let all = |total| Ratio {
        valid: total,
        total,
    };
    let total = |kind| validation.total(kind);
    assert_eq!(validation.code(), 0, "{:?}", validation.output);
    assert_eq!(total(FileKind::Digest), all(trail.digests.len()));
    assert_eq!(total(FileKind::Log), all(trail.log_files.len()));
    Ok(())
}

/// Not a separate test: the next test starts and kills it.
#[ignore = "started by no_server_survives_the_process"]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_held_until_it_is_killed() -> Result<()> {
    let aws = LocalAws::start().await?;
    eprintln!("server {} {}", aws.process_id(), aws.endpoint());
    tokio::time::sleep(Duration::from_mins(2)).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_server_survives_the_process() -> Result<()> {
    let files = tempfile::tempdir()?;
    let mut holder = Command::new(std::env::current_exe()?)
        .env("TMPDIR", files.path())
        .args([
            "--ignored",
            "--exact",
            "a_server_is_held_until_it_is_killed",
            "--nocapture",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let output = BufReader::new(holder.stderr.take().context("no output")?);
    let server = output.lines().map_while(Result::ok).find_map(|line| {
        let (process, endpoint) = line.strip_prefix("server ")?.split_once(' ')?;
        let address = endpoint.strip_prefix("http://")?.to_owned();
        Some((process.parse::<u32>().ok()?, address))
    });
    let (server, address) = server.context("the holder started no server")?;
    // The process that asked for the local AWS, and the local AWS, which is a fork of its nursery.
    let is_alive = || is_running(server) || TcpStream::connect(&address).is_ok();
    assert!(is_running(server) && TcpStream::connect(&address).is_ok());
    holder.kill()?;
    holder.wait()?;
    wait_until(|| !is_alive()).await
}

/// Returns an S3 client with the credentials of a function's role.
fn s3_as(
    aws: &LocalAws,
    proxy: &FaultProxy,
    stack: &Stack,
    function: &str,
) -> Result<aws_sdk_s3::Client> {
    let config = s3_through(aws, proxy).config().to_builder();
    let config = config.credentials_provider(credentials_of(stack, function)?);
    Ok(aws_sdk_s3::Client::from_conf(config.build()))
}

fn credentials_of(stack: &Stack, function: &str) -> Result<Credentials> {
    let variables = &stack.function(function)?.credentials;
    let variable = |name: &str| variables.get(name).cloned().context("a variable");
    Ok(Credentials::new(
        variable("AWS_ACCESS_KEY_ID")?,
        variable("AWS_SECRET_ACCESS_KEY")?,
        Some(variable("AWS_SESSION_TOKEN")?),
        None,
        "role",
    ))
}

/// What the role of a function does not allow is denied as AWS does it; moto would carry it out.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_the_role_does_not_allow_is_denied() -> Result<()> {
    let aws = LocalAws::start().await?;
    let stack = deploy(&aws).await?;
    let proxy = FaultProxy::start(aws.endpoint()).await?;
    let own = aws.s3();
    put(&own, LOG, b"log").await?;
    put(&own, DIGEST, b"digest").await?;
    let evidence = stack.resource("EvidenceBucket")?;

    let validator = s3_as(&aws, &proxy, &stack, "DigestValidator")?;
    let get = |key: &str| validator.get_object().bucket(BUCKET).key(key).send();
    assert!(get(DIGEST).await.is_ok());
    assert_eq!(get(LOG).await.unwrap_err().code(), Some("AccessDenied"));
    let other = DIGEST.replace("T030405Z", "T040405Z");
    assert_eq!(get(&other).await.unwrap_err().code(), Some("NoSuchKey"));
    let versioned = validator.get_object().bucket(BUCKET).key(DIGEST);
    let versioned = versioned.version_id("null").send().await;
    assert_eq!(versioned.unwrap_err().code(), Some("AccessDenied"));

    // A receipt is new.
    let receipt = "receipts/2026/01/02/chain/digest-validator-1.json";
    let keep = || validator.put_object().bucket(evidence).key(receipt);
    let overwritten = keep().send().await;
    assert_eq!(overwritten.unwrap_err().code(), Some("AccessDenied"));
    assert!(keep().if_none_match("*").send().await.is_ok());
    // The stack has no Object Lock, and the role no permission for it.
    let locked = keep()
        .if_none_match("*")
        .object_lock_mode(ObjectLockMode::Governance);
    let locked = locked.object_lock_retain_until_date(DateTime::from_secs(4_000_000_000));
    assert_eq!(
        locked.send().await.unwrap_err().code(),
        Some("AccessDenied")
    );

    // Without the permission to list, an object that does not exist is denied.
    let checker = s3_as(&aws, &proxy, &stack, "KmsContextChecker")?;
    let absent = checker.get_object().bucket(evidence).key("config/readers");
    assert_eq!(
        absent.send().await.unwrap_err().code(),
        Some("AccessDenied")
    );

    let config = aws.sdk_config_at(&proxy.endpoint()).to_builder();
    let credentials = credentials_of(&stack, "DigestValidator")?;
    let config = config.credentials_provider(SharedCredentialsProvider::new(credentials));
    let config = config.build();
    let sqs = aws_sdk_sqs::Client::new(&config);
    let send = |queue: &str| {
        let url = format!("{}/{ACCOUNT}/{queue}", aws.endpoint());
        sqs.send_message().queue_url(url).message_body("x").send()
    };
    let name = |queue: &str| {
        let url = stack.resource(queue)?;
        anyhow::Ok(url.rsplit('/').next().context("a name")?.to_owned())
    };
    assert!(send(&name("FindingsQueue")?).await.is_ok());
    let denied = send(&name("LogVerifierQueue")?).await.unwrap_err();
    assert_eq!(denied.code(), Some("AccessDeniedException"));
    let sns = aws_sdk_sns::Client::new(&config);
    let publish = sns.publish().topic_arn(stack.alert_topic()?).message("x");
    let denied = publish.send().await.unwrap_err();
    assert_eq!(denied.code(), Some("AuthorizationError"));
    Ok(())
}

async fn deploy(aws: &LocalAws) -> Result<Stack> {
    Deployment::new("trailseal")
        .bucket(LogBucket::new(BUCKET).versioned())
        .deploy(aws)
        .await
}

fn fake_function(directory: &Path) -> Result<PathBuf> {
    let bootstrap = directory.join("bootstrap");
    let script = format!("#!{}\n{FAKE_FUNCTION}", paths::python().display());
    fs::write(&bootstrap, script)?;
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755))?;
    Ok(bootstrap)
}

fn s3_through(aws: &LocalAws, proxy: &FaultProxy) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(&aws.sdk_config_at(&proxy.endpoint()))
        .force_path_style(true)
        .retry_config(aws_sdk_s3::config::retry::RetryConfig::disabled())
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

async fn put(s3: &aws_sdk_s3::Client, key: &str, content: &[u8]) -> Result<()> {
    let body = ByteStream::from(content.to_vec());
    let request = s3.put_object().bucket(BUCKET).key(key).body(body);
    request.send().await?;
    Ok(())
}

fn is_running(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .starts_with(" Z")
    })
}

fn kill(pid: u32) -> Result<()> {
    Command::new("kill")
        .args(["-KILL", &pid.to_string()])
        .status()?;
    Ok(())
}

async fn wait_until(mut condition: impl FnMut() -> bool) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        anyhow::ensure!(Instant::now() < deadline, "waited in vain");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
