//! The local AWS that the tests share, the program, and its output.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use trailseal_tests::local::server::{REGION, client_environment};
use trailseal_tests::local::{FaultProxy, LocalAws, paths};
use trailseal_tests::trail::{Change, DigestFile, Object, Trail, TrailSpec, deliver};

pub(crate) const ACCOUNT: &str = "111122223333";

/// The maximum time of one run.
const DONE_WITHIN: Duration = Duration::from_mins(1);

static SHARED: Mutex<Weak<LocalAws>> = Mutex::const_new(Weak::new());

/// The local AWS, and a client for this test.
pub(crate) struct Stage {
    pub(crate) aws: Arc<LocalAws>,
    pub(crate) s3: aws_sdk_s3::Client,
}

impl Stage {
    /// Returns the one that another test holds, or a new one.
    pub(crate) async fn enter() -> Result<Self> {
        let aws = {
            let mut shared = SHARED.lock().await;
            if let Some(aws) = shared.upgrade() {
                aws
            } else {
                let aws = Arc::new(LocalAws::start().await?);
                *shared = Arc::downgrade(&aws);
                aws
            }
        };
        let config = aws.sdk_config_in(REGION).await;
        let config = aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(true)
            .build();
        let s3 = aws_sdk_s3::Client::from_conf(config);
        Ok(Self { aws, s3 })
    }

    /// Delivers a trail, and publishes its keys.
    pub(crate) async fn deliver(&self, trail: &Trail) -> Result<()> {
        self.aws.add_public_keys(&trail.public_keys_by_region())?;
        deliver::create_buckets(&self.s3, REGION, &trail.spec.buckets()).await?;
        deliver::deliver_to_s3(&self.s3, trail.objects()).await
    }

    pub(crate) async fn apply(&self, changes: &[Change]) -> Result<()> {
        for change in changes {
            deliver::apply(&self.s3, change).await?;
        }
        Ok(())
    }

    /// Undoes changes: what was delivered exists again, and nothing else.
    pub(crate) async fn undo(&self, trail: &Trail, changes: &[Change]) -> Result<()> {
        for change in changes {
            let at = match change {
                Change::Put(object) => object.location(),
                Change::Delete(location) => location.clone(),
            };
            let original = trail.objects().into_iter().find(|o| o.location() == at);
            let back = match original {
                Some(object) => Change::Put(object.clone()),
                None => Change::Delete(at),
            };
            deliver::apply(&self.s3, &back).await?;
        }
        Ok(())
    }

    /// Runs the program against the local AWS.
    pub(crate) async fn run<S: AsRef<str>>(&self, arguments: &[S]) -> Result<Ran> {
        run(self.environment(), arguments).await
    }

    /// Runs it through a proxy.
    pub(crate) async fn run_through<S: AsRef<str>>(
        &self,
        proxy: &FaultProxy,
        arguments: &[S],
    ) -> Result<Ran> {
        run(client_environment(&proxy.endpoint(), REGION), arguments).await
    }

    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        client_environment(self.aws.endpoint(), REGION)
    }
}

/// Runs the program with only this environment.
pub(crate) async fn run<S: AsRef<str>>(
    environment: BTreeMap<String, String>,
    arguments: &[S],
) -> Result<Ran> {
    let child = start(environment, arguments)?;
    let output = tokio::time::timeout(DONE_WITHIN, child.wait_with_output())
        .await
        .context("it takes too long")??;
    Ran::of(output)
}

/// Runs the program without AWS.
pub(crate) async fn run_offline<S: AsRef<str>>(arguments: &[S]) -> Result<Ran> {
    // Nothing listens there: every request to AWS fails.
    run(client_environment("http://127.0.0.1:1", REGION), arguments).await
}

/// Starts the program.
pub(crate) fn start<S: AsRef<str>>(
    environment: BTreeMap<String, String>,
    arguments: &[S],
) -> Result<Child> {
    let program = paths::command()?;
    // The tests may run with ignored signals, as under nohup.
    Command::new("/usr/bin/env")
        .arg("--default-signal=HUP,INT,TERM")
        .arg(&program)
        .args(arguments.iter().map(AsRef::as_ref))
        .env_clear()
        .env("HOME", "/nonexistent")
        .envs(environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("starting {}", program.display()))
}

/// The result of a run of the program.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Result<Self> {
        Ok(Self {
            code: output.status.code().context("it was killed")?,
            out: String::from_utf8(output.stdout)?,
            err: String::from_utf8(output.stderr)?,
        })
    }

    /// Returns the report of `--format json`.
    #[track_caller]
    pub(crate) fn report(&self) -> Report {
        match serde_json::from_str(&self.out) {
            Ok(json) => Report {
                code: self.code,
                json,
                err: self.err.clone(),
            },
            Err(error) => panic!("no JSON report ({error}): {self:?}"),
        }
    }

    /// Checks for one line on standard error, this exit code, and no report. Returns the line.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32) -> &str {
        let lines: Vec<&str> = self.err.lines().collect();
        assert_eq!(
            (self.code, lines.len(), self.out.as_str()),
            (code, 1, ""),
            "{self:?}"
        );
        assert!(lines[0].starts_with("trailseal: "), "{self:?}");
        lines[0]
    }
}

/// A report as JSON.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) code: i32,
    pub(crate) json: Value,
    pub(crate) err: String,
}

impl Report {
    /// Returns how many findings of each kind there are.
    pub(crate) fn kinds(&self) -> Vec<(String, u64)> {
        let kinds = self.json["findingsByKind"].as_object().expect("an object");
        kinds
            .iter()
            .map(|(kind, count)| (kind.clone(), count.as_u64().expect("a count")))
            .collect()
    }

    /// Returns the keys of the objects that findings of a kind are about.
    pub(crate) fn objects(&self, kind: &str) -> Vec<&str> {
        let findings = self.json["findings"].as_array().expect("a list");
        findings
            .iter()
            .filter(|finding| finding["kind"] == kind)
            .map(|finding| finding["object"]["key"].as_str().expect("a key"))
            .collect()
    }

    /// Returns the counts of `digests` or `logFiles`: valid, finding, and could not verify.
    pub(crate) fn counts(&self, of: &str) -> [u64; 3] {
        ["valid", "finding", "cannotTell"]
            .map(|count| self.json["totals"][of][count].as_u64().expect("a count"))
    }

    /// Returns the subjects of what could not be verified.
    pub(crate) fn unverified(&self) -> Vec<&str> {
        let unverified = self.json["cannotTell"].as_array().expect("a list");
        unverified
            .iter()
            .map(|one| one["subject"].as_str().expect("a subject"))
            .collect()
    }

    /// Checks for exactly these kinds of findings, and for the exit code that belongs to the
    /// verdict.
    #[track_caller]
    pub(crate) fn reported(&self, code: i32, kinds: &[(&str, u64)]) {
        let expected: Vec<(String, u64)> = kinds
            .iter()
            .map(|(kind, count)| ((*kind).to_owned(), *count))
            .collect();
        assert_eq!((self.code, self.kinds()), (code, expected), "{self:#?}");
        let verdict = match code {
            0 => "valid",
            1 => "finding",
            _ => "cannot-tell",
        };
        assert_eq!(self.json["verdict"], verdict, "{self:#?}");
    }
}

/// Returns a small trail in a separate bucket.
pub(crate) fn small(bucket: &str) -> TrailSpec {
    TrailSpec {
        bucket: bucket.to_owned(),
        hours: 6,
        log_files_per_hour: 2..=3,
        records_per_file: 1..=2,
        ..TrailSpec::default()
    }
}

/// Returns the end of the trail's last hour.
pub(crate) fn end_of(spec: &TrailSpec) -> Timestamp {
    spec.start + jiff::SignedDuration::from_hours(spec.hours.into())
}

/// Returns the arguments that verify a bucket up to the end of a trail.
pub(crate) fn verify(trail: &Trail) -> Vec<String> {
    verify_until(&format!("s3://{}", trail.spec.bucket), end_of(&trail.spec))
}

/// Returns the arguments that verify a source up to a time.
pub(crate) fn verify_until(source: &str, end: Timestamp) -> Vec<String> {
    let end = end.to_string();
    ["verify", source, "--format", "json", "--end-time", &end]
        .map(str::to_owned)
        .to_vec()
}

/// Returns these arguments, and more.
pub(crate) fn with(mut arguments: Vec<String>, more: &[&str]) -> Vec<String> {
    arguments.extend(more.iter().map(|&argument| argument.to_owned()));
    arguments
}

/// A directory copy of a trail, with a file of its public keys, and one of the signatures of its
/// newest digests, which no digest contains.
pub(crate) struct Copy {
    folder: tempfile::TempDir,
    pub(crate) bucket: String,
}

impl Copy {
    pub(crate) fn of(trail: &Trail) -> Result<Self> {
        let copy = Self {
            folder: tempfile::Builder::new().prefix("trailseal-").tempdir()?,
            bucket: trail.spec.bucket.clone(),
        };
        deliver::write_to_dir(&copy.path("copy"), trail.objects())?;
        let mut keys = Vec::new();
        let by_region = trail.public_keys_by_region();
        for (region, of_region) in by_region.as_object().context("keys")? {
            for key in of_region.as_array().context("keys")? {
                let mut key = key.clone();
                key["Region"] = region.as_str().into();
                keys.push(key);
            }
        }
        let keys = serde_json::json!({ "PublicKeyList": keys });
        std::fs::write(copy.path("keys.json"), keys.to_string())?;
        let hours = i64::from(trail.spec.hours);
        let newest: Vec<_> = trail.digests.iter().filter(|d| d.hour == hours).collect();
        copy.sign(&newest)?;
        Ok(copy)
    }

    /// Writes only the signatures of these digests into a file.
    pub(crate) fn sign(&self, digests: &[&DigestFile]) -> Result<()> {
        let signatures: serde_json::Map<String, Value> = digests
            .iter()
            .map(|digest| {
                let signature = digest.sealed.signature.clone();
                (digest.object.key.clone(), signature.into())
            })
            .collect();
        let text = Value::from(signatures).to_string();
        Ok(std::fs::write(self.path("signatures.json"), text)?)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Returns the file of an object.
    pub(crate) fn file(&self, object: &Object) -> PathBuf {
        self.path("copy").join(&object.bucket).join(&object.key)
    }

    pub(crate) fn apply(&self, changes: &[Change]) -> Result<()> {
        for change in changes {
            match change {
                Change::Put(object) => deliver::write_to_dir(&self.path("copy"), [object])?,
                Change::Delete(at) => {
                    let file = self.path("copy").join(&at.bucket).join(&at.key);
                    if file.exists() {
                        std::fs::remove_file(file)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns the arguments that verify it without AWS, with every signature.
    pub(crate) fn verify(&self) -> Vec<String> {
        with(
            self.verify_bare(),
            &["--signatures", &self.text("signatures.json")],
        )
    }

    /// Returns the same, without the signatures that the copy does not contain.
    pub(crate) fn verify_bare(&self) -> Vec<String> {
        let (copy, keys) = (self.text("copy"), self.text("keys.json"));
        ["verify", &copy, "--keys", &keys, "--format", "json"]
            .map(str::to_owned)
            .to_vec()
    }
}
