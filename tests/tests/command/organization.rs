//! An organization's trail, several trails in one bucket, and selections of them.

use anyhow::Result;
use trailseal_tests::trail::tamper::delete;
use trailseal_tests::trail::tamper::log::modified;
use trailseal_tests::trail::{BucketChange, Change, Trail, TrailSpec};

use crate::stage::{ACCOUNT, Copy, Stage, end_of, run_offline, small, verify, verify_until, with};

const ACCOUNTS: [&str; 3] = [ACCOUNT, "444455556666", "777788889999"];
const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

fn organization(bucket: &str) -> Trail {
    TrailSpec {
        prefix: Some("audit/logs".into()),
        organization_id: Some("o-exampleorgid".into()),
        accounts: ACCOUNTS.map(str::to_owned).to_vec(),
        regions: REGIONS.map(str::to_owned).to_vec(),
        hours: 4,
        ..small(bucket)
    }
    .build()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organizations_trail_is_verified_in_every_account_and_region() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = organization("amzn-s3-demo-organization");
    stage.deliver(&trail).await?;
    stage
        .apply(
            &trail
                .extras()
                .into_iter()
                // No digest lists those.
                .filter(|extra| !extra.key.contains("CloudTrail-Insight"))
                .map(Change::Put)
                .collect::<Vec<_>>(),
        )
        .await?;
    let report = stage
        .run(&with(verify(&trail), &["--unlisted"]))
        .await?
        .report();
    report.reported(0, &[]);
    assert_eq!(report.counts("digests"), [30, 0, 0]);
    let log_files = trail.log_files.len() as u64;
    assert_eq!(report.counts("logFiles"), [log_files, 0, 0]);
    assert_eq!(report.json["totals"]["unlisted"], 0);
    let chains = report.json["chains"].as_array().expect("a list");
    let named: Vec<[&str; 2]> = chains
        .iter()
        .map(|chain| {
            assert_eq!(chain["prefix"], "audit/logs");
            assert_eq!(chain["organization"], "o-exampleorgid");
            assert_eq!(chain["verdict"], "valid");
            assert_eq!(
                chain["coverage"],
                serde_json::json!([{
                    "from": "2026-01-14T23:00:00Z", "to": "2026-01-15T04:00:00Z",
                    "state": "valid", "digests": 5, "logFiles": chain["logFiles"]["valid"],
                }])
            );
            ["account", "region"].map(|field| chain[field].as_str().expect("a name"))
        })
        .collect();
    let mut expected: Vec<[&str; 2]> = ACCOUNTS
        .iter()
        .flat_map(|account| REGIONS.map(|region| [*account, region]))
        .collect();
    expected.sort_unstable();
    assert_eq!(named, expected);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_requested_parts_are_read() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = organization("amzn-s3-demo-filters");
    stage.deliver(&trail).await?;
    let log = trail.logs_of(trail.digest(ACCOUNTS[1], "eu-west-1", 2))[0];
    stage
        .apply(&[
            Change::Put(modified(&log.object)),
            delete(&trail.digest(ACCOUNTS[2], "us-east-1", 2).object),
        ])
        .await?;
    let end = end_of(&trail.spec);
    let (bucket, arn) = (&trail.spec.bucket, trail.spec.trail_arn());
    let asked = async |source: &str, flags: &[&str]| {
        let arguments = with(verify_until(source, end), flags);
        anyhow::Ok(stage.run(&arguments).await?.report())
    };
    let whole = format!("s3://{bucket}");
    let missing = ("digest-missing", 1);
    let changed = ("log-file-modified", 1);
    for (flags, digests, code, kinds) in [
        (vec![], 29, 1, vec![missing, changed]),
        (vec!["--account", ACCOUNTS[0]], 10, 0, vec![]),
        (vec!["--account", ACCOUNTS[1]], 10, 1, vec![changed]),
        (
            vec!["--account", ACCOUNTS[0], "--account", ACCOUNTS[2]],
            19,
            1,
            vec![missing],
        ),
        (vec!["--region", "eu-west-1"], 15, 1, vec![changed]),
        (
            vec!["--region", "us-east-1", "--account", ACCOUNTS[1]],
            5,
            0,
            vec![],
        ),
        (
            vec!["--trail", "management-events"],
            29,
            1,
            vec![missing, changed],
        ),
        (vec!["--trail", &arn], 29, 1, vec![missing, changed]),
    ] {
        let report = asked(&whole, &flags).await?;
        report.reported(code, &kinds);
        let [valid, found, unverified] = report.counts("digests");
        assert_eq!((valid + found, unverified), (digests, 0), "{flags:?}");
    }
    // A finding names the trail as it was requested.
    let report = asked(&whole, &["--trail", &arn]).await?;
    assert_eq!(report.json["findings"][0]["trail"], arn.as_str());
    assert_eq!(report.objects("log-file-modified"), [&log.object.key]);
    let gone = &trail.digest(ACCOUNTS[2], "us-east-1", 2).object;
    assert_eq!(report.objects("digest-missing"), [&gone.key]);
    // A prefix may extend into the trail's own folders.
    let root = format!("s3://{bucket}/audit/logs/AWSLogs/o-exampleorgid");
    for (source, chains, code) in [
        (format!("s3://{bucket}/audit"), 6, 1),
        (format!("s3://{bucket}/audit/logs/"), 6, 1),
        (format!("{root}/{}", ACCOUNTS[0]), 2, 0),
        (
            format!("{root}/{}/CloudTrail-Digest/eu-west-1/", ACCOUNTS[1]),
            1,
            1,
        ),
    ] {
        let report = asked(&source, &[]).await?;
        assert_eq!(report.code, code, "{source}: {report:#?}");
        assert_eq!(report.json["totals"]["chains"], chains, "{source}");
    }
    // No such trail exists.
    for flags in [["--trail", "other"], ["--account", "123456789012"]] {
        let ran = stage.run(&with(verify_until(&whole, end), &flags)).await?;
        ran.refused(2);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn several_trails_and_prefixes_share_a_bucket() -> Result<()> {
    let stage = Stage::enter().await?;
    let bucket = "amzn-s3-demo-several";
    let first = small(bucket);
    let second = TrailSpec {
        trail_name: "data_events".into(),
        seed: 2,
        ..small(bucket)
    };
    let third = TrailSpec {
        prefix: Some("deep/down".into()),
        seed: 3,
        ..small(bucket)
    };
    let trails = [first, second, third].map(TrailSpec::build);
    for trail in &trails {
        stage.deliver(trail).await?;
    }
    let report = stage
        .run(&with(verify(&trails[0]), &["--unlisted"]))
        .await?
        .report();
    report.reported(0, &[]);
    assert_eq!(report.json["totals"]["chains"], 3);
    assert_eq!(report.counts("digests"), [21, 0, 0]);
    let only = |flags: &'static [&'static str]| with(verify(&trails[0]), flags);
    let report = stage
        .run(&only(&["--trail", "data_events"]))
        .await?
        .report();
    report.reported(0, &[]);
    assert_eq!(report.json["totals"]["chains"], 1);
    let deep = format!("s3://{bucket}/deep");
    let report = stage
        .run(&verify_until(&deep, end_of(&trails[2].spec)))
        .await?
        .report();
    report.reported(0, &[]);
    assert_eq!(report.json["chains"][0]["prefix"], "deep/down");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_is_verified_under_the_originals_name() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-original").build();
    stage.aws.add_public_keys(&trail.public_keys_by_region())?;
    let replica = "amzn-s3-demo-replica";
    trailseal_tests::trail::deliver::create_buckets(&stage.s3, "us-east-1", &[replica]).await?;
    let copies: Vec<Change> = trail
        .objects()
        .into_iter()
        .map(|object| {
            let mut copy = object.clone();
            replica.clone_into(&mut copy.bucket);
            Change::Put(copy)
        })
        .collect();
    stage.apply(&copies).await?;
    let arguments = verify_until(&format!("s3://{replica}"), end_of(&trail.spec));
    let report = stage.run(&arguments).await?.report();
    report.reported(1, &[("digest-moved", 7)]);
    let alias = format!("{}={replica}", trail.spec.bucket);
    let report = stage
        .run(&with(arguments, &["--alias", &alias]))
        .await?
        .report();
    report.reported(0, &[]);
    assert_eq!(report.counts("digests"), [7, 0, 0]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_that_moved_is_followed_through_both_buckets() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = TrailSpec {
        bucket_change: Some(BucketChange {
            hour: 4,
            bucket: "amzn-s3-demo-moved-to".into(),
        }),
        ..small("amzn-s3-demo-moved-from")
    }
    .build();
    stage.deliver(&trail).await?;
    let arguments = verify_until("s3://amzn-s3-demo-moved-to", end_of(&trail.spec));
    let report = stage.run(&arguments).await?.report();
    report.reported(0, &[]);
    assert_eq!(report.counts("digests"), [3, 0, 0]);
    // Both in one directory.
    let copy = Copy::of(&trail)?;
    // The signature of the old bucket's last digest is in the new bucket.
    let report = run_offline(&copy.verify()).await?.report();
    report.reported(0, &[]);
    assert_eq!(report.counts("digests"), [7, 0, 0]);
    Ok(())
}
