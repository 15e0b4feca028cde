//! `--resume`: an interrupted run keeps each log file that it found valid, for every shape of
//! trail, and the following runs produce the report of an uninterrupted run.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;
use trailseal_tests::local::server::{REGION, client_environment};
use trailseal_tests::local::{Fault, FaultProxy, Match, Rule, paths};
use trailseal_tests::trail::{Trail, TrailSpec, tamper};

use crate::failures::interrupt;
use crate::stage::{ACCOUNT, Ran, Report, Stage, run, small, start, verify, with};

/// Returns a trail of this many digests, each of which lists this many log files.
fn trail(bucket: &str, hours: u32, log_files: u32) -> Trail {
    TrailSpec {
        hours,
        log_files_per_hour: log_files..=log_files,
        records_per_file: 1..=1,
        ..small(bucket)
    }
    .build()
}

fn log_files() -> Match {
    Match::operation("s3", "GetObject").path_contains("/CloudTrail/")
}

/// Returns a report without the parts of a single run: its times, its requests, its command.
fn comparable(report: &Report) -> Value {
    let mut json = report.json.clone();
    let object = json.as_object_mut().expect("an object");
    for of_one_run in ["startedAt", "finishedAt", "command"] {
        object.remove(of_one_run);
    }
    let totals = object["totals"].as_object_mut().expect("an object");
    for of_one_run in ["requests", "resumed"] {
        totals.remove(of_one_run);
    }
    for finding in object["findings"].as_array_mut().expect("a list") {
        finding
            .as_object_mut()
            .expect("an object")
            .remove("detectedAt");
    }
    json
}

fn resumed(report: &Report) -> u64 {
    report.json["totals"]["resumed"].as_u64().expect("a count")
}

/// Returns how many log files a progress file names.
fn kept(file: &Path) -> usize {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let mut kept = BTreeSet::new();
    for line in text.lines().skip(1) {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let digest = line["digest"].as_str().expect("a digest").to_owned();
        for range in line["valid"].as_str().expect("ranges").split(',') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let number = |text: &str| text.parse::<usize>().expect("a position");
            kept.extend((number(first)..=number(last)).map(|at| (digest.clone(), at)));
        }
    }
    kept.len()
}

async fn until(what: &str, mut done: impl FnMut() -> bool) -> Result<()> {
    for _ in 0..3000 {
        if done() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    anyhow::bail!("waited too long: {what}")
}

#[tokio::test(flavor = "multi_thread")]
async fn verified_digests_survive_an_interrupt_in_every_format() -> Result<()> {
    let stage = Stage::enter().await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let environment = client_environment(&proxy.endpoint(), REGION);
    for (bucket, hours, files) in [
        ("amzn-s3-demo-one-large", 1, 240),
        ("amzn-s3-demo-many-small", 60, 2),
        ("amzn-s3-demo-side-by-side", 12, 20),
    ] {
        let trail = trail(bucket, hours, files);
        stage.deliver(&trail).await?;
        let all = trail.log_files.len() as u64;
        let uninterrupted = stage.run(&verify(&trail)).await?.report();
        uninterrupted.reported(0, &[]);
        let folder = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
        let file = folder.path().join("progress");
        let arguments = with(verify(&trail), &["--resume", &file.display().to_string()]);
        let mut before = 0;
        for signal in ["-INT", "-TERM"] {
            proxy.forget();
            // A third goes through, and the others wait longer than anybody will.
            let late = Rule::new(log_files(), Fault::Stall(Duration::from_mins(5)));
            let rule = proxy.add(late.after(usize::try_from(all / 3)?));
            let child = start(environment.clone(), &arguments)?;
            until("it verifies a third", || {
                proxy.hits(rule) > 0 && kept(&file) as u64 > before
            })
            .await?;
            let report = interrupt(child, signal).await?.report();
            proxy.clear_rules();
            report.reported(2, &[]);
            assert_eq!(report.json["interrupted"], true);
            assert_eq!(resumed(&report), before, "{bucket}");
            let [valid, finding, _] = report.counts("logFiles");
            assert_eq!(finding, 0);
            assert!(valid > before && valid < all, "{bucket}: {before} {valid}");
            assert_eq!(
                kept(&file) as u64,
                valid,
                "{bucket}: all that was verified is kept"
            );
            before = valid;
        }
        proxy.forget();
        let report = run(environment.clone(), &arguments).await?.report();
        assert_eq!(resumed(&report), before, "{bucket}");
        assert_eq!(proxy.calls(&log_files()).len() as u64, all - before);
        assert_eq!(comparable(&report), comparable(&uninterrupted), "{bucket}");
        assert!(!file.exists());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_loses_nothing_that_was_written() -> Result<()> {
    let stage = Stage::enter().await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let environment = client_environment(&proxy.endpoint(), REGION);
    let trail = trail("amzn-s3-demo-killed", 8, 30);
    stage.deliver(&trail).await?;
    let all = trail.log_files.len();
    let folder = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
    let file = folder.path().join("progress");
    let arguments = with(verify(&trail), &["--resume", &file.display().to_string()]);
    // Even without an end, what was verified reaches the file.
    let passes = 70;
    let late = Rule::new(log_files(), Fault::Stall(Duration::from_mins(5)));
    proxy.add(late.after(passes));
    let mut child = start(environment.clone(), &arguments)?;
    until("it keeps what it verified", || kept(&file) == passes).await?;
    child.kill().await?;
    proxy.clear_rules();
    proxy.forget();
    // A line that was cut off.
    let mut text = std::fs::read(&file)?;
    text.extend_from_slice(b"{\"digest\":\"0000");
    std::fs::write(&file, text)?;
    let report = run(environment, &arguments).await?.report();
    report.reported(0, &[]);
    assert_eq!(resumed(&report), passes as u64);
    assert_eq!(proxy.calls(&log_files()).len(), all - passes);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn randomly_killed_runs_add_up_to_one_complete_run() -> Result<()> {
    let stage = Stage::enter().await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let environment = client_environment(&proxy.endpoint(), REGION);
    let trail = trail("amzn-s3-demo-random", 10, 20);
    stage.deliver(&trail).await?;
    // A finding is never kept as done.
    let changes = [3, 7].map(|hour| {
        let digest = trail.digest(ACCOUNT, REGION, hour);
        tamper::delete(&trail.logs_of(digest)[4].object)
    });
    stage.apply(&changes).await?;
    let uninterrupted = stage.run(&verify(&trail)).await?.report();
    uninterrupted.reported(1, &[("log-file-missing", 2)]);
    let all = trail.log_files.len() as u64;
    let folder = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
    let file = folder.path().join("progress");
    let arguments = with(verify(&trail), &["--resume", &file.display().to_string()]);
    // A few requests at a time, each of which takes some time.
    let arguments = with(arguments, &["--concurrency", "8"]);
    let mut random = 11_usize;
    let mut before = 0;
    for signal in ["-INT", "-KILL", "-HUP", "-KILL", "-TERM"] {
        random = random.wrapping_mul(6_364_136_223_846_793_005) >> 3;
        let moment = 10 + random % 20;
        proxy.forget();
        // The run cannot finish before it is ended.
        proxy.clear_rules();
        let late = Rule::new(log_files(), Fault::Stall(Duration::from_mins(5)));
        proxy.add(late.after(30));
        proxy.fail(log_files(), Fault::Stall(Duration::from_millis(40)));
        let child = start(environment.clone(), &arguments)?;
        let pid = child.id().expect("it runs").to_string();
        until("some are read", || {
            proxy.calls(&log_files()).len() >= moment && (before > 0 || kept(&file) > 0)
        })
        .await?;
        let killed = tokio::process::Command::new("kill")
            .args([signal, &pid])
            .status();
        ensure!(killed.await?.success());
        let output =
            tokio::time::timeout(Duration::from_secs(20), child.wait_with_output()).await??;
        let now = kept(&file) as u64;
        assert!(now >= before, "{signal}: {before} {now}");
        assert!(now < all);
        if signal != "-KILL" {
            let report = Ran::of(output)?.report();
            assert_eq!(report.json["interrupted"], true);
            assert_eq!(resumed(&report), before, "{signal}");
            assert_eq!(report.counts("logFiles")[0], now, "{signal}");
        }
        before = now;
    }
    assert!(before > 0);
    proxy.clear_rules();
    proxy.forget();
    let report = run(environment, &arguments).await?.report();
    assert_eq!(resumed(&report), before);
    assert_eq!(comparable(&report), comparable(&uninterrupted));
    // The missing ones were requested in each run.
    assert_eq!(proxy.calls(&log_files()).len() as u64, all - before);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_digest_and_a_shortened_list_are_verified_again() -> Result<()> {
    let stage = Stage::enter().await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let environment = client_environment(&proxy.endpoint(), REGION);
    let trail = trail("amzn-s3-demo-changed", 4, 5);
    stage.deliver(&trail).await?;
    let folder = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
    let file = folder.path().join("progress");
    let arguments = with(verify(&trail), &["--resume", &file.display().to_string()]);
    let third = trail.digest(ACCOUNT, REGION, 3);
    let hash = third.sealed.sha256.clone();
    let source = format!("s3://{}", trail.spec.bucket);
    let head = format!("{{\"schema\":\"trailseal.progress/2\",\"source\":\"{source}\"}}\n");
    for (lines, expected) in [
        // The file's data about this digest counts; its data beyond the list's end and about others
        // does not.
        (
            format!("{{\"digest\":\"{hash}\",\"of\":5,\"valid\":\"0-1,4\",\"bytes\":9}}\n"),
            3,
        ),
        (
            format!("{{\"digest\":\"{hash}\",\"of\":5,\"valid\":\"0-5\",\"bytes\":9}}\n"),
            0,
        ),
        (
            format!("{{\"digest\":\"{hash}\",\"of\":6,\"valid\":\"0-5\",\"bytes\":9}}\n"),
            0,
        ),
        (
            format!(
                "{{\"digest\":\"{}\",\"of\":5,\"valid\":\"0-4\",\"bytes\":9}}\n",
                "ab".repeat(32)
            ),
            0,
        ),
    ] {
        std::fs::write(&file, format!("{head}{lines}"))?;
        proxy.forget();
        let report = run(environment.clone(), &arguments).await?.report();
        report.reported(0, &[]);
        assert_eq!(resumed(&report), expected, "{lines}");
        assert_eq!(proxy.calls(&log_files()).len() as u64, 20 - expected);
    }
    // The old form is also read; a later one is refused.
    let old = head.replace("progress/2", "progress/1");
    let line = format!("{{\"digest\":\"{hash}\",\"logFiles\":5,\"bytes\":9}}\n");
    std::fs::write(&file, format!("{old}{line}"))?;
    let report = run(environment.clone(), &arguments).await?.report();
    report.reported(0, &[]);
    assert_eq!(resumed(&report), 5);
    let later = head.replace("progress/2", "progress/3");
    std::fs::write(&file, &later)?;
    let ran = run(environment, &arguments).await?;
    assert!(ran.refused(64).contains("trailseal.progress/3"), "{ran:?}");
    assert_eq!(std::fs::read_to_string(&file)?, later);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_started_by_nohup_survives_its_terminal() -> Result<()> {
    let stage = Stage::enter().await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let trail = small("amzn-s3-demo-nohup").build();
    stage.deliver(&trail).await?;
    let rule = proxy.fail(log_files(), Fault::Stall(Duration::from_mins(5)));
    // As nohup does.
    let child = tokio::process::Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$0\" \"$@\""])
        .arg(paths::command()?)
        .args(verify(&trail))
        .env_clear()
        .envs(client_environment(&proxy.endpoint(), REGION))
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    until("it reads log files", || proxy.hits(rule) > 0).await?;
    let pid = child.id().expect("it runs").to_string();
    let hangup = tokio::process::Command::new("kill")
        .args(["-HUP", &pid])
        .status();
    ensure!(hangup.await?.success());
    // It continues: another signal ends it properly.
    let report = interrupt(child, "-TERM").await?.report();
    report.reported(2, &[]);
    assert_eq!(report.json["interrupted"], true);
    Ok(())
}
