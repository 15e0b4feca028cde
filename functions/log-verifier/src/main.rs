//! Verifies the log files that each digest lists.

mod handler;

use handler::LogVerifier;
use trailseal_lambda::Startup;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let startup = Startup::from_environment().await?;
    let digests = startup.digests().await?;
    let evidence = (!startup.config.is_history).then(|| startup.evidence());
    startup.serve(LogVerifier::new(digests, evidence)).await
}
