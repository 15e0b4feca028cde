//! `--unlisted`: files among CloudTrail's that no digest lists, in every folder to which CloudTrail
//! delivers log files, and next to those.

use anyhow::Result;
use bytes::Bytes;
use jiff::Timestamp;
use trailseal_tests::local::server::REGION;
use trailseal_tests::trail::{Change, Object, Trail};

use crate::stage::{ACCOUNT, Copy, Report, Stage, end_of, run_offline, small, verify, with};

const OTHERS: [&str; 4] = [
    "CloudTrail-Insight",
    "CloudTrail-NetworkActivity",
    "CloudTrail-Aggregated",
    "CloudTrail-Another",
];

/// Returns a log file of an hour as CloudTrail would write it to another folder.
fn in_folder(trail: &Trail, hour: u32, folder: &str) -> Object {
    let logs = trail.logs_of(trail.digest(ACCOUNT, REGION, hour));
    let first = logs.iter().min_by_key(|log| &log.object.key);
    let mut object = first.expect("a log file").object.clone();
    object.key = object
        .key
        .replace("/CloudTrail/", &format!("/{folder}/"))
        .replace("_CloudTrail_", &format!("_{folder}_"));
    object
}

/// Returns a file with this key below the account's folder.
fn at(trail: &Trail, key: &str) -> Object {
    let mut object = trail.log_files[0].object.clone();
    object.key = format!("AWSLogs/{key}");
    object
}

fn put(objects: &[Object]) -> Vec<Change> {
    objects.iter().cloned().map(Change::Put).collect()
}

/// Returns the reasons of what could not be verified, by subject.
fn reasons(report: &Report) -> Vec<(String, String)> {
    let of = |one: &serde_json::Value, field: &str| one[field].as_str().expect("a text").to_owned();
    let unverified = report.json["cannotTell"].as_array().expect("a list");
    unverified
        .iter()
        .map(|one| (of(one, "subject"), of(one, "reason")))
        .collect()
}

async fn unlisted(copy: &Copy, flags: &[&str]) -> Result<Report> {
    let flags = [&["--unlisted"], flags].concat();
    Ok(run_offline(&with(copy.verify(), &flags)).await?.report())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_in_a_folder_without_digests_could_not_be_verified() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-insight").build();
    stage.deliver(&trail).await?;
    let arguments = with(verify(&trail), &["--unlisted"]);
    // Folder markers are not files.
    let markers = OTHERS.map(|folder| {
        let mut marker = at(&trail, &format!("{ACCOUNT}/{folder}/"));
        marker.body = Bytes::new();
        marker
    });
    stage.apply(&put(&markers)).await?;
    stage.run(&arguments).await?.report().reported(0, &[]);
    for folder in OTHERS {
        let planted = [in_folder(&trail, 3, folder), in_folder(&trail, 4, folder)];
        let changes = put(&planted);
        stage.apply(&changes).await?;
        let report = stage.run(&arguments).await?.report();
        report.reported(2, &[]);
        let below = format!(
            "s3://{}/AWSLogs/{ACCOUNT}/{folder}/{REGION}/",
            trail.spec.bucket
        );
        let [(subject, reason)] = &reasons(&report)[..] else {
            panic!("{report:#?}")
        };
        assert_eq!(*subject, below);
        let mut keys = planted.each_ref().map(|object| object.key.as_str());
        keys.sort_unstable();
        assert!(
            reason.contains("no digest file covers the folder")
                && reason.contains("2 files, for example")
                && reason.ends_with(keys[0]),
            "{reason}"
        );
        assert_eq!(report.json["totals"]["unlisted"], 0);
        // Without the option, nothing is reported.
        stage.run(&verify(&trail)).await?.report().reported(0, &[]);
        stage.undo(&trail, &changes).await?;
    }
    stage.run(&arguments).await?.report().reported(0, &[]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn unlisted_files_in_a_folder_with_digests_are_found() -> Result<()> {
    let mut trail = small("amzn-s3-demo-covered").build();
    let listed = in_folder(&trail, 3, "CloudTrail-Insight");
    trail.rewrite(ACCOUNT, REGION, 3, |document| {
        let original = listed.key.replace("CloudTrail-Insight", "CloudTrail");
        let mut entries = document.log_files.iter();
        let entry = entries.find(|entry| entry.s3_object == original);
        let mut entry = entry.expect("the log file's entry").clone();
        entry.s3_object.clone_from(&listed.key);
        document.log_files.push(entry);
    });
    let copy = Copy::of(&trail)?;
    copy.apply(&put(std::slice::from_ref(&listed)))?;
    let report = unlisted(&copy, &[]).await?;
    report.reported(0, &[]);
    let all = trail.log_files.len() as u64 + 1;
    assert_eq!(report.counts("logFiles"), [all, 0, 0]);

    // From another hour, and with a name that CloudTrail does not give.
    let planted = in_folder(&trail, 5, "CloudTrail-Insight");
    let misnamed = Object {
        key: listed.key.replace("CloudTrail-Insight_", "x_"),
        ..listed.clone()
    };
    copy.apply(&put(&[planted.clone(), misnamed.clone()]))?;
    let report = unlisted(&copy, &[]).await?;
    report.reported(1, &[("log-file-unlisted", 2)]);
    let mut expected = [planted.key.as_str(), misnamed.key.as_str()];
    expected.sort_unstable();
    assert_eq!(report.objects("log-file-unlisted"), expected);
    assert_eq!(report.json["totals"]["unlisted"], 2);

    // One covered folder says nothing about another.
    copy.apply(&put(&[in_folder(&trail, 5, "CloudTrail-Aggregated")]))?;
    let report = unlisted(&copy, &[]).await?;
    report.reported(1, &[("log-file-unlisted", 2)]);
    assert_eq!(report.unverified().len(), 1, "{report:#?}");
    assert!(report.unverified()[0].contains("/CloudTrail-Aggregated/"));
    Ok(())
}

/// The range of a starting digest is the hour before log file validation was enabled.
#[tokio::test(flavor = "multi_thread")]
async fn files_from_before_validation_was_enabled_are_not_planted() -> Result<()> {
    let trail = small("amzn-s3-demo-enabled").build();
    let copy = Copy::of(&trail)?;
    let mut early = in_folder(&trail, 1, "CloudTrail");
    let minute = early.key.split('_').nth(3).expect("a time").to_owned();
    early.key = early.key.replace(&minute, "20260114T2340Z");
    early.key = early.key.replace("2026/01/15", "2026/01/14");
    copy.apply(&put(&[early]))?;
    unlisted(&copy, &[]).await?.reported(0, &[]);
    // It is looked at, and nobody knows who delivered it.
    let report = unlisted(&copy, &["--start-time", "2026-01-14"]).await?;
    report.reported(2, &[]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_outside_of_the_date_folders_are_found_for_every_range() -> Result<()> {
    let trail = small("amzn-s3-demo-misplaced").build();
    let copy = Copy::of(&trail)?;
    unlisted(&copy, &[]).await?.reported(0, &[]);
    let below = format!("{ACCOUNT}/CloudTrail/{REGION}");
    let planted = [
        format!("{below}/planted.json.gz"),
        format!("{below}/2026/planted.json.gz"),
        format!("{below}/2026/01/planted.json.gz"),
        format!("{below}/2026/01/15x/planted.json.gz"),
        format!("{below}/2026/1/deep/down/planted.json.gz"),
        format!("{below}/copy/2026/01/15/planted.json.gz"),
    ]
    .map(|key| at(&trail, &key));
    copy.apply(&put(&planted))?;
    let mut expected = planted.each_ref().map(|object| object.key.as_str());
    expected.sort_unstable();
    let (from, to) = (
        trail.spec.start.to_string(),
        end_of(&trail.spec).to_string(),
    );
    let day: [&str; 4] = ["--start-time", &from, "--end-time", &to];
    for flags in [&[][..], &day[..]] {
        let report = unlisted(&copy, flags).await?;
        report.reported(1, &[("log-file-unlisted", 6)]);
        assert_eq!(report.objects("log-file-unlisted"), expected, "{flags:?}");
    }
    // In another year's folder, another time is requested.
    let other = Copy::of(&trail)?;
    other.apply(&put(&[at(
        &trail,
        &format!("{below}/2024/planted.json.gz"),
    )]))?;
    unlisted(&other, &day).await?.reported(0, &[]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_in_a_region_without_digests_could_not_be_verified() -> Result<()> {
    let trail = small("amzn-s3-demo-outside").build();
    let insight = in_folder(&trail, 3, "CloudTrail-Insight").key;
    let name = insight.rsplit('/').next().expect("a name").to_owned();
    for (key, below) in [
        (format!("{ACCOUNT}/CloudTrail/x.json.gz"), "CloudTrail/"),
        (
            format!("{ACCOUNT}/CloudTrail/not a Region/x.json.gz"),
            "CloudTrail/",
        ),
        (
            format!("{ACCOUNT}/CloudTrail-Insight/x.json.gz"),
            "CloudTrail-Insight/",
        ),
        // A Region, and an account, without digests.
        (
            format!(
                "{ACCOUNT}/CloudTrail-Insight/eu-west-1/2026/01/15/{}",
                name.replace(REGION, "eu-west-1")
            ),
            "CloudTrail-Insight/",
        ),
        (
            format!(
                "444455556666/CloudTrail-Insight/{REGION}/2026/01/15/{}",
                name.replace(ACCOUNT, "444455556666")
            ),
            "CloudTrail-Insight/",
        ),
    ] {
        let copy = Copy::of(&trail)?;
        let planted = at(&trail, &key);
        copy.apply(&put(std::slice::from_ref(&planted)))?;
        let report = unlisted(&copy, &[]).await?;
        report.reported(2, &[]);
        let account = &key[..12];
        assert_eq!(
            report.unverified(),
            [format!(
                "s3://{}/AWSLogs/{account}/{below}",
                trail.spec.bucket
            )],
            "{key}"
        );
        let reason = &reasons(&report)[0].1;
        assert!(
            reason.contains("1 file ") && reason.ends_with(&planted.key),
            "{reason}"
        );
        // A user who selects other Regions or accounts does not ask for these.
        let only = unlisted(&copy, &["--region", REGION, "--account", ACCOUNT]).await?;
        only.reported(0, &[]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_outside_of_the_requested_range_and_parts_are_left_out() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-part").build();
    stage.deliver(&trail).await?;
    let planted = in_folder(&trail, 2, "CloudTrail-Insight");
    stage.apply(&put(&[planted])).await?;
    let since = |time: Timestamp| {
        let time = time.to_string();
        with(verify(&trail), &["--unlisted", "--start-time", &time])
    };
    let hour = |hour: i64| trail.spec.start + jiff::SignedDuration::from_hours(hour);
    stage.run(&since(hour(4))).await?.report().reported(0, &[]);
    stage.run(&since(hour(0))).await?.report().reported(2, &[]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_a_future_time_in_its_name_is_found() -> Result<()> {
    let trail = small("amzn-s3-demo-ahead").build();
    let copy = Copy::of(&trail)?;
    unlisted(&copy, &[]).await?.reported(0, &[]);
    let region = format!("{ACCOUNT}/CloudTrail/{REGION}");
    let name =
        |time: &str| format!("{ACCOUNT}_CloudTrail_{REGION}_{time}_PlantedPlanted01.json.gz");
    let far = at(
        &trail,
        &format!("{region}/2076/01/01/{}", name("20760101T0000Z")),
    );
    let soon = Timestamp::now() + jiff::SignedDuration::from_hours(3);
    let soon = at(
        &trail,
        &format!(
            "{region}/{}/{}",
            soon.strftime("%Y/%m/%d"),
            name(&soon.strftime("%Y%m%dT%H%MZ").to_string())
        ),
    );
    // No day has this name.
    let never = at(
        &trail,
        &format!("{region}/2026/01/00/{}", name("20260115T0000Z")),
    );
    copy.apply(&put(&[far.clone(), soon.clone(), never.clone()]))?;
    let report = unlisted(&copy, &[]).await?;
    report.reported(1, &[("log-file-unlisted", 3)]);
    let mut found = report.objects("log-file-unlisted");
    found.sort_unstable();
    assert_eq!(found, [&never.key, &soon.key, &far.key]);
    // A user who gives an end time asks for nothing later.
    let until = ["--end-time", "2026-01-15T06:00:00Z"];
    let report = unlisted(&copy, &until).await?;
    assert_eq!(report.objects("log-file-unlisted"), [&never.key]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_file_in_one_bucket_does_not_list_other_buckets() -> Result<()> {
    let trail = trailseal_tests::trail::TrailSpec {
        bucket_change: Some(trailseal_tests::trail::BucketChange {
            hour: 4,
            bucket: "amzn-s3-demo-second".into(),
        }),
        ..small("amzn-s3-demo-first")
    }
    .build();
    let copy = Copy::of(&trail)?;
    unlisted(&copy, &[]).await?.reported(0, &[]);
    // The same key in the other bucket.
    let mut planted = trail.logs_of(trail.digest(ACCOUNT, REGION, 2))[0]
        .object
        .clone();
    planted.bucket = "amzn-s3-demo-second".into();
    copy.apply(&put(&[planted]))?;
    let report = unlisted(&copy, &[]).await?;
    assert_ne!(report.code, 0, "{report:#?}");
    Ok(())
}
