//! The end of a chain: a trail that is converted to an organization trail, or moved, continues
//! elsewhere; for a trail that was ended on purpose, the user says so, for that chain and that
//! time.

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use trailseal_tests::trail::tamper::{delete, delete_digests};
use trailseal_tests::trail::{
    BucketChange, Change, DigestFile, OrganizationChange, Stop, Trail, TrailSpec,
};

use crate::stage::{ACCOUNT, Copy, Report, Stage, run_offline, small, verify_until, with};

const REGION: &str = "us-east-1";
const ORGANIZATION: &str = "o-exampleorgid";

/// How a trail continues in the organization's folder.
#[derive(Clone, Copy)]
enum Conversion {
    /// The first digest file there names the last one before it.
    Continued,
    /// A starting digest file, at the same second.
    StartedAgain,
}

/// Returns a trail of 24 hours, converted before its twelfth.
fn converted(bucket: &str, conversion: Conversion) -> TrailSpec {
    let stops = match conversion {
        Conversion::Continued => Vec::new(),
        Conversion::StartedAgain => vec![Stop {
            last_hour: 11,
            restart_hour: Some(12),
        }],
    };
    TrailSpec {
        hours: 24,
        log_files_per_hour: 1..=2,
        offset_seconds: 1051,
        organization_change: Some(OrganizationChange {
            hour: 12,
            organization_id: ORGANIZATION.into(),
        }),
        stops,
        ..small(bucket)
    }
}

fn hour(trail: &Trail, hour: i64) -> Timestamp {
    trail.spec.start + SignedDuration::from_hours(hour) + SignedDuration::from_secs(1051)
}

async fn report(stage: &Stage, trail: &Trail, more: &[&str]) -> Result<Report> {
    let source = format!("s3://{}", trail.spec.bucket);
    let arguments = verify_until(&source, hour(trail, 24));
    Ok(stage.run(&with(arguments, more)).await?.report())
}

fn newest(trail: &Trail, hours: std::ops::RangeInclusive<u32>) -> Vec<&DigestFile> {
    hours
        .map(|hour| trail.digest(ACCOUNT, REGION, hour))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_converted_to_an_organizations_is_one_trail_in_two_folders() -> Result<()> {
    let stage = Stage::enter().await?;
    for (bucket, conversion) in [
        ("amzn-s3-demo-converted", Conversion::Continued),
        ("amzn-s3-demo-anew", Conversion::StartedAgain),
    ] {
        let trail = converted(bucket, conversion).build();
        stage.deliver(&trail).await?;
        let whole = report(&stage, &trail, &["--unlisted"]).await?;
        whole.reported(0, &[]);
        assert_eq!(whole.counts("digests"), [25, 0, 0]);
        let chains = whole.json["chains"].as_array().expect("a list");
        assert_eq!(chains.len(), 2);
        let continuation = format!("continues in s3://{bucket}/AWSLogs/{ORGANIZATION}/");
        let ends: Vec<&str> = chains
            .iter()
            .filter_map(|chain| chain["end"].as_str())
            .collect();
        assert!(
            ends.len() == 1 && ends[0].starts_with(&continuation),
            "{ends:?}"
        );
        // Long after the conversion, too.
        let late = hour(&trail, 20).to_string();
        report(&stage, &trail, &["--start-time", &late])
            .await?
            .reported(0, &[]);
        // What is missing after the conversion is found, and what is missing before it.
        stage
            .apply(&delete_digests(&newest(&trail, 17..=24)))
            .await?;
        report(&stage, &trail, &[])
            .await?
            .reported(1, &[("digest-overdue", 1)]);
        report(&stage, &trail, &["--ended", &trail.spec.trail_name])
            .await?
            .reported(1, &[("digest-overdue", 1)]);
        report(&stage, &trail, &["--ended", &trail.spec.trail_arn()])
            .await?
            .reported(1, &[("digest-overdue", 1)]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn digests_deleted_before_a_conversion_are_found() -> Result<()> {
    let stage = Stage::enter().await?;
    for (bucket, conversion, kind) in [
        (
            "amzn-s3-demo-gone-1",
            Conversion::Continued,
            "digest-missing",
        ),
        (
            "amzn-s3-demo-gone-2",
            Conversion::StartedAgain,
            "digest-overdue",
        ),
    ] {
        let trail = converted(bucket, conversion).build();
        stage.deliver(&trail).await?;
        stage
            .apply(&delete_digests(&newest(&trail, 8..=11)))
            .await?;
        // The log files of those hours still exist, too.
        report(&stage, &trail, &[]).await?.reported(1, &[(kind, 1)]);
        let logs = newest(&trail, 8..=11)
            .into_iter()
            .flat_map(|digest| trail.logs_of(digest))
            .map(|log| delete(&log.object))
            .collect::<Vec<_>>();
        stage.apply(&logs).await?;
        let report = report(&stage, &trail, &["--ended", &trail.spec.trail_name]).await?;
        report.reported(1, &[(kind, 1)]);
        let window = &report.json["findings"][0]["window"];
        assert_eq!(window["from"], hour(&trail, 7).to_string(), "{window}");
        assert_eq!(window["to"], hour(&trail, 11).to_string(), "{window}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_trail_of_the_same_name_explains_no_end() -> Result<()> {
    let stage = Stage::enter().await?;
    let own = TrailSpec {
        hours: 24,
        offset_seconds: 1051,
        ..small("amzn-s3-demo-two-folders")
    }
    .build();
    let organization = TrailSpec {
        organization_id: Some(ORGANIZATION.into()),
        seed: 7,
        ..own.spec.clone()
    }
    .build();
    stage.deliver(&own).await?;
    stage.deliver(&organization).await?;
    report(&stage, &own, &[]).await?.reported(0, &[]);
    stage.apply(&delete_digests(&newest(&own, 12..=24))).await?;
    report(&stage, &own, &[])
        .await?
        .reported(1, &[("digest-overdue", 1)]);
    let name = own.spec.trail_name.as_str();
    report(&stage, &own, &["--ended", name])
        .await?
        .reported(1, &[("digest-overdue", 1)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_deleted_at_the_seam_of_a_conversion_is_found() -> Result<()> {
    let stage = Stage::enter().await?;
    // The organization's trail starts half an hour after the second-to-last digest file of the
    // account's.
    let own = TrailSpec {
        hours: 12,
        offset_seconds: 1051,
        ..small("amzn-s3-demo-seam")
    }
    .build();
    let organization = TrailSpec {
        organization_id: Some(ORGANIZATION.into()),
        start: own.spec.start + SignedDuration::from_secs(12 * 3600 - 1800),
        seed: 7,
        ..own.spec.clone()
    }
    .build();
    stage.deliver(&own).await?;
    stage.deliver(&organization).await?;
    let until = hour(&own, 20);
    let arguments = verify_until("s3://amzn-s3-demo-seam", until);
    // The account's trail ended after the organization's had started.
    stage.run(&arguments).await?.report().reported(0, &[]);
    // Another trail's log files in the old folder are not evidence of this trail.
    let of_trail = with(arguments.clone(), &["--trail", &own.spec.trail_name]);
    stage.run(&of_trail).await?.report().reported(0, &[]);
    let last = own.digest(ACCOUNT, REGION, 12);
    let logs = own.logs_of(last).into_iter().map(|log| delete(&log.object));
    let changes: Vec<Change> = logs.chain([delete(&last.object)]).collect();
    stage.apply(&changes).await?;
    let report = stage.run(&arguments).await?.report();
    report.reported(1, &[("digest-overdue", 1)]);
    let window = &report.json["findings"][0]["window"];
    assert_eq!(window["from"], hour(&own, 11).to_string(), "{window}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_a_whole_copy_that_ends_before_the_others_is_overdue() -> Result<()> {
    let trail = TrailSpec {
        hours: 24,
        regions: vec![REGION.to_owned(), "eu-west-1".to_owned()],
        ..small("amzn-s3-demo-whole-copy")
    }
    .build();
    let copy = Copy::of(&trail)?;
    let last = trail.digest(ACCOUNT, "eu-west-1", 12);
    let sign = [last, trail.digest(ACCOUNT, REGION, 24)];
    copy.sign(&sign)?;
    let complete = with(copy.verify(), &["--complete"]);
    let gone: Vec<Change> = (13..=24)
        .flat_map(|hour| {
            let digest = trail.digest(ACCOUNT, "eu-west-1", hour);
            let logs = trail
                .logs_of(digest)
                .into_iter()
                .map(|log| delete(&log.object));
            logs.chain([delete(&digest.object)]).collect::<Vec<_>>()
        })
        .collect();
    copy.apply(&gone)?;
    let report = run_offline(&complete).await?.report();
    report.reported(1, &[("digest-overdue", 1)]);
    assert_eq!(report.json["findings"][0]["region"], "eu-west-1");
    let ended = format!("eu-west-1/{}@2026-01-15T12:00:00Z", trail.spec.trail_name);
    let report = run_offline(&with(complete, &["--ended", &ended]))
        .await?
        .report();
    report.reported(0, &[]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stated_end_applies_to_one_chain_and_one_time() -> Result<()> {
    const MEMBERS: [&str; 3] = [ACCOUNT, "444455556666", "777788889999"];
    let stage = Stage::enter().await?;
    let trail = TrailSpec {
        hours: 24,
        accounts: MEMBERS.map(str::to_owned).to_vec(),
        offset_seconds: 1051,
        trail_name: "aws-controltower-BaselineCloudTrail".into(),
        ..small("amzn-s3-demo-members")
    }
    .build();
    stage.deliver(&trail).await?;
    // One member left, with its log files; of another member, the newest digest files were deleted.
    let cut = |account: &str, hours: std::ops::RangeInclusive<u32>| -> Vec<Change> {
        hours
            .flat_map(|hour| {
                let digest = trail.digest(account, REGION, hour);
                let logs = trail
                    .logs_of(digest)
                    .into_iter()
                    .map(|log| delete(&log.object));
                logs.chain([delete(&digest.object)]).collect::<Vec<_>>()
            })
            .collect()
    };
    stage.apply(&cut(MEMBERS[1], 11..=24)).await?;
    stage.apply(&cut(MEMBERS[2], 16..=24)).await?;
    let name = trail.spec.trail_name.as_str();
    let overdue = |count| [("digest-overdue", count)];
    report(&stage, &trail, &[]).await?.reported(1, &overdue(2));
    // The name by itself does not end a trail that continues elsewhere.
    report(&stage, &trail, &["--ended", name])
        .await?
        .reported(1, &overdue(2));
    let arn = |account: &str| format!("arn:aws:cloudtrail:us-east-1:{account}:trail/{name}");
    for ended in [arn(MEMBERS[1]), format!("{}/{name}", MEMBERS[1])] {
        let report = report(&stage, &trail, &["--ended", &ended]).await?;
        report.reported(1, &overdue(1));
        assert_eq!(report.json["findings"][0]["account"], MEMBERS[2], "{ended}");
    }
    let both = |time: Timestamp| format!("{}/{name}@{time}", MEMBERS[2]);
    let first = format!("{}/{REGION}/{name}@{}", MEMBERS[1], hour(&trail, 10));
    // Declared to have ended later than the digest files show.
    let late = both(hour(&trail, 20));
    report(&stage, &trail, &["--ended", &first, "--ended", &late])
        .await?
        .reported(1, &overdue(1));
    let right = both(hour(&trail, 15));
    let all = report(&stage, &trail, &["--ended", &first, "--ended", &right]).await?;
    all.reported(0, &[]);
    // An option that matches nothing is reported.
    report(
        &stage,
        &trail,
        &["--ended", "Nope", "--ended", &first, "--ended", &right],
    )
    .await?
    .reported(2, &[]);
    // Log files that were delivered later: the trail had not ended.
    let log = trail.logs_of(trail.digest(MEMBERS[1], REGION, 20))[0];
    stage.apply(&[Change::Put(log.object.clone())]).await?;
    let by_account = format!("{}/{name}", MEMBERS[1]);
    report(&stage, &trail, &["--ended", &by_account, "--ended", &right])
        .await?
        .reported(1, &overdue(1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_move_with_both_copies_in_one_directory_is_valid() -> Result<()> {
    let trail = TrailSpec {
        bucket_change: Some(BucketChange {
            hour: 4,
            bucket: "amzn-s3-demo-moved-there".into(),
        }),
        ..small("amzn-s3-demo-moved-here")
    }
    .build();
    let copy = Copy::of(&trail)?;
    let valid = run_offline(&copy.verify()).await?.report();
    valid.reported(0, &[]);
    assert_eq!(valid.counts("digests"), [7, 0, 0]);
    let end = format!("{}", trail.spec.start + SignedDuration::from_hours(16));
    // Digest files should have arrived by now: only those of the new bucket are missing.
    let report = run_offline(&with(copy.verify(), &["--complete", "--end-time", &end]))
        .await?
        .report();
    report.reported(1, &[("digest-overdue", 1)]);
    assert_eq!(
        report.json["findings"][0]["object"]["bucket"],
        "amzn-s3-demo-moved-there"
    );
    // The existing object is not the one that its successor names.
    let last = trail.digest(ACCOUNT, REGION, 3);
    let edited = last.object.with_body("junk");
    copy.apply(&[Change::Put(edited)])?;
    let report = run_offline(&copy.verify()).await?.report();
    assert_eq!(report.code, 1, "{report:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversion_in_a_copy_on_disk_is_valid() -> Result<()> {
    for (bucket, conversion, unverified) in [
        ("amzn-s3-demo-disk-converted", Conversion::Continued, 0),
        // No later digest file contains the signature of the last one before.
        ("amzn-s3-demo-disk-anew", Conversion::StartedAgain, 1),
    ] {
        let trail = converted(bucket, conversion).build();
        let copy = Copy::of(&trail)?;
        let report = run_offline(&copy.verify()).await?.report();
        assert_eq!(report.counts("digests"), [25 - unverified, 0, unverified]);
        report.reported(if unverified == 0 { 0 } else { 2 }, &[]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_shortened_by_a_lifecycle_rule_may_start_anywhere() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = TrailSpec {
        hours: 72,
        log_files_per_hour: 1..=1,
        offset_seconds: 1051,
        ..small("amzn-s3-demo-retention")
    }
    .build();
    stage.deliver(&trail).await?;
    let verify = |more: &[&str]| {
        let source = format!("s3://{}", trail.spec.bucket);
        with(verify_until(&source, hour(&trail, 72)), more)
    };
    // Everything of the first days is missing.
    let gone = newest(&trail, 0..=59);
    let logs = gone.iter().flat_map(|digest| trail.logs_of(digest));
    let mut changes: Vec<Change> = logs.map(|log| delete(&log.object)).collect();
    changes.extend(delete_digests(&gone));
    stage.apply(&changes).await?;
    let report = stage.run(&verify(&[])).await?.report();
    report.reported(2, &[]);
    assert_eq!(report.counts("digests"), [13, 0, 0]);
    let reason = report.json["cannotTell"][0]["reason"]
        .as_str()
        .expect("a reason");
    assert!(
        reason.contains("the oldest digest of this chain"),
        "{reason}"
    );
    stage
        .run(&verify(&["--start-time", "2026-01-17T13:00:00Z"]))
        .await?
        .report()
        .reported(0, &[]);
    // The oldest digest file that is kept may be after the requested time.
    let early = stage
        .run(&verify_until(
            &format!("s3://{}", trail.spec.bucket),
            hour(&trail, 57),
        ))
        .await?;
    assert_eq!(early.code, 2, "{early:?}");
    // A folder does not say what should be kept.
    let year = format!(
        "s3://{}/AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/2026/",
        trail.spec.bucket
    );
    let report = stage
        .run(&verify_until(&year, hour(&trail, 72)))
        .await?
        .report();
    report.reported(2, &[]);
    // A user who gives a start time knows what should be kept.
    let since = ["--start-time", "2026-01-17T06:00:00Z"];
    stage
        .run(&verify(&since))
        .await?
        .report()
        .reported(1, &[("digest-missing", 1)]);
    // Log files of a time whose digest files are missing: no rule causes that.
    let old = trail.logs_of(trail.digest(ACCOUNT, REGION, 3))[0];
    stage.apply(&[Change::Put(old.object.clone())]).await?;
    let report = stage.run(&verify(&[])).await?.report();
    report.reported(1, &[("digest-missing", 1)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_verified_time_is_shown_as_covered() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = TrailSpec {
        hours: 24,
        ..small("amzn-s3-demo-covered")
    }
    .build();
    stage.deliver(&trail).await?;
    stage
        .apply(&delete_digests(&newest(&trail, 12..=24)))
        .await?;
    let until = (trail.spec.start + SignedDuration::from_hours(24)).to_string();
    let source = format!("s3://{}", trail.spec.bucket);
    let ran = stage
        .run(&["verify", &source, "--end-time", &until])
        .await?;
    assert_eq!(ran.code, 1);
    let row = ran
        .out
        .lines()
        .find(|line| line.starts_with(ACCOUNT))
        .expect("a row");
    assert!(row.contains("2026-01-14 23:00 – 2026-01-15 11:00"), "{row}");
    assert!(!row.contains("2026-01-16"), "{row}");
    Ok(())
}
