//! `aws cloudtrail validate-logs`, line by line.
//!
//! The order of the lines, the words and the exit codes are the AWS CLI's. If its words would not
//! be true, other words replace them; `docs/validate-logs.md` lists these cases.
//!
//! `walk` follows the digests and returns what to check and what to print. `run` checks many log
//! files at a time and prints in order.

mod aws;
mod claims;
mod digest_file;
mod exit_code;
mod folder;
mod lines;
mod log_file;
mod prefetch;
mod signed_in;
#[cfg(test)]
mod tests;
mod time;
mod trail;
mod walk;

use crate::args::ValidateLogsArgs;
use exit_code::{FAILED, MISUSED};
use futures::StreamExt as _;
use jiff::Timestamp;
use lines::{Detail, Lines, Verdict, plain};
use signed_in::SignedIn;
use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;
use time::{HOUR, ValidatedRange, after};
use trail::{Asked, ExpectedPlace, Source};
use trailseal::format::digest::ListedLogFile;
use trailseal::names::location::ObjectLocation;
use trailseal::names::object_key::{Chain, DigestSeries};
use trailseal::trust::public_key::{KeySet, SigningPeriod};
use trailseal::world::{ListObjects, ListPublicKeys, ReadObject, StoreError};
use trailseal_aws::{CloudTrailKeys, S3Objects};
use walk::{ValidationWalk, WalkStep, no_keys};

/// The number of log files that are checked at a time.
const LOG_FILES: usize = 64;

/// Returns the exit code of the AWS CLI for a command line that cannot be read.
pub(crate) fn usage_exit_code(error: &clap::Error) -> u8 {
    use clap::error::ErrorKind;
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => 0,
        ErrorKind::UnknownArgument => FAILED,
        _ => MISUSED,
    }
}

/// Validates, prints, and returns the exit code.
pub(crate) async fn run(args: ValidateLogsArgs) -> u8 {
    match validate(&args).await {
        Ok(code) => code,
        Err(ValidationStop::Reason(message)) => {
            // If nobody reads the line, the exit code still reports the failure.
            let _ = writeln!(io::stderr(), "\n{}", plain(&message));
            FAILED
        }
        Err(ValidationStop::Unprinted(_)) => FAILED,
    }
}

/// The reason why a run ends early.
#[derive(Debug, thiserror::Error)]
enum ValidationStop {
    /// A reason that is printed.
    #[error("{0}")]
    Reason(String),
    /// Nobody reads the output.
    #[error(transparent)]
    Unprinted(#[from] io::Error),
}

impl From<StoreError> for ValidationStop {
    fn from(error: StoreError) -> Self {
        Self::Reason(error.to_string())
    }
}

async fn validate(args: &ValidateLogsArgs) -> Result<u8, ValidationStop> {
    if let Some(refusal) = args.foreign.refusal() {
        return Err(ValidationStop::Reason(refusal.to_owned()));
    }
    let range = ValidatedRange::read(&args.start_time, args.end_time.as_deref(), Timestamp::now())
        .map_err(ValidationStop::Reason)?;
    let asked = Asked::read(args).map_err(ValidationStop::Reason)?;
    let profile = aws::profile(args).await.map_err(ValidationStop::Reason)?;
    let access = aws::access(&profile, &asked.region).await;
    let (config, mut refused) = (access.config, access.refused);
    let cloudtrail = aws::cloudtrail_config(&config, args);
    if asked.bucket.is_none()
        && let Some(refused) = refused.take()
    {
        return Err(ValidationStop::Reason(refused));
    }
    let trails = aws::Trails::new(cloudtrail.clone(), config.clone());
    let located = asked.locate(&trails).await;
    let located = located.map_err(|error| ValidationStop::Reason(error.to_string()))?;
    let detail = if args.verbose {
        Detail::EveryFile
    } else {
        Detail::Problems
    };
    // On a terminal, each line appears at once.
    let out: Box<dyn Write> = if io::stdout().is_terminal() {
        Box::new(io::stdout())
    } else {
        Box::new(io::BufWriter::new(io::stdout()))
    };
    let mut lines = Lines::new(out, io::stderr(), detail, range);
    lines.begin(&asked.arn_text)?;
    if let Some(refused) = refused {
        return Err(ValidationStop::Reason(refused));
    }
    let validation = Validation::new(
        S3Objects::new(&config, None),
        CloudTrailKeys::new(&cloudtrail),
        range,
    );
    validation.run(located, &mut lines).await?;
    Ok(lines.exit_code())
}

/// A step that is ready to be printed.
enum ValidatedItem {
    WalkStep(WalkStep),
    LogFile(ObjectLocation, Verdict),
}

impl ValidatedItem {
    /// Returns whether its subject could not be verified.
    fn is_unverified(&self) -> bool {
        match self {
            Self::WalkStep(WalkStep::Digest { verdict, .. }) | Self::LogFile(_, verdict) => {
                matches!(verdict, Verdict::Unverified(_))
            }
            Self::WalkStep(step) => matches!(step, WalkStep::Unlisted { .. }),
        }
    }
}

/// The validation: a store of objects and a service of keys.
#[derive(Debug)]
struct Validation<S, K> {
    store: Arc<SignedIn<S>>,
    keys: Arc<K>,
    range: ValidatedRange,
}

impl<S, K> Validation<S, K>
where
    S: ReadObject + ListObjects + 'static,
    K: ListPublicKeys,
{
    /// Returns a validation of the objects in `store` that were delivered in `range`.
    fn new(store: S, keys: K, range: ValidatedRange) -> Self {
        Self {
            store: Arc::new(SignedIn::new(store)),
            keys: Arc::new(keys),
            range,
        }
    }

    /// Validates hourly digests, then backfill digests, and prints the totals.
    ///
    /// # Errors
    /// [`ValidationStop`], if there is nothing to start with, or nobody reads the lines.
    async fn run<O: Write, E: Write>(
        &self,
        located: ExpectedPlace,
        lines: &mut Lines<O, E>,
    ) -> Result<(), ValidationStop> {
        let ExpectedPlace { bucket, .. } = &located;
        let chains = self.chains(&located).await?;
        let keys = self.keys_of_range(&located.chain).await?;
        for series in [DigestSeries::Hourly, DigestSeries::Backfill] {
            for (chain, listing) in &chains {
                let known = match series {
                    DigestSeries::Hourly => keys.clone(),
                    // Each is signed when it is generated, which may be at any time.
                    DigestSeries::Backfill => KeySet::default(),
                };
                let walk = ValidationWalk::new(
                    Arc::clone(&self.store),
                    Arc::clone(&self.keys),
                    known,
                    bucket,
                    chain.clone(),
                    series,
                    self.range,
                    listing.clone(),
                );
                self.follow(walk, series, lines).await?;
            }
        }
        lines.end()?;
        Ok(())
    }

    /// Returns the chains to follow: the located one. If the flags could not name an organization
    /// and that chain does not exist, returns the chain of each organization in the bucket.
    async fn chains(
        &self,
        located: &ExpectedPlace,
    ) -> Result<Vec<(Chain, folder::DigestListing)>, ValidationStop> {
        let ExpectedPlace {
            bucket,
            chain,
            source,
        } = located;
        let listing = folder::list(&*self.store, bucket, chain, self.range).await?;
        if *source == Source::CloudTrail || !listing.is_empty() {
            return Ok(vec![(chain.clone(), listing)]);
        }
        let prefix = chain.folder.prefix.as_deref();
        let mut chains = Vec::new();
        for organization in folder::organizations(&*self.store, bucket, prefix).await? {
            let mut chain = chain.clone();
            chain.folder.organization = Some(organization);
            let listing = folder::list(&*self.store, bucket, &chain, self.range).await?;
            if !listing.is_empty() {
                chains.push((chain, listing));
            }
        }
        Ok(chains)
    }

    async fn keys_of_range(&self, chain: &Chain) -> Result<KeySet, ValidationStop> {
        let period = SigningPeriod {
            from: self.range.start,
            to: after(after(self.range.end, HOUR), HOUR),
        };
        let listed = self.keys.list_public_keys(&chain.region, period).await?;
        if listed.is_empty() {
            return Err(ValidationStop::Reason(no_keys(period)));
        }
        let mut keys = KeySet::default();
        keys.extend(listed);
        Ok(keys)
    }

    /// Prints the steps of a walk in their order. Log files are checked ahead.
    async fn follow<O: Write, E: Write>(
        &self,
        walk: ValidationWalk<SignedIn<S>, K>,
        series: DigestSeries,
        lines: &mut Lines<O, E>,
    ) -> Result<(), ValidationStop> {
        let item = walk
            .steps()
            .map(|step| async {
                match step {
                    WalkStep::Log(listed) => {
                        let at = listed.location.clone();
                        ValidatedItem::LogFile(at, self.check(listed).await)
                    }
                    step => ValidatedItem::WalkStep(step),
                }
            })
            .buffered(LOG_FILES);
        let mut item = std::pin::pin!(item);
        while let Some(item) = item.next().await {
            // Every further file would be another line with the same reason.
            if item.is_unverified()
                && let Some(lost) = self.store.lost()
            {
                return Err(ValidationStop::Reason(lost.to_owned()));
            }
            match item {
                ValidatedItem::LogFile(at, verdict) => lines.log_file(&at, &verdict)?,
                ValidatedItem::WalkStep(step) => print_step(step, series, lines)?,
            }
        }
        Ok(())
    }

    /// Checks a log file in its own task, so that all cores hash.
    async fn check(&self, listed: ListedLogFile) -> Verdict {
        let store = Arc::clone(&self.store);
        let check = tokio::spawn(async move { log_file::check(&*store, &listed).await });
        let checked = check.await;
        checked.unwrap_or_else(|error| Verdict::Unverified(format!("cannot be checked: {error}")))
    }
}

fn print_step<O: Write, E: Write>(
    step: WalkStep,
    series: DigestSeries,
    lines: &mut Lines<O, E>,
) -> io::Result<()> {
    match step {
        WalkStep::Digest {
            at,
            verdict,
            covers,
        } => {
            if let Some(ValidatedRange { start, end }) = covers {
                lines.cover(start, end);
            }
            lines.digest(series, &at, &verdict)
        }
        // Printed once it is checked.
        WalkStep::Log(_) => Ok(()),
        WalkStep::Gap { from, to } => lines.gap(series, from, to),
        WalkStep::Lost {
            folder,
            from,
            to,
            digests,
        } => lines.lost(&folder, from, to, digests),
        WalkStep::Unlisted { folder, cause } => lines.unlisted(series, &folder, &cause),
    }
}
