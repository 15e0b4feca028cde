//! Directories as they occur: partial copies, copies of copies, and files that somebody put into
//! them.

use anyhow::Result;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use trailseal_tests::trail::{DigestFile, Trail, TrailSpec};

use crate::stage::{ACCOUNT, Copy, Ran, run_offline, small, with};

const REGION: &str = "us-east-1";

fn digest(trail: &Trail, hour: u32) -> &DigestFile {
    trail.digest(ACCOUNT, REGION, hour)
}

async fn verify(source: &Path, copy: &Copy) -> Result<Ran> {
    let source = source.display().to_string();
    let (keys, signatures) = (copy.text("keys.json"), copy.text("signatures.json"));
    let arguments = ["verify", &source, "--format", "json", "--keys", &keys];
    run_offline(&[&arguments[..], &["--signatures", &signatures]].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_may_be_named_at_any_of_its_folders() -> Result<()> {
    let trail = TrailSpec {
        prefix: Some("audit/logs".into()),
        regions: vec![REGION.into(), "eu-west-1".into()],
        ..small("amzn-s3-demo-folders")
    }
    .build();
    let copy = Copy::of(&trail)?;
    let bucket = copy.path("copy").join(&copy.bucket);
    for (folder, chains) in [
        ("", 2),
        ("audit", 2),
        ("audit/logs", 2),
        ("audit/logs/AWSLogs", 2),
        ("audit/logs/AWSLogs/111122223333", 2),
        (
            "audit/logs/AWSLogs/111122223333/CloudTrail-Digest/eu-west-1",
            1,
        ),
    ] {
        let report = verify(&bucket.join(folder), &copy).await?.report();
        report.reported(0, &[]);
        assert_eq!(report.json["totals"]["chains"], chains, "{folder}");
    }
    // `aws s3 sync s3://BUCKET/audit/logs DIRECTORY` leaves the prefix out.
    let moved = copy.path("elsewhere");
    fs::rename(bucket.join("audit/logs"), &moved)?;
    let report = verify(&moved, &copy).await?.report();
    report.reported(0, &[]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_digest_of_a_copy_has_no_signature() -> Result<()> {
    let trail = small("amzn-s3-demo-newest").build();
    let copy = Copy::of(&trail)?;
    let newest = digest(&trail, 6);
    let report = run_offline(&copy.verify_bare()).await?.report();
    report.reported(2, &[]);
    assert_eq!(report.counts("digests"), [6, 0, 1]);
    assert_eq!(report.unverified(), [newest.object.location().to_string()]);
    // By its file name, too.
    let name = newest.object.key.rsplit('/').next().expect("a name");
    let signatures = copy.text("by-name.json");
    let by_name = serde_json::json!({ name: newest.sealed.signature.as_str() });
    fs::write(&signatures, by_name.to_string())?;
    let flags = ["--signatures", &signatures];
    let report = run_offline(&with(copy.verify_bare(), &flags))
        .await?
        .report();
    report.reported(0, &[]);
    // Up to an hour before, the newest digest contains the signatures of the others.
    let earlier = ["--end-time", "2026-01-15T05:00:00Z"];
    let report = run_offline(&with(copy.verify_bare(), &earlier))
        .await?
        .report();
    report.reported(0, &[]);
    assert_eq!(report.counts("digests"), [6, 0, 0]);
    // A wrong signature is a finding.
    let wrong = serde_json::json!({ name: digest(&trail, 5).sealed.signature.as_str() });
    fs::write(&signatures, wrong.to_string())?;
    let report = run_offline(&with(copy.verify_bare(), &flags))
        .await?
        .report();
    report.reported(1, &[("digest-signature-invalid", 1)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_files_in_a_copy_do_no_harm() -> Result<()> {
    let trail = small("amzn-s3-demo-hostile").build();
    let copy = Copy::of(&trail)?;
    let bucket = copy.path("copy").join(&copy.bucket);
    let digests = bucket.join("AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15");
    let logs = bucket.join("AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15");
    // Names that are not text, and pipes that nothing writes to.
    for folder in [&digests, &logs, &bucket] {
        fs::write(folder.join("\u{1b}[31mred\u{202e}.json.gz"), "x")?;
        fs::write(folder.join("new\nline.json.gz"), "x")?;
        let name: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff\xfe.json.gz");
        fs::write(folder.join(name), "x")?;
        let pipe = folder.join("pipe.json.gz");
        assert!(
            std::process::Command::new("mkfifo")
                .arg(pipe)
                .status()?
                .success()
        );
    }
    let report = run_offline(&copy.verify()).await?.report();
    report.reported(0, &[]);
    let report = run_offline(&with(copy.verify(), &["--unlisted"]))
        .await?
        .report();
    assert_eq!(report.code, 1, "{report:#?}");
    assert_eq!(report.kinds(), [("log-file-unlisted".to_owned(), 2)]);
    // None of it reaches the terminal.
    let mut text = with(copy.verify(), &["--unlisted"]);
    let at = text.iter().position(|a| a == "json").expect("a format");
    "text".clone_into(&mut text[at]);
    let ran = run_offline(&text).await?;
    let printed = format!("{}{}", ran.out, ran.err);
    assert!(
        !printed.contains(['\u{1b}', '\u{202e}']) && !printed.contains("new\nline"),
        "{printed}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_instead_of_a_file_could_not_be_verified_and_a_link_is_followed() -> Result<()> {
    let trail = small("amzn-s3-demo-pipes").build();
    let copy = Copy::of(&trail)?;
    let third = digest(&trail, 3);
    let log = copy.file(&trail.logs_of(third)[0].object);
    fs::remove_file(&log)?;
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&log)
            .status()?
            .success()
    );
    let other = copy.file(&trail.logs_of(third)[1].object);
    let beside = copy.path("beside");
    fs::rename(&other, &beside)?;
    symlink(&beside, &other)?;
    let report = run_offline(&copy.verify()).await?.report();
    report.reported(2, &[]);
    let all = trail.log_files.len() as u64;
    assert_eq!(report.counts("logFiles"), [all - 1, 0, 1]);
    assert_eq!(report.counts("digests"), [7, 0, 0]);
    // The target of a broken link is somewhere else, and is not reported as missing.
    fs::remove_file(&beside)?;
    let complete = with(copy.verify(), &["--complete"]);
    let report = run_offline(&complete).await?.report();
    report.reported(2, &[]);
    assert_eq!(report.counts("logFiles"), [all - 2, 0, 2]);
    assert!(report.json.to_string().contains("is a symbolic link"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_copies_of_one_bucket_are_refused() -> Result<()> {
    let trail = small("amzn-s3-demo-twice").build();
    let copy = Copy::of(&trail)?;
    let twin = copy.path("copy").join("twin");
    let bucket = copy.path("copy").join(&copy.bucket);
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .args([&bucket, &twin])
        .status()?;
    assert!(copied.success());
    let ran = run_offline(&copy.verify()).await?;
    assert!(ran.refused(64).contains("copies of the same folder"));
    Ok(())
}
