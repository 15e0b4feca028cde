//! Refusals by AWS, and the advice about them: each cause has its own remedy, printed once.

use std::time::Duration;

use anyhow::Result;
use serde_json::Value;
use trailseal_tests::local::server::{REGION, client_environment};
use trailseal_tests::local::{Fault, FaultProxy, Match, Rule};
use trailseal_tests::trail::TrailSpec;

use crate::stage::{ACCOUNT, Stage, run, small, verify, with};

fn expired() -> Fault {
    Fault::error(400, "ExpiredToken", "The provided token has expired.")
}

/// The status, the code, the message, and a word of the remedy.
const REFUSED: [(u16, &str, &str, &str); 6] = [
    (
        400,
        "ExpiredToken",
        "The provided token has expired.",
        "Get new credentials",
    ),
    (
        403,
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
        "Set the clock",
    ),
    (
        403,
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
        "Check the credentials",
    ),
    (
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided.",
        "Check the secret access key",
    ),
    (
        403,
        "SignatureDoesNotMatch",
        "Signature expired: 20260115T120000Z is now earlier than 20260115T121500Z.",
        "Set the clock",
    ),
    (
        400,
        "KMS.DisabledException",
        "arn:aws:kms:us-east-1:111122223333:key/k is disabled.",
        "aws kms enable-key",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_remedy_fits_what_aws_refuses() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-remedies").build();
    stage.deliver(&trail).await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let bucket = format!("s3://{}", trail.spec.bucket);
    for (status, code, message, remedy) in REFUSED {
        proxy.fail(Match::service("s3"), Fault::error(status, code, message));
        for arguments in [verify(&trail), vec!["kms".to_owned(), bucket.clone()]] {
            let ran = stage.run_through(&proxy, &arguments).await?;
            let line = ran.refused(2);
            assert!(
                line.contains(code) && line.contains(remedy),
                "{code}: {line}"
            );
            for other in ["--concurrency", "s3:ListBucket", "TRAILSEAL_", ".."] {
                assert!(!line.contains(other), "{code}: {line}");
            }
        }
        proxy.clear_rules();
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_expires_during_a_run_is_reported_once_and_the_run_can_be_resumed()
-> Result<()> {
    let stage = Stage::enter().await?;
    let trail = TrailSpec {
        hours: 30,
        log_files_per_hour: 3..=3,
        ..small("amzn-s3-demo-expires")
    }
    .build();
    stage.deliver(&trail).await?;
    let all = trail.log_files.len();
    let folder = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
    let progress = folder.path().join("progress.ndjson");
    let file = progress.display().to_string();
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let log_files = Match::operation("s3", "GetObject").path_contains("/CloudTrail/");
    // After two thirds, every request to S3.
    let rule = proxy.add(Rule::new(log_files, expired()).after(all * 2 / 3));
    let arguments = with(verify(&trail), &["--resume", &file, "--concurrency", "8"]);
    let ran = stage.run_through(&proxy, &arguments).await?;
    let refused = proxy.hits(rule);
    let report = ran.report();
    report.reported(2, &[]);
    assert_eq!(report.json["interrupted"], true);
    assert_eq!(report.unverified().len(), 1, "{:#}", report.json);
    let [valid, found, unverified] = report.counts("logFiles");
    assert!(
        valid > 0 && found == 0 && unverified > 0,
        "{valid} {unverified}"
    );
    let reported = &report.json["cannotTell"][0];
    let reason = reported["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("the credentials have expired"),
        "{reported}"
    );
    assert!(
        !reported["advice"]
            .as_str()
            .expect("advice")
            .contains("--concurrency"),
        "{reported}"
    );
    assert!(
        report.err.contains("the credentials can no longer be used"),
        "{}",
        report.err
    );
    assert!(report.err.contains("--resume"), "{}", report.err);
    // Only the requests that were in progress.
    assert!(
        (1..=16).contains(&refused),
        "{refused} requests after the token expired"
    );
    assert!(progress.exists());

    proxy.clear_rules();
    let report = stage.run_through(&proxy, &arguments).await?.report();
    report.reported(0, &[]);
    assert!(
        report.json["totals"]["resumed"].as_u64() > Some(0),
        "{:#}",
        report.json
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_are_reported_even_if_a_token_expires() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-expires-finding").build();
    stage.deliver(&trail).await?;
    let gone = &trail.logs_of(trail.digest(ACCOUNT, REGION, 6))[0].object;
    stage
        .apply(&[trailseal_tests::trail::tamper::delete(gone)])
        .await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    // The walk is from the newest digest to the oldest.
    let oldest = &trail.digest(ACCOUNT, REGION, 1).object;
    proxy.fail(
        Match::operation("s3", "GetObject").path_contains(&oldest.key),
        expired(),
    );
    let arguments = with(verify(&trail), &["--concurrency", "1"]);
    let report = stage.run_through(&proxy, &arguments).await?.report();
    assert_ne!(report.json["verdict"], "valid");
    assert_eq!(report.unverified(), [oldest.location().to_string()]);
    if report.code == 1 {
        report.reported(1, &[("log-file-missing", 1)]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_credentials_are_reported_once_for_any_number_of_log_files() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-one-statement").build();
    stage.deliver(&trail).await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let log_files = Match::operation("s3", "GetObject").path_contains("/CloudTrail/");
    // It may be so for one service or Region only: the run continues.
    proxy.fail(
        log_files.clone(),
        Fault::error(
            403,
            "InvalidAccessKeyId",
            "It does not exist in our records.",
        ),
    );
    let all = trail.log_files.len() as u64;
    let report = stage.run_through(&proxy, &verify(&trail)).await?.report();
    report.reported(2, &[]);
    assert_eq!(report.counts("logFiles"), [0, 0, all]);
    assert_eq!(report.counts("digests"), [7, 0, 0]);
    assert_eq!(report.unverified().len(), 1);
    let reason = report.json["cannotTell"][0]["reason"].to_string();
    assert!(
        reason.contains(&format!("and the same for {} more requests", all - 1)),
        "{reason}"
    );

    let bucket = format!("s3://{}", trail.spec.bucket);
    let ran = stage
        .run_through(&proxy, &["kms", &bucket, "--format", "json"])
        .await?;
    let report: Value = serde_json::from_str(&ran.out)?;
    assert_eq!(
        (ran.code, report["cannotTell"].as_array().map(Vec::len)),
        (2, Some(1)),
        "{report:#}"
    );
    assert_eq!(report["interrupted"], false);

    // With expired credentials, it does not.
    proxy.clear_rules();
    proxy.forget();
    proxy.fail(log_files.clone(), expired());
    let arguments = ["kms", &bucket, "--format", "json", "--concurrency", "2"];
    let ran = stage.run_through(&proxy, &arguments).await?;
    let report: Value = serde_json::from_str(&ran.out)?;
    assert_eq!(
        (ran.code, report["interrupted"].as_bool()),
        (2, Some(true)),
        "{report:#}"
    );
    assert!(
        ran.err.contains("the credentials can no longer be used"),
        "{ran:?}"
    );
    assert!(
        proxy.calls(&log_files).len() <= 4,
        "{}",
        proxy.calls(&log_files).len()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_region_asks_for_keys_in_a_file() -> Result<()> {
    let stage = Stage::enter().await?;
    let region = "af-south-1";
    let trail = TrailSpec {
        regions: vec![region.to_owned()],
        ..small("amzn-s3-demo-opt-in")
    }
    .build();
    stage.deliver(&trail).await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let invalid = || {
        Fault::error(
            400,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        )
    };
    let ask = Match::operation("cloudtrail", "ListPublicKeys");
    proxy.fail(ask.clone().in_region(region), invalid());
    let report = stage.run_through(&proxy, &verify(&trail)).await?.report();
    report.reported(2, &[]);
    assert_eq!(report.counts("digests")[0], 0);
    for reported in report.json["cannotTell"].as_array().expect("a list") {
        let advice = reported["advice"].as_str().expect("advice");
        assert!(advice.contains("--keys FILE"), "{reported}");
        assert!(!advice.contains("s3:GetObject"), "{reported}");
    }

    // Keys that somebody who has opted into the Region saved verify the digests.
    let folder = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
    let file = folder.path().join("keys.json").display().to_string();
    let (start, end) = (
        trail.spec.start.to_string(),
        crate::stage::end_of(&trail.spec).to_string(),
    );
    let times = ["--start-time", &start, "--end-time", &end];
    let save = [&["keys", "--region", region, "--output", &file][..], &times].concat();
    assert_eq!(stage.run(&save).await?.code, 0);
    let with_file = with(verify(&trail), &["--keys", &file]);
    let report = stage.run_through(&proxy, &with_file).await?.report();
    report.reported(0, &[]);

    // A user who saves the keys of all Regions gets a message about the one Region, which is not a
    // failure.
    let save = [&["keys", "--output", &file][..], &times].concat();
    let ran = stage.run_through(&proxy, &save).await?;
    assert!(
        ran.err.contains("the keys of af-south-1 are not saved"),
        "{ran:?}"
    );
    assert!(
        ran.err.contains("with an account for which it is enabled"),
        "{ran:?}"
    );
    // Credentials that no Region knows are reported once, for all Regions.
    proxy.clear_rules();
    proxy.fail(ask, expired());
    let ran = stage.run_through(&proxy, &save).await?;
    let lines: Vec<_> = ran.err.lines().collect();
    assert_eq!((ran.code, lines.len()), (2, 2), "{ran:?}");
    assert!(lines[0].contains("Regions are not saved"), "{ran:?}");
    assert!(lines[0].contains("Get new credentials"), "{ran:?}");
    Ok(())
}

/// The source of the credentials returns none when they have to be renewed.
#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_cannot_be_renewed_end_the_run() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-renewed").build();
    stage.deliver(&trail).await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let folder = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    // The SDK renews credentials that have up to ten seconds left, by chance, and always those that
    // have none.
    let (program, config, asked) = (path("program"), path("config"), path("asked"));
    let script = format!(
        "if [ -e {asked} ]; then exit 7; fi\ntouch {asked}\n\
         until=$(date -u -d '+13 seconds' +%Y-%m-%dT%H:%M:%SZ)\n\
         echo '{{\"Version\": 1, \"AccessKeyId\": \"ASIAPROCESSPROCESSPR\", \
         \"SecretAccessKey\": \"secret\", \"SessionToken\": \"token\", \
         \"Expiration\": \"'$until'\"}}'\n"
    );
    std::fs::write(&program, script)?;
    std::fs::write(
        &config,
        format!("[profile vault]\ncredential_process = sh {program}\n"),
    )?;
    let digests = Match::operation("s3", "GetObject").path_contains("/CloudTrail-Digest/");
    proxy.fail(digests, Fault::Stall(Duration::from_secs(15)));
    let mut environment = client_environment(&proxy.endpoint(), REGION);
    environment.insert("AWS_CONFIG_FILE".to_owned(), config.clone());
    environment.insert("PATH".to_owned(), "/usr/bin:/bin".to_owned());
    let arguments = with(verify(&trail), &["--profile", "vault"]);
    let ran = run(environment, &arguments).await?;
    let report = ran.report();
    report.reported(2, &[]);
    assert_eq!(report.unverified().len(), 1, "{:#}", report.json);
    let reported = &report.json["cannotTell"][0];
    let reason = reported["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("the credentials cannot be loaded"),
        "{reported}"
    );
    assert!(reason.contains("exit status: 7"), "{reported}");
    assert!(
        report.err.contains("the credentials can no longer be used"),
        "{}",
        report.err
    );
    Ok(())
}
