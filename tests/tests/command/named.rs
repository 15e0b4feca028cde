//! Only what is named is verified: a log file, a digest file, a day. What does not exist is not
//! valid.

use anyhow::Result;
use trailseal_tests::trail::tamper::delete;
use trailseal_tests::trail::tamper::digest::without_metadata;
use trailseal_tests::trail::tamper::log::modified;
use trailseal_tests::trail::{Change, Object, Trail, TrailSpec};

use crate::stage::{ACCOUNT, Copy, Ran, Report, Stage, run_offline, small, with};

const REGION: &str = "us-east-1";

fn trail(bucket: &str) -> Trail {
    TrailSpec {
        offset_seconds: 1051,
        hours: 30,
        log_files_per_hour: 1..=2,
        ..small(bucket)
    }
    .build()
}

/// Returns an object that CloudTrail did not write, next to a log file.
fn planted(trail: &Trail, hour: u32) -> Object {
    let log = trail.logs_of(trail.digest(ACCOUNT, REGION, hour))[0];
    let (folder, _) = log.object.key.rsplit_once('_').expect("a name");
    Object {
        key: format!("{folder}_PlantedPlanted01.json.gz"),
        ..log.object.clone()
    }
}

async fn verify(stage: &Stage, bucket: &str, key: &str, more: &[&str]) -> Result<Ran> {
    let source = format!("s3://{bucket}/{key}");
    let arguments = ["verify", &source, "--format", "json"].map(str::to_owned);
    stage.run(&with(arguments.to_vec(), more)).await
}

/// Returns the totals of a source.
fn totals(report: &Report) -> ([u64; 3], [u64; 3]) {
    (report.counts("digests"), report.counts("logFiles"))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_log_file_is_compared_with_the_digest_that_lists_it() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = trail("amzn-s3-demo-one-log");
    let bucket = trail.spec.bucket.as_str();
    stage.deliver(&trail).await?;
    // Damage elsewhere does not concern this log file.
    let other = trail.logs_of(trail.digest(ACCOUNT, REGION, 12))[0];
    stage
        .apply(&[
            Change::Put(modified(&other.object)),
            delete(&trail.digest(ACCOUNT, REGION, 7).object),
        ])
        .await?;
    let log = trail.logs_of(trail.digest(ACCOUNT, REGION, 5))[0];
    let report = verify(&stage, bucket, &log.object.key, &[]).await?.report();
    report.reported(0, &[]);
    assert_eq!(totals(&report), ([1, 0, 0], [1, 0, 0]));
    assert_eq!(report.json["subject"], "log-file");
    // The first line says so.
    let source = format!("s3://{bucket}/{}", log.object.key);
    let ran = stage.run(&["verify", &source]).await?;
    let first = format!("VALID: the log file {source} is as CloudTrail delivered it.");
    assert_eq!(ran.out.lines().next(), Some(first.as_str()), "{ran:?}");

    stage.apply(&[Change::Put(modified(&log.object))]).await?;
    let report = verify(&stage, bucket, &log.object.key, &[]).await?.report();
    report.reported(1, &[("log-file-modified", 1)]);
    stage.apply(&[delete(&log.object)]).await?;
    let report = verify(&stage, bucket, &log.object.key, &[]).await?.report();
    report.reported(1, &[("log-file-missing", 1)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_file_that_no_digest_file_lists_is_never_valid() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = trail("amzn-s3-demo-planted");
    let bucket = trail.spec.bucket.as_str();
    stage.deliver(&trail).await?;
    let planted = planted(&trail, 5);
    // It does not exist, and neither does anything next to it.
    let ran = verify(&stage, bucket, &planted.key, &[]).await?;
    let line = ran.refused(2);
    assert!(line.contains("does not exist"), "{line}");
    stage.apply(&[Change::Put(planted.clone())]).await?;
    let report = verify(&stage, bucket, &planted.key, &[]).await?.report();
    report.reported(1, &[("log-file-unlisted", 1)]);
    assert_eq!(report.objects("log-file-unlisted"), [&planted.key]);
    // A name that CloudTrail gives to no object.
    let odd = Object {
        key: planted.key.replace("_PlantedPlanted01", ""),
        ..planted.clone()
    };
    verify(&stage, bucket, &odd.key, &[]).await?.refused(2);
    stage.apply(&[Change::Put(odd.clone())]).await?;
    let report = verify(&stage, bucket, &odd.key, &[]).await?.report();
    report.reported(1, &[("log-file-unlisted", 1)]);
    // A folder that no digest file covers.
    let insight = Object {
        key: planted
            .key
            .replace("/CloudTrail/", "/CloudTrail-Insight/")
            .replace("_CloudTrail_", "_CloudTrail-Insight_"),
        ..planted.clone()
    };
    stage.apply(&[Change::Put(insight.clone())]).await?;
    verify(&stage, bucket, &insight.key, &[]).await?.refused(2);
    // Another trail may have delivered it.
    let of_trail = ["--trail", trail.spec.trail_name.as_str()];
    verify(&stage, bucket, &planted.key, &of_trail)
        .await?
        .refused(2);
    // The digest file that should list it is not signed.
    let witness = trail.digest(ACCOUNT, REGION, 6);
    stage
        .apply(&[Change::Put(Object {
            body: "junk".into(),
            ..witness.object.clone()
        })])
        .await?;
    verify(&stage, bucket, &planted.key, &[]).await?.refused(2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_digest_file_is_verified_with_its_log_files() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = trail("amzn-s3-demo-one-digest");
    let bucket = trail.spec.bucket.as_str();
    stage.deliver(&trail).await?;
    let digest = trail.digest(ACCOUNT, REGION, 5);
    let logs = trail.logs_of(digest).len() as u64;
    let key = digest.object.key.as_str();
    let report = verify(&stage, bucket, key, &[]).await?.report();
    report.reported(0, &[]);
    assert_eq!(totals(&report), ([1, 0, 0], [logs, 0, 0]));
    assert_eq!(report.json["subject"], "digest-file");
    // No digest names this one.
    let never = key.replace("T051731Z", "T051732Z");
    let ran = verify(&stage, bucket, &never, &[]).await?;
    assert!(ran.refused(2).contains("does not exist"), "{ran:?}");
    stage
        .apply(&[Change::Put(without_metadata(&digest.object))])
        .await?;
    let report = verify(&stage, bucket, key, &[]).await?.report();
    report.reported(
        1,
        &[("digest-modified", 1), ("digest-signature-missing", 1)],
    );
    // Its successor names it: it was deleted.
    stage.apply(&[delete(&digest.object)]).await?;
    let report = verify(&stage, bucket, key, &[]).await?.report();
    report.reported(1, &[("digest-missing", 1)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_of_a_day_selects_that_day() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = trail("amzn-s3-demo-day");
    let bucket = trail.spec.bucket.as_str();
    stage.deliver(&trail).await?;
    let planted = [planted(&trail, 5), planted(&trail, 28)];
    let damaged = trail.logs_of(trail.digest(ACCOUNT, REGION, 28))[0];
    stage
        .apply(&[
            Change::Put(planted[0].clone()),
            Change::Put(planted[1].clone()),
            Change::Put(modified(&damaged.object)),
        ])
        .await?;
    let digests = format!("AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/2026/01");
    let logs = format!("AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/01");
    // The digest files of the first day, and the log files that they list.
    let first = format!("{digests}/15/");
    let report = verify(&stage, bucket, &first, &["--unlisted"])
        .await?
        .report();
    report.reported(1, &[("log-file-unlisted", 1)]);
    assert_eq!(report.objects("log-file-unlisted"), [&planted[0].key]);
    assert_eq!(report.counts("digests"), [24, 0, 0]);
    // The log files of either day: the planted ones among them are found.
    for (day, planted, kinds) in [
        ("15", &planted[0], vec![("log-file-unlisted", 1)]),
        (
            "16",
            &planted[1],
            vec![("log-file-modified", 1), ("log-file-unlisted", 1)],
        ),
    ] {
        let folder = format!("{logs}/{day}/");
        let report = verify(
            &stage,
            bucket,
            &folder,
            &["--end-time", "2026-01-16T06:17:31Z"],
        )
        .await?
        .report();
        report.reported(1, &kinds);
        assert_eq!(report.objects("log-file-unlisted"), [&planted.key]);
        let listed = trail
            .log_files
            .iter()
            .filter(|log| log.object.key.starts_with(&folder))
            .count() as u64;
        assert_eq!(
            report.counts("logFiles").iter().sum::<u64>(),
            listed,
            "{day}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_that_ends_at_midnight_belongs_to_the_day_that_starts() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = TrailSpec {
        hours: 30,
        log_files_per_hour: 1..=1,
        ..small("amzn-s3-demo-midnight")
    }
    .build();
    stage.deliver(&trail).await?;
    let log = trail.logs_of(trail.digest(ACCOUNT, REGION, 24))[0];
    stage.apply(&[Change::Put(modified(&log.object))]).await?;
    let folder = |day: &str| format!("AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/2026/01/{day}/");
    let until = ["--end-time", "2026-01-16T06:00:00Z"];
    let report = verify(&stage, &trail.spec.bucket, &folder("15"), &[])
        .await?
        .report();
    report.reported(0, &[]);
    assert_eq!(report.counts("digests"), [24, 0, 0]);
    let report = verify(&stage, &trail.spec.bucket, &folder("16"), &until)
        .await?
        .report();
    report.reported(1, &[("log-file-modified", 1)]);
    assert_eq!(report.counts("digests"), [7, 0, 0]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_valid_where_nothing_exists() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = trail("amzn-s3-demo-nothing");
    let bucket = trail.spec.bucket.as_str();
    stage.deliver(&trail).await?;
    let region = format!("AWSLogs/{ACCOUNT}/CloudTrail/{REGION}");
    let digests = format!("AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}");
    for key in [
        format!("{region}/1999/01/01/"),
        format!("{region}/nope/nope/"),
        format!("{region}/2026/01/15/DoesNotExist.json.gz"),
        format!("{region}/2026/01/32/"),
        format!("{digests}/1999/01/01/"),
        format!("{digests}/nope/nope/"),
        format!("{digests}/2026/01/15/DoesNotExist.json.gz"),
        format!("AWSLogs/{ACCOUNT}/CloudTrail/eu-north-1/"),
        format!("AWSLogs/{ACCOUNT}/Config/{REGION}/"),
        format!("AWSLogs/{ACCOUNT}/nope"),
        "AWSLogs/nope".to_owned(),
        "nope/".to_owned(),
    ] {
        let ran = verify(&stage, bucket, &key, &[]).await?;
        ran.refused(2);
        let ran = verify(&stage, bucket, &key, &["--unlisted"]).await?;
        ran.refused(2);
    }
    // A time outside of the day.
    let times = ["--start-time", "2026-01-20", "--end-time", "2026-01-21"];
    let ran = verify(&stage, bucket, &format!("{digests}/2026/01/15/"), &times).await?;
    ran.refused(64);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_of_a_day_in_a_copy_selects_that_day() -> Result<()> {
    let trail = trail("amzn-s3-demo-day-copy");
    let copy = Copy::of(&trail)?;
    let damaged = trail.logs_of(trail.digest(ACCOUNT, REGION, 28))[0];
    copy.apply(&[Change::Put(modified(&damaged.object))])?;
    let day = |day: &str| {
        let source = copy.path(&format!(
            "copy/{}/AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/2026/01/{day}",
            copy.bucket
        ));
        let mut arguments = copy.verify();
        arguments[1] = source.display().to_string();
        arguments
    };
    let report = run_offline(&day("15")).await?.report();
    report.reported(0, &[]);
    assert_eq!(report.counts("digests"), [24, 0, 0]);
    let report = run_offline(&day("16")).await?.report();
    report.reported(1, &[("log-file-modified", 1)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_file_of_a_copy_is_checked_alone() -> Result<()> {
    let trail = trail("amzn-s3-demo-one-file");
    let copy = Copy::of(&trail)?;
    let planted = planted(&trail, 5);
    let log = trail.logs_of(trail.digest(ACCOUNT, REGION, 5))[0];
    let other = trail.logs_of(trail.digest(ACCOUNT, REGION, 6))[0];
    let digest = trail.digest(ACCOUNT, REGION, 5);
    copy.apply(&[
        Change::Put(planted.clone()),
        Change::Put(modified(&other.object)),
    ])?;
    let of = |object: &Object| {
        let mut arguments = copy.verify();
        arguments[1] = copy.file(object).display().to_string();
        arguments
    };
    for (object, subject, code, kinds) in [
        (&log.object, "log-file", 0, vec![]),
        (&digest.object, "digest-file", 0, vec![]),
        (&other.object, "log-file", 1, vec![("log-file-modified", 1)]),
        (&planted, "log-file", 1, vec![("log-file-unlisted", 1)]),
    ] {
        let report = run_offline(&of(object)).await?.report();
        report.reported(code, &kinds);
        assert_eq!(report.json["subject"], subject);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_may_start_with_a_slash() -> Result<()> {
    let stage = Stage::enter().await?;
    let spec = TrailSpec {
        prefix: Some("/logs".into()),
        ..small("amzn-s3-demo-slash")
    };
    let trail = spec.build();
    stage.deliver(&trail).await?;
    for prefix in ["", "/logs", "/logs/", "/logs/AWSLogs"] {
        let report = verify(
            &stage,
            &trail.spec.bucket,
            prefix,
            &["--end-time", "2026-01-15T06:00:00Z"],
        )
        .await?
        .report();
        report.reported(0, &[]);
        assert_eq!(report.json["chains"][0]["prefix"], "/logs");
    }
    // One slash too many does not change the place.
    let plain = small("amzn-s3-demo-no-slash").build();
    stage.deliver(&plain).await?;
    let report = verify(
        &stage,
        &plain.spec.bucket,
        "/AWSLogs",
        &["--end-time", "2026-01-15T06:00:00Z"],
    )
    .await?
    .report();
    report.reported(0, &[]);
    Ok(())
}
