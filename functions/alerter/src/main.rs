//! Sends people everything that the other functions find: the only function with that right.

mod alerter;
mod announcement;
mod handler;
mod inbox;
mod incidents;
mod known;
mod rate;
mod requeue;
#[cfg(test)]
mod tests;
mod topic;

use alerter::{Alerter, Stack};
use trailseal_lambda::AlerterStartup;

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    let startup = AlerterStartup::from_environment()?;
    let alerter = Alerter::<Stack>::new(&startup);
    startup.serve(alerter).await
}
