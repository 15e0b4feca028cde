//! `trailseal kms`: the rules for KMS events from the command line, explained.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use std::time::Duration;
use trailseal_tests::local::server::{REGION, client_environment};
use trailseal_tests::local::{Fault, FaultProxy, Match, Rule};
use trailseal_tests::trail::tamper::delete;
use trailseal_tests::trail::{
    Change, Deed, DeedKind, EnclaveSpec, KmsAnomaly, KmsAnomalyKind, KmsSpec, Object, Reader,
    Trail, TrailSpec, deliver, gzip,
};

use crate::stage::{ACCOUNT, Copy, Ran, Stage, run, run_offline, small, start, with};

const AUDIT: &str = "arn:aws:iam::111122223333:role/audit/Audit";
const ENCLAVE: &str = "arn:aws:iam::111122223333:role/Enclave";

/// PCR0 of the enclave that every account has among its ordinary calls.
const ORDER_SERVICE: &str = "7fb5c55bc2ecbb68ed99a13d7122abfc0666b926a79d5379bc58b9445c84217f59cfdd36c08b2c79552928702efe23e4";

/// The rules, in their order.
const RULES: [&str; 11] = [
    "trail",
    "object",
    "key",
    "key-health",
    "caller",
    "delivery",
    "witness",
    "encryption",
    "readers",
    "enclaves",
    "logging",
];

/// Returns a trail with a key that readers and an enclave use, and with these anomalies.
fn spec(bucket: &str, key_arn: &str, anomalies: &[KmsAnomalyKind]) -> TrailSpec {
    let mut kms = KmsSpec::new(key_arn);
    let (prefix, _) = kms.alias.rsplit_once('/').expect("an alias");
    kms.alias = format!("{prefix}/{bucket}");
    let enclave = EnclaveSpec::new(ENCLAVE);
    kms.readers.extend([
        Reader::Role {
            arn: AUDIT.to_owned(),
            session: "alice".to_owned(),
        },
        Reader::CloudTrail,
        enclave.reader(),
    ]);
    kms.read_one_in = 1;
    kms.enclave = Some(enclave);
    kms.anomalies = anomalies
        .iter()
        .map(|kind| KmsAnomaly {
            hour: 2,
            kind: *kind,
        })
        .collect();
    TrailSpec {
        kms: Some(kms),
        // A call on the trail that does not weaken it.
        deeds: vec![Deed {
            hour: 1,
            kind: DeedKind::ChangeTopic,
        }],
        ..small(bucket)
    }
}

/// Returns the same with a key of the local AWS, delivered.
pub(crate) async fn delivered(
    stage: &Stage,
    bucket: &str,
    anomalies: &[KmsAnomalyKind],
) -> Result<Trail> {
    let create = stage.aws.kms().create_key();
    let usage = aws_sdk_kms::types::KeyUsageType::EncryptDecrypt;
    let key = create.key_usage(usage).send().await?;
    let arn = key.key_metadata().and_then(|key| key.arn());
    let trail = spec(bucket, arn.context("no ARN")?, anomalies).build();
    let kms = kms_of(&trail);
    let alias = kms.alias.rsplit(':').next().context("an alias")?;
    stage
        .aws
        .kms()
        .create_alias()
        .alias_name(alias)
        .target_key_id(&kms.key_arn)
        .send()
        .await?;
    stage.deliver(&trail).await?;
    for planted in &trail.planted {
        deliver::put(&stage.s3, &planted.object).await?;
    }
    Ok(trail)
}

fn kms_of(trail: &Trail) -> &KmsSpec {
    trail.spec.kms.as_ref().expect("a key")
}

/// Returns the arguments that check a source with the trail's configuration.
pub(crate) fn judge(source: &str, trail: &Trail) -> Vec<String> {
    let kms = kms_of(trail);
    let admin = kms.readers[0].arn().expect("an ARN");
    let image = &kms.enclave.as_ref().expect("an enclave").image;
    [
        "kms",
        source,
        "--trail",
        &trail.spec.trail_arn(),
        "--key",
        &kms.key_arn,
        "--reader",
        &admin,
        "--reader",
        AUDIT,
        "--reader",
        &format!("{ENCLAVE}=enclave"),
        "--enclave-image",
        image,
        "--enclave-image",
        ORDER_SERVICE,
    ]
    .map(str::to_owned)
    .to_vec()
}

pub(crate) fn source(trail: &Trail) -> String {
    format!("s3://{}", trail.spec.bucket)
}

fn uri(object: &Object) -> String {
    object.location().to_string()
}

#[track_caller]
fn json_of(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("no JSON ({error}): {ran:?}"))
}

/// Returns the rulings of a rule: valid, finding, and could not verify.
fn counts(report: &Value, rule: &str) -> [u64; 3] {
    ["valid", "finding", "cannotTell"]
        .map(|count| report["rules"][rule][count].as_u64().expect("a count"))
}

/// Returns the same from the printed table.
fn counts_in_text(text: &str, rule: &str) -> [u64; 3] {
    let row = text
        .lines()
        .find(|line| line.starts_with(&format!("{rule:<12}")))
        .unwrap_or_else(|| panic!("no row {rule}: {text}"));
    let mut cells = row.split_whitespace().rev().map(|cell| match cell {
        "-" => 0,
        count => count.replace(',', "").parse().expect("a count"),
    });
    let mut next = || cells.next().expect("a cell");
    let [unverified, found, valid] = [next(), next(), next()];
    [valid, found, unverified]
}

/// Returns every finding, in the order of the log files.
fn findings(report: &Value) -> Vec<&Value> {
    let log_files = report["logFiles"].as_array().expect("a list");
    log_files
        .iter()
        .flat_map(|log_file| log_file["findings"].as_array().expect("a list"))
        .collect()
}

fn kinds(report: &Value) -> Vec<&str> {
    let findings = findings(report).into_iter();
    findings
        .map(|finding| finding["kind"].as_str().expect("a kind"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untouched_trail_is_valid_by_every_rule() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = delivered(&stage, "amzn-s3-demo-kms", &[]).await?;
    let arguments = judge(&source(&trail), &trail);
    let ran = stage
        .run(&with(arguments.clone(), &["--format", "json"]))
        .await?;
    let report = json_of(&ran);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{report:#}");
    assert_eq!(report["schema"], "trailseal.kms/1");
    assert_eq!(report["verdict"], "valid");
    assert_eq!(report["cannotTell"], json!([]));
    let log_files = trail.log_files.len();
    let recording = trail
        .log_files
        .iter()
        .filter(|log| !log.kms_events.is_empty());
    assert_eq!(report["totals"]["logFiles"], log_files);
    // Those with only calls of the enclave are counted, too.
    assert!(report["totals"]["judged"].as_u64() >= u64::try_from(recording.count()).ok());
    for rule in RULES {
        let [valid, finding, unverified] = counts(&report, rule);
        assert!(
            valid > 0 && finding == 0 && unverified == 0,
            "{rule} {report:#}"
        );
    }
    let deliveries = trail
        .log_files
        .iter()
        .flat_map(|log| &log.kms_events)
        .filter(|event| event.event_name == "GenerateDataKey" && event.about.is_some())
        .count();
    assert_eq!(report["totals"]["waiting"], deliveries);
    assert_eq!(counts(&report, "witness")[0], u64::try_from(deliveries)?);

    let text = stage.run(&arguments).await?;
    assert_eq!(text.code, 0, "{text:?}");
    for rule in RULES {
        assert_eq!(
            counts_in_text(&text.out, rule),
            counts(&report, rule),
            "{}",
            text.out
        );
    }
    assert!(text.out.contains("\nVALID: "), "{}", text.out);
    let waiting = format!("{deliveries} deliveries are pending until a digest lists them");
    assert!(text.out.contains(&waiting), "{}", text.out);

    // What is not given is found out: the trail by its digests. The key and the readers are not
    // checked.
    let bare = stage.run(&["kms", &source(&trail)]).await?;
    assert_eq!(bare.code, 0, "{bare:?}");
    assert!(counts_in_text(&bare.out, "trail")[0] > 0);
    assert_eq!(counts_in_text(&bare.out, "readers"), [0, 0, 0]);

    // Event by event, including valid ones.
    let all = stage.run(&with(arguments.clone(), &["--all"])).await?;
    let event = trail.log_files.iter().flat_map(|log| &log.kms_events);
    for event in event.filter(|event| event.about.is_some()) {
        assert!(all.out.contains(&event.event_id), "{}", all.out);
        assert!(!text.out.contains(&event.event_id));
    }
    assert!(all.out.contains("CloudTrail called"), "{}", all.out);

    // Into a file, and nowhere else.
    let folder = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
    let file = folder.path().join("kms.txt");
    let more = ["--output", &file.display().to_string()];
    let ran = stage.run(&with(arguments, &more)).await?;
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
    assert!(std::fs::read_to_string(&file)?.contains("\nVALID: "));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn kms_reads_a_prefix_a_day_or_one_log_file() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = delivered(&stage, "amzn-s3-demo-kms-prefix", &[]).await?;
    let read = async |source: &str, more: &[&str]| -> Result<u64> {
        let arguments = with(judge(source, &trail), &["--format", "json"]);
        let ran = stage.run(&with(arguments, more)).await?;
        assert_eq!(ran.code, 0, "{ran:?}");
        let report = json_of(&ran);
        report["totals"]["logFiles"].as_u64().context("a count")
    };
    let all = u64::try_from(trail.log_files.len())?;
    let bucket = source(&trail);
    let below = format!("{bucket}/AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/");
    for source in [
        format!("{bucket}/"),
        format!("{bucket}/AWSLogs/{ACCOUNT}/"),
        format!("{bucket}/AWSLogs/{ACCOUNT}/CloudTrail/"),
        below.clone(),
    ] {
        assert_eq!(read(&source, &[]).await?, all, "{source}");
    }
    let of_day = |day: &str| {
        let logs = trail.log_files.iter();
        logs.filter(|log| log.object.key.contains(day)).count()
    };
    let day = u64::try_from(of_day("/2026/01/15/"))?;
    assert!(day > 0);
    assert_eq!(read(&format!("{below}2026/01/15/"), &[]).await?, day);
    // Part of a name.
    let of_hour = u64::try_from(of_day("_20260115T02"))?;
    let name = format!("{below}2026/01/15/{ACCOUNT}_CloudTrail_us-east-1_20260115T02");
    assert_eq!(read(&name, &[]).await?, of_hour);
    // By time, from anywhere.
    let times = [
        "--start-time",
        "2026-01-15T02:00:00Z",
        "--end-time",
        "2026-01-15T03:00:00Z",
    ];
    for source in [&bucket, &below] {
        assert_eq!(read(source, &times).await?, of_hour, "{source}");
    }
    let long = [
        "--start-time",
        "2025-01-01",
        "--end-time",
        "2026-01-15T03:00:00Z",
    ];
    assert_eq!(
        read(&bucket, &long).await?,
        read(&bucket, &long[2..]).await?
    );

    let one = &trail.log_files[4].object;
    assert_eq!(read(&uri(one), &[]).await?, 1);
    stage.apply(&[delete(one)]).await?;
    let ran = stage.run(&["kms", &uri(one)]).await?;
    assert!(ran.refused(2).contains("does not exist"), "{ran:?}");
    let ran = stage.run(&["kms", &format!("{below}2025/")]).await?;
    assert!(ran.refused(2).contains("contains no log file"), "{ran:?}");
    let ran = stage.run(&["kms", "s3://amzn-s3-demo-not-there"]).await?;
    assert!(ran.refused(2).contains("bucket does not exist"), "{ran:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_file_is_found_with_its_writer() -> Result<()> {
    const PLANTED: KmsAnomalyKind = KmsAnomalyKind::PlantedFile;
    let stage = Stage::enter().await?;
    let trail = delivered(&stage, "amzn-s3-demo-kms-planted", &[PLANTED]).await?;
    let planted = uri(trail.planted_by(PLANTED));
    let (log, event) = trail.kms_anomaly(PLANTED);
    let intruder = kms_of(&trail).intruder_arn();
    let arguments = judge(&source(&trail), &trail);

    let ran = stage
        .run(&with(arguments.clone(), &["--format", "json"]))
        .await?;
    let report = json_of(&ran);
    assert_eq!(ran.code, 1, "{report:#}");
    assert_eq!(kinds(&report), ["kms-foreign-caller"], "{report:#}");
    assert_eq!(report["findingsByKind"], json!({"kms-foreign-caller": 1}));
    let finding = findings(&report)[0];
    let of = finding["object"]["key"].as_str().context("a key")?;
    assert!(planted.ends_with(of), "{finding:#}");
    assert!(finding["message"].to_string().contains(&intruder));
    let log_file = report["logFiles"]
        .as_array()
        .and_then(|files| files.iter().find(|file| file["verdict"] == "finding"))
        .context("a log file")?;
    assert_eq!(log_file["object"]["key"], log.object.key.as_str());
    // Only findings are explained.
    let explained = log_file["explanations"].as_array().context("a list")?;
    assert_eq!(explained.len(), 1, "{explained:#?}");
    assert_eq!(explained[0]["rule"], "caller");
    assert_eq!(explained[0]["verdict"], "finding");
    assert_eq!(explained[0]["event"]["id"], event.event_id.as_str());

    let ran = stage.run(&arguments).await?;
    assert_eq!(ran.code, 1, "{}", ran.out);
    for rule in RULES {
        assert_eq!(
            counts_in_text(&ran.out, rule),
            counts(&report, rule),
            "{}",
            ran.out
        );
    }
    for said in [
        &format!("FINDING      {}\n", uri(&log.object)),
        &format!("  GenerateDataKey {} {}\n", event.event_id, event.time),
        "    caller     FINDING      kms-foreign-caller: ",
        "  CRITICAL kms-foreign-caller: ",
        &format!("object    {planted}\n"),
        &intruder,
        "\n1 FINDING: ",
        "\nWhat to do about kms-foreign-caller: ",
    ] {
        assert!(ran.out.contains(said), "{said}: {}", ran.out);
    }

    // The log file by itself gives the same result.
    let ran = stage.run(&judge(&uri(&log.object), &trail)).await?;
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.out.contains("1 log file read"), "{}", ran.out);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_log_file_is_reported_with_the_event_of_its_delivery() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = delivered(&stage, "amzn-s3-demo-kms-gone", &[]).await?;
    let delivery = |log: &trailseal_tests::trail::LogFile| {
        let at = log.object.location();
        let mut events = log.kms_events.iter();
        events
            .find(|event| {
                event.event_name == "GenerateDataKey"
                    && event.about.as_ref().is_some_and(|about| *about != at)
            })
            .cloned()
    };
    let event = trail
        .log_files
        .iter()
        .find_map(delivery)
        .context("a delivery")?;
    let gone = event.about.clone().context("an object")?;
    stage.apply(&[Change::Delete(gone.clone())]).await?;
    let arguments = with(judge(&source(&trail), &trail), &["--format", "json"]);
    let ran = stage.run(&arguments).await?;
    let report = json_of(&ran);
    assert_eq!(ran.code, 1, "{report:#}");
    assert_eq!(kinds(&report), ["log-file-missing"], "{report:#}");
    let finding = findings(&report)[0];
    assert_eq!(finding["object"]["key"], gone.key.as_str());
    assert!(finding["message"].to_string().contains(&event.event_id));
    assert_eq!(counts(&report, "witness")[1], 1);
    Ok(())
}

/// The trail that an event names is not one of those whose digests exist, and the log file is old
/// enough that digests should have arrived.
#[tokio::test(flavor = "multi_thread")]
async fn a_trail_without_digests_is_found() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = delivered(&stage, "amzn-s3-demo-kms-trail", &[]).await?;
    let other = TrailSpec {
        seed: 2,
        trail_name: "another-trail".to_owned(),
        ..small(&trail.spec.bucket)
    }
    .build();
    stage.deliver(&other).await?;
    for digest in &trail.digests {
        stage.apply(&[delete(&digest.object)]).await?;
    }
    let ran = stage
        .run(&["kms", &source(&trail), "--format", "json"])
        .await?;
    let report = json_of(&ran);
    assert_eq!(ran.code, 1, "{report:#}");
    let found = kinds(&report);
    let of_trail = |kind: &&str| *kind == "kms-context-mismatch";
    assert!(
        !found.is_empty() && found.iter().all(of_trail),
        "{report:#}"
    );
    let evidence = findings(&report)[0];
    assert!(evidence["expected"].to_string().contains("another-trail"));
    assert!(evidence["actual"].to_string().contains("management-events"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn unlisted_readers_and_images_are_reported() -> Result<()> {
    let anomalies = [
        KmsAnomalyKind::UnlistedReader,
        KmsAnomalyKind::UnlistedImage,
    ];
    let stage = Stage::enter().await?;
    let trail = delivered(&stage, "amzn-s3-demo-kms-readers", &anomalies).await?;
    let arguments = judge(&source(&trail), &trail);
    let ran = stage.run(&with(arguments, &["--format", "json"])).await?;
    let report = json_of(&ran);
    assert_eq!(ran.code, 1, "{report:#}");
    let mut found = kinds(&report);
    found.sort_unstable();
    found.dedup();
    assert_eq!(
        found,
        ["enclave-image-unlisted", "kms-unlisted-reader"],
        "{report:#}"
    );
    // No reader is configured: no reader is reported.
    let ran = stage.run(&["kms", &source(&trail)]).await?;
    assert_eq!(ran.code, 0, "{}", ran.out);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_kms_and_s3_refuse_are_obstacles() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = delivered(&stage, "amzn-s3-demo-kms-denied", &[]).await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let arguments = judge(&source(&trail), &trail);
    let describe = proxy.fail(Match::service("kms"), Fault::access_denied_exception());
    let ran = stage.run_through(&proxy, &arguments).await?;
    assert_eq!(ran.code, 2, "{}", ran.out);
    for said in [
        "COULD NOT BE VERIFIED: ",
        "access is denied",
        "kms:DescribeKey",
        "\nCANNOT TELL: ",
    ] {
        assert!(ran.out.contains(said), "{said}: {}", ran.out);
    }
    // KMS is asked about each name of the key once.
    assert!(
        (1..=3).contains(&proxy.hits(describe)),
        "{}",
        proxy.hits(describe)
    );
    proxy.clear_rules();

    let log = &trail.log_files[3].object;
    let get = Match::operation("s3", "GetObject").path_contains(&log.key);
    proxy.fail(get, Fault::access_denied());
    let ran = stage
        .run_through(&proxy, &with(arguments.clone(), &["--format", "json"]))
        .await?;
    let report = json_of(&ran);
    assert_eq!(ran.code, 2, "{report:#}");
    assert_eq!(report["verdict"], "cannot-tell");
    assert_eq!(report["cannotTell"][0]["subject"], uri(log));
    assert_eq!(report["cannotTell"].as_array().map(Vec::len), Some(1));
    proxy.clear_rules();

    proxy.fail(
        Match::operation("s3", "ListObjectsV2"),
        Fault::access_denied(),
    );
    let ran = stage.run_through(&proxy, &arguments).await?;
    assert!(ran.refused(2).contains("access is denied"), "{ran:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_on_disk_is_checked_by_its_events_alone() -> Result<()> {
    const PLANTED: KmsAnomalyKind = KmsAnomalyKind::PlantedFile;
    let key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let bucket = "amzn-s3-demo-kms-copy";
    let trail = spec(bucket, key, &[]).build();
    let copy = Copy::of(&trail)?;
    let arguments = judge(&copy.text("copy"), &trail);
    let ran = run_offline(&with(arguments.clone(), &["--format", "json"])).await?;
    let report = json_of(&ran);
    assert_eq!(ran.code, 0, "{report:#}");
    assert_eq!(report["buckets"], json!([bucket]));
    assert_eq!(report["bareCopy"], true);
    for rule in [
        "trail", "object", "caller", "delivery", "readers", "enclaves",
    ] {
        let [valid, finding, unverified] = counts(&report, rule);
        assert!(
            valid > 0 && finding == 0 && unverified == 0,
            "{rule} {report:#}"
        );
    }
    let [valid, finding, unverified] = counts(&report, "witness");
    assert!(valid == 0 && finding == 0 && unverified > 0, "{report:#}");
    let text = run_offline(&arguments).await?;
    assert_eq!(text.code, 0, "{}", text.out);
    for said in ["A copy on disk", bucket, "cannot tell", "\nVALID: "] {
        assert!(text.out.contains(said), "{said}: {}", text.out);
    }

    // Only the files, without their folders.
    let flat = copy.path("flat");
    std::fs::create_dir_all(&flat)?;
    for log in &trail.log_files {
        let name = log.object.key.rsplit('/').next().context("a name")?;
        std::fs::write(flat.join(name), &log.object.body)?;
    }
    std::fs::write(flat.join("notes.txt"), "none of a trail's")?;
    let ran = run_offline(&with(
        judge(&copy.text("flat"), &trail),
        &["--format", "json"],
    ))
    .await?;
    let flat_report = json_of(&ran);
    assert_eq!(ran.code, 0, "{flat_report:#}");
    assert_eq!(flat_report["totals"], report["totals"]);
    assert_eq!(flat_report["rules"], report["rules"]);

    // One of the files, in the copy and by its name.
    let log = trail.log_files.iter().find(|log| {
        let mut events = log.kms_events.iter();
        events.any(|event| event.event_name == "GenerateDataKey")
    });
    let log = log.context("a log file with a delivery")?;
    let name = log.object.key.rsplit('/').next().context("a name")?;
    for file in [copy.file(&log.object), flat.join(name)] {
        let ran = run_offline(&judge(&file.display().to_string(), &trail)).await?;
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.out.contains("1 log file read"), "{}", ran.out);
        assert!(ran.out.contains(&log.object.key), "{}", ran.out);
    }

    // The writer of a file is seen without any request.
    let trail = spec("amzn-s3-demo-kms-copied", key, &[PLANTED]).build();
    let copy = Copy::of(&trail)?;
    let ran = run_offline(&judge(&copy.text("copy"), &trail)).await?;
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(
        ran.out.contains(&uri(trail.planted_by(PLANTED))),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains(&kms_of(&trail).intruder_arn()),
        "{}",
        ran.out
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_instead_of_a_log_file_is_reported_and_a_link_is_followed() -> Result<()> {
    let folder = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
    let name = "111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.json.gz";
    let file = folder.path().join(name);
    let source = folder.path().display().to_string();
    std::fs::write(&file, "no gzip")?;
    let ran = run_offline(&["kms", &source]).await?;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.out.contains("CRITICAL log-file-malformed"),
        "{}",
        ran.out
    );
    std::fs::write(&file, gzip::compress(br#"{"Records":[]}"#))?;
    let ran = run_offline(&["kms", &source]).await?;
    assert_eq!(ran.code, 0, "{ran:?}");
    let link = folder.path().join(name.replace("1205Z", "1210Z"));
    std::os::unix::fs::symlink(&file, link)?;
    let ran = run_offline(&["kms", &source]).await?;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("2 log files read"), "{}", ran.out);
    // A link whose target does not exist is not skipped.
    let link = folder.path().join(name.replace("1205Z", "1215Z"));
    std::os::unix::fs::symlink("/nonexistent/file", link)?;
    let ran = run_offline(&["kms", &source]).await?;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.out.contains("is a symbolic link"), "{}", ran.out);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_reports_what_it_has() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = delivered(&stage, "amzn-s3-demo-kms-interrupted", &[]).await?;
    let proxy = FaultProxy::start(stage.aws.endpoint()).await?;
    let log_files = Match::operation("s3", "GetObject").path_contains("/CloudTrail/");
    let late = Rule::new(log_files, Fault::Stall(Duration::from_mins(1)));
    let rule = proxy.add(late.after(trail.log_files.len() / 2));
    let arguments = judge(&source(&trail), &trail);
    let arguments = with(arguments, &["--format", "json", "--concurrency", "2"]);
    let child = start(client_environment(&proxy.endpoint(), REGION), &arguments)?;
    let mut waited = 0;
    while proxy.hits(rule) < 2 {
        waited += 1;
        ensure!(waited < 1000, "it reads too little");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let pid = child.id().context("it runs")?.to_string();
    let killed = tokio::process::Command::new("kill")
        .args(["-INT", &pid])
        .status()
        .await?;
    ensure!(killed.success());
    let output = tokio::time::timeout(Duration::from_secs(20), child.wait_with_output()).await??;
    let ran = Ran::of(output)?;
    let report = json_of(&ran);
    assert_eq!(ran.code, 2, "{report:#}");
    assert!(ran.err.contains("interrupted"), "{}", ran.err);
    assert_eq!(report["interrupted"], true);
    assert_eq!(report["verdict"], "cannot-tell");
    let read = report["totals"]["logFiles"].as_u64().context("a count")?;
    assert!(
        read > 0 && read < u64::try_from(trail.log_files.len())?,
        "{read}"
    );
    Ok(())
}

/// The content of a record may be from anybody: nothing in it reaches the terminal unescaped.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_records_are_printed_escaped() -> Result<()> {
    const HOSTILE: &str = "\u{1b}[2J\nVALID: forged\r\u{202e}gpj.exe\u{7}";
    let folder = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
    let name = "111122223333_CloudTrail_us-east-1_20260115T1205Z_7JREEBimdK8d2nC9.json.gz";
    let object = format!(
        "arn:aws:s3:::amzn-s3-demo-{HOSTILE}/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/{HOSTILE}.json.gz"
    );
    let record = json!({
        "eventSource": "kms.amazonaws.com",
        "eventName": format!("GenerateDataKey{HOSTILE}"),
        "eventID": HOSTILE,
        "eventTime": "2026-01-15T12:03:00Z",
        "awsRegion": HOSTILE,
        "sourceIPAddress": HOSTILE,
        "userIdentity": {"type": "AssumedRole", "arn": HOSTILE, "accountId": HOSTILE},
        "requestParameters": {
            "encryptionContext": {"aws:cloudtrail:arn": HOSTILE, "aws:s3:arn": object},
            "keyId": HOSTILE,
        },
        "additionalEventData": {"recipient": {
            "attestationDocumentModuleId": HOSTILE,
            "attestationDocumentEnclaveImageDigest": HOSTILE,
        }},
    });
    let content = json!({"Records": [record]}).to_string();
    std::fs::write(folder.path().join(name), gzip::compress(content.as_bytes()))?;
    let source = folder.path().display().to_string();
    for more in [&[][..], &["--all"][..], &["--format", "json"][..]] {
        let ran = run_offline(&with(vec!["kms".to_owned(), source.clone()], more)).await?;
        assert_eq!(ran.code, 1, "{ran:?}");
        let raw = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        let text = more.last() != Some(&"json");
        assert!(!text || !ran.out.contains(raw), "{:?}", ran.out);
        assert!(!ran.out.contains('\u{1b}'), "{:?}", ran.out);
        let forged = ran.out.lines().any(|line| line.starts_with("VALID"));
        assert!(!forged, "{}", ran.out);
        if !text {
            let report = json_of(&ran);
            assert!(kinds(&report).contains(&"kms-foreign-caller"), "{report:#}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_is_refused_in_one_line() -> Result<()> {
    let bucket = "s3://amzn-s3-demo-bucket";
    let digest = "s3://amzn-s3-demo-bucket/AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/15/111122223333_CloudTrail-Digest_us-east-1_management-events_us-east-1_20260115T120000Z.json.gz";
    let notes = "s3://amzn-s3-demo-bucket/AWSLogs/notes.json.gz";
    let alias = "arn:aws:kms:us-east-1:111122223333:alias/logs";
    let long = "f".repeat(95);
    for (arguments, says) in [
        (vec!["s3://"], "does not name a bucket"),
        (vec!["https://example.com"], "not a directory"),
        (vec!["/no/such/file"], "cannot read"),
        (vec!["/proc/self/status"], "the name of a log file"),
        (vec![digest], "trailseal inspect"),
        (vec![notes], "the name of a log file"),
        (vec![bucket, "--trail", "management-events"], "a trail ARN"),
        (vec![bucket, "--key", alias], "the ARN of a KMS key"),
        (vec![bucket, "--reader", "Audit"], "an ARN pattern"),
        (vec![bucket, "--reader", "=enclave"], "an ARN pattern"),
        (
            vec![
                bucket,
                "--reader",
                "arn:aws:iam::111122223333:role/Analyst=via:athena",
            ],
            "=via:SERVICE",
        ),
        (
            vec![bucket, "--own-role", "Verifier"],
            "the ARN of an IAM role",
        ),
        (
            vec![bucket, "--enclave-image", "abcd"],
            "96 hexadecimal digits",
        ),
        (
            vec![bucket, "--enclave-image", &long],
            "96 hexadecimal digits",
        ),
        (vec![bucket, "--bucket", "no/bucket"], "a bucket name"),
        (vec![bucket, "--bucket-owner", "me"], "is not"),
        (vec![bucket, "--alias", "original"], "ORIGINAL=REPLICA"),
        (vec![bucket, "--start-time", "soon"], "is not a time"),
        (
            vec![bucket, "--start-time", "1d", "--end-time", "2d"],
            "not before",
        ),
        (
            vec![bucket, "--output", "/no/such/folder/x"],
            "cannot write",
        ),
    ] {
        let arguments = [&["kms"], arguments.as_slice()].concat();
        let ran = run_offline(&arguments).await?;
        let line = ran.refused(64);
        assert!(line.contains(says), "{arguments:?}: {line}");
    }
    for arguments in [
        vec!["kms"],
        vec!["kms", bucket, "--concurrency", "0"],
        vec!["kms", bucket, "--format", "html"],
        vec!["kms", bucket, "second"],
    ] {
        let ran = run_offline(&arguments).await?;
        assert_eq!((ran.code, ran.out.as_str()), (64, ""), "{arguments:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn help_missing_credentials_and_missing_buckets_are_handled() -> Result<()> {
    let mut environment = client_environment("http://127.0.0.1:1", REGION);
    environment.retain(|name, _| !name.contains("ACCESS_KEY"));
    let ran = run(environment, &["kms", "s3://amzn-s3-demo-bucket"]).await?;
    assert!(ran.refused(2).contains("credentials"), "{ran:?}");

    let ran = run_offline(&["kms", "--help"]).await?;
    assert_eq!(ran.code, 0);
    for said in ["Examples:", "--reader", "Exit codes"] {
        assert!(ran.out.contains(said), "{said}");
    }
    assert!(run_offline(&["man"]).await?.out.contains("trailseal kms"));
    let completions = run_offline(&["completions", "bash"]).await?.out;
    assert!(completions.contains("--enclave-image"));

    let folder = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
    let ran = run_offline(&["kms", &folder.path().display().to_string()]).await?;
    assert!(ran.refused(2).contains("contains no log file"), "{ran:?}");
    Ok(())
}
