//! The environment of a case: the local AWS, and both programs.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::StorageClass;
use tokio::process::Command;
use trailseal_tests::local::LocalAws;
use trailseal_tests::local::cli;
use trailseal_tests::local::server::client_environment;
use trailseal_tests::trail::{Change, Object, deliver};

use crate::attack::{Action, Attack, Difference, Unseen};
use crate::aws_cli::{Answer, AwsCli, Request};
use crate::case::{Bucket, Case, Flags};
use crate::transcript::{Printed, Transcript};

/// The maximum time of one run of `trailseal`.
const DONE_WITHIN: Duration = Duration::from_mins(1);

/// The result of comparing the two programs.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Equal to the byte.
    Equal,
    /// Different exactly as the document says.
    Differs(BTreeSet<Difference>),
    /// Different in another way.
    Wrong(String),
}

/// The local AWS, with an organization.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    aws: &'a LocalAws,
    organization: String,
    trailseal: PathBuf,
}

impl<'a> Stage<'a> {
    /// Creates the organization and finds the built program.
    pub(crate) async fn set_up(aws: &'a LocalAws) -> Result<Self> {
        Ok(Self {
            aws,
            organization: cli::create_organization(aws).await?,
            trailseal: trailseal()?,
        })
    }

    /// Returns the organization's ID.
    pub(crate) fn organization(&self) -> &str {
        &self.organization
    }

    /// Builds the bucket, runs both programs, and compares.
    pub(crate) async fn play(&self, case: &Case, cli: &mut AwsCli) -> Result<Outcome> {
        self.deliver(case, cli).await?;
        let unseen: Vec<&Unseen> = case
            .attacks
            .iter()
            .filter_map(|d| d.unseen.as_ref())
            .collect();
        let (seen, hidden): (Vec<&Attack>, Vec<&Attack>) = case
            .attacks
            .iter()
            .partition(|attack| attack.unseen.is_none());
        self.act(seen).await?;
        for change in unseen.iter().flat_map(|unseen| &unseen.instead) {
            deliver::apply(&self.aws.s3(), change).await?;
        }
        let reported = self.ask_with_everything_visible(case, &unseen, cli).await?;
        self.act(hidden).await?;

        // If it needs no help, it has run already.
        let needs_no_help = unseen.is_empty()
            && case.differences.is_empty()
            && case.flags == case.revealing_flags();
        let asked = if needs_no_help {
            reported.clone()
        } else {
            self.ask(case, &case.flags, &[], false, cli).await?
        };
        let theirs = Printed::from(&asked);
        let ours = self.run(case).await?;
        let (expected, differences) = expected(case, &unseen, &reported)?;
        // If it could not even start, it prints why in its own words.
        let expected = expected.unwrap_or_else(|| theirs.clone());
        Ok(if ours != expected {
            Outcome::Wrong(report(&ours, &expected, &theirs))
        } else if ours == theirs {
            Outcome::Equal
        } else if differences.is_empty() {
            Outcome::Wrong(format!(
                "the AWS CLI differs, for no documented reason:\n{}",
                report(&ours, &expected, &theirs)
            ))
        } else {
            Outcome::Differs(differences)
        })
    }

    async fn deliver(&self, case: &Case, cli: &mut AwsCli) -> Result<()> {
        let (s3, trail) = (self.aws.s3(), &case.trail);
        deliver::create_buckets(&s3, "us-east-1", &trail.spec.buckets()).await?;
        deliver::deliver_to_s3(&s3, trail.objects()).await?;
        deliver::deliver_to_s3(&s3, &trail.extras()).await?;
        self.aws.add_public_keys(&trail.public_keys_by_region())?;
        if case.revealing_flags().bucket == Bucket::LookedUp {
            self.create_trail(case, cli).await?;
        }
        Ok(())
    }

    async fn create_trail(&self, case: &Case, cli: &mut AwsCli) -> Result<()> {
        let spec = &case.trail.spec;
        let buckets = spec.buckets();
        let bucket = *buckets.last().context("a bucket")?;
        let mut arguments = vec![
            "cloudtrail",
            "create-trail",
            "--is-multi-region-trail",
            "--name",
            &spec.trail_name,
            "--s3-bucket-name",
            bucket,
            "--region",
            &spec.home_region,
        ];
        if let Some(prefix) = &spec.prefix {
            arguments.extend(["--s3-key-prefix", prefix]);
        }
        if spec.organization_id.is_some() {
            arguments.push("--is-organization-trail");
        }
        let request = Request {
            arguments: arguments.into_iter().map(str::to_owned).collect(),
            region: spec.home_region.clone(),
            accept_spki: false,
            without_keys: Vec::new(),
        };
        let answer = cli.ask(&request).await?;
        ensure!(answer.code == 0, "no trail: {answer:?}");
        Ok(())
    }

    async fn act(&self, attacks: Vec<&Attack>) -> Result<()> {
        let s3 = self.aws.s3();
        for action in attacks.into_iter().flat_map(|attack| &attack.actions) {
            match action {
                Action::Change(change) => deliver::apply(&s3, change).await?,
                Action::Archive(object) => archive(&s3, object).await?,
                Action::DeleteBucket(bucket) => {
                    for extra in s3.list_objects_v2().bucket(bucket).send().await?.contents() {
                        let key = extra.key().context("a key")?;
                        s3.delete_object().bucket(bucket).key(key).send().await?;
                    }
                    s3.delete_bucket().bucket(bucket).send().await?;
                }
            }
        }
        Ok(())
    }

    /// Returns the AWS CLI's output in a bucket in which it sees the truth.
    async fn ask_with_everything_visible(
        &self,
        case: &Case,
        unseen: &[&Unseen],
        cli: &mut AwsCli,
    ) -> Result<Answer> {
        let without: Vec<String> = unseen
            .iter()
            .filter_map(|u| u.without_key.clone())
            .collect();
        self.ask(case, &case.revealing_flags(), &without, true, cli)
            .await
    }

    async fn ask(
        &self,
        case: &Case,
        flags: &Flags,
        without_keys: &[String],
        accept_spki: bool,
        cli: &mut AwsCli,
    ) -> Result<Answer> {
        let mut arguments = vec!["cloudtrail".to_owned(), "validate-logs".to_owned()];
        arguments.extend(case.arguments(flags));
        cli.ask(&Request {
            arguments,
            region: case.environment_region.clone(),
            accept_spki,
            without_keys: without_keys.to_vec(),
        })
        .await
    }

    async fn run(&self, case: &Case) -> Result<Printed> {
        let arguments = case.arguments(&case.flags);
        run(
            &self.trailseal,
            self.aws,
            &case.environment_region,
            &arguments,
        )
        .await
    }
}

/// Runs the built program.
pub(crate) async fn run(
    trailseal: &std::path::Path,
    aws: &LocalAws,
    region: &str,
    arguments: &[String],
) -> Result<Printed> {
    let run = Command::new(trailseal)
        .arg("validate-logs")
        .args(arguments)
        .env_clear()
        .envs(client_environment(aws.endpoint(), region))
        .env("HOME", aws.directory())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(DONE_WITHIN, run)
        .await
        .context("it takes too long")?
        .with_context(|| format!("starting {}", trailseal.display()))?;
    Ok(Printed {
        code: output.status.code().context("it was killed")?,
        out: String::from_utf8(output.stdout)?,
        err: String::from_utf8(output.stderr)?,
    })
}

/// Returns the program that was built with the tests; `TRAILSEAL_COMMAND` names another one.
pub(crate) fn trailseal() -> Result<PathBuf> {
    if let Some(program) = std::env::var_os("TRAILSEAL_COMMAND") {
        return Ok(program.into());
    }
    let test = std::env::current_exe()?;
    // target/debug/deps/TEST
    let folder = test
        .parent()
        .and_then(|deps| deps.parent())
        .context("a target folder")?;
    let program = folder.join("trailseal");
    ensure!(
        program.is_file(),
        "{} is not there: cargo build -p trailseal-cli",
        program.display()
    );
    Ok(program)
}

/// Returns what must be printed, made from the AWS CLI's output with help, and why it may differ
/// from its output without help. Returns `None` if the AWS CLI could not start.
fn expected(
    case: &Case,
    unseen: &[&Unseen],
    reported: &Answer,
) -> Result<(Option<Printed>, BTreeSet<Difference>)> {
    let mut differences = case.differences.clone();
    if !matches!(reported.code, 0 | 1) {
        return Ok((None, differences));
    }
    let mut transcript = Transcript::read(reported)?;
    if let Some(file) = case.newest_missing() {
        differences.insert(Difference::NewestDigestLost);
        transcript.start_with_missing(&file);
    }
    // Before replacing: a digest with bytes after its end does not break the chain.
    if transcript.add_lost_digests()? {
        differences.insert(Difference::DigestsLost);
    }
    for one in unseen {
        differences.insert(one.difference);
        if let Some(replacement) = &one.replacement {
            transcript.replace(&replacement.file, replacement.verdict, replacement.with);
        }
    }
    transcript.escape();
    Ok((Some(transcript.print(case.flags.verbose)), differences))
}

async fn archive(s3: &aws_sdk_s3::Client, object: &Object) -> Result<()> {
    deliver::apply(s3, &Change::Put(object.clone())).await?;
    s3.put_object()
        .bucket(&object.bucket)
        .key(&object.key)
        .body(ByteStream::from(object.body.clone()))
        .set_metadata(Some(object.metadata.clone().into_iter().collect()))
        .storage_class(StorageClass::Glacier)
        .send()
        .await?;
    Ok(())
}

fn report(ours: &Printed, expected: &Printed, theirs: &Printed) -> String {
    let part = |name: &str, printed: &Printed| {
        format!(
            "--- {name}: exit {}\n{}\n--- {name}: standard error\n{}\n",
            printed.code, printed.out, printed.err
        )
    };
    part("trailseal", ours) + &part("expected", expected) + &part("AWS CLI", theirs)
}
