//! Evidence bundles: `trailseal collect`, and `trailseal verify` on what it wrote, without AWS.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use trailseal_tests::local::server::client_environment;
use trailseal_tests::local::{FaultProxy, paths};
use trailseal_tests::trail::Change;
use trailseal_tests::trail::tamper::delete;
use trailseal_tests::trail::tamper::log::modified;
use trailseal_tests::trail::{Trail, TrailSpec};

use crate::stage::{ACCOUNT, Ran, Report, Stage, end_of, run, run_offline, small, with};

const REGION: &str = "us-east-1";

/// The expected error, and a change of a manifest.
type ManifestChange = (&'static str, fn(&mut Value));

/// A bundle that was collected.
pub(crate) struct CollectedBundle {
    folder: tempfile::TempDir,
    /// The run of `trailseal collect`.
    pub(crate) ran: Ran,
}

impl CollectedBundle {
    /// Collects a trail's bucket, up to the end of the trail.
    pub(crate) async fn of(stage: &Stage, trail: &Trail, more: &[&str]) -> Result<Self> {
        let end = end_of(&trail.spec).to_string();
        let options = [&["--end-time", &end], more].concat();
        Self::collect(stage.environment(), trail, &options).await
    }

    /// Collects it through a proxy.
    pub(crate) async fn through(proxy: &FaultProxy, trail: &Trail) -> Result<Self> {
        let end = end_of(&trail.spec).to_string();
        let environment = client_environment(&proxy.endpoint(), REGION);
        Self::collect(environment, trail, &["--end-time", &end]).await
    }

    async fn collect(
        environment: BTreeMap<String, String>,
        trail: &Trail,
        options: &[&str],
    ) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
        let into = folder.path().join("bundle").display().to_string();
        let source = format!("s3://{}", trail.spec.bucket);
        let arguments = ["collect", &source, "--into", &into, "--format", "json"];
        let arguments = with(arguments.map(str::to_owned).to_vec(), options);
        let ran = run(environment, &arguments).await?;
        Ok(Self { folder, ran })
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("bundle").join(name)
    }

    fn text(&self) -> String {
        self.folder.path().join("bundle").display().to_string()
    }

    /// Verifies it without AWS.
    pub(crate) async fn verify(&self, more: &[&str]) -> Result<Ran> {
        let source = self.text();
        let arguments = ["verify", &source, "--format", "json"];
        run_offline(&with(arguments.map(str::to_owned).to_vec(), more)).await
    }

    fn manifest(&self) -> Result<Value> {
        Ok(serde_json::from_slice(&fs::read(
            self.path("manifest.json"),
        )?)?)
    }

    fn change_manifest(&self, change: impl FnOnce(&mut Value)) -> Result<()> {
        let mut manifest = self.manifest()?;
        change(&mut manifest);
        Ok(fs::write(self.path("manifest.json"), manifest.to_string())?)
    }

    /// Returns the file of an object.
    fn file_of(&self, key: &str) -> Result<String> {
        let manifest = self.manifest()?;
        let objects = manifest["objects"].as_array().context("objects")?;
        let object = objects.iter().find(|object| object["key"] == key);
        let file = object.and_then(|object| object["answer"]["found"]["file"].as_str());
        Ok(file.context("a file")?.to_owned())
    }
}

/// Returns what a report says about the source, without what it says about the run.
#[track_caller]
pub(crate) fn results(report: &Report) -> Value {
    let mut json = report.json.clone();
    let object = json.as_object_mut().expect("an object");
    for of_run in ["command", "source", "keys", "startedAt", "finishedAt"] {
        object.remove(of_run).expect(of_run);
    }
    object["totals"]["requests"] = 0.into();
    for finding in object["findings"].as_array_mut().expect("a list") {
        finding["detectedAt"].take();
    }
    json
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_valid_without_aws_with_its_newest_digest() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-bundle").build();
    stage.deliver(&trail).await?;
    let bundle = CollectedBundle::of(&stage, &trail, &["--unlisted"]).await?;
    let online = bundle.ran.report();
    online.reported(0, &[]);
    assert_eq!(online.counts("digests"), [trail.digests.len() as u64, 0, 0]);

    let offline = bundle.verify(&[]).await?.report();
    offline.reported(0, &[]);
    assert_eq!(results(&offline), results(&online));

    // The report names the keys and the manifest, and the hash is the one that was printed.
    let sha256 = hex::encode(Sha256::digest(fs::read(bundle.path("manifest.json"))?));
    assert!(bundle.ran.err.contains(&sha256), "{}", bundle.ran.err);
    let source = offline.json["source"].as_str().context("a source")?;
    assert!(source.contains(&sha256), "{source}");
    let options = "with --end-time 2026-01-15T06:00:00Z --unlisted,";
    assert!(source.contains(options), "{source}");
    let keys = offline.json["keys"].as_str().context("keys")?;
    let manifest = bundle.manifest()?;
    let fingerprint = manifest["publicKeyList"][0]["Fingerprint"]
        .as_str()
        .context("a key")?;
    assert!(keys.contains(fingerprint), "{keys}");
    let expected = ["--manifest-sha256", &sha256.to_uppercase()];
    bundle.verify(&expected).await?.report().reported(0, &[]);

    let text = run_offline(&["verify", &bundle.text()]).await?;
    assert_eq!(text.code, 0, "{text:?}");
    assert!(
        text.out.contains(&sha256) && text.out.contains(fingerprint),
        "{}",
        text.out
    );

    let newest = trail.digest(ACCOUNT, REGION, trail.spec.hours);
    let objects = manifest["objects"].as_array().context("objects")?;
    let stored = objects
        .iter()
        .find(|object| object["key"] == newest.object.key.as_str());
    let stored = &stored.context("the newest digest")?["answer"]["found"];
    assert!(stored["metadata"]["signature"].is_string(), "{stored}");
    assert!(
        stored["lastModified"].is_string() && stored["eTag"].is_string(),
        "{stored}"
    );
    let report: Value = serde_json::from_slice(&fs::read(bundle.path("report.json"))?)?;
    assert_eq!(report, online.json);
    assert!(fs::read_to_string(bundle.path("report.html"))?.contains("amzn-s3-demo-bundle"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_of_a_tampered_trail_has_the_same_findings() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-bundle-tampered").build();
    stage.deliver(&trail).await?;
    let logs = trail.logs_of(trail.digest(ACCOUNT, REGION, 3));
    let newest = trail.digest(ACCOUNT, REGION, 5);
    stage
        .apply(&[
            Change::Put(modified(&logs[0].object)),
            delete(&logs[1].object),
            delete(&newest.object),
        ])
        .await?;
    let bundle = CollectedBundle::of(&stage, &trail, &["--unlisted"]).await?;
    let online = bundle.ran.report();
    assert_eq!(online.code, 1, "{online:#?}");
    let offline = bundle.verify(&[]).await?.report();
    assert_eq!(offline.code, 1);
    assert_eq!(results(&offline), results(&online));
    assert!(
        offline
            .objects("log-file-missing")
            .contains(&logs[1].object.key.as_str())
    );
    assert!(
        offline
            .objects("log-file-modified")
            .contains(&logs[0].object.key.as_str())
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_verified_as_of_the_time_of_its_collection() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = TrailSpec {
        organization_id: Some("o-exampleorgid".into()),
        accounts: [ACCOUNT, "444455556666"].map(str::to_owned).to_vec(),
        regions: [REGION, "eu-west-1"].map(str::to_owned).to_vec(),
        hours: 4,
        ..small("amzn-s3-demo-bundle-time")
    }
    .build();
    stage.deliver(&trail).await?;
    // Without an end, the digest files since then are overdue.
    let bundle = CollectedBundle::collect(stage.environment(), &trail, &[]).await?;
    let online = bundle.ran.report();
    online.reported(1, &[("digest-overdue", 4)]);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    for concurrency in ["1", "48"] {
        let offline = bundle.verify(&["--concurrency", concurrency]).await?;
        assert_eq!(results(&offline.report()), results(&online));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_bundle_is_not_a_finding() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-bundle-damaged").build();
    stage.deliver(&trail).await?;
    let bundle = CollectedBundle::of(&stage, &trail, &[]).await?;
    bundle.ran.report().reported(0, &[]);

    let log = &trail.logs_of(trail.digest(ACCOUNT, REGION, 3))[0]
        .object
        .key;
    let digest = &trail.digest(ACCOUNT, REGION, trail.spec.hours).object.key;
    let files = [
        bundle.file_of(log)?,
        bundle.file_of(digest)?,
        "report.html".to_owned(),
    ];
    for file in &files {
        let path = bundle.path(file);
        let content = fs::read(&path)?;
        let mut flipped = content.clone();
        flipped[content.len() / 2] ^= 1;
        fs::write(&path, &flipped)?;
        let report = bundle.verify(&[]).await?.report();
        report.reported(2, &[]);
        assert!(
            says(&report, &format!("the bundle is damaged: {file} ")),
            "{report:#?}"
        );

        fs::remove_file(&path)?;
        let report = bundle.verify(&[]).await?.report();
        report.reported(2, &[]);
        assert!(says(&report, &format!("{file} is missing")), "{report:#?}");

        // A link to the right content is still a link.
        let outside = bundle.folder.path().join("outside");
        fs::write(&outside, &content)?;
        std::os::unix::fs::symlink(&outside, &path)?;
        bundle.verify(&[]).await?.report().reported(2, &[]);
        fs::remove_file(&path)?;
        fs::write(&path, &content)?;
    }
    bundle.verify(&[]).await?.report().reported(0, &[]);

    fs::rename(bundle.path("objects"), bundle.folder.path().join("moved"))?;
    std::os::unix::fs::symlink(bundle.folder.path().join("moved"), bundle.path("objects"))?;
    bundle.verify(&[]).await?.report().reported(2, &[]);
    Ok(())
}

fn says(report: &Report, text: &str) -> bool {
    let unverified = report.json["cannotTell"].as_array().expect("a list");
    unverified.iter().any(|one| {
        one["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains(text))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_manifest_leaves_out_is_never_absent() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-bundle-less").build();
    stage.deliver(&trail).await?;
    let bundle = CollectedBundle::of(&stage, &trail, &[]).await?;
    let whole = fs::read(bundle.path("manifest.json"))?;
    for part in ["objects", "listings", "keyRequests"] {
        bundle.change_manifest(|manifest| {
            manifest[part] = Value::Array(Vec::new());
            if part == "keyRequests" {
                manifest["publicKeyList"] = Value::Array(Vec::new());
            }
        })?;
        let ran = bundle.verify(&[]).await?;
        assert_eq!(ran.code, 2, "{part}: {ran:?}");
        assert!(!ran.out.contains("\"kind\""), "{part}: {ran:?}");
        assert!(
            format!("{ran:?}").contains("not in the bundle"),
            "{part}: {ran:?}"
        );
        fs::write(bundle.path("manifest.json"), &whole)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_collect_does_not_write_is_refused() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-bundle-forged").build();
    stage.deliver(&trail).await?;
    let bundle = CollectedBundle::of(&stage, &trail, &[]).await?;
    let whole = fs::read(bundle.path("manifest.json"))?;
    fs::write(bundle.folder.path().join("outside"), "outside")?;
    let paths = [
        "../outside",
        "objects/../../outside",
        "/etc/passwd",
        "objects/1",
        "manifest.json",
    ];
    for path in paths {
        bundle.change_manifest(|manifest| {
            manifest["objects"][0]["answer"]["found"]["file"] = path.into();
        })?;
        let ran = bundle.verify(&[]).await?;
        assert!(
            ran.refused(2).contains("not a file of a bundle"),
            "{path}: {ran:?}"
        );
    }
    fs::write(bundle.path("manifest.json"), &whole)?;
    let changes: [ManifestChange; 6] = [
        ("two answers", |manifest| {
            let first = manifest["objects"][0].clone();
            manifest["objects"]
                .as_array_mut()
                .expect("a list")
                .push(first);
        }),
        ("schema", |manifest| {
            manifest["schema"] = "trailseal.bundle/2".into();
        }),
        ("not a manifest", |manifest| manifest["objects"] = 1.into()),
        ("does not name a bucket", |manifest| {
            manifest["source"] = "/etc".into();
        }),
        ("is not a manifest", |manifest| {
            manifest["publicKeyList"][0]["Region"].take();
        }),
        ("public keys", |manifest| {
            manifest["publicKeyList"][0]["Value"] = "AAAA".into();
        }),
    ];
    for (expected, change) in changes {
        bundle.change_manifest(change)?;
        let ran = bundle.verify(&[]).await?;
        assert!(ran.refused(2).contains(expected), "{expected}: {ran:?}");
        fs::write(bundle.path("manifest.json"), &whole)?;
    }
    fs::write(bundle.path("manifest.json"), "{")?;
    bundle.verify(&[]).await?.refused(2);
    fs::remove_file(bundle.path("manifest.json"))?;
    assert!(bundle.verify(&[]).await?.refused(2).contains("is missing"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn options_that_do_not_fit_a_bundle_are_refused() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-bundle-options").build();
    stage.deliver(&trail).await?;
    let bundle =
        CollectedBundle::of(&stage, &trail, &["--start-time", "2026-01-15T02:00:00Z"]).await?;
    bundle.ran.report().reported(0, &[]);
    for options in [
        ["--start-time", "7d"],
        ["--account", ACCOUNT],
        ["--ended", "trail"],
    ] {
        let ran = bundle.verify(&options).await?;
        assert!(
            ran.refused(64).contains("does not apply to a bundle"),
            "{ran:?}"
        );
    }
    let other = "00".repeat(32);
    let ran = bundle.verify(&["--manifest-sha256", &other]).await?;
    assert!(ran.refused(2).contains(&other), "{ran:?}");
    bundle
        .verify(&["--manifest-sha256", "abc"])
        .await?
        .refused(64);

    // The keys of somebody else's file count instead of those in the bundle.
    let keys = bundle.folder.path().join("keys.json").display().to_string();
    let list = serde_json::json!({ "PublicKeyList": bundle.manifest()?["publicKeyList"] });
    fs::write(&keys, list.to_string())?;
    let report = bundle.verify(&["--keys", &keys]).await?.report();
    report.reported(0, &[]);
    assert_eq!(report.json["keys"], format!("the file {keys}"));

    let into = bundle.text();
    let source = format!("s3://{}", trail.spec.bucket);
    let ran = stage.run(&["collect", &source, "--into", &into]).await?;
    assert!(ran.refused(64).contains("not empty"), "{ran:?}");
    let new = bundle.folder.path().join("new").display().to_string();
    let ran = run_offline(&["collect", &into, "--into", &new]).await?;
    assert!(
        ran.refused(64).contains("collect reads a bucket"),
        "{ran:?}"
    );
    let ran = stage
        .run(&["collect", "s3://amzn-s3-demo-bundle-none", "--into", &new])
        .await?;
    ran.refused(2);
    assert!(!Path::new(&new).exists());
    Ok(())
}

/// The report is in the bundle, too: nothing that was collected is lost if nobody can read it.
#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_complete_even_if_the_report_cannot_be_printed() -> Result<()> {
    let stage = Stage::enter().await?;
    let trail = small("amzn-s3-demo-unprinted").build();
    stage.deliver(&trail).await?;
    let folder = tempfile::Builder::new().prefix("trailseal-").tempdir()?;
    let into = folder.path().join("bundle");
    let full = fs::OpenOptions::new().write(true).open("/dev/full")?;
    let end = end_of(&trail.spec).to_string();
    let ran = tokio::process::Command::new(paths::command()?)
        .args(["collect", &format!("s3://{}", trail.spec.bucket)])
        .args(["--end-time", &end, "--into"])
        .arg(&into)
        .envs(stage.environment())
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()?
        .wait_with_output()
        .await?;
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert_eq!(ran.status.code(), Some(2), "{said}");
    assert!(said.contains("SHA-256 of manifest.json: "), "{said}");
    let into = into.display().to_string();
    let offline = run(
        BTreeMap::new(),
        &["verify", &into, "--format", "json"].map(str::to_owned),
    )
    .await?;
    offline.report().reported(0, &[]);

    // Without its manifest, it is still known to be a bundle, whichever file is missing besides.
    fs::remove_file(folder.path().join("bundle/manifest.json"))?;
    fs::remove_file(folder.path().join("bundle/objects/000000"))?;
    let broken = run_offline(&["verify", &into]).await?;
    assert!(
        broken.err.contains("the collection did not end"),
        "{}",
        broken.err
    );
    Ok(())
}
