//! Every kind of tampering with a trail, reported from S3 and from a copy on disk.

use anyhow::Result;
use trailseal_tests::trail::tamper::digest::{
    ClaimedKey, chain_gap, copied_to, restarted, short_signature, signed_by_rogue,
    without_first_log, without_metadata, wrong_algorithm,
};
use trailseal_tests::trail::tamper::log::{cut_in_half, junk_after, modified, recompressed};
use trailseal_tests::trail::tamper::{delete, delete_digests};
use trailseal_tests::trail::{Change, DigestFile, Location, LogFile, Object, Trail};

use crate::bundles::{CollectedBundle, results};
use crate::stage::{ACCOUNT, Copy, Stage, run_offline, small, verify, with};

const REGION: &str = "us-east-1";

/// Kinds of findings, and their counts.
type Kinds = &'static [(&'static str, u64)];

/// A change, and the findings that it causes.
struct Case {
    name: &'static str,
    changes: Vec<Change>,
    /// Additional options.
    flags: &'static [&'static str],
    in_s3: Kinds,
    on_disk: Kinds,
    /// Log files that are still valid.
    valid_log_files: usize,
    /// The same on disk, where a lost digest takes the signature of the previous digest with it.
    valid_on_disk: usize,
}

fn digest(trail: &Trail, hour: u32) -> &DigestFile {
    trail.digest(ACCOUNT, REGION, hour)
}

fn put(object: Object) -> Vec<Change> {
    vec![Change::Put(object)]
}

fn logs_of<'a>(trail: &'a Trail, hours: &[u32]) -> Vec<&'a LogFile> {
    hours
        .iter()
        .flat_map(|hour| trail.logs_of(digest(trail, *hour)))
        .collect()
}

/// Returns a log file that CloudTrail never wrote, named like one of an hour.
fn planted(trail: &Trail) -> Object {
    let mut log = trail.logs_of(digest(trail, 3))[0].object.clone();
    let at = log.key.rfind('_').expect("a log file's name") + 1;
    log.key.replace_range(at..at + 16, "PlantedPlanted00");
    log
}

fn log_file_cases(trail: &Trail) -> Vec<Case> {
    let all = trail.log_files.len();
    let log = &trail.logs_of(digest(trail, 3))[0].object;
    let one = |name, changes, kinds: Kinds| Case {
        name,
        changes,
        flags: &[],
        in_s3: kinds,
        on_disk: kinds,
        valid_log_files: all - 1,
        valid_on_disk: all - 1,
    };
    vec![
        Case {
            valid_log_files: all,
            valid_on_disk: all,
            ..one("nothing", Vec::new(), &[])
        },
        Case {
            valid_log_files: all,
            valid_on_disk: all,
            ..one("recompressed", put(recompressed(log)), &[])
        },
        one("modified", put(modified(log)), &[("log-file-modified", 1)]),
        one("missing", vec![delete(log)], &[("log-file-missing", 1)]),
        one(
            "appended",
            put(junk_after(log)),
            &[("log-file-trailing-data", 1)],
        ),
        one("cut", put(cut_in_half(log)), &[("log-file-malformed", 1)]),
        Case {
            flags: &["--unlisted"],
            valid_log_files: all,
            valid_on_disk: all,
            ..one("planted", put(planted(trail)), &[("log-file-unlisted", 1)])
        },
        Case {
            valid_log_files: all,
            valid_on_disk: all,
            ..one("planted, and not asked for", put(planted(trail)), &[])
        },
        Case {
            valid_log_files: all,
            valid_on_disk: all,
            flags: &["--unlisted"],
            ..one("nothing planted", Vec::new(), &[])
        },
    ]
}

fn digest_cases(trail: &Trail) -> Vec<Case> {
    let all = trail.log_files.len();
    let without = |hours: &[u32]| all - logs_of(trail, hours).len();
    let third = digest(trail, 3);
    let rogue = signed_by_rogue(third, ClaimedKey::Own, |_| {}).object;
    let elsewhere = Location {
        bucket: third.object.bucket.clone(),
        key: third.object.key.replace("T030000Z", "T033000Z"),
    };
    vec![
        Case {
            name: "a digest lists one log file less",
            changes: put(without_first_log(third)),
            flags: &[],
            in_s3: &[("digest-modified", 1), ("digest-signature-invalid", 1)],
            on_disk: &[("digest-modified", 1), ("digest-signature-invalid", 1)],
            valid_log_files: without(&[3]),
            valid_on_disk: without(&[3]),
        },
        Case {
            name: "metadata stripped: the successor vouches for the content",
            changes: put(without_metadata(&third.object)),
            flags: &[],
            in_s3: &[("digest-modified", 1), ("digest-signature-missing", 1)],
            on_disk: &[],
            valid_log_files: all,
            valid_on_disk: all,
        },
        Case {
            name: "another signature",
            changes: put(short_signature(&third.object)),
            flags: &[],
            in_s3: &[("digest-modified", 1), ("digest-signature-invalid", 1)],
            on_disk: &[],
            valid_log_files: all,
            valid_on_disk: all,
        },
        Case {
            name: "another algorithm",
            changes: put(wrong_algorithm(&third.object)),
            flags: &[],
            in_s3: &[("digest-algorithm-unsupported", 1)],
            on_disk: &[],
            valid_log_files: all,
            valid_on_disk: all,
        },
        Case {
            name: "signed by nobody's key",
            changes: put(rogue),
            flags: &[],
            in_s3: &[("digest-key-unknown", 1), ("digest-modified", 1)],
            on_disk: &[("digest-modified", 1)],
            valid_log_files: without(&[3]),
            valid_on_disk: without(&[3]),
        },
        Case {
            name: "no gzip: on disk the signature of the one before is gone with it",
            changes: put(cut_in_half(&third.object)),
            flags: &[],
            in_s3: &[("digest-malformed", 1), ("digest-modified", 1)],
            on_disk: &[("digest-malformed", 1), ("digest-modified", 1)],
            valid_log_files: without(&[3]),
            valid_on_disk: without(&[2, 3]),
        },
        Case {
            name: "a run of digests is gone",
            changes: delete_digests(&[digest(trail, 2), third, digest(trail, 4)]),
            flags: &[],
            in_s3: &[("digest-missing", 1)],
            on_disk: &[("digest-missing", 1)],
            valid_log_files: without(&[2, 3, 4]),
            valid_on_disk: without(&[1, 2, 3, 4]),
        },
        Case {
            name: "a digest is copied to another key",
            changes: put(copied_to(&third.object, &elsewhere)),
            flags: &[],
            in_s3: &[("digest-moved", 1)],
            on_disk: &[("digest-moved", 1)],
            valid_log_files: all,
            valid_on_disk: all,
        },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sort_of_tampering_is_reported_with_its_kind() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-tampering").build();
    stage.deliver(&trail).await?;
    let mut cases = log_file_cases(&trail);
    cases.extend(digest_cases(&trail));
    for case in cases {
        println!("{}", case.name);
        stage.apply(&case.changes).await?;
        let code = |kinds: Kinds| i32::from(!kinds.is_empty());
        let report = stage.run(&with(verify(&trail), case.flags)).await?.report();
        report.reported(code(case.in_s3), case.in_s3);
        assert_eq!(
            report.counts("logFiles")[0],
            case.valid_log_files as u64,
            "{report:#?}"
        );
        assert_eq!(report.err, "", "{report:#?}");
        let bundle = CollectedBundle::of(&stage, &trail, case.flags).await?;
        assert_eq!(results(&bundle.ran.report()), results(&report));
        let offline = bundle.verify(&[]).await?.report();
        assert_eq!(results(&offline), results(&report));
        stage.undo(&trail, &case.changes).await?;

        let copy = Copy::of(&trail)?;
        copy.apply(&case.changes)?;
        let complete = with(copy.verify(), &["--complete"]);
        let report = run_offline(&with(complete, case.flags)).await?.report();
        report.reported(code(case.on_disk), case.on_disk);
        let valid = report.counts("logFiles")[0];
        assert_eq!(valid, case.valid_on_disk as u64, "{report:#?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_with_a_deleted_end_is_overdue_if_the_end_is_known() -> Result<()> {
    let stage = Stage::enter().await?;
    let mut spec = small("amzn-s3-demo-overdue");
    spec.hours = 9;
    let trail = spec.build();
    let newest: Vec<_> = (3..=9).map(|hour| digest(&trail, hour)).collect();
    stage.deliver(&trail).await?;
    stage.apply(&delete_digests(&newest)).await?;
    let report = stage.run(&verify(&trail)).await?.report();
    report.reported(1, &[("digest-overdue", 1)]);
    let window = &report.json["findings"][0]["window"];
    assert_eq!(window["from"], "2026-01-15T02:00:00Z");
    assert_eq!(window["to"], "2026-01-15T09:00:00Z");
    // The time at which a copy was made is not known, unless the user gives it.
    let copy = Copy::of(&trail)?;
    copy.apply(&delete_digests(&newest))?;
    let report = run_offline(&copy.verify()).await?.report();
    report.reported(2, &[]);
    let end = ["--end-time", "2026-01-15T09:00:00Z"];
    let report = run_offline(&with(copy.verify(), &end)).await?.report();
    report.reported(2, &[]);
    let complete = with(copy.verify(), &["--complete"]);
    let report = run_offline(&with(complete, &end)).await?.report();
    report.reported(1, &[("digest-overdue", 1)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_digests_that_do_not_fit_are_reported() -> Result<()> {
    let mut again = small("amzn-s3-demo-restarted");
    again.stops = vec![trailseal_tests::trail::Stop {
        last_hour: 2,
        restart_hour: Some(5),
    }];
    let mut overlap = small("amzn-s3-demo-gap").build();
    overlap.rewrite(ACCOUNT, REGION, 4, |document| {
        "2026-01-15T03:20:00Z".clone_into(&mut document.digest_start_time);
    });
    let mut looping = small("amzn-s3-demo-loop").build();
    let own_key = digest(&looping, 4).object.key.clone();
    looping.rewrite(ACCOUNT, REGION, 4, |document| {
        document.previous_digest_s3_object = Some(own_key);
    });
    let mut later = small("amzn-s3-demo-later").build();
    let later_key = digest(&later, 6).object.key.clone();
    later.rewrite(ACCOUNT, REGION, 4, |document| {
        document.previous_digest_s3_object = Some(later_key);
    });
    let cases: [(Trail, Kinds); 4] = [
        (again.build(), &[("chain-restarted", 1)]),
        (overlap, &[("chain-gap", 1)]),
        (looping, &[("digest-malformed", 1)]),
        (later, &[("digest-malformed", 1)]),
    ];
    for (trail, kinds) in cases {
        let copy = Copy::of(&trail)?;
        let report = run_offline(&copy.verify()).await?.report();
        report.reported(1, kinds);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_starting_digest_in_the_middle_of_a_chain_is_a_restart() -> Result<()> {
    let trail = small("amzn-s3-demo-middle").build();
    let copy = Copy::of(&trail)?;
    let fourth = digest(&trail, 4);
    copy.apply(&put(restarted(fourth).object))?;
    let report = run_offline(&copy.verify()).await?.report();
    // Its successor names other content.
    report.reported(
        1,
        &[("digest-modified", 1), ("digest-signature-invalid", 1)],
    );
    copy.apply(&put(chain_gap(fourth, "2026-01-15T03:20:00Z").object))?;
    let report = run_offline(&copy.verify()).await?.report();
    report.reported(
        1,
        &[("digest-modified", 1), ("digest-signature-invalid", 1)],
    );
    Ok(())
}
