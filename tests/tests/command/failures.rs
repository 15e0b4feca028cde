//! What could not be verified: denied, archived, throttled, interrupted. It is never valid, and
//! never a finding.

use anyhow::{Result, ensure};
use std::time::Duration;
use trailseal_tests::local::server::{REGION, client_environment};
use trailseal_tests::local::{Fault, FaultProxy, Match, Rule};
use trailseal_tests::trail::{Object, Trail, TrailSpec};

use crate::bundles::{CollectedBundle, results};
use crate::stage::{
    ACCOUNT, Ran, Report, Stage, end_of, run, run_offline, small, start, verify, with,
};

/// Makes an object of its own age look archived by a lifecycle rule.
fn archive(proxy: &FaultProxy, object: &Object) {
    let head = Match::operation("s3", "HeadObject").path_contains(&object.key);
    let mut headers = vec![("last-modified", "Thu, 15 Jan 2026 00:30:00 GMT")];
    if let Some(signature) = object.metadata.get("signature") {
        headers.push(("x-amz-meta-signature", signature));
    }
    proxy.fail(head, Fault::headers(&headers));
    proxy.fail(get(object), Fault::archived());
}

fn get(object: &Object) -> Match {
    Match::operation("s3", "GetObject").path_contains(&object.key)
}

/// Checks that a bundle of the trail reports the same, online and offline.
async fn same_from_a_bundle(proxy: &FaultProxy, trail: &Trail, online: &Report) -> Result<()> {
    let bundle = CollectedBundle::through(proxy, trail).await?;
    assert_eq!(results(&bundle.ran.report()), results(online));
    let offline = bundle.verify(&[]).await?.report();
    assert_eq!(results(&offline), results(online));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_objects_are_listed_and_the_rest_is_verified() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-denied").build();
    stage.deliver(&trail).await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let third = trail.digest(ACCOUNT, REGION, 3);
    let log = &trail.logs_of(third)[0].object;
    let all = trail.log_files.len() as u64;

    for (fault, word) in [
        (Fault::access_denied(), "denied"),
        (Fault::archived(), "archived"),
        (
            Fault::kms_access_denied("arn:aws:kms:us-east-1:111122223333:key/k"),
            "kms:Decrypt",
        ),
    ] {
        if word == "archived" {
            archive(&proxy, log);
        } else {
            proxy.fail(get(log), fault);
        }
        let report = stage.run_through(&proxy, &verify(&trail)).await?.report();
        report.reported(2, &[]);
        assert_eq!(report.counts("logFiles"), [all - 1, 0, 1]);
        assert_eq!(report.counts("digests"), [7, 0, 0]);
        assert_eq!(report.unverified(), [log.location().to_string()]);
        let reason = report.json["cannotTell"][0]["reason"].to_string();
        assert!(reason.contains(word), "{reason}");
        same_from_a_bundle(&proxy, &trail, &report).await?;
        proxy.clear_rules();
    }

    // If a digest could not be verified, its log files could not be verified either; the digests
    // next to it can.
    archive(&proxy, &third.object);
    let report = stage.run_through(&proxy, &verify(&trail)).await?.report();
    report.reported(2, &[]);
    assert_eq!(report.counts("digests"), [6, 0, 1]);
    let of_third = trail.logs_of(third).len() as u64;
    assert_eq!(report.counts("logFiles"), [all - of_third, 0, 0]);
    assert_eq!(report.unverified(), [third.object.location().to_string()]);
    proxy.clear_rules();

    // An object that is younger than its digest was put in the place of the archived one.
    for (object, kind) in [
        (log, "log-file-modified"),
        (&third.object, "digest-modified"),
    ] {
        proxy.fail(get(object), Fault::archived());
        let report = stage.run_through(&proxy, &verify(&trail)).await?.report();
        report.reported(1, &[(kind, 1)]);
        assert_eq!(report.unverified(), Vec::<String>::new());
        same_from_a_bundle(&proxy, &trail, &report).await?;
        proxy.clear_rules();
    }

    // Keys that cannot be requested. After one refusal, the command does not ask again.
    let rule = proxy.fail(
        Match::operation("cloudtrail", "ListPublicKeys"),
        Fault::access_denied_exception(),
    );
    let report = stage.run_through(&proxy, &verify(&trail)).await?.report();
    report.reported(2, &[]);
    assert_eq!(report.counts("digests"), [0, 0, 7]);
    assert_eq!(proxy.hits(rule), 1);
    same_from_a_bundle(&proxy, &trail, &report).await?;
    let mut text = verify(&trail);
    let at = text.iter().position(|a| a == "json").expect("a format");
    "text".clone_into(&mut text[at]);
    let ran = stage.run_through(&proxy, &text).await?;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.out.contains("this operation (7 times)"), "{}", ran.out);
    proxy.clear_rules();

    // A finding is reported along with what could not be verified.
    proxy.fail(get(log), Fault::access_denied());
    let other = trail.logs_of(trail.digest(ACCOUNT, REGION, 5))[0];
    let changes = [trailseal_tests::trail::tamper::delete(&other.object)];
    stage.apply(&changes).await?;
    let report = stage.run_through(&proxy, &verify(&trail)).await?.report();
    report.reported(1, &[("log-file-missing", 1)]);
    assert_eq!(report.unverified(), [log.location().to_string()]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_denies_access_gives_one_line() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-refused").build();
    stage.deliver(&trail).await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    proxy.fail(Match::service("s3"), Fault::access_denied());
    let owner = ["--bucket-owner", "444455556666"];
    let ran = stage
        .run_through(&proxy, &with(verify(&trail), &owner))
        .await?;
    let line = ran.refused(2);
    assert!(
        line.contains("access is denied") && line.contains("s3:ListBucket"),
        "{line}"
    );
    // Each request names the owner.
    assert!(!proxy.recorded().is_empty());
    let ran = stage
        .run(&with(verify(&trail), &["--bucket-owner", ACCOUNT]))
        .await?;
    ran.report().reported(0, &[]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_is_retried_and_lasting_throttling_is_reported() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-throttled").build();
    stage.deliver(&trail).await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let reads = Match::operation("s3", "GetObject").path_contains(&trail.spec.bucket);
    let rule = proxy.add(Rule::new(reads, Fault::slow_down()).times(8));
    let report = stage.run_through(&proxy, &verify(&trail)).await?.report();
    report.reported(0, &[]);
    assert_eq!(proxy.remove(rule), 8);

    let listing = Match::operation("cloudtrail", "ListPublicKeys");
    let rule = proxy.add(Rule::new(listing, Fault::throttling()).times(2));
    let report = stage.run_through(&proxy, &verify(&trail)).await?.report();
    report.reported(0, &[]);
    assert_eq!(proxy.remove(rule), 2);

    let folder = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/";
    let encoded = folder.replace('/', "%2F");
    let listing = Match::operation("s3", "ListObjectsV2").path_contains(&encoded);
    let rule = proxy.fail(listing, Fault::slow_down());
    let arguments = with(verify(&trail), &["--unlisted"]);
    let report = stage.run_through(&proxy, &arguments).await?.report();
    report.reported(2, &[]);
    assert!(proxy.remove(rule) > 3, "it gives up soon");
    assert_eq!(report.counts("digests"), [7, 0, 0]);
    assert_eq!(report.counts("logFiles")[1..], [0, 0]);
    let folder = format!("s3://{}/{folder}01/15/", trail.spec.bucket);
    assert_eq!(report.unverified(), [folder]);
    Ok(())
}

/// Interrupts a run, and waits for its end.
pub(crate) async fn interrupt(child: tokio::process::Child, signal: &str) -> Result<Ran> {
    let pid = child.id().expect("it runs").to_string();
    let killed = tokio::process::Command::new("kill")
        .args([signal, &pid])
        .status()
        .await?;
    ensure!(killed.success());
    let output = tokio::time::timeout(Duration::from_secs(20), child.wait_with_output()).await??;
    Ran::of(output)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_collection_is_never_valid() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-bundle-interrupted").build();
    stage.deliver(&trail).await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let log_files = Match::operation("s3", "GetObject").path_contains("/CloudTrail/");
    let late = Rule::new(log_files, Fault::Stall(Duration::from_mins(1)));
    let rule = proxy.add(late.after(trail.log_files.len() / 2));
    let folder = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
    let into = folder.path().join("bundle").display().to_string();
    let source = format!("s3://{}", trail.spec.bucket);
    let end = end_of(&trail.spec).to_string();
    let child = start(
        client_environment(&proxy.endpoint(), REGION),
        &[
            "collect",
            &source,
            "--into",
            &into,
            "--format",
            "json",
            "--end-time",
            &end,
            // One request after the other: the half before the first that stalls has been read whole.
            "--concurrency",
            "1",
        ],
    )?;
    let mut waited = 0;
    while proxy.hits(rule) == 0 {
        waited += 1;
        ensure!(waited < 1000, "it reads too little");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let report = interrupt(child, "-INT").await?.report();
    report.reported(2, &[]);
    assert_eq!(report.json["interrupted"], true);
    assert!(
        report.err.contains("collect the evidence again"),
        "{}",
        report.err
    );
    let offline = run_offline(&["verify", &into, "--format", "json"])
        .await?
        .report();
    offline.reported(2, &[]);
    assert!(offline.counts("logFiles")[0] > 0, "{offline:#?}");
    let reasons = offline.json["cannotTell"].to_string();
    assert!(reasons.contains("was interrupted"), "{reasons}");
    // No part of an object is left.
    for entry in std::fs::read_dir(folder.path().join("bundle/objects"))? {
        let name = entry?.file_name().into_string().expect("UTF-8");
        assert!(name.bytes().all(|byte| byte.is_ascii_digit()), "{name}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_reports_what_it_has_and_another_run_resumes() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = TrailSpec {
        hours: 30,
        log_files_per_hour: 3..=3,
        ..small("amzn-s3-demo-interrupted")
    }
    .build();
    stage.deliver(&trail).await?;
    let folder = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
    let progress = folder.path().join("progress.ndjson").display().to_string();
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let log_files = Match::operation("s3", "GetObject").path_contains("/CloudTrail/");
    let digests = Match::operation("s3", "GetObject").path_contains("/CloudTrail-Digest/");
    let all = trail.log_files.len();
    for signal in ["-INT", "-TERM", "-HUP"] {
        let _ = std::fs::remove_file(&progress);
        proxy.forget();
        // Two thirds go through, and the others wait longer than anybody will.
        let late = Rule::new(log_files.clone(), Fault::Stall(Duration::from_mins(1)));
        let rule = proxy.add(late.after(all * 2 / 3));
        let flags = ["--resume", &progress, "--concurrency", "8"];
        let arguments = with(verify(&trail), &flags);
        let environment = client_environment(&proxy.endpoint(), REGION);
        let child = start(environment.clone(), &arguments)?;
        let mut waited = 0;
        while proxy.hits(rule) == 0 {
            waited += 1;
            ensure!(waited < 1000, "it reads too little");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let ran = interrupt(child, signal).await?;
        let report = ran.report();
        report.reported(2, &[]);
        assert_eq!(report.json["interrupted"], true);
        assert!(report.err.contains("interrupted") && report.err.contains("--resume"));
        assert_eq!(report.unverified(), [""; 0]);
        // What was not reached is not called valid.
        let [valid, found, unverified] = report.counts("logFiles");
        assert!(valid > 0 && valid < all as u64, "{valid}");
        assert!(found == 0 && unverified > 0, "{found} {unverified}");
        assert_ne!(report.json["chains"][0]["verdict"], "valid");

        proxy.clear_rules();
        proxy.forget();
        let report = run(environment, &arguments).await?.report();
        report.reported(0, &[]);
        assert_eq!(report.counts("logFiles"), [all as u64, 0, 0]);
        let resumed = report.json["totals"]["resumed"].as_u64().expect("a count");
        assert!(resumed > 0, "nothing was kept");
        // Digests are read again; log files of finished digests are not.
        assert_eq!(proxy.calls(&log_files).len() as u64, all as u64 - resumed);
        assert!(proxy.calls(&digests).len() >= 31);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_progress_file_is_for_one_source_only() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-progress").build();
    stage.deliver(&trail).await?;
    let folder = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
    let file = folder.path().join("progress").display().to_string();
    let flags = ["--resume", &file];
    stage
        .run(&with(verify(&trail), &flags))
        .await?
        .report()
        .reported(0, &[]);
    // The run was complete: the next run checks everything again.
    assert!(!std::path::Path::new(&file).exists());
    let report = stage.run(&with(verify(&trail), &flags)).await?.report();
    report.reported(0, &[]);
    assert_eq!(report.json["totals"]["resumed"], 0);
    let source = "s3://amzn-s3-demo-other";
    std::fs::write(
        &file,
        format!("{{\"schema\":\"trailseal.progress/1\",\"source\":\"{source}\"}}\n"),
    )?;
    stage.run(&with(verify(&trail), &flags)).await?.refused(64);
    std::fs::write(&file, "something else\n")?;
    stage.run(&with(verify(&trail), &flags)).await?.refused(64);
    Ok(())
}

/// Every log file is throttled four times. These are more retries than the SDK allows in a burst unless it is
/// told otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_throttled_requests_is_waited_for() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = TrailSpec {
        hours: 6,
        log_files_per_hour: 20..=20,
        ..small("amzn-s3-demo-burst")
    }
    .build();
    stage.deliver(&trail).await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let rules = trail.log_files.iter().map(|file| {
        let burst = Rule::new(get(&file.object), Fault::slow_down()).times(4);
        proxy.add(burst)
    });
    let rules: Vec<_> = rules.collect();
    let report = stage.run_through(&proxy, &verify(&trail)).await?.report();
    report.reported(0, &[]);
    let all = u64::try_from(trail.log_files.len())?;
    assert_eq!(report.counts("logFiles"), [all, 0, 0]);
    assert!(rules.iter().all(|rule| proxy.hits(*rule) == 4));
    Ok(())
}
