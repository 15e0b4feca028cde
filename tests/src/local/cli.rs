//! The AWS CLI's verdict: `aws cloudtrail validate-logs` against the local AWS.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use super::paths;
use super::process::search_path;
use super::server::{LocalAws, client_environment};

/// The maximum time of one run of the CLI.
const DONE_WITHIN: Duration = Duration::from_mins(5);

/// The result of a run of the CLI.
#[derive(Clone, Debug)]
pub struct CliOutput {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Runs the AWS CLI in a Region of the local AWS.
pub async fn aws(aws: &LocalAws, region: &str, arguments: &[&str]) -> Result<CliOutput> {
    run(aws.endpoint(), aws, region, arguments).await
}

/// Does the same, and returns what it prints.
///
/// # Errors
/// What the AWS CLI says, if it fails.
pub async fn aws_succeeds(local: &LocalAws, region: &str, arguments: &[&str]) -> Result<String> {
    let output = aws(local, region, arguments).await?;
    if output.code != 0 {
        bail!(
            "the AWS CLI failed with {}: {arguments:?}: {}",
            output.code,
            output.stderr
        );
    }
    Ok(output.stdout)
}

/// Runs a command that an alert gives, as a shell does: its words have no spaces.
///
/// # Errors
/// What the AWS CLI says, if it fails.
pub async fn aws_command(local: &LocalAws, region: &str, command: &str) -> Result<String> {
    let words = command.split(' ').skip(1);
    let words: Vec<&str> = words.map(|word| word.trim_matches('\'')).collect();
    aws_succeeds(local, region, &words).await
}

async fn run(
    endpoint: &str,
    aws: &LocalAws,
    region: &str,
    arguments: &[&str],
) -> Result<CliOutput> {
    let run = Command::new(paths::aws_cli())
        .args(arguments)
        .args(["--region", region])
        .env_clear()
        .envs(client_environment(endpoint, region))
        .env("PATH", search_path())
        .env("HOME", aws.directory())
        .env("AWS_PAGER", "")
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(DONE_WITHIN, run)
        .await
        .with_context(|| format!("aws {} takes too long", arguments.join(" ")))?
        .with_context(|| format!("starting {}", paths::aws_cli().display()))?;
    Ok(CliOutput {
        code: output.status.code().context("the AWS CLI was killed")?,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Creates an organization and returns its ID. The CLI asks for it when it validates an
/// organization trail; a local AWS has one organization.
pub async fn create_organization(local: &LocalAws) -> Result<String> {
    let arguments = [
        "organizations",
        "create-organization",
        "--query",
        "Organization.Id",
        "--output",
        "text",
    ];
    let id = aws_succeeds(local, super::server::REGION, &arguments).await?;
    Ok(id.trim().to_owned())
}

/// A trail that the CLI can look up, which it does without `--s3-bucket`. For organization trails,
/// that is the only way: with `--s3-bucket`, the CLI looks for keys without the organization's ID.
#[derive(Clone, Debug)]
pub struct Trail<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its home Region.
    pub home_region: &'a str,
    /// Its bucket.
    pub bucket: &'a str,
    /// The prefix of its keys.
    pub prefix: Option<&'a str>,
    /// Whether it is an organization trail.
    pub of_organization: bool,
}

/// Creates a multi-Region trail with log file validation in the local AWS's own account, and returns
/// its ARN.
pub async fn create_trail(local: &LocalAws, trail: &Trail<'_>) -> Result<String> {
    let mut arguments = vec![
        "cloudtrail",
        "create-trail",
        "--is-multi-region-trail",
        "--enable-log-file-validation",
        "--name",
        trail.name,
        "--s3-bucket-name",
        trail.bucket,
        "--query",
        "TrailARN",
        "--output",
        "text",
    ];
    if let Some(prefix) = trail.prefix {
        arguments.extend(["--s3-key-prefix", prefix]);
    }
    if trail.of_organization {
        arguments.push("--is-organization-trail");
    }
    let arn = aws_succeeds(local, trail.home_region, &arguments).await?;
    Ok(arn.trim().to_owned())
}

/// A run of `validate-logs`, to be made.
#[derive(Clone, Debug)]
pub struct ValidateLogs {
    trail_arn: String,
    region: String,
    start: String,
    end: Option<String>,
    bucket: Option<String>,
    prefix: Option<String>,
    account: Option<String>,
    endpoint: Option<String>,
}

impl ValidateLogs {
    /// Returns a run that validates what a trail delivered from one Region since `start`.
    pub fn new(trail_arn: &str, region: &str, start: &str) -> Self {
        Self {
            trail_arn: trail_arn.to_owned(),
            region: region.to_owned(),
            start: start.to_owned(),
            end: None,
            bucket: None,
            prefix: None,
            account: None,
            endpoint: None,
        }
    }

    /// Sets `--end-time`.
    #[must_use]
    pub fn end(mut self, end: &str) -> Self {
        self.end = Some(end.to_owned());
        self
    }

    /// Sets `--s3-bucket`: the trail is not looked up.
    #[must_use]
    pub fn bucket(mut self, bucket: &str) -> Self {
        self.bucket = Some(bucket.to_owned());
        self
    }

    /// Sets `--s3-prefix`.
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = Some(prefix.to_owned());
        self
    }

    /// Sets `--account-id`: the member account of an organization trail.
    #[must_use]
    pub fn account(mut self, account: &str) -> Self {
        self.account = Some(account.to_owned());
        self
    }

    /// Sets an endpoint other than the local AWS itself, such as a proxy.
    #[must_use]
    pub fn endpoint(mut self, endpoint: &str) -> Self {
        self.endpoint = Some(endpoint.to_owned());
        self
    }

    /// Runs it.
    pub async fn run(&self, local: &LocalAws) -> Result<Validation> {
        let mut arguments = vec![
            "cloudtrail",
            "validate-logs",
            "--verbose",
            "--trail-arn",
            &self.trail_arn,
            "--start-time",
            &self.start,
        ];
        for (flag, value) in [
            ("--end-time", &self.end),
            ("--s3-bucket", &self.bucket),
            ("--s3-prefix", &self.prefix),
            ("--account-id", &self.account),
        ] {
            if let Some(value) = value {
                arguments.extend([flag, value]);
            }
        }
        let endpoint = self.endpoint.as_deref().unwrap_or(local.endpoint());
        let output = run(endpoint, local, &self.region, &arguments).await?;
        Ok(Validation::read(output))
    }
}

/// The type of file that a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// A digest.
    Digest,
    /// A backfill digest.
    BackfillDigest,
    /// A log file.
    Log,
}

/// The CLI's verdict on a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is valid.
    Valid,
    /// It is not valid, for this reason.
    Invalid(String),
}

/// A number of files out of a total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ratio {
    /// Valid files.
    pub valid: usize,
    /// All files.
    pub total: usize,
}

/// The output of `validate-logs`.
#[derive(Clone, Debug)]
pub struct Validation {
    /// The verdict on each file, by `s3://BUCKET/KEY`.
    pub files: BTreeMap<String, (FileKind, Verdict)>,
    /// The two times of each `No log files were delivered by CloudTrail between A and B`.
    pub gaps: Vec<(String, String)>,
    /// The totals in the summary, for each type of file that it names.
    pub totals: BTreeMap<FileKind, Ratio>,
    /// Whether the CLI found no digest at all.
    pub no_digests_found: bool,
    /// The complete output.
    pub output: CliOutput,
}

impl Validation {
    /// Reads the CLI's output: verdicts on broken files on standard error, everything else on
    /// standard output.
    pub fn read(output: CliOutput) -> Self {
        let mut validation = Self {
            files: BTreeMap::new(),
            gaps: Vec::new(),
            totals: BTreeMap::new(),
            no_digests_found: false,
            output,
        };
        let text = format!("{}\n{}", validation.output.stdout, validation.output.stderr);
        for line in text.lines() {
            validation.read_line(line);
        }
        validation
    }

    /// Returns the exit code: 0 if all is valid, 1 if something is not, any other code if it could
    /// not finish.
    pub fn code(&self) -> i32 {
        self.output.code
    }

    /// Returns the verdict on one object.
    pub fn verdict(&self, bucket: &str, key: &str) -> Option<&Verdict> {
        let (_, verdict) = self.files.get(&format!("s3://{bucket}/{key}"))?;
        Some(verdict)
    }

    /// Returns the files that are not valid, with the reasons.
    pub fn invalid(&self) -> BTreeMap<&str, &str> {
        let invalid = self
            .files
            .iter()
            .filter_map(|(file, (_, verdict))| match verdict {
                Verdict::Invalid(reason) => Some((file.as_str(), reason.as_str())),
                Verdict::Valid => None,
            });
        invalid.collect()
    }

    /// Returns the totals of one type of file.
    pub fn total(&self, kind: FileKind) -> Ratio {
        self.totals.get(&kind).copied().unwrap_or_default()
    }

    fn read_line(&mut self, line: &str) {
        let (line, is_backfill) = line
            .strip_prefix("(backfill) ")
            .map_or((line, false), |rest| (rest, true));
        if let Some((file, verdict)) = file_line(line, is_backfill) {
            let (name, kind) = file;
            self.files.insert(name, (kind, verdict));
        } else if let Some(times) = line.strip_prefix(GAP) {
            if let Some((from, to)) = times.split_once(" and ") {
                self.gaps.push((from.to_owned(), to.to_owned()));
            }
        } else if line == "No digests found" {
            self.no_digests_found = true;
        } else if let Some((kind, ratio)) = total_line(line) {
            self.totals.insert(kind, ratio);
        }
    }
}

const GAP: &str = "No log files were delivered by CloudTrail between ";

/// Parses `Log file<TAB>s3://B/K<TAB>valid` and similar lines.
fn file_line(line: &str, is_backfill: bool) -> Option<((String, FileKind), Verdict)> {
    let mut fields = line.splitn(3, '\t');
    let kind = match fields.next()? {
        "Digest file" if is_backfill => FileKind::BackfillDigest,
        "Digest file" => FileKind::Digest,
        "Log file" => FileKind::Log,
        _ => return None,
    };
    let name = fields.next()?.to_owned();
    let verdict = match fields.next()? {
        "valid" => Verdict::Valid,
        text => Verdict::Invalid(text.strip_prefix("INVALID: ").unwrap_or(text).to_owned()),
    };
    Some(((name, kind), verdict))
}

/// Parses `3/4 log files valid, 1/4 log files INVALID` and similar lines.
fn total_line(line: &str) -> Option<(FileKind, Ratio)> {
    let (ratio, rest) = line.split_once(' ')?;
    let (valid, total) = ratio.split_once('/')?;
    let kind = if rest.starts_with("digest files valid") {
        FileKind::Digest
    } else if rest.starts_with("backfill digest files valid") {
        FileKind::BackfillDigest
    } else if rest.starts_with("log files valid") {
        FileKind::Log
    } else {
        return None;
    };
    let ratio = Ratio {
        valid: valid.parse().ok()?,
        total: total.parse().ok()?,
    };
    Some((kind, ratio))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STDOUT: &str = "Validating log files for trail T between A and B\n\n\
        Digest file\ts3://b/d1\tvalid\n\
        Log file\ts3://b/l1\tvalid\n\
        (backfill) Digest file\ts3://b/d2_backfill.json.gz\tvalid\n\n\
        Results requested for A to B\nResults found for A to B:\n\n\
        1/2 digest files valid, 1/2 digest files INVALID\n\
        1/1 backfill digest files valid\n\
        1/2 log files valid, 1/2 log files INVALID\n";
    const STDERR: &str = "\nDigest file\ts3://b/d0\tINVALID: not found\n\n\
        Log file\ts3://b/l2\tINVALID: hash value doesn't match\n\n\
        No log files were delivered by CloudTrail between C and D\n";

    #[test]
    fn every_line_of_the_cli_is_parsed() {
        let validation = Validation::read(CliOutput {
            code: 1,
            stdout: STDOUT.to_owned(),
            stderr: STDERR.to_owned(),
        });
        assert_eq!(
            validation.invalid(),
            BTreeMap::from([
                ("s3://b/d0", "not found"),
                ("s3://b/l2", "hash value doesn't match"),
            ])
        );
        assert_eq!(validation.verdict("b", "l1"), Some(&Verdict::Valid));
        assert_eq!(
            validation.files.get("s3://b/d2_backfill.json.gz"),
            Some(&(FileKind::BackfillDigest, Verdict::Valid))
        );
        assert_eq!(validation.gaps, [("C".to_owned(), "D".to_owned())]);
        let ratio = |valid, total| Ratio { valid, total };
        assert_eq!(validation.total(FileKind::Digest), ratio(1, 2));
        assert_eq!(validation.total(FileKind::BackfillDigest), ratio(1, 1));
        assert_eq!(validation.total(FileKind::Log), ratio(1, 2));
    }
}
