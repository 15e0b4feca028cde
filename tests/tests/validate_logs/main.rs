//! `trailseal validate-logs` compared with `aws cloudtrail validate-logs`, on generated trails with
//! random tampering.
//!
//! Both programs get the same bucket, the same flags and the same environment. Standard output,
//! standard error and exit code must be equal to the byte, or differ exactly as one of the
//! differences in `docs/validate-logs.md` requires: for each of them, the expected output is made
//! from the AWS CLI's own output for a bucket in which it sees the truth.
//!
//! `TRAILSEAL_DIFFERENTIAL_CASES` is the number of trails, `TRAILSEAL_DIFFERENTIAL_SEED` the number
//! of the first one. Needs the built `trailseal` next to the test, and the `.venv`.

mod attack;
mod aws_cli;
mod case;
mod stage;
mod transcript;
mod usage;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result};
use tokio::sync::Mutex;
use trailseal_tests::local::LocalAws;

use attack::Difference;
use aws_cli::AwsCli;
use case::Case;
use stage::Stage;

/// The default number of trails.
const CASES: u64 = 300;
/// How many of them are in progress at the same time.
const AT_A_TIME: usize = 3;
/// How many wrong cases are shown.
const SHOWN: usize = 3;
/// With this many cases, each documented difference occurs.
const EVERY_DIFFERENCE_WITHIN: u64 = CASES;

/// The results of the cases.
#[derive(Debug, Default)]
struct Tally {
    equal: u64,
    differing: u64,
    by: BTreeMap<Difference, u64>,
    wrong: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tampered_trail_is_reported_as_by_the_aws_cli_or_as_documented() -> Result<()> {
    let cases = setting("TRAILSEAL_DIFFERENTIAL_CASES")?.unwrap_or(CASES);
    let seed = setting("TRAILSEAL_DIFFERENTIAL_SEED")?.unwrap_or(0);
    let begun = Instant::now();
    let aws = LocalAws::start().await?;
    let stage = Arc::new(Stage::set_up(&aws).await?);
    let tally = Arc::new(Mutex::new(Tally::default()));
    let next = Arc::new(AtomicU64::new(seed));
    let workers = (0..AT_A_TIME).map(|_| {
        let (stage, tally, next) = (stage.clone(), tally.clone(), next.clone());
        let mut cli = AwsCli::start(&aws)?;
        Ok(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= seed + cases {
                    return anyhow::Ok(());
                }
                let case = Case::random(number, stage.organization());
                let outcome = stage
                    .play(&case, &mut cli)
                    .await
                    .with_context(|| format!("case {number}: {case}"))?;
                tally.lock().await.add(number, &case, outcome);
            }
        })
    });
    let workers: Vec<_> = workers.collect::<Result<_>>()?;
    futures::future::try_join_all(workers).await?;

    let tally = tally.lock().await;
    println!(
        "{cases} trails from seed {seed} in {:.0} s: {} equal, {} by documented difference, {} wrong",
        begun.elapsed().as_secs_f64(),
        tally.equal,
        tally.differing,
        tally.wrong.len()
    );
    for (difference, count) in &tally.by {
        println!("  difference {}: {count}", difference.number());
    }
    assert!(
        tally.wrong.is_empty(),
        "{} of {cases} cases are wrong:\n{}",
        tally.wrong.len(),
        tally.wrong[..tally.wrong.len().min(SHOWN)].join("\n")
    );
    if cases >= EVERY_DIFFERENCE_WITHIN {
        let reported: BTreeSet<_> = tally.by.keys().copied().collect();
        let missing: Vec<_> = Difference::ALL
            .iter()
            .filter(|d| !reported.contains(d))
            .collect();
        assert!(
            missing.is_empty(),
            "documented, and never seen: {missing:?}"
        );
    }
    Ok(())
}

impl Tally {
    fn add(&mut self, number: u64, case: &Case, outcome: stage::Outcome) {
        match outcome {
            stage::Outcome::Equal => self.equal += 1,
            stage::Outcome::Differs(differences) => {
                self.differing += 1;
                for difference in differences {
                    *self.by.entry(difference).or_default() += 1;
                }
            }
            stage::Outcome::Wrong(report) => {
                self.wrong.push(format!("case {number}: {case}\n{report}"));
            }
        }
    }
}

fn setting(name: &str) -> Result<Option<u64>> {
    match env::var(name) {
        Err(_) => Ok(None),
        Ok(text) => Ok(Some(
            text.parse().with_context(|| format!("{name}={text}"))?,
        )),
    }
}
