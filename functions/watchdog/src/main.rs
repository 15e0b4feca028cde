//! Looks at every chain once an hour: whether digests still arrive, and whether each was verified.
//! Has what was found bad looked at again.

mod account;
mod append;
mod handler;
mod second_look;
mod stack;
mod watchdog;

use trailseal_lambda::Startup;
use trailseal_lambda::config::WatchdogConfig;
use watchdog::{Stack, Watchdog};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let startup = Startup::from_environment().await?;
    let config = WatchdogConfig::read(|name| std::env::var(name).ok())?;
    let digests = startup.digests().await?;
    let watchdog = Watchdog::<Stack>::new(&startup, config, digests);
    Box::pin(startup.serve_work(watchdog)).await
}
