//! Looks at each log file and digest that was deleted, or that somebody other than CloudTrail wrote.

mod handler;

use handler::DeletionMonitor;
use trailseal::check::changed::ChangeMonitor;
use trailseal_lambda::Startup;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let startup = Startup::from_environment().await?;
    let digests = startup.digests().await?;
    let monitor = ChangeMonitor::new(digests, startup.retention());
    startup.serve(DeletionMonitor::new(monitor)).await
}
