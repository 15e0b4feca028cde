//! The history: past digests are listed by the state machine, and verified again by functions of
//! their own.

use super::evidence_log::{Logged, log_of};
use super::world::{ACCOUNT, REGION, World, found};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::process::Command;
use trailseal_tests::local::server::client_environment;
use trailseal_tests::local::{Alert, Execution, aws_succeeds, paths};
use trailseal_tests::trail::{DigestFile, FirstDigest, Trail, TrailSpec, tamper};

/// The functions of the history: their names in the template, and in receipts.
const HISTORY: [(&str, &str); 2] = [
    ("HistoryDigestValidator", "digest-validator"),
    ("HistoryLogVerifier", "log-verifier"),
];

/// The functions of new files.
const LIVE: [&str; 3] = ["DigestValidator", "LogVerifier", "KmsContextChecker"];

/// The maximum time of an execution.
const WITHIN: Duration = Duration::from_mins(5);

/// A month of an organization's trail, long before the stack was deployed. The chains start in the
/// middle: a lifecycle rule expired what was before.
fn month() -> Trail {
    let spec = TrailSpec {
        organization_id: Some("o-exampleorg1".into()),
        accounts: ["111122223333", "444455556666", "777788889999"]
            .map(String::from)
            .to_vec(),
        hours: 24 * 30,
        first_digest: FirstDigest::MidChain,
        log_files_per_hour: 1..=1,
        empty_hours: (0..=24 * 30).filter(|hour| hour % 6 != 0).collect(),
        records_per_file: 1..=1,
        ..TrailSpec::default()
    };
    let mut trail = spec.build();
    // Of the member accounts, only the last day is retained.
    trail.digests.retain(|digest| {
        let key = &digest.object.key;
        key.contains(&format!("/{ACCOUNT}/")) || is_late(key)
    });
    let listed = trail
        .digests
        .iter()
        .flat_map(|digest| &digest.document.log_files);
    let listed: BTreeSet<String> = listed.map(|log| log.s3_object.clone()).collect();
    trail
        .log_files
        .retain(|log| listed.contains(&log.object.key));
    trail
}

/// Returns whether an object is in the folder of one of the last days of the month.
fn is_late(key: &str) -> bool {
    key.contains("/2026/02/13/") || key.contains("/2026/02/14/")
}

/// One account in two Regions, for a few hours.
fn hours() -> TrailSpec {
    TrailSpec {
        hours: 3,
        regions: vec![REGION.into(), "eu-west-1".into()],
        log_files_per_hour: 1..=2,
        ..TrailSpec::default()
    }
}

impl World {
    /// Puts the whole trail into the bucket before the bucket sends events: the functions of new
    /// files never hear of it.
    async fn deliver_before_deployment(&self) -> Result<()> {
        self.stop_events().await?;
        self.deliver().await
    }

    /// Executes the state machine.
    async fn execute(&self, name: &str, input: Value) -> Result<Execution> {
        let arn = self.stack.outputs.get("HistoryArn").context("an ARN")?;
        Execution::run(&self.aws, arn, name, &input, WITHIN).await
    }

    /// Executes the state machine, which must succeed, and returns its output.
    async fn queued(&self, name: &str, input: Value) -> Result<Value> {
        let execution = self.execute(name, input).await?;
        ensure!(execution.status == "SUCCEEDED", "{execution:#?}");
        Ok(execution.output)
    }

    /// Lets the functions of the history work until nothing is left. Nothing may go back to a queue
    /// or be parked, and the functions of new files must have no work.
    async fn settle_history(&self) -> Result<()> {
        for round in self.pump.until_idle().await? {
            ensure!(round.failed() == 0, "{}", self.pump.log_tails());
            for function in LIVE {
                ensure!(round.of(function).tried() == 0, "{function} had work");
            }
        }
        for (function, _) in HISTORY {
            let parked = self.pump.drain_dlq(function).await?;
            ensure!(parked.is_empty(), "{function}: {parked:?}");
        }
        Ok(())
    }

    /// Returns how many receipts of digests each function has written.
    async fn receipt_counts(&self) -> Result<BTreeMap<String, usize>> {
        let mut counts = BTreeMap::new();
        for (_, function) in HISTORY {
            let receipts = self.receipts(function).await?;
            counts.insert(function.to_owned(), receipts.len());
        }
        Ok(counts)
    }
}

/// Returns a count for each function of the history.
fn each(count: usize) -> BTreeMap<String, usize> {
    HISTORY
        .map(|(_, function)| (function.to_owned(), count))
        .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_several_accounts_is_verified_and_counted() -> Result<()> {
    let world = World::of(month()).await?;
    world.deliver_before_deployment().await?;
    let digests = &world.trail.digests;
    let of_member = |digest: &&DigestFile| digest.object.key.contains("/444455556666/");
    let missing = digests.iter().filter(of_member).nth(20);
    let missing = missing.context("a digest")?;
    let changed = world.trail.log_files.iter();
    let changed = &changed.last().context("a log file")?.object;
    world.delete(&missing.object).await?;
    world.put(&tamper::log::modified(changed)).await?;

    let output = world.queued("whole", json!({})).await?;
    let sent = digests.len() - 1;
    assert_eq!(
        output,
        json!({"folders": 3, "digests": sent, "failures": 0, "failed": []})
    );
    world.settle_history().await?;
    assert_eq!(world.receipt_counts().await?, each(sent));
    // One document of each function for each day of a chain.
    let days: BTreeSet<&str> = digests
        .iter()
        .filter_map(|digest| Some(digest.object.key.rsplit_once('_')?.0))
        .collect();
    let documents = world.evidence_keys("receipts/2").await?;
    assert_eq!(documents.len(), 2 * days.len(), "{documents:#?}");
    world.assert_alerts(&[
        found("digest-missing", &missing.object).window(
            &missing.document.digest_start_time,
            &missing.document.digest_end_time,
        ),
        found("log-file-modified", changed),
    ]);
    // The chains are known from now on.
    let heads = world.evidence("chains/").await?;
    assert_eq!(heads.len(), 3);
    Ok(())
}

/// Returns the keys that messages of a queue of the history name, and takes the messages.
async fn taken(world: &World, function: &str) -> Result<BTreeSet<String>> {
    let mut keys = BTreeSet::new();
    for body in world.pump.drain(function).await? {
        let message: Value = serde_json::from_str(&body)?;
        ensure!(message["bucket"] == world.trail.spec.bucket.as_str());
        let listed = message["keys"].as_array().context("keys")?;
        let mut days = BTreeSet::new();
        for key in listed {
            let key = key.as_str().context("a key")?;
            ensure!(keys.insert(key.to_owned()), "{key} was sent twice");
            days.extend(key.rsplit_once('/').map(|(folder, _)| folder));
        }
        ensure!(days.len() == 1, "{message}");
    }
    Ok(keys)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_selects_regions_days_and_shares() -> Result<()> {
    let world = World::of(hours().build()).await?;
    world.deliver_before_deployment().await?;
    // The rules do not send it to the functions, either.
    let folder = format!("AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/2026/01/15/");
    let s3 = world.aws.s3();
    let put = s3.put_object().bucket(&world.trail.spec.bucket);
    put.key(format!("{folder}readme.txt")).send().await?;
    let of = |region: Option<&str>, day: &str| -> BTreeSet<String> {
        let digests = world.trail.digests.iter().map(|digest| &digest.object.key);
        let is_in = |key: &&String| {
            region.is_none_or(|region| key.contains(&format!("/{region}/"))) && key.contains(day)
        };
        digests.filter(is_in).cloned().collect()
    };
    let mut shares = Vec::new();
    for (name, input, expected) in [
        ("all", json!({}), Some(of(None, ""))),
        (
            "region",
            json!({"regions": ["eu-west-1"], "accounts": [ACCOUNT]}),
            Some(of(Some("eu-west-1"), "")),
        ),
        (
            "day",
            json!({"days": ["2026-01-15", "2025"], "buckets": [world.trail.spec.bucket]}),
            Some(of(None, "/2026/01/15/")),
        ),
        // Each account's Region has its turn once in as many days as there are shares.
        (
            "turn-0",
            json!({"share": {"of": 3, "at": "2026-01-15T00:00:00Z"}}),
            None,
        ),
        (
            "turn-1",
            json!({"share": {"of": 3, "at": "2026-01-16T23:59:59Z"}}),
            None,
        ),
        (
            "turn-2",
            json!({"share": {"of": 3, "at": "2026-01-17T12:00:00Z"}}),
            None,
        ),
    ] {
        world.queued(name, input).await?;
        let keys = taken(&world, HISTORY[0].0).await?;
        assert_eq!(keys, taken(&world, HISTORY[1].0).await?, "{name}");
        match expected {
            Some(expected) => assert_eq!(keys, expected, "{name}"),
            None => shares.push(keys),
        }
    }
    let sent: usize = shares.iter().map(BTreeSet::len).sum();
    assert_eq!(sent, world.trail.digests.len());
    assert_eq!(
        shares.into_iter().flatten().collect::<BTreeSet<_>>(),
        of(None, "")
    );

    for (name, input, error) in [
        ("field", json!({"day": ["2026"]}), "InputRefused"),
        ("bucket", json!({"buckets": ["elsewhere"]}), "InputRefused"),
        ("account", json!({"accounts": ["1"]}), "InputRefused"),
        ("word", json!({"days": ["yesterday"]}), "InputRefused"),
        ("many", json!({"days": vec!["2026"; 32]}), "InputRefused"),
        ("half", json!({"share": {"of": 0.5}}), "InputRefused"),
        (
            "stranger",
            json!({"accounts": ["999922223333"]}),
            "NothingFound",
        ),
        ("empty", json!({"days": ["2025"]}), "NothingFound"),
    ] {
        let execution = world.execute(name, input).await?;
        ensure!(execution.status == "FAILED", "{execution:#?}");
        assert_eq!(execution.error, error, "{execution:#?}");
        ensure!(taken(&world, HISTORY[0].0).await?.is_empty(), "{name}");
    }
    Ok(())
}

/// A batch may have files of many days, and SQS accepts ten messages in a request.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_for_each_of_many_days_is_sent() -> Result<()> {
    let world = World::of(hours().build()).await?;
    world.stop_events().await?;
    let s3 = world.aws.s3();
    let mut keys = BTreeSet::new();
    for day in 1..=25 {
        let folder = format!("AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/2026/02/{day:02}");
        let key = format!("{folder}/digest.json.gz");
        let put = s3.put_object().bucket(&world.trail.spec.bucket);
        put.key(&key).send().await?;
        keys.insert(key);
    }
    let output = world.queued("days", json!({})).await?;
    assert_eq!(output["digests"], keys.len());
    for (function, _) in HISTORY {
        assert_eq!(taken(&world, function).await?, keys, "{function}");
    }
    Ok(())
}

/// A lifecycle rule expired the first digest of each chain: that is on record, and nobody is
/// alarmed.
#[tokio::test(flavor = "multi_thread")]
async fn the_start_of_what_is_retained_is_on_record_and_parks_nothing() -> Result<()> {
    let trail = TrailSpec {
        first_digest: FirstDigest::MidChain,
        ..hours()
    };
    let world = World::of(trail.build()).await?;
    world.deliver_before_deployment().await?;
    world.queued("first", json!({})).await?;
    world.settle_history().await?;
    world.assert_alerts(&[]);
    let receipts = world.receipts("digest-validator").await?;
    assert_eq!(receipts.len(), world.trail.digests.len());
    let unknown: Vec<&Value> = receipts
        .iter()
        .map(|(_, receipt)| receipt)
        .filter(|receipt| receipt["verdict"] == "cannot-tell")
        .collect();
    assert_eq!(unknown.len(), 2, "{unknown:#?}");
    for receipt in unknown {
        let why = receipt["cannotTell"][0].as_str().context("a reason")?;
        ensure!(why.contains("A lifecycle rule expired them"), "{why}");
    }
    // The second verification leaves second receipts, and finds what was done since the first.
    let log = &world.trail.log_files.last().context("a log file")?.object;
    world.put(&tamper::log::modified(log)).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.queued("second", json!({})).await?;
    world.settle_history().await?;
    world.assert_alerts(&[found("log-file-modified", log)]);
    assert_eq!(
        world.receipt_counts().await?,
        each(2 * world.trail.digests.len())
    );
    Ok(())
}

/// The receipts of a day are in one document. It answers for each hour of the day.
#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_reported_on_and_proven() -> Result<()> {
    let trail = TrailSpec {
        hours: 5,
        ..TrailSpec::default()
    };
    let world = World::of(trail.build()).await?;
    world.deliver_before_deployment().await?;
    world.queued("audit", json!({})).await?;
    world.settle_history().await?;
    let documents = world.evidence_keys("receipts/2").await?;
    ensure!(documents.len() == 2, "{documents:#?}");
    let logged = log_of(world).await?;
    let Logged {
        world, source, key, ..
    } = &logged;
    let hour = |number: u32| world.hour(number).document.clone();
    let (from, to) = (hour(1).digest_start_time, hour(4).digest_end_time);
    let report = async || {
        let report = ["report", source, "--from", &from, "--to", &to];
        let arguments = [&report[..], &["--key", key, "--format", "json"]].concat();
        let output = world.evidence_command(&arguments).await?;
        let report: Value = serde_json::from_slice(&output.stdout)?;
        anyhow::Ok((output.status.code(), report))
    };
    let (code, verified) = report().await?;
    ensure!(code == Some(0), "{verified:#}");
    let verified = &verified["totals"]["seconds"]["verified"];
    ensure!(*verified == 4 * 3600, "{verified}");

    let said = logged.proven(&from).await?;
    ensure!(
        said.matches("The 6 receipts in it say:").count() == 2,
        "{said}"
    );
    let of_hour = format!(", verdict valid, of {}", world.hour(1).object.key);
    ensure!(said.matches(&of_hour).count() == 2, "{said}");

    // One of the two documents is gone: nobody knows what was said about any hour of the day.
    let place = format!("{source}/{}", documents[0]);
    aws_succeeds(&world.aws, REGION, &["s3", "rm", &place]).await?;
    let (code, missing) = report().await?;
    ensure!(code == Some(1), "{missing:#}");
    let fault = &missing["evidenceFindings"][0];
    ensure!(fault["fault"] == "document-missing", "{fault:#}");
    ensure!(fault["key"] == documents[0].as_str(), "{fault:#}");
    let verified = &missing["totals"]["seconds"]["verified"];
    ensure!(*verified == 0, "{missing:#}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_names_what_it_could_not_send() -> Result<()> {
    let world = World::of(hours().build()).await?;
    world.deliver_before_deployment().await?;
    let sqs = world.aws.sqs();
    let url = world.pump.queue_url(HISTORY[0].0)?;
    sqs.delete_queue().queue_url(url).send().await?;
    let execution = world.execute("refused", json!({})).await?;
    assert_eq!(execution.error, "Incomplete", "{execution:#?}");
    let cause: Value = serde_json::from_str(&execution.cause)?;
    assert_eq!(cause["failures"], 2);
    assert_eq!(cause["digests"], 0);
    let folder = |region: &str| format!("AWSLogs/{ACCOUNT}/CloudTrail-Digest/{region}/");
    for (at, region) in ["eu-west-1", REGION].into_iter().enumerate() {
        let named = format!("s3://{}/{}", world.trail.spec.bucket, folder(region));
        assert_eq!(cause["failed"][at]["folder"], named);
        assert_eq!(cause["failed"][at]["error"], "4 objects were not sent");
    }
    let results = world.evidence("history/refused/").await?;
    let failed = results
        .iter()
        .filter(|(key, _)| key.ends_with("/FAILED_0.json"));
    let mut keys = BTreeSet::new();
    for (_, document) in failed {
        let input = document[0]["Input"].as_str().context("an input")?;
        let input: Value = serde_json::from_str(input)?;
        let items = input["Items"].as_array().context("items")?;
        keys.extend(
            items
                .iter()
                .filter_map(|item| item["key"].as_str().map(str::to_owned)),
        );
    }
    let digests = world
        .trail
        .digests
        .iter()
        .map(|digest| digest.object.key.clone());
    assert_eq!(keys, digests.collect());

    // Without the other queue, the folders themselves fail.
    let url = world.pump.queue_url(HISTORY[1].0)?;
    sqs.delete_queue().queue_url(url).send().await?;
    let execution = world.execute("no-queue", json!({})).await?;
    assert_eq!(execution.error, "Incomplete", "{execution:#?}");
    ensure!(
        execution.cause.contains(&folder(REGION)),
        "{}",
        execution.cause
    );
    Ok(())
}

impl World {
    /// Runs the command against the local AWS, and returns its exit code and its output.
    async fn command(&self, arguments: &[&str]) -> Result<(i32, String)> {
        let run = Command::new(paths::command()?)
            .args(arguments)
            .env_clear()
            .envs(client_environment(self.aws.endpoint(), REGION))
            .output()
            .await?;
        let code = run.status.code().context("an exit code")?;
        let output = String::from_utf8_lossy(&run.stdout).into_owned();
        Ok((code, output + &String::from_utf8_lossy(&run.stderr)))
    }
}

/// The first night: what is known to be broken is in the baseline, and nobody is alerted about it.
/// What becomes worse is a finding.
#[tokio::test(flavor = "multi_thread")]
async fn known_damage_is_in_the_baseline_until_it_is_worse() -> Result<()> {
    let trail = TrailSpec {
        hours: 8,
        log_files_per_hour: 1..=2,
        ..TrailSpec::default()
    };
    let world = World::of(trail.build()).await?;
    world.deliver_before_deployment().await?;
    let log = &world.trail.logs_of(world.hour(2))[0].object;
    world.put(&tamper::log::modified(log)).await?;
    let gone = &world.trail.logs_of(world.hour(3))[0].object;
    world.delete(gone).await?;
    let (hole, before) = (world.hour(6), world.hour(5));
    world.delete(&hole.object).await?;

    let file = |name: &str| world.aws.new_file(name).display().to_string();
    let (report, baseline) = (file("report.json"), file("baseline.json"));
    let source = format!("s3://{}", world.trail.spec.bucket);
    let (from, to) = world.trail.time_span();
    let (from, to) = (from.to_string(), to.to_string());
    let verify = ["verify", &source, "--start-time", &from, "--end-time", &to];
    let verify = [&verify[..], &["--format", "json", "--output", &report]].concat();
    let (code, output) = world.command(&verify).await?;
    ensure!(code == 1, "{output}");
    let record = [
        "baseline",
        &report,
        "--reviewer",
        "Jane Doe",
        "--reason",
        "Damaged in a migration",
        // Not that the generated trail ends.
        "--kind",
        "digest-missing,log-file-missing,log-file-modified",
        "--output",
        &baseline,
    ];
    let (code, output) = world.command(&record).await?;
    ensure!(code == 0, "{output}");
    let document: Value = serde_json::from_slice(&tokio::fs::read(&baseline).await?)?;
    let known = document["findings"].as_array().context("findings")?;
    let known: BTreeSet<&str> = known.iter().filter_map(|it| it["kind"].as_str()).collect();
    let expected = ["digest-missing", "log-file-missing", "log-file-modified"];
    assert_eq!(known, expected.into());
    world
        .keep_evidence("config/baseline.json", &document)
        .await?;

    world.queued("first-night", json!({})).await?;
    world.settle_history().await?;
    world.assert_alerts(&[]);
    // They are on record nevertheless.
    let receipts = world.receipts("log-verifier").await?;
    let found = receipts
        .iter()
        .filter(|(_, receipt)| receipt["verdict"] == "finding");
    assert_eq!(found.count(), 2);

    // The modified log file is modified again, and the hole grows.
    world.put(&tamper::log::not_json(log)).await?;
    world.delete(&before.object).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.queued("second-night", json!({})).await?;
    world.settle_history().await?;
    let kinds: BTreeSet<(String, String)> = world
        .alerts()
        .iter()
        .flat_map(Alert::findings)
        .map(|finding| (finding.kind, finding.key))
        .collect();
    let expected = [
        ("log-file-modified", &log.key),
        ("digest-missing", &hole.object.key),
    ];
    let expected = expected.map(|(kind, key)| (kind.to_owned(), key.clone()));
    assert_eq!(kinds, expected.into());
    Ok(())
}
