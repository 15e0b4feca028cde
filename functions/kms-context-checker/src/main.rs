//! Checks the KMS calls that each log file records against the trail, its objects and its keys.

mod handler;

use handler::KmsContextChecker;
use trailseal::check::kms_events::KmsChecker;
use trailseal_aws::KmsKeys;
use trailseal_lambda::Edge;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let edge = Edge::from_environment().await?;
    let checker = KmsChecker::new(edge.objects(), KmsKeys::new(&edge.sdk), edge.expected());
    let evidence = edge.evidence();
    edge.serve(KmsContextChecker::new(checker, evidence)).await
}
