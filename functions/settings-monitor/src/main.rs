//! Looks once an hour at the settings that protect the log buckets, at the trails, and at the parts
//! of the stack without which events do not arrive or alerts reach nobody.

mod handler;
mod look;
mod monitor;
mod record;
mod stack_parts;

use monitor::{SettingsMonitor, Stack};
use trailseal_lambda::Startup;
use trailseal_lambda::config::SettingsMonitorConfig;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let startup = Startup::from_environment().await?;
    let config = SettingsMonitorConfig::read(|name| std::env::var(name).ok())?;
    let monitor = SettingsMonitor::<Stack>::new(&startup, config);
    Box::pin(startup.serve_work(monitor)).await
}
