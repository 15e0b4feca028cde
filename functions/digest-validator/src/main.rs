//! Validates each digest that CloudTrail delivers, and its link to its predecessor.

mod handler;

use handler::DigestValidator;
use trailseal_lambda::Startup;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let startup = Startup::from_environment().await?;
    let digests = startup.digests().await?;
    startup.serve(DigestValidator::new(digests)).await
}
