//! Time that no digest covers is reported, regardless of the digests around it; time that was not
//! requested is not.

use anyhow::Result;
use jiff::SignedDuration;
use std::fs;
use std::os::unix::fs::symlink;
use trailseal_tests::local::{Fault, FaultProxy, Match, Rule};
use trailseal_tests::trail::tamper::{delete, delete_digests};
use trailseal_tests::trail::{
    Backfill, BackfillLink, BucketChange, Change, DigestFile, Object, Stop, Trail, TrailSpec,
};

use crate::stage::{ACCOUNT, Copy, Stage, run_offline, small, verify, with};

const REGION: &str = "us-east-1";

fn long(bucket: &str, hours: u32) -> TrailSpec {
    TrailSpec {
        hours,
        log_files_per_hour: 1..=1,
        ..small(bucket)
    }
}

/// Returns the arguments that verify from the end of one hour to the end of another.
fn between(trail: &Trail, from: i64, to: i64) -> Vec<String> {
    let at = |hour| (trail.spec.start + SignedDuration::from_hours(hour)).to_string();
    let source = format!("s3://{}", trail.spec.bucket);
    let flags = ["verify", &source, "--format", "json"];
    let flags = flags.into_iter().map(str::to_owned);
    flags
        .chain(["--start-time".to_owned(), at(from)])
        .chain(["--end-time".to_owned(), at(to)])
        .collect()
}

fn digests(trail: &Trail, hours: std::ops::RangeInclusive<u32>) -> Vec<&DigestFile> {
    hours
        .map(|hour| trail.digest(ACCOUNT, REGION, hour))
        .collect()
}

/// Deletes digests and the log files that they list.
fn wiped(trail: &Trail, hours: std::ops::RangeInclusive<u32>) -> Vec<Change> {
    let digests = digests(trail, hours);
    let logs = digests.iter().flat_map(|digest| trail.logs_of(digest));
    let mut changes: Vec<Change> = logs.map(|log| delete(&log.object)).collect();
    changes.extend(delete_digests(&digests));
    changes
}

/// Puts something else under the name of a digest, this many seconds later.
fn junk_after(digest: &DigestFile, seconds: i64) -> Change {
    let end: jiff::Timestamp = digest.document.digest_end_time.parse().expect("a time");
    let later = end + SignedDuration::from_secs(seconds);
    let stamp = |time: jiff::Timestamp| time.strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = |time: jiff::Timestamp| time.strftime("%Y/%m/%d").to_string();
    let key = digest
        .object
        .key
        .replace(&stamp(end), &stamp(later))
        .replace(&day(end), &day(later));
    Change::Put(Object {
        key,
        body: "junk".into(),
        ..digest.object.clone()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_planted_after_a_hole_do_not_hide_it() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = long("amzn-s3-demo-tail", 30).build();
    stage.deliver(&trail).await?;
    stage.apply(&wiped(&trail, 20..=30)).await?;
    let reported = |report: &crate::stage::Report| {
        assert_eq!(report.code, 1, "{report:#?}");
        let kinds = report.kinds();
        assert!(
            kinds.contains(&("digest-overdue".to_owned(), 1)),
            "{kinds:?}"
        );
    };
    reported(&stage.run(&between(&trail, 0, 24)).await?.report());
    // One named a second after the range, and others in it, at its end and far away.
    let last = trail.digest(ACCOUNT, REGION, 24);
    for seconds in [1, 3600, 7200, 40_000] {
        stage.apply(&[junk_after(last, seconds)]).await?;
        reported(&stage.run(&between(&trail, 0, 24)).await?.report());
        let range = with(between(&trail, 0, 24), &["--unlisted"]);
        assert_eq!(stage.run(&range).await?.report().code, 1);
    }
    // In place of the last digest itself.
    stage.apply(&[junk_after(last, 0)]).await?;
    reported(&stage.run(&between(&trail, 0, 24)).await?.report());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_before_an_unreadable_digest_is_reported() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = long("amzn-s3-demo-witness", 30).build();
    stage.deliver(&trail).await?;
    stage.apply(&wiped(&trail, 22..=24)).await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    for hour in 25..=30 {
        let key = &trail.digest(ACCOUNT, REGION, hour).object.key;
        let read = Match::operation("s3", "GetObject").path_contains(key);
        proxy.add(Rule::new(read, Fault::access_denied()));
    }
    let ran = stage.run_through(&proxy, &between(&trail, 0, 24)).await?;
    assert_eq!(ran.report().code, 1, "{ran:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_lasts_beyond_the_range_is_reported() -> Result<()> {
    let stage = Stage::enter().await?;
    let mut spec = long("amzn-s3-demo-stopped", 40);
    spec.stops.push(Stop {
        last_hour: 12,
        restart_hour: Some(32),
    });
    let trail = spec.build();
    stage.deliver(&trail).await?;
    for to in [24, 30] {
        let report = stage.run(&between(&trail, 0, to)).await?.report();
        report.reported(1, &[("chain-restarted", 1)]);
    }
    // Before and after it, nothing is wrong.
    stage
        .run(&between(&trail, 0, 12))
        .await?
        .report()
        .reported(0, &[]);
    stage
        .run(&between(&trail, 33, 40))
        .await?
        .report()
        .reported(0, &[]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_that_ends_while_another_continues_is_reported_unless_its_end_is_stated()
-> Result<()> {
    let stage = Stage::enter().await?;
    let continuing = long("amzn-s3-demo-beside", 60).build();
    let ends = TrailSpec {
        trail_name: "second".to_owned(),
        seed: 7,
        ..long("amzn-s3-demo-beside", 10)
    }
    .build();
    stage.deliver(&continuing).await?;
    stage.deliver(&ends).await?;
    let range = between(&continuing, 40, 60);
    let report = stage.run(&range).await?.report();
    report.reported(1, &[("digest-overdue", 1)]);
    let acknowledged = with(range, &["--ended", "second"]);
    stage.run(&acknowledged).await?.report().reported(0, &[]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_without_digests_and_names_without_a_match_could_not_be_verified() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = TrailSpec {
        regions: vec![REGION.to_owned(), "eu-west-1".to_owned()],
        ..small("amzn-s3-demo-wiped")
    }
    .build();
    stage.deliver(&trail).await?;
    for flags in [
        ["--region", "us-west-2", "--region", REGION],
        ["--account", "444455556666", "--account", ACCOUNT],
        ["--trail", "typo", "--trail", "management-events"],
    ] {
        let report = stage.run(&with(verify(&trail), &flags)).await?.report();
        report.reported(2, &[]);
        assert!(report.json.to_string().contains(flags[1]));
    }
    let gone: Vec<Change> = trail
        .chain(ACCOUNT, "eu-west-1")
        .into_iter()
        .map(|digest| delete(&digest.object))
        .collect();
    stage.apply(&gone).await?;
    let report = stage.run(&verify(&trail)).await?.report();
    report.reported(2, &[]);
    assert!(
        report
            .json
            .to_string()
            .contains("no digest there is signed by CloudTrail")
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_name_with_a_future_time_hides_no_region_without_digests() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = TrailSpec {
        regions: vec![REGION.to_owned(), "eu-west-1".to_owned()],
        ..small("amzn-s3-demo-tomorrow")
    }
    .build();
    stage.deliver(&trail).await?;
    let digests = trail.chain(ACCOUNT, "eu-west-1");
    let last = *digests.last().expect("a digest");
    let mut changes: Vec<Change> = digests
        .iter()
        .map(|digest| delete(&digest.object))
        .collect();
    // Its name is only a name.
    changes.push(junk_after(last, 5 * 3600));
    stage.apply(&changes).await?;
    let report = stage.run(&verify(&trail)).await?.report();
    report.reported(2, &[]);
    let text = report.json.to_string();
    assert!(
        text.contains("no digest there is signed by CloudTrail"),
        "{text}"
    );
    // It does not represent a requested Region, either.
    let logs = digests.iter().flat_map(|digest| trail.logs_of(digest));
    let gone: Vec<Change> = logs.map(|log| delete(&log.object)).collect();
    stage.apply(&gone).await?;
    let regions = with(
        verify(&trail),
        &["--region", REGION, "--region", "eu-west-1"],
    );
    let report = stage.run(&regions).await?.report();
    report.reported(2, &[]);
    let text = report.json.to_string();
    assert!(
        text.contains("no digests were found for the requested Region eu-west-1"),
        "{text}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_digest_alone_does_not_prove_a_chain() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = TrailSpec {
        backfills: vec![Backfill {
            hour: 2,
            log_files: 1,
            generated_after_hours: 3,
            link: BackfillLink::Unlinked,
        }],
        ..small("amzn-s3-demo-backfill-alone")
    }
    .build();
    stage.deliver(&trail).await?;
    stage.run(&verify(&trail)).await?.report().reported(0, &[]);
    let hourly = digests(&trail, 0..=6);
    stage.apply(&delete_digests(&hourly)).await?;
    let report = stage.run(&verify(&trail)).await?.report();
    report.reported(2, &[]);
    assert_eq!(report.counts("digests"), [1, 0, 0]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_planted_in_the_last_hours_of_a_range_is_reported() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = long("amzn-s3-demo-late", 30).build();
    stage.deliver(&trail).await?;
    let mut planted = trail.logs_of(trail.digest(ACCOUNT, REGION, 24))[0]
        .object
        .clone();
    let at = planted.key.rfind('_').expect("a log file's name") + 1;
    planted.key.replace_range(at..at + 16, "PlantedPlanted00");
    stage.apply(&[Change::Put(planted)]).await?;
    let range = with(between(&trail, 0, 24), &["--unlisted"]);
    stage
        .run(&range)
        .await?
        .report()
        .reported(1, &[("log-file-unlisted", 1)]);
    let of_one_trail = with(range, &["--trail", "management-events"]);
    assert_eq!(stage.run(&of_one_trail).await?.code, 64);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_missing_before_the_range_is_not_a_finding() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = TrailSpec {
        offset_seconds: 1763,
        ..long("amzn-s3-demo-retention", 40)
    }
    .build();
    stage.deliver(&trail).await?;
    // As a lifecycle rule does.
    let mut changes = wiped(&trail, 1..=12);
    changes.extend(delete_digests(&digests(&trail, 0..=0)));
    stage.apply(&changes).await?;
    let report = stage.run(&between(&trail, 14, 40)).await?.report();
    assert_eq!(report.kinds(), [], "{report:#?}");
    assert_eq!(report.code, 0, "{report:#?}");
    let report = stage.run(&between(&trail, 5, 40)).await?.report();
    assert_eq!(report.code, 1, "{report:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_a_moved_trails_new_bucket_lacks_the_digests_of_the_old_one() -> Result<()> {
    let mut spec = small("amzn-s3-demo-old");
    spec.bucket_change = Some(BucketChange {
        hour: 3,
        bucket: "amzn-s3-demo-new".to_owned(),
    });
    let trail = spec.build();
    let copy = Copy::of(&trail)?;
    copy.apply(&[])?;
    fs::remove_dir_all(copy.path("copy").join("amzn-s3-demo-old"))?;
    let report = run_offline(&copy.verify()).await?.report();
    report.reported(2, &[]);
    Ok(())
}

#[tokio::test]
async fn links_to_a_parent_folder_are_not_a_second_copy() -> Result<()> {
    for inside in [true, false] {
        let trail = small("amzn-s3-demo-links").build();
        let copy = Copy::of(&trail)?;
        let bucket = copy.path("copy").join(&copy.bucket);
        let at = if inside {
            "AWSLogs/444455556666"
        } else {
            "again"
        };
        symlink(copy.path("copy"), bucket.join(at))?;
        let report = run_offline(&copy.verify()).await?.report();
        report.reported(0, &[]);
        assert_eq!(report.json["totals"]["chains"], 1);
    }
    Ok(())
}

#[tokio::test]
async fn prefixes_may_be_named_like_folders_of_trails_or_hidden_folders() -> Result<()> {
    for prefix in ["AWSLogs", ".hidden", "a/AWSLogs"] {
        let trail = TrailSpec {
            prefix: Some(prefix.to_owned()),
            ..small("amzn-s3-demo-prefix")
        }
        .build();
        let copy = Copy::of(&trail)?;
        // Another service's folder next to it.
        let other = copy.path("copy").join(&copy.bucket);
        fs::create_dir_all(other.join("elb/AWSLogs/111122223333/elasticloadbalancing/us-east-1"))?;
        fs::create_dir_all(other.join("vpc/AWSLogs/111122223333/vpcflowlogs/us-east-1"))?;
        let report = run_offline(&copy.verify()).await?.report();
        report.reported(0, &[]);
        assert_eq!(report.counts("logFiles")[0], trail.log_files.len() as u64);
    }
    Ok(())
}
