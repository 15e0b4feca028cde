//! The output: each format, completions, the manual, and saved keys.

use anyhow::{Context as _, Result};
use serde_json::Value;
use trailseal_tests::trail::tamper::delete;
use trailseal_tests::trail::tamper::log::modified;
use trailseal_tests::trail::{Change, Trail, TrailSpec};

use crate::stage::{ACCOUNT, Copy, Stage, run_offline, small, with};

/// Returns a complete copy in which one log file is changed, another is missing, and one digest
/// could not be verified.
fn damaged(bucket: &str) -> Result<(Trail, Copy)> {
    let trail = small(bucket).build();
    let copy = Copy::of(&trail)?;
    let log = |hour| &trail.logs_of(trail.digest(ACCOUNT, "us-east-1", hour))[0].object;
    copy.apply(&[Change::Put(modified(log(2))), delete(log(4))])?;
    Ok((trail, copy))
}

fn format(copy: &Copy, format: &str) -> Vec<String> {
    let mut arguments = copy.verify_bare();
    let at = arguments
        .iter()
        .position(|a| a == "json")
        .expect("a format");
    format.clone_into(&mut arguments[at]);
    with(arguments, &["--complete"])
}

const KINDS: [(&str, u64); 2] = [("log-file-missing", 1), ("log-file-modified", 1)];

#[tokio::test(flavor = "multi_thread")]
async fn the_json_report_has_every_documented_field() -> Result<()> {
    let (trail, copy) = damaged("amzn-s3-demo-json")?;
    let report = run_offline(&format(&copy, "json")).await?.report();
    report.reported(1, &KINDS);
    let documentation = std::fs::read_to_string(
        trailseal_tests::local::paths::repository().join("docs/verification-json.md"),
    )?;
    let fields = report.json.as_object().context("an object")?;
    for field in fields.keys() {
        assert!(documentation.contains(&format!("`{field}`")), "{field}");
    }
    for field in [
        "schema",
        "version",
        "command",
        "source",
        "keys",
        "requested",
        "startedAt",
        "finishedAt",
        "interrupted",
        "verdict",
        "copy",
        "totals",
        "chains",
        "findingsByKind",
        "findings",
        "findingsLeftOut",
        "cannotTell",
        "cannotTellLeftOut",
    ] {
        assert!(fields.contains_key(field), "{field}");
    }
    assert_eq!(report.json["schema"], "trailseal.verification/1");
    assert_eq!(report.counts("digests"), [6, 0, 1]);
    // The newest digest is not verified, and neither are its log files.
    let newest = trail.digest(ACCOUNT, "us-east-1", 6);
    let proven = trail.log_files.len() - trail.logs_of(newest).len();
    assert_eq!(report.counts("logFiles"), [proven as u64 - 2, 2, 0]);
    assert_eq!(report.unverified(), [newest.object.location().to_string()]);
    let chain = &report.json["chains"][0];
    assert_eq!(chain["account"], ACCOUNT);
    assert_eq!(chain["verdict"], "finding");
    let states: Vec<&str> = chain["coverage"]
        .as_array()
        .context("a list")?
        .iter()
        .map(|stretch| stretch["state"].as_str().expect("a state"))
        .collect();
    let expected = [
        "valid",
        "finding",
        "valid",
        "finding",
        "valid",
        "cannot-tell",
    ];
    assert_eq!(states, expected);
    let finding = &report.json["findings"][0];
    for field in [
        "schema",
        "id",
        "kind",
        "severity",
        "object",
        "digest",
        "expected",
        "actual",
        "message",
        "advice",
        "detectedAt",
    ] {
        assert!(!finding[field].is_null(), "{field}: {finding:#}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_of_ndjson_is_an_object_and_the_last_one_has_the_totals() -> Result<()> {
    let (_, copy) = damaged("amzn-s3-demo-ndjson")?;
    let whole = run_offline(&format(&copy, "json")).await?.report().json;
    let ran = run_offline(&format(&copy, "ndjson")).await?;
    assert_eq!(ran.code, 1, "{ran:?}");
    let lines: Vec<Value> = ran
        .out
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
    assert_eq!(
        ["digest", "chain", "finding", "cannotTell", "summary"].map(of),
        [7, 1, 2, 1, 1]
    );
    let summary = lines.last().context("a line")?;
    assert_eq!(summary["type"], "summary");
    for field in ["verdict", "findingsByKind", "schema"] {
        assert_eq!(summary[field], whole[field], "{field}");
    }
    assert_eq!(summary["totals"], whole["totals"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_is_text_or_a_page() -> Result<()> {
    let (trail, copy) = damaged("amzn-s3-demo-text")?;
    let log = &trail.logs_of(trail.digest(ACCOUNT, "us-east-1", 2))[0].object;
    let ran = run_offline(&format(&copy, "text")).await?;
    assert_eq!((ran.code, ran.err.as_str()), (1, ""), "{ran:?}");
    assert!(ran.out.starts_with("2 FINDINGS in "), "{}", ran.out);
    for text in [
        "CRITICAL log-file-modified: 1",
        "CRITICAL log-file-missing: 1",
        "COULD NOT BE VERIFIED: 1",
        "What to do: ",
        &log.key,
        "management-events",
    ] {
        assert!(ran.out.contains(text), "{text}: {}", ran.out);
    }
    let ran = run_offline(&format(&copy, "html")).await?;
    assert_eq!(ran.code, 1);
    assert!(ran.out.starts_with("<!DOCTYPE html>") && ran.out.trim_end().ends_with("</html>"));
    assert!(ran.out.contains(&log.key));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_written_to_a_file() -> Result<()> {
    let (_, copy) = damaged("amzn-s3-demo-output")?;
    for (name, prefix) in [
        ("text", "2 FINDINGS"),
        ("json", "{"),
        ("ndjson", "{\"type\""),
        ("html", "<!DOCTYPE"),
    ] {
        let file = copy.text(&format!("report.{name}"));
        let ran = run_offline(&with(format(&copy, name), &["--output", &file])).await?;
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{name}: {ran:?}");
        let report = std::fs::read_to_string(&file)?;
        assert!(report.starts_with(prefix), "{name}: {report}");
    }
    let nowhere = copy.text("no such folder/report");
    run_offline(&with(copy.verify(), &["--output", &nowhere]))
        .await?
        .refused(64);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn completions_and_the_man_page_are_generated() -> Result<()> {
    for (shell, prefix) in [
        ("bash", "_trailseal()"),
        ("zsh", "#compdef trailseal"),
        ("fish", "# Print"),
    ] {
        let ran = run_offline(&["completions", shell]).await?;
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{shell}");
        assert!(ran.out.starts_with(prefix), "{shell}: {}", &ran.out[..200]);
        for command in ["verify", "inspect", "validate-logs", "keys"] {
            assert!(ran.out.contains(command), "{shell}: {command}");
        }
    }
    let ran = run_offline(&["man"]).await?;
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains(".TH trailseal 1"), "{}", &ran.out[..200]);
    for command in ["verify", "inspect", "validate", "keys"] {
        assert!(ran.out.contains(command), "{command}");
    }
    for flag in ["--help", "--version"] {
        let ran = run_offline(&[flag]).await?;
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{flag}");
        assert!(ran.out.contains("trailseal"), "{flag}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn saved_keys_verify_a_copy_without_aws() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = TrailSpec {
        regions: vec!["us-east-1".into(), "eu-west-1".into()],
        ..small("amzn-s3-demo-keys")
    }
    .build();
    stage.aws.add_public_keys(&trail.public_keys_by_region())?;
    let copy = Copy::of(&trail)?;
    let file = copy.text("keys.json");
    std::fs::remove_file(&file)?;
    let times = ["--start-time", "2026-01-10", "--end-time", "2026-01-20"];
    for regions in [&[][..], &["--region", "us-east-1", "--region", "eu-west-1"]] {
        let save = [&["keys", "--output", &file][..], &times, regions].concat();
        let ran = stage.run(&save).await?;
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
        assert!(ran.err.contains("keys saved to"), "{ran:?}");
        run_offline(&copy.verify()).await?.report().reported(0, &[]);
    }
    // Standard output gets the same.
    let ran = stage.run(&[&["keys"][..], &times].concat()).await?;
    let saved: Value = serde_json::from_str(&ran.out)?;
    assert!(
        !saved["PublicKeyList"]
            .as_array()
            .context("a list")?
            .is_empty()
    );
    // Keys of one Region do not verify another's digests.
    let save = [
        &["keys", "--output", &file, "--region", "us-east-1"][..],
        &times,
    ]
    .concat();
    assert_eq!(stage.run(&save).await?.code, 0);
    let report = run_offline(&copy.verify()).await?.report();
    assert_eq!(report.code, 2, "{report:#?}");
    assert_eq!(report.counts("digests"), [7, 0, 7]);
    // No key at that time.
    let never = [
        "keys",
        "--region",
        "us-east-1",
        "--start-time",
        "2015-01-01",
        "--end-time",
        "2015-01-02",
    ];
    stage.run(&never).await?.refused(2);
    Ok(())
}
