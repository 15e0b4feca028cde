//! The packaged stack, deployed from nothing but the folder of a release, verifies a trail.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use trailseal_tests::local::{Expected, FaultProxy, LocalAws, LogBucket, Pump, Stack, paths};
use trailseal_tests::trail::{Change, DigestKind, TrailSpec, deliver};

use crate::folder::{Built, Release, succeeds};
use crate::machine::Machine;

/// The buckets and the stack of docs/install.md.
const BUCKET: &str = "amzn-s3-demo-bucket";
const CODE_BUCKET: &str = "amzn-s3-demo-code-bucket";
const STACK: &str = "trailseal";

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_without_a_compiler_deploys_a_release_that_verifies_a_trail() -> Result<()> {
    let trail = TrailSpec {
        bucket: BUCKET.to_owned(),
        hours: 4,
        log_files_per_hour: 2..=2,
        ..TrailSpec::default()
    }
    .build();
    let release = Release::of(&Built::here()?)?;
    let aws = LocalAws::start().await?;
    aws.set_public_keys(&trail.public_keys_by_region())?;
    LogBucket::new(BUCKET).versioned().create(&aws).await?;
    let machine = Machine::with(release.folder(), aws.endpoint())?;

    let checked = machine.follow("Check the files")?;
    assert!(!checked.contains("FAILED"), "{checked}");
    machine.follow("Deploy with the AWS CLI")?;
    let version = machine.follow("Install the command")?;
    assert_eq!(
        version.trim(),
        format!("trailseal {}", env!("CARGO_PKG_VERSION"))
    );

    let stack = Stack::deployed(&aws, STACK).await?;
    let proxy = FaultProxy::start(aws.endpoint()).await?;
    let code = unpack_functions(&aws, &stack, release.folder()).await?;
    let pump = Pump::start_adjusted(&aws, &stack, &proxy.endpoint(), |spec| {
        spec.bootstrap = code[&spec.name].clone();
    })
    .await?;

    deliver::deliver_in_order(&aws.s3(), &trail).await?;
    settle(&pump).await?;
    let starts = trail
        .digests
        .iter()
        .filter(|digest| digest.kind == DigestKind::Starting);
    let starts = starts.map(|digest| Expected::new("chain-started", &digest.object.key));
    let mut expected: Vec<Expected> = starts.collect();
    trailseal_tests::local::assert_findings(&proxy.alerts(), &expected);
    let digest = trail.digests.last().context("a digest")?;
    let event = digest.object.bare_event();
    let answer = pump.rie("DigestValidator")?.invoke(&event).await?;
    assert_eq!(answer["outcomes"][0]["verdict"], "valid", "{answer:#}");
    let (code, report) = verify(&machine)?;
    assert_eq!((code, &report["verdict"]), (0, &"valid".into()), "{report}");

    let log = &trail.logs_of(digest)[0].object;
    deliver::apply(&aws.s3(), &Change::Delete(log.location())).await?;
    settle(&pump).await?;
    expected.push(Expected::new("object-deleted", &log.key));
    trailseal_tests::local::assert_findings(&proxy.alerts(), &expected);
    let (code, report) = verify(&machine)?;
    assert_eq!(code, 1, "{report:#}");
    let findings = report["findings"].as_array().context("findings")?;
    let found: Vec<_> = findings
        .iter()
        .map(|finding| (&finding["kind"], &finding["object"]["key"]))
        .collect();
    let (kind, key) = (Value::from("log-file-missing"), Value::from(&*log.key));
    assert_eq!(found, [(&kind, &key)], "{report:#}");
    Ok(())
}

/// Lets the functions work until nothing is left; nothing may fail.
async fn settle(pump: &Pump) -> Result<()> {
    for round in pump.until_idle().await? {
        ensure!(round.failed() == 0, "{round:?}\n{}", pump.log_tails());
    }
    Ok(())
}

/// Runs the command of the tarball on the log bucket. Returns its exit code and its report.
/// The end of the trail, which is of the past.
const END: &str = "2026-01-15T04:00:00Z";

fn verify(machine: &Machine) -> Result<(i32, Value)> {
    let output = machine.run(&format!(
        "./trailseal-*-unknown-linux-*/trailseal verify s3://{BUCKET} --end-time {END} --format json"
    ))?;
    let report = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok((output.status.code().context("no exit code")?, report))
}

/// Unpacks the code of each function from where the stack has it, and returns the executables by the
/// functions' names.
async fn unpack_functions(
    aws: &LocalAws,
    stack: &Stack,
    release: &Path,
) -> Result<BTreeMap<String, PathBuf>> {
    let archives = archives_of(release)?;
    let mut code = BTreeMap::new();
    for function in stack.functions.values() {
        let described = aws.lambda().get_function().function_name(&function.name);
        let described = described.send().await?;
        let location = described.code().and_then(|code| code.location());
        let (_, key) = location
            .and_then(|location| location.split_once(".amazonaws.com/"))
            .context("no location of the code")?;
        let object = aws.s3().get_object().bucket(CODE_BUCKET).key(key);
        let archive = object.send().await?.body.collect().await?.into_bytes();
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(&archive));
        let deployed = described.configuration().and_then(|it| it.code_sha256());
        assert_eq!(deployed, Some(&*hash), "{}", function.name);
        assert!(
            archives.contains(&hash),
            "{}: not of the release",
            function.name
        );
        let folder = aws.directory().join(&function.logical_id);
        let file = folder.with_extension("zip");
        fs::write(&file, &archive)?;
        let mut unpack = Command::new(paths::python());
        unpack.arg(paths::repository().join("tests/local-aws/unpack.py"));
        succeeds(unpack.arg(&file).arg(&folder))?;
        fs::remove_file(file)?;
        code.insert(function.name.clone(), folder.join("bootstrap"));
    }
    Ok(code)
}

/// Returns the hashes of the functions' archives.
fn archives_of(release: &Path) -> Result<Vec<String>> {
    let mut hashes = Vec::new();
    for entry in fs::read_dir(release)? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "zip") {
            let hash = Sha256::digest(fs::read(path)?);
            hashes.push(base64::engine::general_purpose::STANDARD.encode(hash));
        }
    }
    Ok(hashes)
}
