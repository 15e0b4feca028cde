//! Time ranges: where they cut, and what is reported about hours whose digests are missing.

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use trailseal_tests::trail::tamper::delete_digests;
use trailseal_tests::trail::tamper::log::modified;
use trailseal_tests::trail::{Change, Trail, TrailSpec};

use crate::stage::{ACCOUNT, Copy, Stage, run_offline, small, with};

const REGION: &str = "us-east-1";

fn long(bucket: &str, hours: u32) -> TrailSpec {
    TrailSpec {
        hours,
        log_files_per_hour: 1..=1,
        ..small(bucket)
    }
}

/// Returns the range from the end of one hour to the end of another.
fn range(trail: &Trail, from: i64, to: i64) -> [String; 4] {
    let at = |hour| (trail.spec.start + SignedDuration::from_hours(hour)).to_string();
    [
        "--start-time".to_owned(),
        at(from),
        "--end-time".to_owned(),
        at(to),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_cuts_at_its_ends_and_nowhere_else() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = long("amzn-s3-demo-ranges", 40).build();
    stage.deliver(&trail).await?;
    let source = format!("s3://{}", trail.spec.bucket);
    let damaged = &trail.logs_of(trail.digest(ACCOUNT, REGION, 20))[0].object;
    stage.apply(&[Change::Put(modified(damaged))]).await?;
    for (from, to, digests, code) in [
        (10, 19, 9, 0),
        (10, 20, 10, 1),
        (19, 20, 1, 1),
        (20, 30, 10, 0),
        (-5, 3, 4, 0),
        (36, 40, 4, 0),
    ] {
        let range = range(&trail, from, to);
        let flags: Vec<&str> = range.iter().map(String::as_str).collect();
        let verify = ["verify", &source, "--format", "json"];
        let report = stage.run(&[&verify[..], &flags].concat()).await?.report();
        let kinds: &[(&str, u64)] = &[("log-file-modified", 1)];
        report.reported(code, if code == 1 { kinds } else { &[] });
        let [valid, found, unverified] = report.counts("digests");
        assert_eq!((valid + found, unverified), (digests, 0), "{from}-{to}");
        let coverage = report.json["chains"][0]["coverage"]
            .as_array()
            .expect("a list");
        let (first, last) = (&coverage[0], &coverage[coverage.len() - 1]);
        let at = |hour: i64| (trail.spec.start + SignedDuration::from_hours(hour)).to_string();
        assert_eq!(first["from"], at(from.max(-1)).as_str());
        assert_eq!(last["to"], at(to).as_str());
    }
    // Dates mean midnight.
    let dates = ["--start-time", "2026-01-15", "--end-time", "2026-01-16"];
    let verify = ["verify", &source, "--format", "json"];
    let report = stage.run(&[&verify[..], &dates].concat()).await?.report();
    report.reported(1, &[("log-file-modified", 1)]);
    assert_eq!(report.counts("digests"), [24, 0, 0]);
    // A time before all digests contains nothing to verify.
    let before = ["--start-time", "2025-11-01", "--end-time", "2025-11-02"];
    stage
        .run(&[&verify[..], &before].concat())
        .await?
        .refused(2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn times_may_be_given_as_ages() -> Result<()> {
    let stage = Stage::enter().await?;
    let now = Timestamp::now().as_second();
    let hours = 30;
    let mut spec = long("amzn-s3-demo-ago", hours);
    // The newest digest ends within the last hour.
    spec.start = Timestamp::from_second(now - now.rem_euclid(3600) - i64::from(hours) * 3600)?;
    let trail = spec.build();
    stage.deliver(&trail).await?;
    let source = format!("s3://{}", trail.spec.bucket);
    for (start, least, most) in [("24h", 23, 25), ("7d", 31, 31), ("90m", 1, 2)] {
        let flags = ["verify", &source, "--format", "json", "--start-time", start];
        let report = stage.run(&flags).await?.report();
        report.reported(0, &[]);
        let digests = report.counts("digests")[0];
        assert!((least..=most).contains(&digests), "{start}: {digests}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_whose_digests_are_all_gone_is_a_finding() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = long("amzn-s3-demo-hole", 60).build();
    stage.deliver(&trail).await?;
    let gone: Vec<_> = (10..=50)
        .map(|hour| trail.digest(ACCOUNT, REGION, hour))
        .collect();
    stage.apply(&delete_digests(&gone)).await?;
    let copy = Copy::of(&trail)?;
    copy.apply(&delete_digests(&gone))?;
    let source = format!("s3://{}", trail.spec.bucket);
    let verify = ["verify", &source, "--format", "json"];
    for (from, to) in [
        (0, 60),
        (20, 40),
        (9, 51),
        (20, 21),
        (49, 50),
        (30, 55),
        (5, 12),
    ] {
        let range = range(&trail, from, to);
        let flags: Vec<&str> = range.iter().map(String::as_str).collect();
        let report = stage.run(&[&verify[..], &flags].concat()).await?.report();
        assert_eq!(report.code, 1, "{from}-{to}: {report:#?}");
        let kinds = report.kinds();
        assert!(
            kinds.iter().all(|(kind, count)| *count == 1
                && (kind == "digest-missing" || kind == "digest-overdue")),
            "{from}-{to}: {kinds:?}"
        );
        // On disk, the digest before the hole is verified by the one after the hole, if that is
        // near.
        let complete = with(copy.verify(), &["--complete"]);
        let ran = run_offline(&with(complete, &flags)).await?;
        let expected = if from > 9 && to < 50 - 24 { 2 } else { 1 };
        assert_eq!(ran.code, expected, "{from}-{to} on disk: {ran:#?}");
    }
    // Next to the hole, nothing is wrong.
    for (from, to) in [(0, 8), (51, 60)] {
        let range = range(&trail, from, to);
        let flags: Vec<&str> = range.iter().map(String::as_str).collect();
        let report = stage.run(&[&verify[..], &flags].concat()).await?.report();
        report.reported(0, &[]);
    }
    Ok(())
}
