//! Checks the KMS calls that each log file records against the trail, its objects and its keys.

mod handler;

use handler::KmsContextChecker;
use trailseal::check::kms_events::KmsChecker;
use trailseal_aws::KmsKeys;
use trailseal_lambda::Startup;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let startup = Startup::from_environment().await?;
    let checker = KmsChecker::new(
        startup.objects(),
        KmsKeys::new(&startup.sdk),
        startup.expected(),
    );
    let evidence = startup.evidence();
    startup
        .serve(KmsContextChecker::new(checker, evidence))
        .await
}
