//! Verifies the log files that each digest lists.

mod handler;

use handler::LogVerifier;
use trailseal_lambda::Edge;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let edge = Edge::from_environment().await?;
    let digests = edge.digests().await?;
    let evidence = edge.evidence();
    edge.serve(LogVerifier::new(digests, evidence)).await
}
