//! The processor time of a request through the AWS SDK, which requests in memory do not take.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use trailseal::names::location::ObjectLocation;
use trailseal::world::{Body as _, ReadObject as _};
use trailseal_aws::S3Objects;
use trailseal_tests::local::server::client_environment;

use crate::data::{self, BUCKET, REGION};
use crate::lab::Lab;
use crate::measure::{self, Program};
use crate::report::median;
use crate::server::Endpoint;

/// The argument that makes this program send requests: `organization-requests NUMBER KEY`.
pub(crate) const CHILD: &str = "organization-requests";

/// The numbers of requests of the two runs whose difference is measured.
const FEW: u32 = 50;
const MANY: u32 = 1050;

/// The number of pairs of runs.
const RUNS: usize = 3;

/// The requests that are sent at the same time.
const AT_ONCE: u32 = 5;

/// Returns the seconds on the processor of a request for a small object, over HTTP without TLS.
pub(crate) fn request(lab: &mut Lab) -> anyhow::Result<f64> {
    let set = lab.set(&data::HOUR)?;
    let endpoint = Endpoint::start(&set, Duration::ZERO)?;
    let run = |number: u32| {
        let program = Program {
            path: std::env::current_exe()?,
            arguments: [CHILD, &number.to_string(), &set.about.newest]
                .map(Into::into)
                .to_vec(),
            env: environment(&endpoint),
        };
        let output = measure::measure(&program, lab.scratch())?;
        ensure!(output.run.code == Some(0), "{}", output.stderr);
        anyhow::Ok(output.run.processor())
    };
    let mut each = Vec::new();
    for _ in 0..RUNS {
        each.push((run(MANY)? - run(FEW)?) / f64::from(MANY - FEW));
    }
    Ok(median(each))
}

fn environment(endpoint: &Endpoint) -> BTreeMap<String, String> {
    client_environment(endpoint.url(), REGION)
}

/// Sends the requests.
pub(crate) fn child(arguments: &[String]) -> anyhow::Result<()> {
    let number: u32 = arguments.get(1).context("a number")?.parse()?;
    let at = ObjectLocation::new(BUCKET, arguments.get(2).context("a key")?.clone());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let config = trailseal_aws::sdk_config();
        let objects = S3Objects::new(&config, None);
        for _ in 0..number / AT_ONCE {
            let reads = (0..AT_ONCE).map(|_| async {
                let mut object = objects.read(&at).await?;
                object.body.collect(&mut Vec::new(), usize::MAX - 1).await
            });
            futures::future::try_join_all(reads).await?;
        }
        anyhow::Ok(())
    })
}
