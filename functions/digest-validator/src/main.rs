//! Validates each digest that CloudTrail delivers, and its link to the one before.

mod handler;

use handler::DigestValidator;
use trailseal_lambda::Edge;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let edge = Edge::from_environment().await?;
    let digests = edge.digests().await?;
    edge.serve(DigestValidator::new(digests)).await
}
