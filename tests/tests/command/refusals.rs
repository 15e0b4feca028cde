//! Invalid command lines and inputs: exit code 64 or 2, and one line that says what to do.

use anyhow::Result;
use trailseal_tests::local::server::client_environment;

use crate::stage::{Copy, Stage, run, run_offline, small, with};

#[tokio::test(flavor = "multi_thread")]
async fn unknown_flags_are_refused() -> Result<()> {
    for arguments in [
        vec![],
        vec!["verify"],
        vec!["inspect"],
        vec!["no-such-command"],
        vec!["verify", "s3://amzn-s3-demo-bucket", "--no-such-flag"],
        vec!["verify", "s3://amzn-s3-demo-bucket", "--format", "pdf"],
        vec!["verify", "s3://amzn-s3-demo-bucket", "--concurrency", "0"],
        vec![
            "verify",
            "s3://amzn-s3-demo-bucket",
            "--concurrency",
            "many",
        ],
        vec!["verify", "s3://amzn-s3-demo-bucket", "second"],
        vec!["completions", "tcsh-or-so"],
    ] {
        let ran = run_offline(&arguments).await?;
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (64, ""),
            "{arguments:?} {ran:?}"
        );
        assert!(!ran.err.is_empty(), "{arguments:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_values_are_refused_in_one_line() -> Result<()> {
    let bucket = "s3://amzn-s3-demo-bucket";
    for (arguments, says) in [
        (vec!["verify", "s3://"], "does not name a bucket"),
        (vec!["verify", "s3://x"], "does not name a bucket"),
        (
            vec!["verify", "s3://name with spaces"],
            "does not name a bucket",
        ),
        (vec!["verify", "https://example.com"], "not a directory"),
        (vec!["verify", "/no/such/directory"], "cannot read"),
        (
            vec!["verify", bucket, "--start-time", "yesterday"],
            "is not a time",
        ),
        (
            vec!["verify", bucket, "--end-time", "2026-13-01"],
            "is not a time",
        ),
        (
            vec![
                "verify",
                bucket,
                "--start-time",
                "2026-02-01",
                "--end-time",
                "2026-01-01",
            ],
            "not before",
        ),
        (
            vec!["verify", bucket, "--start-time", "1d", "--end-time", "1d"],
            "not before",
        ),
        (
            vec!["verify", bucket, "--start-time", "2999-01-01"],
            "in the future",
        ),
        (vec!["verify", bucket, "--account", "12"], "is not"),
        (vec!["verify", bucket, "--region", "Frankfurt"], "is not"),
        (
            vec!["verify", bucket, "--trail", "arn:aws:s3:::bucket"],
            "is not",
        ),
        (vec!["verify", bucket, "--trail", "no/trail"], "is not"),
        (vec!["verify", bucket, "--bucket-owner", "me"], "is not"),
        (
            vec!["verify", bucket, "--alias", "original"],
            "ORIGINAL=REPLICA",
        ),
        (
            vec!["verify", bucket, "--keys", "/no/such/file"],
            "cannot read",
        ),
        (
            vec!["verify", "/", "--signatures", "/no/such/file"],
            "cannot read",
        ),
        (
            vec!["verify", bucket, "--resume", "/no/such/folder/file"],
            "cannot save progress",
        ),
        (vec!["keys", "--region", "Frankfurt"], "is not"),
        (vec!["keys", "--start-time", "soon"], "is not a time"),
        (
            vec!["keys", "--start-time", "1d", "--end-time", "2d"],
            "not before",
        ),
        (
            vec!["inspect", "s3://amzn-s3-demo-bucket"],
            "the name of a digest file",
        ),
        (
            vec!["inspect", "s3://amzn-s3-demo-bucket/AWSLogs/notes.txt"],
            "the name of a digest file",
        ),
        (vec!["inspect", "/no/such/file"], "cannot read"),
        (vec!["inspect", "/"], "not a file"),
    ] {
        let ran = run_offline(&arguments).await?;
        let line = ran.refused(64);
        assert!(line.contains(says), "{arguments:?}: {line}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_wrong_kind_are_refused_in_one_line() -> Result<()> {
    let copy = Copy::of(&small("amzn-s3-demo-files").build())?;
    let other = copy.text("other");
    for content in [
        "",
        "not JSON",
        "[]",
        "{\"PublicKeyList\": []}",
        "{\"PublicKeyList\": 1}",
    ] {
        std::fs::write(&other, content)?;
        let arguments = ["verify", &copy.text("copy"), "--keys", &other];
        let ran = run_offline(&arguments).await?;
        assert!(
            ran.refused(64).contains("contains no public keys"),
            "{content}"
        );
    }
    for content in ["", "[]", "a=1"] {
        std::fs::write(&other, content)?;
        let ran = run_offline(&with(copy.verify_bare(), &["--signatures", &other])).await?;
        assert!(
            ran.refused(64).contains("contains no signatures"),
            "{content}"
        );
    }
    // A directory, an endless device, and a pipe in place of a file.
    let (source, pipe) = (copy.text("copy"), copy.text("pipe"));
    let made = std::process::Command::new("mkfifo").arg(&pipe).status()?;
    assert!(made.success());
    for arguments in [
        ["verify", &source, "--keys", &source].to_vec(),
        ["verify", &source, "--keys", "/dev/zero"].to_vec(),
        ["inspect", &pipe].to_vec(),
    ] {
        run_offline(&arguments).await?.refused(64);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_without_a_trail_is_refused_in_one_line() -> Result<()> {
    let stage = Stage::enter().await?;
    let folder = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
    let empty = folder.path().display().to_string();
    let copy = Copy::of(&small("amzn-s3-demo-nothing").build())?;
    let keys = copy.text("keys.json");
    let ran = run_offline(&["verify", &empty, "--keys", &keys]).await?;
    assert!(ran.refused(64).contains("contains no trail"));
    std::fs::create_dir_all(folder.path().join("AWSLogs/111122223333"))?;
    run_offline(&["verify", &empty, "--keys", &keys])
        .await?
        .refused(64);
    let file = copy.text("keys.json");
    run_offline(&["verify", &file, "--keys", &keys])
        .await?
        .refused(64);

    let ran = stage
        .run(&["verify", "s3://amzn-s3-demo-not-there"])
        .await?;
    assert!(ran.refused(2).contains("bucket does not exist"));
    trailseal_tests::trail::deliver::create_buckets(
        &stage.s3,
        "us-east-1",
        &["amzn-s3-demo-empty"],
    )
    .await?;
    let ran = stage.run(&["verify", "s3://amzn-s3-demo-empty"]).await?;
    assert!(ran.refused(2).contains("contains no trail"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_credentials_are_reported_in_one_line() -> Result<()> {
    let mut environment = client_environment("http://127.0.0.1:1", "us-east-1");
    environment.retain(|name, _| !name.contains("ACCESS_KEY"));
    let digest = "s3://amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_management-events_us-east-1_20260115T120000Z.json.gz";
    for arguments in [
        vec!["verify", "s3://amzn-s3-demo-bucket"],
        vec!["keys"],
        vec!["inspect", digest],
    ] {
        let ran = run(environment.clone(), &arguments).await?;
        assert!(ran.refused(2).contains("credentials"), "{ran:?}");
    }
    Ok(())
}
